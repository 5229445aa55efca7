"""Entries that were signed for long after they were written: who cuts the checkpoints' file leaves that."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from cli.main import main
from hospital.words.messages import Foreign
from registry.checkpoints.checkpoint_file import CheckpointFile
from registry.checkpoints.checkpointing import checkpoint
from registry.checkpoints.service_key import accepted_keys
from registry.checkpoints.vouching import vouch
from registry.record.database import opened_database, writing
from registry.record.journal import GENESIS, append, entries, export
from registry.record.tables.record_tables import journal
from registry.settings import Settings
from tests.support.installation import NOW
from tests.support.new_databases import new_sqlite
from tests.support.repository import ROOT

pytestmark = pytest.mark.usefixtures("english")


def _enter(settings: Settings, hours: float) -> None:
    with opened_database(settings.database) as engine, writing(engine) as connection:
        at = NOW + timedelta(hours=hours)
        append(connection, actor="ada", action="note", subjects={"at": str(hours)}, now=at)


@pytest.fixture
def settings(quick_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Six entries, one an hour, each signed for within a minute."""
    new_sqlite(quick_path / "home" / "vigie.db")
    found = Settings(home=quick_path / "home")
    monkeypatch.setenv("VIGIE_HOME", str(found.home))
    for hours in range(6):
        _enter(found, hours)
        checkpoint(found, now=NOW + timedelta(hours=hours, minutes=1))
    return found


def _written_anew(settings: Settings, first: int) -> None:
    """From an entry on under another name, each digest as it should be."""
    with opened_database(settings.database) as engine, engine.begin() as connection:
        previous = GENESIS
        for entry in list(entries(connection)):
            made = replace(entry, actor="somebody", previous=previous) if entry.seq >= first else entry
            previous = made.computed_digest()
            values = {"actor": made.actor, "previous": made.previous, "digest": previous}
            connection.execute(update(journal).where(journal.c.seq == made.seq).values(**values))


def _limits(settings: Settings, *, demo: bool = False) -> list[str]:
    """What cannot be vouched for, besides what never can."""
    with opened_database(settings.database) as engine, engine.connect() as connection:
        found = vouch(connection, CheckpointFile(settings.checkpoints), accepted_keys(settings), demo=demo)
    assert (found.faults, found.journal.faults) == ((), ())
    return [words for words in found.limits if "noted elsewhere" not in words]


def _audited(settings: Settings) -> str:
    """What the verifier that needs nothing of Vigie says."""
    path = settings.home / "journal.jsonl"
    with opened_database(settings.database) as engine, engine.connect() as connection:
        path.write_bytes(b"".join(export(connection)))
    program = str(ROOT / "docs" / "verify_journal.py")
    (key,) = accepted_keys(settings)
    files = [str(path), str(settings.checkpoints)]
    done = subprocess.run([sys.executable, program, *files, key], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_was_signed_for_in_time_is_not_named(settings: Settings) -> None:
    """By neither."""
    assert _limits(settings) == []
    assert "not vouched for" not in _audited(settings)


def test_a_file_that_was_cut_and_signed_on_is_named(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """An older copy of it, put back over a journal that was written anew: all of it verifies, and it came too late."""
    lines = settings.checkpoints.read_bytes().splitlines(keepends=True)
    settings.checkpoints.write_bytes(b"".join(lines[:2]))
    _written_anew(settings, 3)
    checkpoint(settings, now=NOW + timedelta(hours=9))
    (limit,) = _limits(settings)
    assert limit.startswith(
        "entries 3 to 6 were written from 2026-03-01 10:00:00 UTC on and signed for on 2026-"
    )
    assert Foreign(limit, "audit", "limits").words("fr").startswith("les entrées 3 à 6 ont été écrites")
    assert "not vouched for: entries 3 to 6 were written from 2026-03-01 10:00:00 UTC on" in _audited(
        settings
    )
    assert main(["journal", "verify"]) == 0
    assert "entries 3 to 6 were written" in capsys.readouterr().out


def test_a_file_that_was_begun_anew_is_named_by_the_auditor(settings: Settings) -> None:
    """Who has no founding to hold it against; also where one signed in between."""
    settings.checkpoints.unlink()
    _written_anew(settings, 1)
    checkpoint(settings, now=NOW + timedelta(hours=9))
    _enter(settings, 9)
    checkpoint(settings, now=NOW + timedelta(hours=9, minutes=1))
    assert "not vouched for: entries 1 to 6 were written from 2026-03-01 08:00:00 UTC on" in _audited(
        settings
    )
    assert len(_limits(settings)) == 1


def test_of_many_the_newest_are_named_and_the_rest_counted(settings: Settings) -> None:
    """A service that was killed often."""
    for hours in range(10, 22):
        _enter(settings, hours)
        checkpoint(settings, now=NOW + timedelta(hours=hours, minutes=6))
    found = _limits(settings)
    assert len(found) == 11
    assert found[0].startswith("entries 9 to 9 ")
    assert found[-1] == "nor is it for 2 other stretches of entries before, which were signed for late"
    assert (
        Foreign(found[-1], "audit", "limits").words("fr")
        == "ni pour 2 autres suites d'entrées antérieures, signées tard"
    )
    assert _limits(settings, demo=True) == []
