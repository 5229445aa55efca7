"""Who is trusted with what, and what a trust file may say: each edit by hand that would open something."""

import json
import resource
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from registry.digests import canonical_json, sha256_bytes, write_atomically
from registry.errors import SignatureError, TrustError
from registry.trust.ceremony import (
    missing_signatures,
    next_statement,
    signed_statement,
    verify_statements,
)
from registry.trust.keys import Key, create_key, demo_key
from registry.trust.trust_store import create_trust, load_trust, save_trust, trust_digest, update_trust
from registry.trust.trusted_people import Trust, TrustedKey, same_owner

POLICY = "sha256:p"
NAMES = ("Ada Roux", "Bob Noir", "Cid Vert", "Dan Bleu")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Key]:
    """By first name."""
    folder = tmp_path_factory.mktemp("keys")
    return {name.split()[0]: create_key(name, folder / name) for name in NAMES}


@pytest.fixture
def trust(keys: dict[str, Key]) -> Trust:
    """Three members of the board and an author, before the founding."""
    found = Trust(False, (), POLICY, {})
    for name, key in keys.items():
        found = found.with_person(key, ("author",) if name == "Dan" else ("board",))
    return found


def _founded(trust: Trust, *signers: Key, quorum: int = 2) -> Trust:
    body = next_statement(trust.statements, trust.entries, trust.policy_digest, quorum)
    statement = signed_statement(body, (), signers)
    return replace(trust, statements=(*trust.statements, statement))


class TestRoles:
    """With which roles a key may be trusted."""

    @pytest.mark.parametrize(
        "roles", [(), ("root",), ("board", "root"), ("checker", "board"), ("author", "service")]
    )
    def test_no_roles_unknown_ones_and_a_machine_that_decides_are_refused(
        self, trust: Trust, keys: dict[str, Key], roles: tuple[str, ...]
    ) -> None:
        """The check and the service sign what was computed, and nothing besides; not even both."""
        for asked in (roles, ("checker", "service")):
            with pytest.raises(TrustError):
                trust.with_person(keys["Ada"], asked)

    @pytest.mark.parametrize(
        "role", ["author", "board", "releaser", "checker", "service", "clinician", "data-protection"]
    )
    def test_each_role_can_be_given_alone(self, trust: Trust, keys: dict[str, Key], role: str) -> None:
        """To a key that is there: its former roles are gone, nobody else's are."""
        found = trust.with_person(keys["Ada"], (role,))
        assert {k.name: k.roles for k in found.keys} == {
            "Bob Noir": ("board",),
            "Cid Vert": ("board",),
            "Dan Bleu": ("author",),
            "Ada Roux": (role,),
        }

    @pytest.mark.parametrize("name", ["", "a/b", "x" * 65, "Ада"])
    def test_a_name_that_is_no_persons_is_refused(
        self, trust: Trust, keys: dict[str, Key], name: str
    ) -> None:
        """It becomes part of the names of files."""
        with pytest.raises(TrustError, match="name is that of a person"):
            trust.with_key(name, keys["Ada"].public_key, ("board",))

    def test_a_persons_keys_go_with_their_name(self, trust: Trust) -> None:
        """Retired, they are still there; taken out, they are not; nobody else is touched, and nobody is said."""
        retired, gone = trust.with_retired("Bob Noir"), trust.without("Bob Noir")
        assert [k.name for k in retired.keys if k.retired] == ["Bob Noir"]
        assert [k.name for k in gone.keys] == ["Ada Roux", "Cid Vert", "Dan Bleu"]
        for change in (trust.with_retired, trust.without):
            with pytest.raises(TrustError, match="Nobody in the trust folder is called Bob"):
                change("Bob")

    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            (("Ada Roux", False), ("Ada Roux", False), True),
            (("Ada Roux", True), ("Ada Roux", False), False),
            (("Ada Roux", False), ("Ada Roux", True), False),
            (("Ada Roux", True), ("Roux Ada", False), True),
            (("Ada Roux", False), ("Bob Noir", False), False),
        ],
    )
    def test_a_retired_key_of_the_very_same_name_is_the_former_one(
        self, one: tuple[str, bool], other: tuple[str, bool], *, same: bool
    ) -> None:
        """Of another spelling it is somebody's second."""
        pair = [TrustedKey(name, name, ("board",), retired) for name, retired in (one, other)]
        assert same_owner(*pair) is same

    def test_the_demos_people_are_known_by_their_very_names(self) -> None:
        """board-1 and board-2 are two, although a number beside a name makes no second person."""
        one, two = (
            TrustedKey(k.name, k.public_key, ("board",)) for k in map(demo_key, ("board-1", "board-2"))
        )
        assert not same_owner(one, two)
        assert same_owner(one, replace(two, name=one.name))


class TestState:
    """What changes of a trust file leave as it was."""

    def test_a_stop_is_of_one_model(self, trust: Trust) -> None:
        """Set and ended alone."""
        both = trust.with_stop("wait-time", {"a": 1}).with_stop("bed-demand", {"b": 2})
        assert both.stopped == {"wait-time": {"a": 1}, "bed-demand": {"b": 2}}
        assert both.without_stop("wait-time").stopped == {"bed-demand": {"b": 2}}
        assert both.without_stop("other") == both

    def test_the_lowest_number_only_rises(self, trust: Trust) -> None:
        """Of one model; the others keep theirs."""
        found = trust.with_floor("wait-time", 3).with_floor("bed-demand", 1)
        assert found.lowest_release == {"wait-time": 3, "bed-demand": 1}
        assert found.with_floor("wait-time", 2) == found
        assert found.with_floor("wait-time", 4).lowest_release == {"wait-time": 4, "bed-demand": 1}

    def test_a_policy_lets_what_is_released_go_on(self, trust: Trust) -> None:
        """Up to the number of then; put in force again, nothing that was released since is let in."""
        second = trust.with_floor("wait-time", 3).with_policy("sha256:q")
        assert (second.policy_digest, second.released_before) == ("sha256:q", {"wait-time": 3})
        assert second.with_floor("wait-time", 5).with_policy("sha256:q").released_before == {"wait-time": 3}

    def test_people_and_policy_are_those_of_the_last_statement(
        self, trust: Trust, keys: dict[str, Key]
    ) -> None:
        """Before the founding there is none to be of; stops and numbers are not in it."""
        assert (trust.signed, trust.founded) == (True, False)
        founded = _founded(trust, keys["Ada"], keys["Bob"], keys["Cid"])
        assert (founded.signed, founded.founded) == (True, True)
        assert not founded.with_retired("Cid Vert").signed
        assert not founded.with_policy("sha256:q").signed
        assert founded.with_floor("wait-time", 2).with_stop("wait-time", {}).signed

    def test_the_file_is_what_its_digest_is_of(
        self, tmp_path: Path, trust: Trust, keys: dict[str, Key]
    ) -> None:
        """Written, it says all of it; without a statement it names none."""
        create_trust(tmp_path, policy_digest=POLICY)
        whole = _founded(trust.with_retired("Dan Bleu"), keys["Ada"], keys["Bob"], keys["Cid"])
        for found in (trust, whole.with_floor("wait-time", 1).with_stop("bed-demand", {"x": 1})):
            save_trust(tmp_path, found)
            content = (tmp_path / "trust.json").read_bytes()
            assert (sha256_bytes(content), load_trust(tmp_path)) == (trust_digest(found), found)
            assert ("statements" in json.loads(content)) == found.founded


class TestStatements:
    """Who signs who is who."""

    def test_all_members_found_and_a_quorum_changes(self, trust: Trust, keys: dict[str, Key]) -> None:
        """Two of three are too few for the first, and enough for the second."""
        ada, bob, cid, _ = keys.values()
        body = next_statement((), trust.entries, POLICY, 2)
        assert (body["serial"], body["former"], body["quorum"]) == (0, None, 2)
        assert missing_signatures((), signed_statement(body, (), []), demo=False) == (
            3,
            ("Ada Roux", "Bob Noir", "Cid Vert"),
        )
        assert missing_signatures((), signed_statement(body, (), [ada, bob]), demo=False) == (
            1,
            ("Cid Vert",),
        )
        founded = _founded(trust, ada, bob, cid)
        verify_statements(founded.statements, demo=False)
        second = next_statement(founded.statements, founded.entries, POLICY, 3)
        assert (second["serial"], second["quorum"]) == (1, 3)
        assert second["former"] == sha256_bytes(canonical_json(founded.statements[0]["body"]))
        former = signed_statement(second, (), [cid])["signatures"]
        statement = signed_statement(second, former, [ada])
        assert missing_signatures(founded.statements, statement, demo=False) == (0, ("Bob Noir",))
        assert len(signed_statement(second, former, [cid])["signatures"]) == 1

    def test_a_quorum_is_two_at_least(self, trust: Trust) -> None:
        """Whatever a policy says."""
        assert [next_statement((), trust.entries, POLICY, n)["quorum"] for n in (0, 1, 2, 4)] == [2, 2, 2, 4]

    @pytest.mark.parametrize("who", ["author", "retired", "purpose", "edited", "outsider"])
    def test_no_other_signature_is_counted(
        self, trust: Trust, keys: dict[str, Key], tmp_path: Path, who: str
    ) -> None:
        """Of somebody who is none of the board, has left it, signed something else, or what was edited since."""
        ada, bob, cid, dan = keys.values()
        founded = _founded(trust.with_retired("Cid Vert"), ada, bob)
        body = next_statement(founded.statements, founded.entries, POLICY, 2)
        signer = {"author": dan, "retired": cid, "outsider": create_key("Eve", tmp_path / "eve")}.get(
            who, bob
        )
        statement = signed_statement(body, (), [ada, signer])
        if who == "purpose":
            other = bob.sign("vigie-review-v1", body).to_json()["signature"]
            statement = {"body": body, "signatures": [other]}
        if who == "edited":
            statement = {**statement, "body": {**body, "quorum": 3}}
        with pytest.raises(SignatureError):
            missing_signatures(founded.statements, statement, demo=False)
        with pytest.raises(TrustError):
            verify_statements((*founded.statements, statement), demo=False)

    def test_demo_keys_found_a_demo_alone(self) -> None:
        """Everybody can sign with them."""
        board = [demo_key("board-1"), demo_key("board-2")]
        trust = Trust(True, (), POLICY, {})
        for key in board:
            trust = trust.with_person(key, ("board",))
        founded = _founded(trust, *board)
        verify_statements(founded.statements, demo=True)
        with pytest.raises(TrustError):
            verify_statements(founded.statements, demo=False)

    @pytest.mark.parametrize(
        "change",
        [{"format": 2}, {"serial": 1}, {"former": "sha256:x"}, {"quorum": 1}, {"quorum": 0}],
        ids=str,
    )
    def test_a_statement_that_does_not_follow_is_refused_though_all_signed_it(
        self, trust: Trust, keys: dict[str, Key], change: dict[str, Any]
    ) -> None:
        """Another form, number, past, or a quorum of one."""
        ada, bob, cid, _ = keys.values()
        body = {**next_statement((), trust.entries, POLICY, 2), **change}
        with pytest.raises(TrustError, match="does not follow"):
            verify_statements([signed_statement(body, (), [ada, bob, cid])], demo=False)

    def test_a_later_statement_is_judged_by_the_one_before(self, trust: Trust, keys: dict[str, Key]) -> None:
        """Whom it adds signs it not: else two who add each other would be a board."""
        ada, bob, cid, dan = keys.values()
        founded = _founded(trust, ada, bob, cid)
        grown = replace(founded.with_person(dan, ("board",)), statements=founded.statements)
        with pytest.raises(TrustError):
            verify_statements(_founded(grown, ada, dan).statements, demo=False)
        verify_statements(_founded(grown, ada, bob).statements, demo=False)
        with pytest.raises(TrustError, match="lacks 1 signature"):
            verify_statements(_founded(grown, ada).statements, demo=False)

    def test_a_quorum_of_three_asks_three(self, trust: Trust, keys: dict[str, Key]) -> None:
        """That of the statement before counts, and not the one that is asked for."""
        ada, bob, cid, _ = keys.values()
        founded = _founded(trust, ada, bob, cid, quorum=3)
        with pytest.raises(TrustError, match="lacks 1 signature"):
            verify_statements(_founded(founded, ada, bob, quorum=2).statements, demo=False)
        verify_statements(_founded(founded, ada, bob, cid, quorum=2).statements, demo=False)


EDITS: dict[str, Callable[[dict[str, Any]], object]] = {
    "format": lambda b: b.update(format=2),
    "demo as a number": lambda b: b.update(demo=0),
    "demo as a word": lambda b: b.update(demo="false"),
    "no demo": lambda b: b.pop("demo"),
    "no keys": lambda b: b.pop("keys"),
    "no numbers": lambda b: b.pop("lowest_release"),
    "numbers as a list": lambda b: b.update(lowest_release=[1]),
    "a negative number": lambda b: b.update(lowest_release={"wait-time": -1}),
    "a number that is true": lambda b: b.update(lowest_release={"wait-time": True}),
    "a number before": lambda b: b.update(released_before={"wait-time": 1.0}),
    "stops as a list": lambda b: b.update(stopped=[1]),
    "a name with a path": lambda b: b["keys"][0].update(name="../x"),
    "a key that is none": lambda b: b["keys"][0].update(public_key="AAAA"),
    "a key twice": lambda b: b["keys"].append({**b["keys"][0], "name": "Zoé Gris"}),
    "a person twice": lambda b: b["keys"].append({**b["keys"][0], "public_key": "A" * 43 + "="}),
    "retired as a word": lambda b: b["keys"][0].update(retired="no"),
    "retired as a number": lambda b: b["keys"][0].update(retired=0),
    "no roles": lambda b: b["keys"][0].pop("roles"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_trust_file_of_another_form_is_refused(tmp_path: Path, trust: Trust, edit: str) -> None:
    """Before the founding, when nothing in it is signed: no word is taken for another."""
    create_trust(tmp_path, policy_digest=POLICY)
    save_trust(tmp_path, trust)
    path = tmp_path / "trust.json"
    body = json.loads(path.read_bytes())
    EDITS[edit](body)
    write_atomically(path, canonical_json(body))
    with pytest.raises(TrustError, match="cannot be read, or names a person or a key twice"):
        load_trust(tmp_path)


def test_a_trust_file_of_before_reads_as_it_was_meant(tmp_path: Path, trust: Trust) -> None:
    """Without what later versions added: nothing released before, nobody founded, nothing stopped; zero is a number."""
    create_trust(tmp_path, policy_digest=POLICY)
    save_trust(tmp_path, trust.with_floor("wait-time", 0))
    path = tmp_path / "trust.json"
    body = json.loads(path.read_bytes())
    for name in ("released_before", "stopped"):
        body.pop(name)
    write_atomically(path, canonical_json(body))
    assert load_trust(tmp_path) == trust.with_floor("wait-time", 0)


def test_a_save_holds_what_stood_there(tmp_path: Path, trust: Trust, keys: dict[str, Key]) -> None:
    """No statement taken back or exchanged, no number lowered or left out, no change past the board."""
    create_trust(tmp_path, policy_digest=POLICY)
    ada, bob, cid, _ = keys.values()
    founded = _founded(trust, ada, bob, cid).with_floor("wait-time", 2).with_floor("bed-demand", 1)
    save_trust(tmp_path, founded)
    other = replace(
        _founded(trust.with_retired("Dan Bleu"), ada, bob, cid), lowest_release=founded.lowest_release
    )
    for wrong, words in (
        (replace(founded, statements=()), "never taken back"),
        (other, "never taken back"),
        (replace(founded, lowest_release={"wait-time": 2}), "release of bed-demand is never lowered"),
        (replace(founded, lowest_release={"wait-time": 1, "bed-demand": 1}), "of wait-time is never lowered"),
        (founded.with_retired("Dan Bleu"), "a quorum of it signs"),
        (replace(founded, demo=True), "made without a demo"),
    ):
        with pytest.raises(TrustError, match=words):
            save_trust(tmp_path, wrong)
    assert load_trust(tmp_path) == founded
    raised = update_trust(tmp_path, lambda t: t.with_floor("wait-time", 3))
    assert raised == load_trust(tmp_path) == founded.with_floor("wait-time", 3)
    save_trust(tmp_path, _founded(raised, ada, bob))


def test_what_a_killed_command_left_half_written_goes(tmp_path: Path) -> None:
    """With the next that holds the folder; the trust file and what else lies there stay."""
    create_trust(tmp_path, policy_digest=POLICY)
    for name in (".trust.json.abc", ".other", "trust.json.bak"):
        (tmp_path / name).write_bytes(b"half")
    update_trust(tmp_path, lambda t: t)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"trust.json", ".lock", ".other", "trust.json.bak", "trust.spare"}


def test_a_demo_says_that_it_is_one(tmp_path: Path) -> None:
    """Made as one it stays one."""
    demo = create_trust(tmp_path, policy_digest=POLICY, demo=True)
    assert (demo.demo, load_trust(tmp_path).demo) == (True, True)
    with pytest.raises(TrustError, match="made as a demo"):
        save_trust(tmp_path, replace(demo, demo=False))


def test_a_full_disk_is_said_and_leaves_the_file(tmp_path: Path, trust: Trust) -> None:
    """Whole, as it was."""
    create_trust(tmp_path, policy_digest=POLICY)
    save_trust(tmp_path, trust)
    before = (tmp_path / "trust.json").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(TrustError, match="cannot be written"):
            update_trust(tmp_path, lambda t: t.with_floor("wait-time", 1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / "trust.json").read_bytes() == before
