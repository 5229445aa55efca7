"""Room for requests: a burst, less once somebody is refused, more again; forecasts take nobody else's."""

import pytest

from serving.limits.admission import Admission, Place


class _Clock:
    """A clock that is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    """The time of the admission."""
    return _Clock()


def enter_all(admission: Admission, count: int) -> list[Place]:
    """Those of so many forecasts that there was room for."""
    found = [admission.enter("forecast") for _ in range(count)]
    return [place for place in found if place is not None]


def answer(clock: _Clock, places: list[Place], seconds: float) -> None:
    """All are answered after so long."""
    clock.now += seconds
    for place in places:
        place.leave(answered=True)


def learn_alone(admission: Admission, clock: _Clock, seconds: float = 0.005) -> None:
    """A forecast alone takes so long."""
    for _ in range(5):
        answer(clock, enter_all(admission, 1), seconds)


def test_a_burst_has_room_and_whoever_is_left_over_has_none(clock: _Clock) -> None:
    """As many as the setting says, and as many again once they are answered."""
    admission = Admission(forecasts=24, clock=clock)
    learn_alone(admission, clock)
    for _ in range(3):
        places = enter_all(admission, 24)
        assert len(places) == 24
        answer(clock, places, 0.5)  # however long it takes: nobody was refused
    assert len(enter_all(admission, 100)) == 24


def test_once_somebody_is_refused_those_let_in_are_kept_quick(clock: _Clock) -> None:
    """Forecasts of 5 ms, one after the other: at five times the load no answer takes three times as long as alone."""
    admission = Admission(forecasts=24, clock=clock)
    learn_alone(admission, clock)
    for _ in range(30):
        places = enter_all(admission, 60)
        answer(clock, places, 0.005 * len(places))
    assert 2 <= len(enter_all(admission, 60)) <= 3


def test_there_is_always_room_for_a_few(clock: _Clock) -> None:
    """Where all is slow, also before anybody was answered alone."""
    admission = Admission(forecasts=24, clock=clock)
    for _ in range(50):
        answer(clock, enter_all(admission, 60), 1.0 / 60)
    assert len(enter_all(admission, 60)) == 3


def test_room_grows_while_answers_are_quick(clock: _Clock) -> None:
    """What is answered together in the time of one is let in, although others are refused."""
    admission = Admission(forecasts=24, clock=clock)
    learn_alone(admission, clock)
    for _ in range(30):
        places = enter_all(admission, 60)
        answer(clock, places, 0.005 * len(places))
    for _ in range(100):
        answer(clock, enter_all(admission, 60), 0.006)
    assert len(enter_all(admission, 60)) > 12


@pytest.mark.parametrize("still_refusing", [False, True])
def test_all_is_as_before_within_ten_seconds(clock: _Clock, still_refusing: bool) -> None:
    """At once where nobody is refused any more; where somebody still is, for want of room alone, it is tried."""
    admission = Admission(forecasts=24, clock=clock)
    learn_alone(admission, clock)
    for _ in range(30):
        places = enter_all(admission, 60)
        answer(clock, places, 0.005 * len(places))
    ended = clock.now
    while clock.now < ended + 10.0:
        answer(clock, enter_all(admission, 5 if still_refusing else 2), 0.05)
    assert len(enter_all(admission, 60)) == 24


def test_forecasts_take_nobody_elses_room(clock: _Clock) -> None:
    """A person's decision has room however many forecasts are asked for."""
    admission = Admission(forecasts=4, others=2, clock=clock)
    assert len(enter_all(admission, 100)) == 4
    assert admission.enter("other") is not None
    assert admission.enter("other") is not None
    assert admission.enter("other") is None


def test_a_place_is_left_once_and_taken_again(clock: _Clock) -> None:
    """Whoever gave it back while a body was slow to come has it again only where there is room."""
    admission = Admission(forecasts=1, clock=clock)
    (first,) = enter_all(admission, 1)
    first.leave()
    first.leave()
    assert admission.inside("forecast") == 0
    (second,) = enter_all(admission, 1)
    assert not first.take()
    second.leave()
    assert first.take()
    assert first.take()
    assert admission.inside("forecast") == 1


def flooded(admission: Admission, clock: _Clock, seconds: float) -> list[float]:
    """Latencies of those let in while forecasts are asked for every quarter of a millisecond.

    Those that come while others are answered wait for them, and are answered together: 3 ms, and 2 for each.
    """
    latencies: list[float] = []
    waiting: list[tuple[Place, float]] = []
    ends = clock.now + seconds
    while clock.now < ends:
        answered, waiting = waiting, []
        done = clock.now + 0.003 + 0.002 * max(1, len(answered))
        while clock.now < done:
            waiting += [(place, clock.now) for place in enter_all(admission, 1)]
            clock.now += 0.000_25
        for place, came in answered:
            latencies.append(clock.now - came)
            place.leave(answered=True)
    for place, _ in waiting:
        place.leave()
    return latencies


def test_a_long_flood_is_met_by_few_bursts(clock: _Clock) -> None:
    """At five times the load the p99 of those let in is under three times an answer alone: a try that failed is
    followed by the next after four times as long. Tried every eight seconds, it was six times."""
    admission = Admission(forecasts=24, clock=clock)
    learn_alone(admission, clock)
    clock.now += 1.0
    latencies = sorted(flooded(admission, clock, 40.0))
    assert len(latencies) > 40 * 150
    assert latencies[int(0.99 * len(latencies))] < 3 * 0.005


def test_a_pause_of_the_machine_is_no_end_of_a_flood(clock: _Clock) -> None:
    """Who came meanwhile is only seen now: a burst would be let in after each."""
    admission = Admission(forecasts=24, clock=clock)
    learn_alone(admission, clock)
    clock.now += 1.0
    flooded(admission, clock, 2.0)
    held = enter_all(admission, 60)
    assert len(held) == 3
    clock.now += 0.5
    assert enter_all(admission, 60) == []
    answer(clock, held[:1], 0.0)
    last = enter_all(admission, 60)
    assert len(last) == 1
    answer(clock, last, 0.0)
    for _ in range(30):  # nobody is refused for as long as it takes to know that
        answer(clock, enter_all(admission, 1), 0.01)
    answer(clock, held[1:], 0.0)
    assert len(enter_all(admission, 60)) >= 23


def test_beside_a_flood_nobody_learns_how_long_an_answer_takes_alone(clock: _Clock) -> None:
    """One that is alone in the room shares the worker with all who are turned away, and is no measure."""
    admission = Admission(forecasts=24, clock=clock)
    learn_alone(admission, clock)
    clock.now += 1.0
    for _ in range(100):
        places = enter_all(admission, 60)
        answer(clock, places, 0.005 * len(places))
        answer(clock, enter_all(admission, 1), 0.02)
    assert len(enter_all(admission, 60)) <= 3
