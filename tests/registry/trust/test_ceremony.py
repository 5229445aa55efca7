"""Who is who is signed by the board, and changed by a quorum of it, or not at all."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.demo.steps import make_demo_home
from registry.digests import canonical_json
from registry.errors import PromotionError, ReleaseError, TrustError
from registry.policy.board_policy import default_policy
from registry.record.database import opened_database
from registry.record.journal import entries
from registry.settings import Settings
from registry.trust.keys import Key, create_key
from registry.trust.trust_changes import PENDING, found_trust, put_in_force, retire_key, trust_key
from registry.trust.trust_store import load_trust, save_trust, update_trust
from registry.trust.trusted_people import Trust
from tests.support.installation import Installation, after
from tests.support.releasing import board_policy, current, edit, promote_version

NOW = after(0)


@pytest.fixture
def carol(tmp_path: Path) -> Key:
    """The key of somebody who is not yet trusted."""
    return create_key("Carol Dubois", tmp_path / "carol.key")


def _keys(installation: Installation, *names: str) -> list[Key]:
    return [installation.people[name] for name in names]


def _last_action(installation: Installation) -> str:
    with opened_database(installation.settings.database) as engine, engine.connect() as connection:
        found = list(entries(connection))
        assert not found or found[-1].subjects.get("statement_digest") or found[-1].action == "approve"
        return found[-1].action if found else ""


CHANGES: dict[str, Callable[[Installation, Key, list[Key]], Any]] = {
    "add": lambda i, k, s: trust_key(i.settings, k.name, k.public_key, ("board",), now=NOW, signers=s),
    "replace": lambda i, k, s: trust_key(
        i.settings,
        "ada",
        i.people["ada"].public_key,
        ("board", "releaser"),
        now=NOW,
        signers=s,
        replacing=True,
    ),
    "retire": lambda i, k, s: retire_key(i.settings, "author", now=NOW, signers=s),
    "take out": lambda i, k, s: retire_key(i.settings, "author", now=NOW, signers=s, taking_out=True),
    "policy": lambda i, k, s: put_in_force(i.settings, board_policy(approvals="3"), now=NOW, signers=s),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("signers", [(), ("ada",), ("ada", "ada"), ("ada", "releaser"), ("ada", "stranger")])
def test_a_change_needs_the_quorum(
    installation: Installation, carol: Key, change: str, signers: tuple[str, ...]
) -> None:
    """Nobody, one member, one member twice, one with somebody who is none: nothing is changed, nothing is journaled."""
    path = installation.settings.trust / "trust.json"
    before = path.read_bytes()
    with pytest.raises(TrustError, match="Nothing is changed"):
        CHANGES[change](installation, carol, _keys(installation, *signers))
    assert path.read_bytes() == before
    assert _last_action(installation) == ""


@pytest.mark.parametrize("change", CHANGES)
def test_a_quorum_changes_and_the_journal_has_it(installation: Installation, carol: Key, change: str) -> None:
    """With the digest of what was signed."""
    CHANGES[change](installation, carol, _keys(installation, "ada", "bob"))
    assert _last_action(installation) != ""
    assert len(load_trust(installation.settings.trust).statements) == 2


def test_each_member_signs_where_their_key_is(installation: Installation, carol: Key) -> None:
    """One after the other; a signature of another change counts for nothing."""
    with pytest.raises(TrustError, match="1 given and kept, 1 more member of the board has to sign, of bob"):
        CHANGES["add"](installation, carol, _keys(installation, "ada"))
    with pytest.raises(TrustError, match="1 given and kept, 1 more member of the board has to sign, of ada"):
        CHANGES["retire"](installation, carol, _keys(installation, "bob"))
    CHANGES["retire"](installation, carol, _keys(installation, "ada"))
    assert [k.name for k in load_trust(installation.settings.trust).keys if k.retired] == ["author"]
    assert not (installation.settings.trust / PENDING).exists()


def _add_key(body: dict[str, Any]) -> None:
    body["keys"].append({**body["keys"][2], "name": "Eve", "public_key": "A" * 43 + "="})


def _add_everywhere(body: dict[str, Any]) -> None:
    _add_key(body)
    body["statements"][-1]["body"]["keys"] = body["keys"]


@pytest.mark.parametrize(
    "forge",
    [
        _add_key,
        _add_everywhere,
        lambda body: body["keys"].pop(),
        lambda body: body["keys"][0].update(roles=["board"]),
        lambda body: body["keys"][2].update(retired=True),
        lambda body: body.update(policy_digest="sha256:" + "0" * 64),
        lambda body: body["statements"][0]["signatures"].pop(),
        lambda body: body["statements"][0]["body"].update(quorum=1),
        lambda body: body["statements"].append(body["statements"][0]),
    ],
)
def test_what_nobody_signed_is_no_trust_file(
    installation: Installation, forge: Callable[[dict[str, Any]], None]
) -> None:
    """A key, a role, a retirement, a policy or a quorum written by hand."""
    edit(installation.settings.trust / "trust.json", forge)  # type: ignore[arg-type]
    with pytest.raises(TrustError, match=r"changed by hand|names a person or a key twice"):
        load_trust(installation.settings.trust)


def test_signatures_taken_away_leave_an_installation_that_releases_and_serves_nothing(
    installation: Installation,
) -> None:
    """Who strips the statements to write as they please has no founded installation any more."""
    installation.approved()
    promote_version(installation)
    edit(installation.settings.trust / "trust.json", lambda body: body.pop("statements"))
    with pytest.raises(ReleaseError, match="who is who is not fixed"):
        current(installation)
    installation.approved("2")
    with pytest.raises((PromotionError, TrustError), match="who is who is not fixed"):
        promote_version(installation, "2")


def test_a_board_never_becomes_too_small_to_decide(installation: Installation) -> None:
    """Two members, a quorum of two: neither leaves before somebody has come."""
    with pytest.raises(TrustError, match="Add a member first"):
        retire_key(installation.settings, "ada", now=NOW, signers=_keys(installation, "ada", "bob"))


def test_the_demo_founds_itself_once(tmp_path: Path) -> None:
    """With its published keys; run again, nothing is signed anew."""
    settings = Settings(home=tmp_path / "demo")
    make_demo_home(settings, default_policy())
    trust = load_trust(settings.trust)
    assert trust.demo
    assert len(trust.statements) == 1
    make_demo_home(settings, default_policy())
    assert load_trust(settings.trust) == trust


def test_statements_are_never_taken_back(installation: Installation, carol: Key) -> None:
    """Nor is a change made past them."""
    folder = installation.settings.trust
    trust = load_trust(folder)
    CHANGES["add"](installation, carol, _keys(installation, "ada", "bob"))
    with pytest.raises(TrustError, match="never taken back"):
        save_trust(folder, trust)
    with pytest.raises(TrustError, match="a quorum of it signs"):
        update_trust(folder, lambda t: t.with_retired("ada"))
    update_trust(folder, lambda t: t.with_floor("wait-time", 3))


def test_a_person_gets_another_key_under_their_name(installation: Installation, tmp_path: Path) -> None:
    """The former one is retired first; both are one person."""
    another = create_key("ada", tmp_path / "ada2.key")
    signers = _keys(installation, "ada", "bob")
    with pytest.raises(TrustError, match="one person, one name"):
        trust_key(installation.settings, "ada", another.public_key, ("board",), now=NOW, signers=signers)
    third = create_key("Carol Dubois", tmp_path / "carol.key")
    trust_key(installation.settings, third.name, third.public_key, ("board",), now=NOW, signers=signers)
    retire_key(installation.settings, "ada", now=NOW, signers=signers)
    signers = [third, installation.people["bob"]]
    trust_key(installation.settings, "ada", another.public_key, ("board",), now=NOW, signers=signers)
    with pytest.raises(TrustError, match="one person, one name"):
        trust_key(
            installation.settings,
            "Ada",
            third.public_key,
            ("board",),
            now=NOW,
            signers=signers,
            replacing=True,
        )
    found = installation.check(installation.register())
    installation.people["ada"] = another  # type: ignore[index]
    installation.approve(found, "ada")
    with pytest.raises(PromotionError, match="1 of 2 approvals"):
        promote_version(installation)


@pytest.mark.parametrize("board", [(), ("ada",)])
def test_one_member_founds_nothing(
    tmp_path: Path, installation: Installation, board: tuple[str, ...]
) -> None:
    """It takes two, and all of them."""
    settings = installation.settings.model_copy(update={"home": tmp_path / "other", "trust_dir": None})
    for name in board:
        key = installation.people[name]
        trust_key(settings, name, key.public_key, ("board",), now=NOW)
    if not board:
        save_trust(settings.trust, Trust(False, (), default_policy().digest, {}))
    with pytest.raises(TrustError, match="at least two members"):
        found_trust(settings, now=NOW, signers=_keys(installation, *board))


def test_all_members_found(tmp_path: Path, installation: Installation) -> None:
    """Two of three are not enough; each signs the very same."""
    settings = installation.settings.model_copy(update={"home": tmp_path / "other", "trust_dir": None})
    for name in ("ada", "bob", "stranger"):
        trust_key(settings, name, installation.people[name].public_key, ("board",), now=NOW)
    with pytest.raises(TrustError, match="1 more member of the board has to sign, of stranger"):
        found_trust(settings, now=NOW, signers=_keys(installation, "ada", "bob"))
    found_trust(settings, now=NOW, signers=_keys(installation, "stranger"))
    (statement,) = load_trust(settings.trust).statements
    assert json.loads(canonical_json(statement))["body"]["quorum"] == 2
    with opened_database(settings.database) as engine, engine.connect() as connection:
        entry = list(entries(connection))[-1]
    assert (entry.action, entry.reason) == ("found trust", ""), "nobody gave a reason"
    with pytest.raises(TrustError, match="fixed already"):
        found_trust(settings, now=NOW, signers=_keys(installation, "ada", "bob", "stranger"))
