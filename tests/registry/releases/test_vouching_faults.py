"""Who vouches for a release, by bodies signed by hand: each part that is missing, another's, or somebody's second."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from hospital.times import DAY, instant
from registry.candidates.candidates import CHECK, REGISTRATION, REVIEW
from registry.policy.board_policy import default_policy
from registry.releases.vouching import RELEASE, ROLLBACK, Rules, approval_fault, vouching_faults
from registry.trust.keys import Key, create_key
from registry.trust.trusted_people import Trust
from tests.support.installation import after

NOW = instant(after(0))
BOARD = default_policy().board
ROLES = {
    "author": ("author",),
    "ada": ("board", "clinician"),
    "bob": ("board",),
    "carol": ("board",),
    "releaser": ("releaser",),
    "checker": ("checker",),
}
SAME = {"model": "wait-time", "version": "2", "package_digest": "p"}
DIGESTS = dict.fromkeys(("card_digest", "policy_digest", "report_digest", "check_digest"), "d")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Key]:
    """Keys by name."""
    folder = tmp_path_factory.mktemp("keys")
    return {name: create_key(name, folder / name) for name in ROLES}


@dataclass
class Parts:
    """What a release is made of, each part by who signs it and what it says otherwise than it should."""

    people: dict[str, Key]
    author: str = "author"
    board: tuple[str, ...] = ("ada", "bob")
    releaser: str = "releaser"
    checker: str = "checker"
    registration: dict[str, Any] = field(default_factory=dict)
    approval: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    rules: Rules = Rules(2, BOARD)  # noqa: RUF009 - frozen
    left_at: int | None = None
    trust: Callable[[Trust], Trust] = lambda trust: trust

    def faults(self) -> list[str]:
        """Keys of what is found."""
        trust = Trust(False, (), "sha256:0", {}, statements=({"body": {}},))
        for name, key in self.people.items():
            trust = trust.with_person(key, ROLES[name])
        sign = {name: key.sign for name, key in self.people.items()}
        registration = sign[self.author](REGISTRATION, SAME | self.registration)
        given = SAME | DIGESTS | {"decision": "approve", "at": NOW - DAY} | self.approval
        body = SAME | DIGESTS | {"sequence": 3, "former_release": "f", "released_at": NOW}
        body |= {"registration": registration.to_json()}
        body |= {"approvals": [sign[name](REVIEW, given).to_json() for name in self.board]}
        signed = sign[self.releaser](RELEASE, body | self.body)
        check = sign[self.checker](CHECK, {}).to_json()
        found = vouching_faults(signed, signed.body, self.trust(trust), self.rules, check, self.left_at)
        return [fault.key.removeprefix("trust_errors.") for fault in found]


@pytest.fixture
def parts(people: dict[str, Key]) -> Parts:
    """Of a release that is as it must be."""
    return Parts(people)


def test_all_that_vouch_leave_no_fault(parts: Parts) -> None:
    """Three may approve, too; and what was left a day before the approvals was approved anew."""
    assert parts.faults() == []
    assert replace(parts, board=("ada", "bob", "carol")).faults() == []
    assert replace(parts, left_at=NOW - DAY).faults() == []
    assert approval_fault("ada", 0, 0, BOARD) is None  # the first instant of all is one


@pytest.mark.parametrize(
    ("change", "keys"),
    [
        ({"trust": lambda t: replace(t, statements=())}, ["vouching.not_founded"]),
        ({"author": "ada"}, ["vouching.signature"]),
        ({"board": ("ada", "author")}, ["vouching.signature"]),
        ({"releaser": "carol"}, ["vouching.signature"]),
        ({"checker": "ada"}, ["check.untrusted"]),
        ({"trust": lambda t: t.without("author")}, ["vouching.signature"]),
        ({"trust": lambda t: t.without("releaser")}, ["vouching.signature"]),
        ({"trust": lambda t: t.without("checker")}, ["check.untrusted"]),
        ({"board": ("ada",)}, ["vouching.people"]),
        ({"board": ()}, ["vouching.people"]),
        ({"board": ("ada", "ada")}, ["vouching.people"]),
        ({"board": ("ada", "bob", "bob")}, ["vouching.people"]),
        ({"trust": lambda t: t.without("bob")}, ["vouching.people_gone"]),
        ({"rules": Rules(3, BOARD)}, ["vouching.people"]),
        ({"board": ("ada", "bob", "carol"), "rules": Rules(3, BOARD)}, []),
        ({"registration": {"version": "1"}}, ["vouching.other_version"]),
        ({"registration": {"model": "bed-demand"}}, ["vouching.other_version"]),
        ({"registration": {"package_digest": "q"}}, ["vouching.other_version"]),
        ({"approval": {"version": "1"}}, ["vouching.other_version"]),
        ({"approval": {"decision": "refuse"}}, ["vouching.other_version"]),
        ({"approval": {"decision": None}}, ["vouching.other_version"]),
        ({"approval": {"card_digest": "e"}}, ["vouching.other_version"]),
        ({"approval": {"check_digest": "e"}}, ["vouching.other_version"]),
        ({"approval": {"at": NOW - 91 * DAY}}, ["vouching.old"] * 2),
        ({"approval": {"at": NOW + DAY}}, ["vouching.dated_later"] * 2),
        ({"approval": {"at": None}}, ["vouching.no_date"] * 2),
        ({"left_at": NOW - DAY + 1}, ["vouching.before_left"] * 2),
        ({"body": {"registration": None}}, ["vouching.signature"]),
        ({"body": {"approvals": [None]}}, ["vouching.signature"]),
    ],
)
def test_each_part_is_asked(parts: Parts, change: dict[str, Any], keys: list[str]) -> None:
    """Its signer, its role, its release, its time; nobody twice."""
    assert replace(parts, **change).faults() == keys


@pytest.mark.parametrize("who", ["author", "releaser", "ada", "checker"])
def test_whoever_left_vouches_where_the_policy_says_so(parts: Parts, who: str) -> None:
    """By the one that ships; where it does not, their part is missing."""
    left = replace(parts, trust=lambda t: t.with_retired(who))
    assert left.faults() == []
    strict = Rules(2, BOARD.model_copy(update={"retired_vouch": False}))
    key = "check.untrusted" if who == "checker" else "vouching.signature"
    assert replace(left, rules=strict).faults() == [key]
    assert replace(parts, rules=strict).faults() == []


def test_functions_are_those_of_who_approved(parts: Parts) -> None:
    """Each that the policy asks for, of one of them."""
    for roles, keys in (
        (("clinician",), []),
        (("clinician", "nurse"), ["vouching.required_roles"]),
    ):
        rules = Rules(2, BOARD.model_copy(update={"required_roles": roles}))
        assert replace(parts, rules=rules).faults() == keys
    alone = Rules(2, BOARD.model_copy(update={"required_roles": ("clinician",)}))
    assert replace(parts, rules=alone, board=("bob", "carol")).faults() == ["vouching.required_roles"]


def _way_back(parts: Parts, *names: str, **change: Any) -> Parts:
    """A release that goes back to the first, under approvals of the way."""
    way = {
        "model": "wait-time",
        "from_release": 2,
        "from_digest": "f",
        "to_release": 1,
        "package_digest": "p",
    }
    given = [parts.people[name].sign(ROLLBACK, way | {"at": NOW} | change).to_json() for name in names]
    return replace(parts, body={"rolled_back_to": 1, "rollback_approvals": given})


@pytest.mark.parametrize(
    ("names", "change", "keys"),
    [
        (("ada",), {}, []),
        (("carol", "ada"), {}, []),
        ((), {}, ["vouching.way_back"]),
        (("author",), {}, ["vouching.way_back_faults"]),
        (("ada",), {"from_release": 3}, ["vouching.way_back_faults"]),
        (("ada",), {"from_release": 1}, ["vouching.way_back_faults"]),
        (("ada",), {"from_digest": "g"}, ["vouching.way_back_faults"]),
        (("ada",), {"to_release": 2}, ["vouching.way_back_faults"]),
        (("ada",), {"package_digest": "q"}, ["vouching.way_back_faults"]),
        (("ada",), {"model": "bed-demand"}, ["vouching.way_back_faults"]),
        (("ada",), {"at": NOW - 91 * DAY}, ["vouching.way_back_faults"]),
    ],
)
def test_a_way_back_is_approved_as_that_way(
    parts: Parts, names: tuple[str, ...], change: dict[str, Any], keys: list[str]
) -> None:
    """From the release before to the one that it names; by a member, in time."""
    assert _way_back(parts, *names, **change).faults() == keys


def test_a_way_back_asks_as_many_as_the_policy(parts: Parts) -> None:
    """Different people; what is none of an approval is said."""
    two = Rules(2, BOARD.model_copy(update={"rollback_approvals": 2}))
    assert replace(_way_back(parts, "ada", "carol"), rules=two).faults() == []
    assert replace(_way_back(parts, "ada"), rules=two).faults() == ["vouching.way_back"]
    assert replace(_way_back(parts, "ada", "ada"), rules=two).faults() == ["vouching.way_back"]
    broken = replace(parts, body={"rolled_back_to": 1, "rollback_approvals": [None]})
    assert broken.faults() == ["vouching.no_approval"]
    assert replace(parts, body={"rolled_back_to": 1}).faults() == ["vouching.way_back"]


def test_who_left_approved_a_way_back_where_the_policy_lets_them(parts: Parts) -> None:
    """As they vouch for the rest."""
    left = replace(_way_back(parts, "carol"), trust=lambda t: t.with_retired("carol"))
    assert left.faults() == []
    strict = Rules(2, BOARD.model_copy(update={"retired_vouch": False}))
    assert replace(left, rules=strict).faults() == ["vouching.way_back_faults"]


def test_who_releases_a_way_back_approves_it_not(parts: Parts) -> None:
    """Nor does the author of where it goes; even with the role."""
    for who in ("author", "releaser"):
        key = parts.people[who]
        both = replace(
            _way_back(parts, who),
            trust=lambda t, k=key: t.with_person(k, (*ROLES[k.name], "board")),  # type: ignore[misc]
        )
        assert both.faults() == ["vouching.way_back_faults"]
