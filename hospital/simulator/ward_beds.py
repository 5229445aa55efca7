"""A ward's beds: who lies in them, who waits for one, and how full it is."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hospital.simulator.parameters.ward_parameters import WardParameters

__all__ = ["ELECTIVE", "EMERGENCY", "STEP_DOWN", "Request", "Stay", "Ward"]

STEP_DOWN, EMERGENCY, ELECTIVE = range(3)
"""Who comes first to a free bed: patients out of critical care, from the emergency department, planned ones."""


@dataclass
class Stay:
    """One patient's time in one unit, in simulated minutes.

    Attributes:
        expected: when the ward said that the patient would leave; None: it said nothing.
        expected_known: when it said so.
    """

    number: int
    visit: int | None
    unit: str
    entered: float
    source: str
    left: float | None = None
    expected: float | None = None
    expected_known: float | None = None


@dataclass(eq=False)
class Request:
    """A patient who needs a bed of a ward.

    Attributes:
        since: simulated minutes.
        priority: `STEP_DOWN`, `EMERGENCY` or `ELECTIVE`.
        given: called with the unit once the patient is at the bed.
        cancelled: it is no longer in a queue: withdrawn, or given a bed.
        held: a bed is held and the patient is being moved.
        outlier_allowed: may go to another ward if this one stays full.
    """

    unit: str
    since: float
    priority: int
    given: Callable[[str], None]
    cancelled: bool = False
    held: bool = False
    outlier_allowed: bool = False


@dataclass(eq=False)
class Ward:
    """Beds of one unit and who waits for them."""

    parameters: WardParameters
    staffed: int
    occupied: int = 0
    held: int = 0
    queue: list[tuple[int, float, int, Request]] = field(default_factory=list)

    @property
    def free(self) -> int:
        """Beds that can be given now (negative after a closure)."""
        return self.staffed - self.occupied - self.held

    @property
    def fullness(self) -> float:
        """Patients in the ward or on their list, over staffed beds."""
        return (self.occupied + self.held + len(self.queue)) / self.staffed
