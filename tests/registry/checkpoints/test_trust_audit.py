"""The trust file beside its checkpoints and entries: exchanged, put back or edited, it shows."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from registry.checkpoints.checkpoint_file import CheckpointFile
from registry.checkpoints.checkpointing import checkpoint
from registry.checkpoints.service_key import accepted_keys
from registry.checkpoints.trust_audit import trust_faults
from registry.checkpoints.vouching import vouch
from registry.digests import canonical_json
from registry.record.database import opened_database, writing
from registry.record.journal import append
from registry.settings import Settings
from registry.trust.keys import Key, create_key
from registry.trust.model_stops import resume_model, stop_model
from registry.trust.trust_changes import found_trust, retire_key, trust_key
from tests.support.installation import NOW, Installation
from tests.support.refused_commits import refused_commits
from tests.support.releasing import promote_version

pytestmark = pytest.mark.usefixtures("english")

FILE = "trust.json"


@pytest.fixture
def people(tmp_path: Path) -> dict[str, Key]:
    """Keys."""
    return {name: create_key(name, tmp_path / f"{name}.key") for name in ("Ada Ader", "Bob Baur", "Cid Cern")}


@pytest.fixture
def settings(tmp_path: Path, people: dict[str, Key]) -> Settings:
    """Founded by two members, a third added since; checkpoints after each step."""
    found = Settings(home=tmp_path / "home")
    ada, bob, cid = people.values()
    for key in (ada, bob):
        trust_key(found, key.name, key.public_key, ("board",), now=NOW)
    found_trust(found, now=NOW, signers=(ada, bob))
    checkpoint(found, now=NOW)
    trust_key(found, cid.name, cid.public_key, ("releaser",), now=NOW, signers=(ada, bob))
    checkpoint(found, now=NOW + timedelta(minutes=1))
    return found


def faults(settings: Settings) -> list[str]:
    """What is wrong with the trust file."""
    with opened_database(settings.database) as engine, engine.connect() as connection:
        found = vouch(connection, CheckpointFile(settings.checkpoints), accepted_keys(settings))
        assert found.faults == ()
        return [fault.message for fault in trust_faults(connection, settings.trust, found.checkpoints)]


def edit(settings: Settings, **fields: Any) -> None:
    """Changes fields of the file by hand, in the form in which Vigie writes it."""
    path = settings.trust / FILE
    path.write_bytes(canonical_json({**json.loads(path.read_bytes()), **fields}))


def enter(settings: Settings) -> None:
    """An entry that changes no trust, and a checkpoint over it."""
    with opened_database(settings.database) as engine, writing(engine) as connection:
        append(connection, actor="Ada", action="predict", subjects={}, now=NOW)
    checkpoint(settings, now=NOW + timedelta(minutes=2))


def test_what_was_changed_with_entries_is_no_difference(settings: Settings, people: dict[str, Key]) -> None:
    """People, a stop and its end, with and without a checkpoint between."""
    ada, bob, cid = people.values()
    assert faults(settings) == []
    stop_model(settings, "wait-time", ada, reason="odd", now=NOW)
    assert faults(settings) == []
    enter(settings)
    resume_model(settings, "wait-time", [ada, bob], reason="well", now=NOW)
    retire_key(settings, cid.name, now=NOW, signers=(ada, bob))
    assert faults(settings) == []
    enter(settings)
    assert faults(settings) == []


def test_a_release_is_no_difference(tmp_path: Path) -> None:
    """Its entry comes before the file changes."""
    made = Installation.make(tmp_path / "home")
    for version in ("1", "2"):
        made.approved(version)
        checkpoint(made.settings, now=NOW)
        promote_version(made, version)
    assert faults(made.settings) == []
    checkpoint(made.settings, now=NOW)
    assert faults(made.settings) == []
    edit(made.settings, lowest_release={"wait-time": 1})
    assert "is not the one that the checkpoint" in faults(made.settings)[0]


@pytest.mark.parametrize(
    "change",
    [
        {"lowest_release": {"wait-time": 7}},
        {"released_before": {"wait-time": 7}},
        {"stopped": {"wait-time": {}}},
        {"unknown": 1},
    ],
)
@pytest.mark.parametrize("covered", [False, True])
def test_an_edited_file_is_named(settings: Settings, change: dict[str, Any], covered: bool) -> None:
    """Whatever was edited; and once a checkpoint saw it, from that one on."""
    edit(settings, **change)
    if covered:
        enter(settings)
    (fault,) = faults(settings)
    assert "no entry says that it was changed" in fault


def test_a_file_that_was_exchanged_and_put_back_is_named(settings: Settings) -> None:
    """Both checkpoints tell: it was another in between."""
    before = (settings.trust / FILE).read_bytes()
    edit(settings, lowest_release={"wait-time": 7})
    enter(settings)
    (settings.trust / FILE).write_bytes(before)
    enter(settings)
    assert sum("was another at the checkpoint" in fault for fault in faults(settings)) == 2


def test_an_older_copy_is_named(settings: Settings, people: dict[str, Key]) -> None:
    """Whose people the board once signed: with it a person who was retired would sign again."""
    ada, bob, cid = people.values()
    before = (settings.trust / FILE).read_bytes()
    retire_key(settings, cid.name, now=NOW, signers=(ada, bob))
    (settings.trust / FILE).write_bytes(before)
    (fault,) = faults(settings)
    assert "retire key" in fault
    enter(settings)
    assert len(faults(settings)) == 1


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda path: path.unlink(), "is gone"),
        (lambda path: path.write_bytes(b"{}"), "cannot be read"),
        (lambda path: path.write_bytes(b"\xff"), "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    settings: Settings,
    damage: Callable[[Path], Any],
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And the rest is verified all the same."""
    damage(settings.trust / FILE)
    monkeypatch.setenv("VIGIE_HOME", str(settings.home))
    assert main(["journal", "verify"]) == 1
    shown = capsys.readouterr().out
    assert words in shown
    assert "checkpoints vouch for entries" in shown


def test_a_stop_without_its_entry_is_named_and_then_entered(
    settings: Settings, people: dict[str, Key]
) -> None:
    """It stood although the journal could not be written; who resumes it writes both."""
    ada, bob, _ = people.values()
    with refused_commits(), pytest.raises(OSError, match="No space left"):
        stop_model(settings, "wait-time", ada, reason="odd", now=NOW)
    assert len(faults(settings)) == 1
    enter(settings)
    resume_model(settings, "wait-time", [ada, bob], reason="well", now=NOW)
    assert faults(settings) == []
