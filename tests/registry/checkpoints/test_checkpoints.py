"""Checkpoints find what the chain alone cannot: a tail that was cut, an older copy, a journal written anew."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, delete, select, text, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from cli.main import main
from registry.checkpoints.checkpoint_file import CheckpointFile
from registry.checkpoints.checkpointing import MOST_ENTRIES, Checkpointer, checkpoint
from registry.checkpoints.service_key import accepted_keys
from registry.checkpoints.vouching import Vouching, vouch
from registry.errors import CheckpointError, KeyFileError
from registry.record.database import open_database, writing
from registry.record.journal import GENESIS, Draft, Entry, append_all, entries, export
from registry.record.tables.record_tables import journal, payloads
from registry.settings import Settings
from registry.trust.keys import create_key
from tests.support.installation import NOW
from tests.support.repository import ROOT

pytestmark = pytest.mark.usefixtures("english")


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """An installation on either database; its journal has five entries, of which a checkpoint covers all."""
    found = Settings(home=tmp_path / "home", database_url=database_url)
    enter(found, 5)
    checkpoint(found, now=NOW)
    return found


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    """The installation's database."""
    found = open_database(settings.database)
    yield found
    found.dispose()


def enter(settings: Settings, count: int, actor: str = "Ada") -> None:
    """Appends entries."""
    engine = open_database(settings.database)
    with writing(engine) as connection:
        append_all(connection, [Draft(actor, "predict", {"n": str(i)}) for i in range(count)], now=NOW)
    engine.dispose()


def vouched(settings: Settings) -> Vouching:
    """What the journal and its checkpoints give."""
    engine = open_database(settings.database)
    with engine.connect() as connection:
        keys = accepted_keys(settings)
        found = vouch(connection, CheckpointFile(settings.checkpoints), keys, expected=bool(keys))
    engine.dispose()
    return found


def faults(settings: Settings) -> list[tuple[int, str]]:
    """What is wrong."""
    found = vouched(settings)
    return [(f.seq, f.message) for f in (*found.journal.faults, *found.faults)]


def rewrite(engine: Engine, actor: str, first: int = 1) -> None:
    """Writes the journal anew from an entry on, under another name, every digest as it should be."""
    with engine.begin() as connection:
        last = GENESIS
        for entry in list(entries(connection)):
            body = {**entry.__dict__, "previous": last, "actor": actor if entry.seq >= first else entry.actor}
            made = Entry(**body)
            last = made.computed_digest()
            values = {"actor": made.actor, "previous": made.previous, "digest": last}
            connection.execute(update(journal).where(journal.c.seq == entry.seq).values(**values))


def test_what_nobody_touched_is_vouched_for(settings: Settings) -> None:
    """To its last entry; and it is said what could not be seen even so."""
    found = vouched(settings)
    assert (found.journal.faults, found.faults, found.covered) == ((), (), 5)
    assert len(found.limits) == 1
    assert "noted elsewhere" in found.limits[0]


def test_younger_entries_are_named(settings: Settings) -> None:
    """From which entry on nothing can be vouched for."""
    enter(settings, 2)
    found = vouched(settings)
    assert (found.faults, found.covered) == ((), 5)
    assert found.limits[0].startswith("entries from 6 on (2, to 7)")


@pytest.mark.parametrize("left", [4, 3, 1, 0])
def test_a_tail_that_was_cut_is_found(settings: Settings, engine: Engine, left: int) -> None:
    """By one entry or by all of them: a chain that is whole by itself."""
    with engine.begin() as connection:
        connection.execute(delete(journal).where(journal.c.seq > left))
    (fault,) = faults(settings)
    assert fault[0] == 5
    assert f"all after entry {left} was cut off" in fault[1]


def test_a_cut_tail_that_was_filled_up_again_is_found(settings: Settings, engine: Engine) -> None:
    """With as many entries of other people, or with more."""
    with engine.begin() as connection:
        connection.execute(delete(journal).where(journal.c.seq > 3))
    enter(settings, 4, "Bob")
    assert [(seq, "written anew" in words) for seq, words in faults(settings)] == [(5, True)]


@pytest.mark.parametrize("first", [1, 5])
def test_a_journal_written_anew_is_found(settings: Settings, engine: Engine, first: int) -> None:
    """From its first entry or only its last one, with every digest recomputed."""
    rewrite(engine, "Bob", first)
    found = vouched(settings)
    assert found.journal.faults == ()
    assert [(f.seq, "written anew" in f.message) for f in found.faults] == [(5, True)]
    assert found.covered == 0


def test_an_older_copy_of_the_journal_is_found(settings: Settings, engine: Engine) -> None:
    """It was whole when it was made."""
    enter(settings, 3)
    checkpoint(settings, now=NOW + timedelta(minutes=1))
    with engine.begin() as connection:
        connection.execute(delete(journal).where(journal.c.seq > 5))
    found = vouched(settings)
    assert [f.seq for f in found.faults] == [8]
    assert found.covered == 5


def test_a_journal_without_its_checkpoints_is_not_vouched_for(settings: Settings, engine: Engine) -> None:
    """Taken away together with all entries, too: the key says that there was one."""
    settings.checkpoints.unlink()
    assert ["nothing says that it is whole" in words for _, words in faults(settings)] == [True]
    with engine.begin() as connection:
        connection.execute(delete(journal))
    assert ["nothing says that it is whole" in words for _, words in faults(settings)] == [True]


def _cut_line(lines: list[bytes]) -> list[bytes]:
    return [lines[0], *lines[2:]]


def _first_line(lines: list[bytes]) -> list[bytes]:
    return lines[1:]


def _edited_digest(lines: list[bytes]) -> list[bytes]:
    line = json.loads(lines[1])
    line["body"]["seq"] = 4
    return [lines[0], json.dumps(line, sort_keys=True, separators=(",", ":")).encode() + b"\n", lines[2]]


def _garbage(lines: list[bytes]) -> list[bytes]:
    return [lines[0], b"{\xff\n", lines[1], lines[2]]


@pytest.mark.parametrize("change", [_cut_line, _first_line, _edited_digest, _garbage])
def test_edited_checkpoints_are_found(
    settings: Settings, change: Callable[[list[bytes]], list[bytes]]
) -> None:
    """A line that was taken out, changed or put in."""
    for _ in range(2):
        enter(settings, 1)
        checkpoint(settings, now=NOW)
    lines = settings.checkpoints.read_bytes().splitlines(keepends=True)
    settings.checkpoints.write_bytes(b"".join(change(lines)))
    assert any("of the checkpoints" in words for _, words in faults(settings))


def test_checkpoints_of_another_key_do_not_count(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    """Whoever writes the journal anew signs it with a key of their own."""
    accepted = accepted_keys(settings)
    rewrite(engine, "Bob")
    settings.checkpoints.unlink()
    settings.service_key.unlink()
    create_key("vigie service", settings.service_key)
    checkpoint(settings, now=NOW)
    with engine.connect() as connection:
        found = vouch(connection, CheckpointFile(settings.checkpoints), accepted, expected=True)
    assert "a key that is not the service's" in found.faults[0].message
    assert found.covered == 0


def test_nothing_is_signed_over_a_journal_that_was_changed(settings: Settings, engine: Engine) -> None:
    """The service notices by itself, says so, and leaves the checkpoints as they are."""
    before = settings.checkpoints.read_bytes()
    rewrite(engine, "Bob")
    enter(settings, 1)
    checkpointer = Checkpointer(engine, settings)
    with pytest.raises(CheckpointError, match="written anew"):
        checkpointer.look(NOW)
    assert "Entry 5" in checkpointer.fault
    assert settings.checkpoints.read_bytes() == before


def test_whatever_keeps_it_from_signing_is_said_until_it_is_mended(
    settings: Settings, engine: Engine
) -> None:
    """A key that cannot be read, a table that does not answer: a fault, and not a journal that is signed."""
    enter(settings, 1)
    checkpointer, key = Checkpointer(engine, settings), settings.service_key.read_bytes()
    settings.service_key.write_bytes(b"damaged")
    with pytest.raises(KeyFileError):
        checkpointer.look(NOW)
    assert settings.service_key.name in checkpointer.fault
    assert str(settings.home) not in checkpointer.fault  # /readyz shows it to anybody
    settings.service_key.write_bytes(key)
    for before, after in (("journal", "journal_of_before"), ("journal_of_before", "journal")):
        with engine.begin() as connection:
            connection.execute(text(f"ALTER TABLE {before} RENAME TO {after}"))
        if after == "journal":
            break
        with pytest.raises(DBAPIError):
            checkpointer.look(NOW)
        assert "Nothing can be signed" in checkpointer.fault
    checkpointer.look(NOW)
    assert checkpointer.fault == ""


def test_an_entry_edited_before_it_is_signed_is_not_signed(settings: Settings, engine: Engine) -> None:
    """What came since the last checkpoint is read before it is signed."""
    enter(settings, 2)
    with engine.begin() as connection:
        connection.execute(update(journal).where(journal.c.seq == 6).values(actor="Bob"))
    with pytest.raises(CheckpointError, match="Entry 6"):
        checkpoint(settings, now=NOW)


def test_checkpoints_are_at_most_a_thousand_entries_apart(settings: Settings) -> None:
    """However many came at once."""
    enter(settings, 2 * MOST_ENTRIES + 7)
    checkpoint(settings, now=NOW)
    covered = [
        line.checkpoint.seq for line in CheckpointFile(settings.checkpoints).lines() if line.checkpoint
    ]
    assert covered == [5, 1005, 2005, 2012]


def test_the_service_signs_within_a_minute(settings: Settings, engine: Engine) -> None:
    """Half a minute after the first entry, or when half a thousand came; where nothing came, nothing is signed."""
    seconds = [0.0]
    checkpointer = Checkpointer(engine, settings, lambda: seconds[0])

    def lines_after(at: float) -> int:
        seconds[0] = at
        checkpointer.look(NOW)
        return len(CheckpointFile(settings.checkpoints).lines())

    assert lines_after(0.0) == 1
    enter(settings, 1)
    assert [lines_after(at) for at in (1.0, 30.0, 31.5, 100.0)] == [1, 1, 2, 2]
    enter(settings, MOST_ENTRIES // 2)
    assert lines_after(101.0) == 3
    enter(settings, 1)
    assert lines_after(102.0) == 3
    checkpointer.finish(NOW)
    assert lines_after(103.0) == 4


def test_what_a_crash_left_of_a_line_is_taken_away(settings: Settings) -> None:
    """It was never relied on: the chain of checkpoints goes on from the last whole one."""
    with settings.checkpoints.open("ab") as file:
        file.write(b'{"body":{"at":1,')
    assert faults(settings) == []
    enter(settings, 1)
    checkpoint(settings, now=NOW)
    assert (faults(settings), vouched(settings).covered) == ([], 6)


@pytest.mark.parametrize("size", [60_000, 70_000, 200_000])
@pytest.mark.parametrize("left", [b"", b'{"body":'])
def test_a_long_act_of_the_board_ends_no_signing(tmp_path: Path, size: int, left: bytes) -> None:
    """Of a line longer than the piece that is read first the end alone was read: nothing was signed ever after."""
    path, key = tmp_path / "checkpoints.jsonl", create_key("service", tmp_path / "service.key")
    act = {"body": {"reason": "a" * size}, "signatures": []}
    with CheckpointFile(path).held() as file:
        file.add(key, 1, GENESIS, 1, "")
        last = file.add(key, 2, GENESIS, 2, "", restore=act)
    with path.open("ab") as more:
        more.write(left)
    with CheckpointFile(path).held() as file:
        assert file.last == last
        file.add(key, 3, GENESIS, 3, "")
    assert [line.checkpoint and line.checkpoint.seq for line in CheckpointFile(path).lines()] == [1, 2, 3]


def test_the_checkpoints_lie_where_a_setting_says(tmp_path: Path) -> None:
    """On another volume; one that is gone is said in words."""
    place = tmp_path / "other" / "checkpoints.jsonl"
    settings = Settings(home=tmp_path / "home", checkpoints_file=place)
    enter(settings, 1)
    checkpoint(settings, now=NOW)
    assert place.exists()
    assert not (settings.home / "journal-checkpoints.jsonl").exists()
    assert place.stat().st_mode & 0o777 == 0o600
    shutil.rmtree(place.parent)
    place.parent.write_bytes(b"")
    enter(settings, 1)
    with pytest.raises(CheckpointError, match="VIGIE_CHECKPOINTS"):
        checkpoint(settings, now=NOW)


def test_every_byte_that_loses_or_changes_a_covered_entry_shows(tmp_path: Path) -> None:
    """Flipped in the database or in the log that SQLite writes ahead: what verify reads is never called whole.

    Either the journal reads as before, each entry the same, or something is found.
    """
    settings = Settings(home=tmp_path / "home")
    engine = open_database(settings.database)
    with writing(engine) as connection:
        connection.exec_driver_sql("SELECT 1")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.rollback()
    enter(settings, 3)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.rollback()
        enter(settings, 3)  # these lie in the log alone, while a connection is open
        checkpoint(settings, now=NOW)
        files = {p.name: p.read_bytes() for p in settings.home.glob("vigie.db*") if p.suffix != ".db-shm"}
        whole = list(export(connection))
    engine.dispose()
    assert set(files) == {"vigie.db", "vigie.db-wal"}
    found = 0
    for name, content in files.items():
        interesting = [i for i in range(0, len(content), 97) if content[i : i + 97].strip(b"\0")]
        for place in interesting:
            found += _flipped(settings, files, name, place, whole)
    assert found > 20


def _flipped(settings: Settings, files: dict[str, bytes], name: str, place: int, whole: list[bytes]) -> bool:
    """Whether a flipped byte was found; that it changed entries and was not is the failure."""
    for old in settings.home.glob("vigie.db*"):
        old.unlink()
    for file, content in files.items():
        changed = bytearray(content)
        if file == name:
            changed[place] ^= 0x41
        (settings.home / file).write_bytes(changed)
    engine = create_engine(settings.database)
    try:
        with engine.connect() as connection:
            result = vouch(connection, CheckpointFile(settings.checkpoints), accepted_keys(settings))
            seen = bool(result.journal.faults or result.faults)
            assert seen or list(export(connection)) == whole, f"{name} at {place}"
    except SQLAlchemyError:  # the file cannot even be opened
        seen = True
    finally:
        engine.dispose()
    return seen


def _audited(tmp_path: Path, settings: Settings, *more: str) -> subprocess.CompletedProcess[str]:
    """What an auditor's script says, which knows nothing of Vigie."""
    engine = open_database(settings.database)
    with engine.connect() as connection:
        (tmp_path / "journal.jsonl").write_bytes(b"".join(export(connection)))
    engine.dispose()
    (key,) = accepted_keys(settings)
    script = tmp_path / "verify_journal.py"
    shutil.copy(ROOT / "docs" / "verify_journal.py", script)
    files = [str(tmp_path / "journal.jsonl"), str(settings.checkpoints)]
    return subprocess.run(
        [sys.executable, "-I", str(script), *files, key, *more], capture_output=True, text=True, check=False
    )


def test_an_auditor_verifies_without_vigie(settings: Settings, tmp_path: Path) -> None:
    """Whole; and the same faults as Vigie finds."""
    done = _audited(tmp_path, settings)
    assert (done.returncode, done.stderr) == (0, "")
    assert "5 entries, checkpoints cover 1 to 5: whole." in done.stdout
    noted = done.stdout.split()[-1]
    enter(settings, 1)
    done = _audited(tmp_path, settings, "--noted", noted)
    assert done.returncode == 0
    assert "entries from 6 on, to 6" in done.stdout
    assert _audited(tmp_path, settings, "--noted", "sha256:0").returncode == 1


@pytest.mark.parametrize("attack", ["cut", "anew", "edited", "middle", "checkpoints", "empty"])
def test_an_auditor_finds_what_was_tampered_with(
    settings: Settings, engine: Engine, tmp_path: Path, attack: str
) -> None:
    """With the script alone."""
    assert _audited(tmp_path, settings).returncode == 0
    with engine.begin() as connection:
        if attack in ("cut", "empty"):
            connection.execute(delete(journal).where(journal.c.seq > (2 if attack == "cut" else 0)))
        elif attack == "edited":
            connection.execute(update(journal).where(journal.c.seq == 2).values(actor="Bob"))
        elif attack == "middle":
            connection.execute(delete(journal).where(journal.c.seq == 2))
    if attack == "anew":
        rewrite(engine, "Bob")
    elif attack == "checkpoints":
        line = settings.checkpoints.read_bytes().replace(b'"seq":5', b'"seq":4')
        settings.checkpoints.write_bytes(line)
    done = _audited(tmp_path, settings)
    assert (done.returncode, done.stderr) == (1, "")


def test_every_verb_that_writes_signs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its entries are covered when it has ended; and `journal verify` says what was cut off later."""
    monkeypatch.setenv("VIGIE_HOME", str(tmp_path / "home"))
    settings = Settings()
    assert main(["token", "create", "app", "--role", "application"]) == 0
    assert main(["journal", "verify"]) == 0
    assert "checkpoints vouch for entries 1 to 1: the chain is whole." in capsys.readouterr().out
    assert main(["policy", "--shipped"]) == 0
    assert main(["token", "create", "other", "--role", "operator"]) == 0
    engine = open_database(settings.database)
    with engine.connect() as connection:
        newest = connection.scalars(select(journal.c.seq).order_by(journal.c.seq.desc())).first()
    assert vouched(settings).covered == newest
    with engine.begin() as connection:
        connection.execute(delete(payloads))
        connection.execute(delete(journal))
    engine.dispose()
    capsys.readouterr()
    assert main(["journal", "verify"]) == 1
    assert "cut off" in capsys.readouterr().out
