"""To the microsecond: how far the clocks of a release, of what it holds and of its entry may differ, by hand."""

from typing import Any

import pytest

from hospital.times import DAY, MINUTE
from registry.policy.board_policy import default_policy
from registry.record.journal import Entry
from registry.releases.journal_entry import ReleaseRecord, subjects_of
from registry.releases.release import Link
from registry.releases.release_times import policy_faults, time_faults
from registry.trust.keys import Signed

FIVE = 5 * MINUTE  # what two clocks may differ by
AT = 1000 * DAY
RULES = default_policy().board
TERM = RULES.approval_days * DAY


def _paper(name: str, at: object) -> dict[str, Any]:
    return Signed({"at": at}, name, "", "", "").to_json()


def _link(**more: Any) -> Link:
    """Registered, approved and released in time, after another one."""
    body = {
        "model": "wait-time",
        "version": "2",
        "sequence": 2,
        "package_digest": "p",
        **dict.fromkeys(("card_digest", "policy_digest", "report_digest", "check_digest"), "d"),
        "released_at": AT,
        "registration": _paper("author", AT - DAY),
        "approvals": [_paper("ada", AT - DAY), _paper("bob", AT - DAY)],
    }
    origin, former = more.pop("origin", None), more.pop("former_at", AT - DAY)
    signed = Signed(body | more, "releaser", "", "", "")
    return Link(2, signed, "releaser", "sha256:2", origin=origin, former_at=former)


def _faults(link: Link, entered: int | None = AT, record: ReleaseRecord | None = None) -> list[str]:
    found = time_faults(record, link, RULES, entered, lambda *_: True)
    return [fault.key.removeprefix("trust_errors.vouching.") for fault in found]


def _record(*entries: tuple[Link, int]) -> ReleaseRecord:
    return ReleaseRecord(
        tuple(
            Entry(n, at, "releaser", "promote", subjects_of(link), "", "", "", "")
            for n, (link, at) in enumerate(entries, 1)
        )
    )


def test_a_release_in_time_has_no_fault() -> None:
    """With what is about to be entered, with what was entered, and where nothing can be looked up."""
    link = _link()
    assert _faults(link) == []
    assert _faults(link, None, _record((link, AT))) == []
    assert _faults(link, None, None) == []
    assert _faults(_link(former_at=None)) == []


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda late: {"former_at": AT + late}, "before_former"),
        (lambda late: {"registration": _paper("author", AT + late)}, "before_registration"),
    ],
)
def test_nothing_that_it_follows_or_holds_is_later_than_clocks_differ(change: Any, key: str) -> None:
    """Five minutes are no fault, an instant more is."""
    assert _faults(_link(**change(FIVE))) == []
    assert _faults(_link(**change(FIVE + 1))) == [key]
    (fault,) = time_faults(None, _link(former_at=AT + FIVE + 1), RULES, AT, lambda *_: True)
    assert fault.values["former"] == "1"


def test_a_release_is_dated_no_later_than_its_entry() -> None:
    """Five minutes at most: of the entry to come, and of the one in the journal."""
    link = _link()
    assert _faults(link, AT - FIVE) == []
    assert _faults(link, AT - FIVE - 1) == ["after_entry"]
    assert _faults(link, None, _record((link, AT - FIVE))) == []
    assert _faults(link, None, _record((link, AT - FIVE - 1))) == ["after_entry"]
    assert _faults(link, AT, _record((link, AT - DAY))) == []  # the entry to come is what counts


def test_a_release_that_was_never_entered_is_said_once() -> None:
    """Whatever else it may be."""
    assert _faults(_link(approvals=[_paper("ada", 0)]), None, _record()) == ["no_entry"]


def test_approvals_are_in_their_term_at_the_entry() -> None:
    """To the instant; each is named that is over."""
    assert _faults(_link(approvals=[_paper("ada", AT - TERM)])) == []
    over = [_paper("ada", AT - TERM - 1), _paper("bob", AT), _paper("cid", AT - TERM - 1)]
    assert _faults(_link(approvals=over)) == ["old_at_entry", "old_at_entry"]
    found = time_faults(None, _link(approvals=over), RULES, AT, lambda *_: True)
    assert [fault.values["name"] for fault in found] == ["ada", "cid"]


@pytest.mark.parametrize("at", [None, "soon", 1.5, True])
def test_what_says_no_instant_is_judged_elsewhere(at: object) -> None:
    """By who looks at signatures: here it is neither early nor late, and neither is what nobody signed."""
    assert _faults(_link(approvals=[_paper("ada", at)], registration=_paper("author", at))) == []
    assert _faults(_link(approvals=["no paper"], registration={})) == []


def test_of_a_way_back_its_own_approvals_count_and_those_of_its_origin_at_the_origin_s_entry() -> None:
    """What was approved two years ago may be gone back to; how it came in use is still looked at."""
    old = AT - 700 * DAY
    origin = _link(
        sequence=1,
        released_at=old,
        approvals=[_paper("ada", old - DAY)],
        registration=_paper("author", old - DAY),
    )
    back = {"origin": origin, "approvals": origin.body["approvals"], "registration": _paper("author", old)}
    link = _link(**back, rollback_approvals=[_paper("ada", AT - TERM)])
    assert _faults(link, AT, _record((origin, old))) == []
    assert _faults(link, AT, None) == []
    late = _link(**back, rollback_approvals=[_paper("ada", AT - TERM - 1)])
    assert _faults(late, AT, _record((origin, old))) == ["old_at_entry"]
    assert _faults(link, AT, _record((origin, old + TERM))) == ["old_at_entry"]
    assert _faults(link, AT, _record()) == ["no_entry"]
    assert _faults(_link(**back), AT, _record((origin, old))) == []


def _refused(link: Link) -> Entry:
    return Entry(9, AT, "cid", "refuse", subjects_of(link), "", "", "", "")


def test_what_was_refused_is_said_with_who_refused_it() -> None:
    """A refusal that the journal has and that was not taken back; without a journal nobody says one."""
    link = _link()
    (fault,) = time_faults(ReleaseRecord((_refused(link),)), link, RULES, AT, lambda *_: True)
    assert (fault.key, fault.values["names"]) == ("trust_errors.vouching.refused", "cid")


def test_a_release_of_another_policy_is_one_of_before_this_one() -> None:
    """By the order of the entries; of the policy's own, and without a journal, nothing is asked."""
    link = _link()
    before = Entry(0, AT, "account", "put policy in force", {"policy_digest": "new"}, "", "", "", "")
    after = Entry(2, AT, "account", "put policy in force", {"policy_digest": "new"}, "", "", "", "")
    (entry,) = _record((link, AT)).entries
    assert policy_faults(ReleaseRecord((entry, after)), link, "old", "new") == []
    (fault,) = policy_faults(ReleaseRecord((before, entry)), link, "old", "new")
    assert fault.key == "trust_errors.releases.other_policy"
    assert policy_faults(ReleaseRecord((before, entry)), link, "new", "new") == []
    assert policy_faults(None, link, "old", "new") == []
