"""A restore of an older database: nothing is signed over it until a quorum of the board has accepted it."""

import json
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event, func, select

from cli.main import main
from registry.checkpoints.checkpoint_file import CheckpointFile
from registry.checkpoints.checkpointing import checkpoint
from registry.checkpoints.restore import Accepted, accept_restore
from registry.checkpoints.service_key import accepted_keys, trust_service_key
from registry.checkpoints.trust_audit import ACCEPT, trust_faults
from registry.checkpoints.vouching import Vouching, vouch
from registry.digests import canonical_json
from registry.errors import CheckpointError
from registry.record.database import opened_database, writing
from registry.record.journal import Draft, append_all, export
from registry.record.tables.record_tables import journal
from registry.settings import Settings
from registry.trust.keys import Key, create_key, load_key
from registry.trust.trust_changes import found_trust, retire_key, trust_key
from registry.trust.trust_store import load_trust
from tests.support.installation import NOW
from tests.support.repository import ROOT
from tests.support.waiting import wait_for

pytestmark = pytest.mark.usefixtures("english")

WHY = "the disk failed"


@dataclass(frozen=True)
class Home:
    """An installation, two members of its board, a third person, and how it was backed up."""

    settings: Settings
    ada: Key
    bob: Key
    eve: Key
    backup: Path

    def enter(self, count: int) -> None:
        """Appends entries, and signs for them."""
        with opened_database(self.settings.database) as engine, writing(engine) as connection:
            append_all(connection, [Draft("Ada", "predict", {"n": str(i)}) for i in range(count)], now=NOW)

    def restore(self) -> None:
        """Puts the backup in place, as somebody does while nothing runs."""
        for path in self.settings.home.glob("vigie.db*"):
            path.unlink()
        shutil.copyfile(self.backup, self.settings.home / "vigie.db")

    def vouched(self) -> Vouching:
        """What journal and checkpoints give; the trust file differs nowhere."""
        with opened_database(self.settings.database) as engine, engine.connect() as connection:
            found = vouch(
                connection,
                CheckpointFile(self.settings.checkpoints),
                accepted_keys(self.settings),
                statements=load_trust(self.settings.trust).statements,
            )
            assert trust_faults(connection, self.settings.trust, found.checkpoints) == []
        return found


def back_up(settings: Settings, path: Path) -> None:
    """SQLite's online backup."""
    with (
        closing(sqlite3.connect(settings.home / "vigie.db")) as here,
        closing(sqlite3.connect(path)) as there,
    ):
        here.backup(there)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Four entries more were signed for after the backup; then it was put back."""
    settings = Settings(home=tmp_path / "home")
    ada, bob, eve = (create_key(n, tmp_path / f"{n}.key") for n in ("Ada Ader", "Bob Baur", "Eve Eich"))
    for key in (ada, bob):
        trust_key(settings, key.name, key.public_key, ("board",), now=NOW)
    trust_service_key(settings, NOW)
    found_trust(settings, now=NOW, signers=(ada, bob))
    checkpoint(settings, now=NOW)
    made = Home(settings, ada, bob, eve, tmp_path / "backup.db")
    back_up(settings, made.backup)
    made.enter(4)
    checkpoint(settings, now=NOW + timedelta(minutes=1))
    made.restore()
    return made


def test_nothing_is_signed_before_it_is_accepted_and_all_after(home: Home) -> None:
    """What was lost is named for ever, and is no fault any more."""
    settings = home.settings
    home.enter(1)
    with pytest.raises(CheckpointError, match="accept-restore"):
        checkpoint(settings, now=NOW)
    assert [f.seq for f in home.vouched().faults] == [8]
    with pytest.raises(CheckpointError, match="1 of 2 members"):
        accept_restore(settings, [home.ada], reason=WHY, now=NOW)
    assert accept_restore(settings, [home.bob], reason=WHY, now=NOW) == Accepted(
        ("Ada Ader", "Bob Baur"), 4, 8
    )
    for _ in range(2):
        found = home.vouched()
        assert (found.faults, found.journal.faults) == ((), ())
        assert found.covered == found.journal.head.seq
        (lost,) = found.lost
        assert lost.startswith("entries 5 to 8, as checkpoints saw them")
        assert "Ada Ader and Bob Baur" in lost
        assert WHY in lost
        home.enter(2)
        checkpoint(settings, now=NOW + timedelta(hours=1))


def test_a_second_restore_to_before_the_first(home: Home) -> None:
    """The acceptance stands in the checkpoints' file, whatever became of the database."""
    accept_restore(home.settings, [home.ada, home.bob], reason=WHY, now=NOW)
    home.enter(3)
    checkpoint(home.settings, now=NOW)
    home.restore()
    assert home.vouched().faults != ()
    done = accept_restore(home.settings, [home.ada, home.bob], reason="again", now=NOW)
    assert (done.stands, done.lost) == (4, 8)
    found = home.vouched()
    assert found.faults == ()
    assert len(found.lost) == 2


def test_who_may_not_accept(home: Home) -> None:
    """Strangers, one member twice, signatures of another reason; and where nothing was restored."""
    settings, before = home.settings, home.settings.checkpoints.read_bytes()
    for keys in ([home.eve], [home.ada, home.ada], [home.ada, home.eve]):
        with pytest.raises(CheckpointError, match="Nothing is accepted"):
            accept_restore(settings, keys, reason=WHY, now=NOW)
    with pytest.raises(CheckpointError, match="say why"):
        accept_restore(settings, [home.ada, home.bob], reason=" ", now=NOW)
    with pytest.raises(CheckpointError, match="1 of 2"):
        accept_restore(settings, [home.bob], reason="other words", now=NOW)
    assert settings.checkpoints.read_bytes() == before
    accept_restore(settings, [home.ada, home.bob], reason=WHY, now=NOW)
    with pytest.raises(CheckpointError, match="not older"):
        accept_restore(settings, [home.ada, home.bob], reason=WHY, now=NOW)


def test_a_damaged_journal_is_not_accepted(home: Home) -> None:
    """An edit is no restore."""
    with closing(sqlite3.connect(home.settings.home / "vigie.db")) as file, file:
        file.execute("UPDATE journal SET actor = 'Mallory' WHERE seq = 2")
    with pytest.raises(CheckpointError, match="damaged besides"):
        accept_restore(home.settings, [home.ada, home.bob], reason=WHY, now=NOW)


def test_killed_between_entry_and_line_it_is_finished_by_the_same_command(home: Home) -> None:
    """With one entry."""

    def killed(connection: Connection) -> None:
        """Right after the commit of the board's entry."""
        if connection.scalar(select(func.count()).where(journal.c.action == ACCEPT)):
            connection.connection.driver_connection.commit()  # type: ignore[union-attr]
            raise KeyboardInterrupt

    event.listen(Engine, "commit", killed)
    try:
        with pytest.raises(KeyboardInterrupt):
            accept_restore(home.settings, [home.ada, home.bob], reason=WHY, now=NOW)
    finally:
        event.remove(Engine, "commit", killed)
    home.enter(1)
    accept_restore(home.settings, [home.ada, home.bob], reason=WHY, now=NOW)
    checkpoint(home.settings, now=NOW)
    found = home.vouched()
    assert (found.faults, found.journal.entries, found.covered) == ((), 6, 6)


def test_the_service_cannot_accept_by_itself(home: Home) -> None:
    """Whoever has its key and the checkpoints' file still lacks the board's signatures."""
    accept_restore(home.settings, [home.ada, home.bob], reason=WHY, now=NOW)
    path, key = home.settings.checkpoints, load_key(home.settings.service_key)
    lines = path.read_bytes().splitlines(keepends=True)
    body = json.loads(lines[-1])["body"]
    for change in (
        lambda r: {**r, "signatures": r["signatures"][:1]},
        lambda r: {**r, "signatures": r["signatures"][:1] * 2},
        lambda r: {**r, "body": {**r["body"], "stands": 3}},
        lambda r: {**r, "body": {**r["body"], "statement": "sha256:0"}},
        lambda r: {"signatures": r["signatures"]},
        lambda r: {},
    ):
        forged = key.sign("journal checkpoint", {**body, "restore": change(body["restore"])})
        path.write_bytes(b"".join([*lines[:-1], canonical_json(forged.to_json())]))
        assert any("accepts a restore" in f.message for f in home.vouched().faults)


def test_it_holds_after_a_member_has_left(home: Home) -> None:
    """The statement that was in force says who the board was."""
    accept_restore(home.settings, [home.ada, home.bob], reason=WHY, now=NOW)
    signers = (home.ada, home.bob)
    trust_key(home.settings, home.eve.name, home.eve.public_key, ("board",), now=NOW, signers=signers)
    retire_key(home.settings, home.bob.name, now=NOW, signers=signers, taking_out=True)
    assert home.vouched().faults == ()


def test_the_command_and_an_auditor_name_what_was_lost(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit codes 1 before, 0 after; the stand-alone verifier says the same."""
    monkeypatch.setenv("VIGIE_HOME", str(home.settings.home))
    assert main(["journal", "verify"]) == 1
    keys = [part for name in ("Ada Ader", "Bob Baur") for part in ("--key", str(tmp_path / f"{name}.key"))]
    assert main(["journal", "accept-restore", *keys, "--reason", WHY]) == 0
    assert "erase again whoever was erased" in capsys.readouterr().out
    assert main(["journal", "verify"]) == 0
    assert "lost for ever: entries 5 to 8" in capsys.readouterr().out
    with opened_database(home.settings.database) as engine, engine.connect() as connection:
        (tmp_path / "journal.jsonl").write_bytes(b"".join(export(connection)))
    (key,) = accepted_keys(home.settings)
    files = [str(tmp_path / "journal.jsonl"), str(home.settings.checkpoints)]
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "verify_journal.py"), *files, key],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lost for ever: entries 5 to 8" in done.stdout
    assert home.ada.public_key in done.stdout


def test_an_auditor_counts_keys_and_no_names(home: Home, tmp_path: Path) -> None:
    """One key that signed twice, under two names, is one signer: an act of the board has two."""
    accept_restore(home.settings, [home.ada, home.bob], reason=WHY, now=NOW)
    last = json.loads(home.settings.checkpoints.read_bytes().splitlines()[-1])["body"]
    once, _ = last["restore"]["signatures"]
    twice = {**last["restore"], "signatures": [once, {**once, "name": "Somebody Else"}]}
    key = load_key(home.settings.service_key)
    lines = home.settings.checkpoints.read_bytes().splitlines(keepends=True)[:-1]
    forged = canonical_json(key.sign("journal checkpoint", {**last, "restore": twice}).to_json())
    (tmp_path / "checkpoints").write_bytes(b"".join([*lines, forged]))
    with opened_database(home.settings.database) as engine, engine.connect() as connection:
        (tmp_path / "journal.jsonl").write_bytes(b"".join(export(connection)))
    files = [str(tmp_path / "journal.jsonl"), str(tmp_path / "checkpoints")]
    script = str(ROOT / "docs" / "verify_journal.py")
    done = subprocess.run(
        [sys.executable, script, *files, key.public_key], stdout=subprocess.PIPE, text=True, check=False
    )
    assert done.returncode == 1
    assert "accepts a restore that the board did not sign" in done.stdout


def test_a_backup_while_entries_are_written_lacks_nothing_that_was_acknowledged_before(home: Home) -> None:
    """SQLite's online backup, with a writer that goes on: put back, its chain is whole, and verify names the rest."""
    accept_restore(home.settings, [home.ada, home.bob], reason=WHY, now=NOW)
    acknowledged, enough = list[int](), threading.Event()

    def write() -> None:
        while not enough.is_set():
            home.enter(1)
            acknowledged.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    wait_for(lambda: len(acknowledged) >= 5, "entries")
    before = len(acknowledged)
    back_up(home.settings, home.backup)
    after = len(acknowledged)
    wait_for(lambda: len(acknowledged) >= after + 5, "entries after the backup")
    enough.set()
    writer.join()
    checkpoint(home.settings, now=NOW)
    home.restore()
    found = home.vouched()
    assert found.journal.faults == ()
    # One may have been written, and not yet counted, when the backup ended.
    assert before <= found.journal.entries - 5 <= after + 1
    assert [f.seq for f in found.faults] == [5 + len(acknowledged)]
