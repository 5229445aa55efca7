"""A stop, a resumption or a change of people or policy that is killed at any moment: the same command completes it."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from hospital.errors import VigieError
from hospital.words.messages import Foreign
from registry.checkpoints.checkpoint_file import CheckpointFile
from registry.checkpoints.checkpointing import checkpoint
from registry.checkpoints.service_key import accepted_keys
from registry.checkpoints.trust_audit import trust_faults
from registry.checkpoints.vouching import vouch
from registry.errors import TrustError
from registry.record.database import opened_database
from registry.record.journal import Entry, entries
from registry.releases.releases import current_release
from registry.settings import Settings
from registry.trust.keys import Key, create_key
from registry.trust.model_stops import is_stopped, resume_model, stop_model
from registry.trust.trust_changes import found_trust, retire_key, trust_key
from registry.trust.trust_store import load_trust
from tests.support.installation import Installation, after
from tests.support.killed_moments import FAILED, KILLED, at_moment
from tests.support.new_databases import new_sqlite
from tests.support.releasing import promote_version, put_policy

pytestmark = pytest.mark.usefixtures("english")

MODEL, DORA = "wait-time", "Dora Lund"


@pytest.fixture
def installation(quick_path: object, installation: Installation) -> Installation:
    """With a release, and a third member of the board; all of it signed for."""
    installation.approved()
    promote_version(installation)
    key = installation.people["stranger"].public_key
    trust_key(installation.settings, DORA, key, ("board",), now=after(2), signers=_board(installation))
    return installation


def _board(installation: Installation) -> tuple[Key, Key]:
    return installation.people["ada"], installation.people["bob"]


def _stop(home: Installation) -> object:
    return stop_model(home.settings, MODEL, home.people["ada"], reason="odd", now=after(3))


def _resume(home: Installation) -> object:
    return resume_model(home.settings, MODEL, _board(home), reason="well", now=after(4))


def _trust(home: Installation) -> object:
    """The stranger is a releaser from now on."""
    key = home.people["stranger"].public_key
    return trust_key(
        home.settings, DORA, key, ("releaser",), now=after(4), replacing=True, signers=_board(home)
    )


def _retire(home: Installation) -> object:
    return retire_key(home.settings, DORA, now=after(4), signers=_board(home))


def _take_out(home: Installation) -> object:
    return retire_key(home.settings, DORA, now=after(4), signers=_board(home), taking_out=True)


def _policy(home: Installation) -> object:
    return put_policy(home, history_days="500")


_WORK: dict[str, Callable[[Installation], object]] = {
    "stop": _stop,
    "resume": _resume,
    "trust key": _trust,
    "retire key": _retire,
    "take key out": _take_out,
    "put policy in force": _policy,
}


def _entries(settings: Settings) -> list[Entry]:
    with opened_database(settings.database) as engine, engine.connect() as connection:
        return list(entries(connection))


def _faults(settings: Settings) -> list[str]:
    """What `vigie journal verify` says of journal and trust file."""
    with opened_database(settings.database) as engine, engine.connect() as connection:
        found = vouch(connection, CheckpointFile(settings.checkpoints), accepted_keys(settings))
        faults = [*found.journal.faults, *found.faults]
        return [f.message for f in [*faults, *trust_faults(connection, settings.trust, found.checkpoints)]]


@pytest.mark.parametrize(("action", "way"), [*((action, "kill") for action in _WORK), ("stop", "fail")])
def test_at_every_moment(installation: Installation, action: str, way: str) -> None:
    """Then it is done, with one entry; the record is whole, and the release of before is served."""
    work = _WORK[action]
    if action == "resume":
        _stop(installation)
    home = installation.settings.home
    checkpoint(installation.settings, now=after(5))
    moments = past = 0
    named: set[str] = set()
    for number in range(1, 200):
        copy = home.with_name("copy")
        shutil.copytree(home, copy)
        other = Installation(Settings(home=copy), installation.people)
        code = at_moment(number, way, copy, lambda other=other: work(other))  # type: ignore[misc]
        past = past + 1 if code == 0 else 0  # a moment whose failure is forgiven ends well, too
        if past > 6:
            break
        assert code in (0, KILLED, FAILED, *((1,) if action == "stop" else ()))
        named |= {words for words in _faults(other.settings) if "was killed" in words}
        try:
            work(other)
        except VigieError:
            assert _entries(other.settings)[-1].action == action  # it was done already
        checkpoint(other.settings, now=after(6))
        assert _faults(other.settings) == []
        assert [e.action for e in _entries(other.settings)].count(action) == (
            2 if action == "trust key" else 1
        )
        assert is_stopped(other.settings, load_trust(other.settings.trust), MODEL) == (action == "stop")
        assert current_release(other.settings, MODEL) is not None
        shutil.rmtree(copy)
        moments += 1
    shutil.rmtree(home.with_name("copy"), ignore_errors=True)
    assert moments > 5
    assert len(named) == (0 if action in ("stop", "resume") else 1)
    assert all(
        Foreign(words, "audit", "faults").words("fr").startswith("trust.json contient") for words in named
    )


def test_a_founding_at_every_moment(quick_path: Path) -> None:
    """It has its entry, once: asked again it is done already, or is done then."""
    new_sqlite(quick_path / "home" / "vigie.db")
    settings = Settings(home=quick_path / "home")
    board = [create_key(name, settings.home / f"{name}.json") for name in ("Ada Martin", "Bob Noir")]
    for key in board:
        trust_key(settings, key.name, key.public_key, ("board",), now=after(0))
    code = KILLED
    for number in range(1, 100):
        other = Settings(home=settings.home.with_name("copy"))
        shutil.copytree(settings.home, other.home)
        code = at_moment(number, "kill", other.home, partial(found_trust, other, now=after(1), signers=board))
        with suppress(TrustError):
            found_trust(other, now=after(2), signers=board)
        found = [e.action for e in _entries(other) if "statement_digest" in e.subjects]
        assert (found, load_trust(other.trust).founded) == (["found trust"], True)
        shutil.rmtree(other.home)
        if code == 0:
            break
    assert code == 0
