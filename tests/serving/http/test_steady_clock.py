"""A step of the system's clock is noticed, said, and kept out of the record; one that stays is taken over."""

from datetime import timedelta

import pytest

from hospital.times import instant
from serving.http.steady_clock import ADOPTED_AFTER, SteadyClock
from tests.support.installation import NOW


class _Machine:
    """A machine whose clock can be set, and one that goes on."""

    def __init__(self) -> None:
        self.wall, self.gone_by = NOW, 100.0
        self.clock = SteadyClock(lambda: self.wall, lambda: self.gone_by)

    def pass_by(self, seconds: float) -> int:
        """Lets time go by; the instant then, in seconds since the beginning."""
        self.wall += timedelta(seconds=seconds)
        self.gone_by += seconds
        return (self.clock.now() - instant(NOW)) // 1_000_000


def test_time_goes_by() -> None:
    """As the system says it."""
    machine = _Machine()
    assert [machine.pass_by(s) for s in (0, 1, 3_600, 86_400)] == [0, 1, 3_601, 90_001]
    assert machine.clock.step == 0


def test_small_corrections_are_followed() -> None:
    """What a time service sets by, again and again in one direction."""
    machine = _Machine()
    for _ in range(10):
        machine.wall += timedelta(seconds=30)
        machine.pass_by(10)
        assert machine.clock.step == 0
    assert machine.clock.now() == instant(machine.wall)


@pytest.mark.parametrize(
    "step", [timedelta(days=365), timedelta(hours=1), -timedelta(hours=1), timedelta(days=-9000)]
)
def test_a_step_is_noticed_and_not_followed(step: timedelta) -> None:
    """Forward or backward; set right again, all is as before."""
    machine = _Machine()
    machine.pass_by(10)
    machine.wall += step
    assert [machine.pass_by(5), machine.pass_by(100)] == [15, 115]
    assert machine.clock.step == step // timedelta(microseconds=1)
    machine.wall -= step
    assert machine.pass_by(5) == 120
    assert machine.clock.step == 0


def test_a_step_that_stays_is_taken_over() -> None:
    """It was a correction."""
    machine = _Machine()
    machine.wall += timedelta(hours=1)
    assert machine.pass_by(0) == 0
    assert machine.pass_by(ADOPTED_AFTER - 1) == ADOPTED_AFTER - 1
    assert machine.pass_by(1) == ADOPTED_AFTER + 3_600
    assert machine.clock.step == 0
