"""What becomes of a recommendation, by whatever acts in whatever order: never a decision without its people."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from registry.decisions.state_machine import FINAL, Act, NotAllowedError, Progress, after, progress_of

DECIDE_BY = 100
PEOPLE = st.sampled_from(["ada", "bob", "cy", "", " "])
VERDICTS = st.sampled_from(["accepted", "overridden", "rejected"])


class Recommendation(RuleBasedStateMachine):
    """People act in any order, at rising times, with one pair of eyes or two."""

    def __init__(self) -> None:
        super().__init__()
        self.progress, self.acts, self.now = Progress(), list[Act](), 0

    def act(self, act: Act) -> None:
        """An act that is tried: it is added, or changes nothing."""
        before = self.progress
        try:
            self.progress = after(before, act, DECIDE_BY)
        except NotAllowedError:
            assert self.progress == before
        else:
            self.acts.append(act)
            assert not before.is_final or self.progress == before

    @rule(minutes=st.integers(1, 60))
    def time_passes(self, minutes: int) -> None:
        self.now += minutes

    @rule(person=PEOPLE, verdict=VERDICTS, two=st.booleans())
    def answer(self, person: str, verdict: str, two: bool) -> None:
        self.act(Act("answered", person, self.now, verdict, two))  # type: ignore[arg-type]

    @rule(person=PEOPLE)
    def sign(self, person: str) -> None:
        self.act(Act("signed", person, self.now))

    @rule(person=PEOPLE)
    def decline(self, person: str) -> None:
        self.act(Act("declined", person, self.now))

    @rule(person=PEOPLE)
    def open(self, person: str) -> None:
        self.act(Act("opened", person, self.now))

    @precondition(lambda self: self.now > DECIDE_BY)
    @rule()
    def expire(self) -> None:
        self.act(Act("expired", "", self.now))

    @invariant()
    def only_people_decide(self) -> None:
        """Final but by expiry: a named person answered, in time; with two people, two who differ."""
        one = self.progress
        assert one == progress_of(self.acts, DECIDE_BY)
        if one.state == "expired":
            assert (one.verdict, one.answered_by, one.signed_by) == (None, None, None)
            return
        assert (one.decided_at is not None) == one.is_final
        if not one.is_final:
            return
        answers = [a for a in self.acts if a.kind == "answered"]
        assert one.answered_by == answers[-1].person != ""
        assert one.answered_by.strip()
        assert one.state == one.verdict == answers[-1].verdict
        assert one.decided_at is not None
        assert one.decided_at <= DECIDE_BY
        if answers[-1].two_people:
            assert one.signed_by is not None
            assert one.signed_by != one.answered_by
            assert Act("signed", one.signed_by, one.decided_at) in self.acts


Recommendation.TestCase.settings = settings(max_examples=120, stateful_step_count=25, deadline=None)
TestRecommendation = Recommendation.TestCase


def answer(person: str = "ada", at: int = 1, two: bool = False) -> Act:
    """An accepting answer."""
    return Act("answered", person, at, "accepted", two)


@pytest.mark.parametrize(
    ("acts", "code"),
    [
        ([answer(), answer("bob")], "decided_already"),
        ([Act("expired", "", 101), answer()], "nobody_decided"),
        ([answer(at=101)], "too_late"),
        ([Act("signed", "ada", 1)], "nothing_to_sign"),
        ([answer(two=True), Act("signed", "ada", 2)], "same_person"),
        ([answer(two=True), answer("bob")], "waits_for_signature"),
        ([answer(two=True), Act("signed", "bob", 101)], "too_late"),
        ([answer(person=" ")], "no_person"),
        ([Act("answered", "ada", 1)], "no_verdict"),
        ([answer(two=True), Act("declined", "bob", 2), Act("signed", "bob", 3)], "nothing_to_sign"),
    ],
)
def test_what_is_not_allowed_says_why(acts: list[Act], code: str) -> None:
    """The last act is refused with its code."""
    stands = progress_of(acts[:-1], DECIDE_BY)
    with pytest.raises(NotAllowedError) as refused:
        after(stands, acts[-1], DECIDE_BY)
    assert refused.value.code == code


def test_what_was_declined_can_be_answered_again_and_time_runs_on() -> None:
    """An answer that nobody signed in time is no decision."""
    declined = [answer(two=True), Act("declined", "bob", 2)]
    assert progress_of(declined, DECIDE_BY) == Progress()
    again = [*declined, answer("cy", 3, two=True), Act("signed", "ada", 4)]
    assert progress_of(again, DECIDE_BY) == Progress("accepted", "accepted", "cy", "ada", 4)
    assert progress_of([answer(two=True), Act("expired", "", 101)], DECIDE_BY).verdict is None
    assert {"proposed", "awaiting_signature"}.isdisjoint(FINAL)
