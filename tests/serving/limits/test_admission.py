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
