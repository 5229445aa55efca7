"""What one look comes to, and when a shift began."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from centre.levels.evaluation import LevelAhead
from centre.recommendations.calls import CalledLevel, CalledStep
from centre.recommendations.plan import Standing, plan, shift_start
from tests.centre.recommendations.situations import protocol

PARIS = ZoneInfo("Europe/Paris")
STARTS = (time(7), time(14), time(21))


def called(place: str, rank: int = 0, probability: float | None = None, number: int = 1) -> CalledStep:
    """A step that is called, now or ahead."""
    level = f"l{rank}"
    ahead = None if probability is None else LevelAhead(level, 4.0, probability, "reached", ())
    return CalledStep(place, place, CalledLevel(level, rank, (), ahead, ahead is None), protocol(), number)


def stands(step: CalledStep, decide_by: int = 100) -> Standing:
    """A recommendation of the step."""
    return Standing(f"r-{step.place}", step.key, decide_by)


def test_the_gravest_come_first_then_what_is_there_then_the_likeliest() -> None:
    """Beyond the room the others are held back, not lost."""
    steps = [called("A", 0, 0.9), called("B", 0), called("C", 1, 0.4), called("D", 0, 0.95)]
    made = plan(steps, [], [], 3, 0)
    assert [s.place for s in made.new] == ["C", "B", "D"]
    assert made.held_back == 1
    assert plan(steps, [], [], -1, 0).held_back == 4


def test_repeats_merge_and_what_is_over_says_why() -> None:
    """One that is called again after its time is over is asked anew."""
    again, cleared, late, graver = called("A"), called("B"), called("C"), called("D", 0)
    now_called = [again, late, called("D", 1)]
    standing = [stands(again), stands(cleared), stands(late, 5), stands(graver)]
    made = plan(now_called, standing, [], 9, 6)
    assert set(made.repeated) == {"r-A"}
    assert made.expired == {"r-B": "cleared", "r-C": "time_passed", "r-D": "graver_level"}
    assert [(s.place, s.called.rank) for s in made.new] == [("D", 1), ("C", 0)]


def test_what_people_decided_is_not_asked_again_and_what_is_not_known_clears_nothing() -> None:
    """Time passes all the same."""
    step = called("A")
    assert plan([step], [], [step.key], 9, 0).new == []
    blind = plan([], [stands(step), Standing("r-late", called("B").key, 5)], [], 9, 6, is_known=False)
    assert blind.expired == {"r-late": "time_passed"}


@pytest.mark.parametrize(
    ("now", "begun"),
    [
        (datetime(2025, 11, 3, 2, 40, tzinfo=UTC), datetime(2025, 11, 2, 20, tzinfo=UTC)),  # in the night
        (datetime(2025, 11, 3, 6, 0, tzinfo=UTC), datetime(2025, 11, 3, 6, tzinfo=UTC)),  # at its start
        (datetime(2025, 11, 3, 5, 59, tzinfo=UTC), datetime(2025, 11, 2, 20, tzinfo=UTC)),
        (datetime(2025, 7, 1, 6, 0, tzinfo=UTC), datetime(2025, 7, 1, 5, tzinfo=UTC)),  # summer time
        (datetime(2025, 10, 26, 2, 0, tzinfo=UTC), datetime(2025, 10, 25, 19, tzinfo=UTC)),  # back
        (datetime(2025, 3, 30, 4, 59, tzinfo=UTC), datetime(2025, 3, 29, 20, tzinfo=UTC)),  # forth
    ],
)
def test_when_the_shift_began(now: datetime, begun: datetime) -> None:
    """By the hospital's clock."""
    assert shift_start(now, STARTS, PARIS).astimezone(UTC) == begun
