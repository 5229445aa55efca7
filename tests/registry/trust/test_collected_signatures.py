"""Signatures that are collected one after the other: what lies beside them neither counts nor stops anybody."""

import json
from pathlib import Path

import pytest

from registry.digests import canonical_json, write_atomically
from registry.errors import TrustError
from registry.trust.ceremony import PEOPLE
from registry.trust.model_stops import is_stopped, resume_model, stop_model
from registry.trust.trust_changes import retire_key, trust_key
from registry.trust.trust_store import load_trust
from tests.support.installation import Installation, after
from tests.support.releasing import actions

pytestmark = pytest.mark.usefixtures("english")

MODEL = "wait-time"
RUBBISH = [b"[" * 100_000, b"{}", b"[5]", b"[{}]", b"5", b'{"body":5,"signatures":5}']


@pytest.fixture
def board(installation: Installation) -> Installation:
    """Three members; the model is stopped."""
    people = installation.people
    key = people["stranger"].public_key
    trust_key(
        installation.settings,
        "Cleo Marin",
        key,
        ("board",),
        now=after(1),
        signers=(people["ada"], people["bob"]),
    )
    _stop(installation, 2)
    return installation


def _stop(installation: Installation, hours: float) -> None:
    stop_model(installation.settings, MODEL, installation.people["ada"], reason="odd", now=after(hours))


def _resume(installation: Installation, *names: str) -> tuple[str, ...]:
    keys = [installation.people[name] for name in names]
    return resume_model(installation.settings, MODEL, keys, reason="well", now=after(4))


def _is_stopped(installation: Installation) -> bool:
    return is_stopped(installation.settings, load_trust(installation.settings.trust), MODEL)


def _author(installation: Installation, signers: tuple[str, ...]) -> None:
    """The checker's key becomes an author's: what the board may sign one after the other."""
    people = installation.people
    trust_key(
        installation.settings,
        "Dora Lund",
        people["releaser"].public_key,
        ("releaser",),
        now=after(3),
        replacing=True,
        signers=[people[name] for name in signers],
    )


def test_who_signed_a_resumption_and_left_stands_in_nobodys_way(board: Installation) -> None:
    """Their signature counts no more; the two who are there resume."""
    with pytest.raises(TrustError, match="1 of 2"):
        _resume(board, "ada")
    people = board.people
    retire_key(board.settings, "ada", now=after(3), signers=(people["bob"], people["stranger"]))
    with pytest.raises(TrustError, match="1 of 2"):
        _resume(board, "bob")
    assert _is_stopped(board)
    assert _resume(board, "stranger") == ("Cleo Marin", "bob")
    assert not _is_stopped(board)


@pytest.mark.parametrize("content", RUBBISH)
def test_rubbish_in_place_of_signatures_of_a_resumption(board: Installation, content: bytes) -> None:
    """It is written over."""
    (board.settings.trust / f"resume-{MODEL}.json").write_bytes(content)
    with pytest.raises(TrustError, match="1 of 2"):
        _resume(board, "ada")
    assert _resume(board, "bob") == ("ada", "bob")


@pytest.mark.parametrize("content", RUBBISH)
def test_rubbish_in_place_of_signatures_of_a_change(board: Installation, content: bytes) -> None:
    """As well."""
    path = board.settings.trust / "pending.json"
    path.write_bytes(content)
    with pytest.raises(TrustError, match="1 given and kept"):
        _author(board, ("ada",))
    _author(board, ("bob",))
    assert not path.exists()


def test_signatures_of_nobody_beside_a_members(board: Installation) -> None:
    """Of a key that is no member's, of another purpose, and what is none: the member's is counted all the same."""
    path: Path = board.settings.trust / "pending.json"
    with pytest.raises(TrustError, match="1 given and kept"):
        _author(board, ("ada",))
    pending = json.loads(path.read_bytes())
    strange = board.people["author"].sign(PEOPLE, pending["body"]).to_json()["signature"]
    other = board.people["bob"].sign("vigie-stop-v1", pending["body"]).to_json()["signature"]
    pending["signatures"] += [5, {}, {"public_key": 3}, strange, other]
    write_atomically(path, canonical_json(pending))
    with pytest.raises(TrustError, match="1 given and kept"):
        _author(board, ())
    _author(board, ("bob",))
    assert {k.name for k in load_trust(board.settings.trust).keys if "releaser" in k.roles} == {"Dora Lund"}


def test_a_stop_that_is_over_and_was_put_back_makes_room_for_a_real_one(board: Installation) -> None:
    """Else who can write the file has the real one refused as the second, and takes theirs out again."""
    path = board.settings.trust / "trust.json"
    over = json.loads(path.read_bytes())["stopped"]
    _resume(board, "ada", "bob")
    write_atomically(path, canonical_json({**json.loads(path.read_bytes()), "stopped": over}))
    assert _is_stopped(board)
    _stop(board, 5)
    assert actions(board)[-1] == ("ada", "stop")
    write_atomically(path, canonical_json({**json.loads(path.read_bytes()), "stopped": {}}))
    assert _is_stopped(board)
