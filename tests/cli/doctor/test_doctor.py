"""`vigie doctor`: each state is made, named in both languages, mended where that can be, and else left to a person."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BigInteger, create_engine, insert, update

from cli.doctor.service_states import _orphans, service_states
from cli.doctor.states import State, Weight
from cli.main import main
from hospital.holidays.school_holidays import last_school_day
from hospital.times import instant
from hospital.words.catalogue import entries
from registry.candidates.candidates import register
from registry.checkpoints.checkpointing import checkpoint
from registry.checkpoints.service_key import service_key
from registry.digests import canonical_json
from registry.erasure.last_run import note_run
from registry.record.database import open_database, opened_database, writing
from registry.record.journal import append
from registry.record.tables.record_tables import journal, observations
from registry.record.tokens import create_token
from registry.releases.promotion import promote
from registry.settings import Settings
from registry.trust.trust_changes import trust_key
from serving.state.observations import add
from tests.support.installation import NOW, Installation, after
from tests.support.old_database import migrate_to
from tests.support.repository import ROOT
from tests.support.running_service import free_port
from tests.support.waiting import wait_for

pytestmark = pytest.mark.usefixtures("english")


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """A home with trusted people and a database of this Vigie's form, in which nothing is wrong."""
    monkeypatch.setenv("VIGIE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VIGIE_PSEUDONYM_KEY", str(tmp_path / "keys" / "pseudonym.key"))
    monkeypatch.setenv("VIGIE_PORT", str(free_port()))
    before = os.umask(0o077)
    made = Installation.make(tmp_path / "home")
    from hospital.ingest.pseudonyms import load_or_create_key

    (tmp_path / "keys").mkdir()
    load_or_create_key(tmp_path / "keys" / "pseudonym.key")
    with opened_database(made.settings.database) as engine, writing(engine) as connection:
        create_token(connection, "operator", ["operator"], now=datetime.now(UTC))
    os.umask(before)
    return made


def states(capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, dict[str, Any]]:
    """The states by name, and the exit code under ``code``."""
    capsys.readouterr()
    code = main(["doctor", "--json", *more])
    found = {state["state"]: state for state in json.loads(capsys.readouterr().out)}
    return {**found, "code": {"code": code}}


def test_nothing_is_wrong_with_a_new_home(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """No fault, exit code 0; what is still to come is a notice."""
    found = states(capsys)
    assert found.pop("code") == {"code": 0}
    assert not [name for name, state in found.items() if state["weight"] == "fault"]
    assert {"home_good", "database_good", "journal_good", "release_missing", "service_stands"} <= set(found)


def _old(home: Path) -> None:
    left = home / ".trust.json.x7k_2ab9"
    left.write_text("half")
    os.utime(left, (1, 1))


def _older(home: Path) -> None:
    (home / "vigie.db").unlink()
    engine = create_engine(Settings(home=home).database)
    migrate_to(engine, "0004")
    engine.dispose()


@pytest.mark.parametrize(
    ("state", "make"),
    [
        ("files_open", lambda home: (home / "vigie.db").chmod(0o644)),
        ("left_behind", _old),
        ("session_key_damaged", lambda home: (home / "session.key").write_bytes(b"short")),
        ("database_older", _older),
    ],
)
def test_what_can_be_mended_is_mended(
    installation: Installation, capsys: pytest.CaptureFixture[str], state: str, make: Callable[[Path], Any]
) -> None:
    """Named first, and changed only where that is asked for."""
    make(installation.settings.home)
    assert states(capsys)[state]["can_mend"]
    assert state in states(capsys)
    assert state not in states(capsys, "--mend")
    assert state not in states(capsys)


def _sql(home: Path, statement: str) -> None:
    with sqlite3.connect(home / "vigie.db") as connection:
        connection.execute(statement)


def _edited(home: Path) -> None:
    with opened_database(Settings(home=home).database) as engine, engine.begin() as connection:
        connection.execute(update(journal).values(actor="somebody else"))


def _ahead(home: Path) -> None:
    later = datetime.now(UTC) + timedelta(days=300)
    with opened_database(Settings(home=home).database) as engine, writing(engine) as connection:
        create_token(connection, "later", ["admin"], now=later)


def _received_ahead(home: Path) -> None:
    later = instant(datetime.now(UTC) + timedelta(days=300))
    with opened_database(Settings(home=home).database) as engine, writing(engine) as connection:
        add(connection, {"stays": [{"stay_id": "s", "unit": "U1", "entered_at": later}]}, later)


def _set_back(home: Path) -> None:
    now = datetime.now(UTC)
    with opened_database(Settings(home=home).database) as engine, writing(engine) as connection:
        for name, at in (("early", now + timedelta(hours=2)), ("late", now - timedelta(hours=1))):
            create_token(connection, name, ["admin"], now=at)


def _registered(home: Path, shown: str | None = None) -> None:
    package = home / "package"
    package.mkdir()
    (package / "manifest.json").write_text("{}")
    register(home / "candidates", "wait-time", "1", package, {}, None)
    if shown is not None:
        with sqlite3.connect(home / "mlflow.db") as connection:
            connection.execute("CREATE TABLE model_versions (name TEXT, version INTEGER)")
            connection.execute("INSERT INTO model_versions VALUES ('wait-time', ?)", (shown,))


def _ends(home: Path) -> None:
    now = datetime.now(UTC)
    with opened_database(Settings(home=home).database) as engine, writing(engine) as connection:
        create_token(connection, "feed", ["admin"], now=now, expires=now + timedelta(days=3))


def _observed(home: Path) -> None:
    with open_database(Settings(home=home).database).begin() as connection:
        row = {
            c.name: 1 if isinstance(c.type, BigInteger) else "x"
            for c in observations.columns
            if c.name != "seq"
        }
        connection.execute(insert(observations).values(row))
    (home.parent / "keys" / "pseudonym.key").unlink()


def _skills(home: Path) -> None:
    (home / "skills").mkdir()
    (home / "skills" / "held.csv").write_text("person,skill\np1,triage\n")


def _protocol(home: Path) -> None:
    (home / "protocols" / "reserve" / "1").mkdir(parents=True)
    (home / "protocols" / "reserve" / "1" / "protocol.md").write_text("nobody signed this")


def _protocol_entry(home: Path) -> None:
    subjects = {"protocol": "reserve", "protocol_version": "1", "protocol_digest": "sha256:" + "a" * 64}
    with opened_database(Settings(home=home).database) as engine, writing(engine) as connection:
        append(connection, actor="ada", action="protocol in use", subjects=subjects, reason="r", now=NOW)


@pytest.mark.parametrize(
    ("state", "make"),
    [
        ("home_missing", lambda home: home.rename(home.with_name("elsewhere"))),
        ("database_missing", lambda home: (home / "vigie.db").unlink()),
        ("database_damaged", lambda home: (home / "vigie.db").write_bytes(b"no database" * 900)),
        ("database_newer", lambda home: _sql(home, "UPDATE alembic_version SET version_num = '9999'")),
        ("journal_edited", _edited),
        ("clock_behind", _ahead),
        ("received_ahead", _received_ahead),
        ("clock_was_ahead", _set_back),
        ("mlflow_missing", _registered),
        ("mlflow_behind", lambda home: _registered(home, "7")),
        ("mlflow_good", lambda home: _registered(home, "1")),
        ("mlflow_damaged", lambda home: (home / "mlflow.db").write_bytes(b"no database" * 900)),
        ("mlflow_damaged", lambda home: (home / "mlflow.db").touch()),
        ("token_ends", _ends),
        ("no_token", lambda home: _sql(home, "UPDATE tokens SET revoked_at = 1")),
        ("pseudonym_key_lost", _observed),
        ("pseudonym_key_missing", lambda home: (home.parent / "keys" / "pseudonym.key").unlink()),
        ("pseudonym_key_damaged", lambda home: (home.parent / "keys" / "pseudonym.key").write_text("x")),
        ("settings_unreadable", lambda home: (home / "settings.env").write_text("VIGIE_PORT='3000")),
        ("levels_broken", lambda home: (home / "levels.toml").write_text("levels = [")),
        ("levels_broken", lambda home: (home / "levels.toml").symlink_to(home / "gone.toml")),
        ("decisions_broken", lambda home: (home / "decisions.toml").write_text("reasons = [")),
        ("skills_broken", _skills),
        ("protocols_broken", _protocol),
        ("checker_key_damaged", lambda home: (home / "checker.key").write_text("no key")),
        ("journal_edited", _protocol_entry),
        ("trust_missing", lambda home: (home / "trust" / "trust.json").unlink()),
        ("trust_broken", lambda home: (home / "trust" / "trust.json").write_text("{")),
    ],
)
def test_what_needs_a_person_is_named_and_left(
    installation: Installation, capsys: pytest.CaptureFixture[str], state: str, make: Callable[[Path], Any]
) -> None:
    """In both languages, with what to do; mending does not touch it."""
    make(installation.settings.home)
    found = states(capsys, "--mend")[state]
    assert not found["can_mend"]
    assert found["words"] != states(capsys, "--language", "fr")[state]["words"]
    assert main(["doctor"]) == int(any(s.get("weight") == "fault" for s in states(capsys).values()))


@pytest.mark.parametrize(("name", "variable"), [("levels", "VIGIE_LEVELS"), ("skills", "VIGIE_SKILLS")])
def test_a_file_that_is_named_and_not_there_is_a_fault(
    installation: Installation,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    variable: str,
) -> None:
    """Another volume that is not mounted: the policy that ships would call levels that nobody here decided."""
    assert f"{name}_missing" not in states(capsys)
    monkeypatch.setenv(variable, str(installation.settings.home.parent / "volume" / name))
    assert states(capsys)[f"{name}_missing"]["weight"] == "fault"


def test_locks_and_the_files_of_others_are_left(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who takes a lock away while somebody holds it lets a second one in; a hidden file may be the hospital's own."""
    home = installation.settings.home
    kept = [home / "trust" / ".lock", home / "snapshots" / ".lock", home / ".pgpass", home / ".env.template"]
    for path in kept:
        path.parent.mkdir(exist_ok=True, mode=0o700)
        path.write_text("")
        path.chmod(0o600)
        os.utime(path, (1, 1))
    assert "left_behind" not in states(capsys, "--mend")
    assert all(path.exists() for path in kept)


def test_a_trust_file_that_was_edited_is_named(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `vigie journal verify` does: no entry lowered the number that the last checkpoint saw."""
    settings = installation.settings
    path = settings.trust / "trust.json"
    checkpoint(settings, now=datetime.now(UTC))
    assert "trust_edited" not in states(capsys)
    path.write_bytes(canonical_json({**json.loads(path.read_bytes()), "lowest_release": {"wait-time": 0}}))
    found = states(capsys)
    assert found["trust_edited"]["weight"] == "fault"
    assert found["code"] == {"code": 1}


def test_a_step_of_the_clock_is_asked_of_the_service(
    installation: Installation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It alone has a time that nobody sets; whoever else listens there is not taken for it."""
    said = {"clock": "clock_stepped"}

    class Probe(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503)
            self.end_headers()
            self.wfile.write(json.dumps(said).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Probe) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("VIGIE_PORT", str(server.server_port))
        assert states(capsys)["clock_stepped"]["weight"] == "fault"
        said["clock"] = "steady"
        assert "clock_stepped" not in states(capsys)
        said.clear()
        assert "clock_stepped" not in states(capsys)
        server.shutdown()


def test_the_key_in_the_home_is_named(
    installation: Installation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup of the home would hold the way back to every person."""
    os.rename(
        installation.settings.home.parent / "keys" / "pseudonym.key",
        installation.settings.home / "pseudonym.key",
    )
    monkeypatch.delenv("VIGIE_PSEUDONYM_KEY")
    assert states(capsys)["pseudonym_key_in_home"]["weight"] == "notice"


@pytest.mark.parametrize("of_this_home", [True, False])
def test_settings_that_name_another_home_are_named(
    installation: Installation, capsys: pytest.CaptureFixture[str], of_this_home: bool
) -> None:
    """A home that was copied with the settings of an earlier Vigie: who loads them writes into the old one."""
    home = installation.settings.home
    named = home if of_this_home else home.with_name("old home")
    (home / "settings.env").write_text(f"# Settings\nVIGIE_HOME='{named}'\nVIGIE_LANGUAGE=en\n")
    (home / "settings.env").chmod(0o600)
    found = states(capsys)
    assert ("settings_of_another_home" in found) is not of_this_home
    assert found["code"] == {"code": 0 if of_this_home else 1}


def test_a_release_that_does_not_verify_is_named_with_its_reason(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the service would refuse it."""
    folder = installation.settings.releases / "wait-time" / "000001"
    folder.mkdir(parents=True)
    (folder / "release.json").write_text("{}")
    found = states(capsys)
    assert found["release_refused"]["weight"] == "fault"
    assert "wait-time" in found["release_refused"]["words"]


def test_a_school_calendar_that_ends_is_named(installation: Installation) -> None:
    """Six months before its end and after it, of a release whose hospital names a school zone; of no other."""
    last = datetime.combine(last_school_day(), datetime.min.time(), UTC)

    def named(now: datetime) -> bool:
        return "school_calendar_ends" in [s.name for s in service_states(installation.settings, now)]

    def release(version: str, locality: dict[str, str]) -> None:
        made = installation.approved(version, manifest={"locality": locality})
        releaser = installation.people["releaser"]
        promote(installation.settings, "wait-time", made.version, releaser, now=after(1 + int(version)))

    release("1", {})
    assert not named(last)
    release("2", {"school_zone": "C"})
    assert [named(last - timedelta(days=n)) for n in (200, 100, 0, -100)] == [False, True, True, True]


def test_retention_that_is_not_carried_out_is_named(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """Never; in time; for more than two days; and at a time that has not come."""
    assert "retention_never" in states(capsys)
    for hours, name in (
        (-1, "retention_good"),
        (-47, "retention_good"),
        (-49, "retention_overdue"),
        (2, "retention_overdue"),
    ):
        note_run(installation.settings, datetime.now(UTC) + timedelta(hours=hours))
        found = states(capsys)
        assert name in found
        assert found[name]["weight"] == ("good" if name == "retention_good" else "notice")


def test_a_worker_without_its_supervisor_is_found(tmp_path: Path) -> None:
    """By its command line and its parent; it is not this test's to have others end."""
    script = tmp_path / "_bentoml_impl.worker.py"
    script.write_text("import time\ntime.sleep(60)\n")
    start = (
        "import subprocess, sys\n"
        f"command = [sys.executable, {str(script)!r}, 'assembly.service:Vigie']\n"
        "print(subprocess.Popen(command, stdout=subprocess.DEVNULL).pid)"
    )
    done = subprocess.run(
        [sys.executable, "-c", start], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    pid = int(done.stdout)
    try:
        parent = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        if parent != 1:
            pytest.skip("this machine hands orphans to another process than the first")
        wait_for(lambda: pid in _orphans(), "orphan")
    finally:
        os.kill(pid, 9)


@pytest.mark.parametrize(
    ("name", "fr", "en"),
    [
        ("files_open", "Un fichier", "One file"),
        ("journal_edited", "Le journal a un défaut", "The journal has one fault"),
    ],
)
def test_one_fault_is_said_as_one(name: str, fr: str, en: str) -> None:
    """Of several the number is said."""
    one, several = (State(name, Weight.FAULT, {"n": n}) for n in (1, 1200))
    assert (one.words("fr").startswith(fr), one.words("en").startswith(en)) == (True, True)
    assert "1\N{NARROW NO-BREAK SPACE}200" in several.words("fr")
    assert "1,200" in several.words("en")


def test_every_state_has_words_and_is_made_somewhere() -> None:
    """A state without words would be a traceback at three in the morning; words without a state say nothing."""
    source = "".join(p.read_text("utf-8") for p in (ROOT / "cli" / "doctor").glob("*.py"))
    named = {key.removeprefix("states.") for key in entries("doctor") if key.startswith("states.")}
    assert {name for name in named if f'"{name}"' not in source} == set()
    assert len(named) > 25


def test_a_file_that_goes_while_it_is_looked_at_is_no_fault(
    installation: Installation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite takes its files away when the last connection ends, between a folder's list and the look at it."""
    gone = installation.settings.home / "vigie.db-wal"
    listed = Path.rglob

    def rglob(self: Path, pattern: str) -> Iterator[Path]:
        yield from (path for path in listed(self, pattern) if path != gone)
        yield gone

    gone.unlink(missing_ok=True)
    monkeypatch.setattr(Path, "rglob", rglob)
    assert "home_good" in states(capsys)


def _pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path, 0o600)


@pytest.mark.parametrize(
    ("state", "make"),
    [
        ("pseudonym_key_damaged", lambda home: _pipe(home.parent / "keys" / "pseudonym.key")),
        ("session_key_damaged", lambda home: _pipe(home / "session.key")),
        ("service_key_damaged", lambda home: _pipe(home / "service.key")),
        ("checkpoints_unreadable", lambda home: _pipe(home / "journal-checkpoints.jsonl")),
        ("database_damaged", lambda home: _pipe(home / "vigie.db")),
        ("mlflow_damaged", lambda home: _pipe(home / "mlflow.db")),
        ("home_good", lambda home: _pipe(home / "settings.env")),
    ],
)
def test_a_pipe_is_waited_for_by_nobody(
    installation: Installation, state: str, make: Callable[[Path], Any]
) -> None:
    """In the place of a file it held up the command, and the service, for ever. Tried in a process with an end."""
    make(installation.settings.home)
    done = subprocess.run(
        [sys.executable, "-m", "cli", "doctor", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert state in [found["state"] for found in json.loads(done.stdout)], done.stderr


def _signed(made: Installation) -> None:
    """A service's key that is trusted, and a checkpoint."""
    settings, now = made.settings, datetime.now(UTC)
    key, board = service_key(settings), [made.people["ada"], made.people["bob"]]
    trust_key(settings, key.name, key.public_key, ("service",), now=now, signers=board)
    checkpoint(settings, now=now)


def _cut(home: Path) -> None:
    _sql(home, "DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)")


@pytest.mark.parametrize(
    ("state", "make"),
    [
        ("checkpoints_wrong", _cut),
        ("checkpoints_wrong", lambda home: (home / "journal-checkpoints.jsonl").write_bytes(b"{}\n")),
        ("checkpoints_wrong", lambda home: (home / "journal-checkpoints.jsonl").unlink()),
        ("service_key_damaged", lambda home: (home / "service.key").write_bytes(b"x")),
        ("service_key_lost", lambda home: (home / "service.key").unlink()),
        ("record_unreadable", lambda home: _sql(home, "DROP TABLE tokens")),
        ("record_unreadable", lambda home: _sql(home, "DROP TABLE journal")),
        ("record_unreadable", lambda home: _sql(home, "UPDATE tokens SET roles = 'x'")),
        ("record_unreadable", lambda home: _sql(home, "UPDATE tokens SET expires_at = 'x'")),
        ("journal_edited", lambda home: _sql(home, "UPDATE journal SET at = 'x' WHERE seq = 2")),
        (
            "journal_edited",
            lambda home: _sql(home, "UPDATE journal SET at = 9223372036854775807 WHERE seq = 2"),
        ),
        (
            "journal_edited",
            lambda home: _sql(home, "UPDATE journal SET at = -9223372036854775808 WHERE seq = 1"),
        ),
    ],
)
def test_what_the_record_holds_is_named_whatever_it_is(
    installation: Installation, capsys: pytest.CaptureFixture[str], state: str, make: Callable[[Path], Any]
) -> None:
    """A journal that its checkpoints contradict was called whole, and what no Vigie writes ended the command."""
    home = installation.settings.home
    _signed(installation)
    before = states(capsys)
    assert before["code"] == {"code": 0}, before
    make(home)
    found = states(capsys)
    assert found[state]["weight"] == "fault"
    assert not found[state]["can_mend"]
    assert found[state]["words"] != states(capsys, "--language", "fr")[state]["words"]
    main(["journal", "verify"])
    assert "unexpected" not in capsys.readouterr().err
