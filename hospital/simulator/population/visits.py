"""Those who come to an emergency department: all of them before the run, and each passage as it happens."""

from dataclasses import dataclass

import numpy as np
import simpy
from numpy.typing import NDArray

from hospital.simulator.population.arrivals import Arrivals
from hospital.simulator.population.chances import Chances
from hospital.simulator.population.patients import Patients

__all__ = ["Population", "Visit"]


@dataclass(eq=False)
class Visit:
    """One passage, in simulated minutes; None = has not happened.

    Attributes:
        number: index of the patient.
        level: index of the triage level, 0 = most urgent.
        called: succeeds with True when a doctor calls, with False when the patient has left.
        held_until: passed over until then (unfairness only).
    """

    number: int
    department: str
    arrived: float
    level: int
    pull: float
    called: simpy.Event
    triaged: float | None = None
    seen: float | None = None
    bed_requested: float | None = None
    left: float | None = None
    disposition: str | None = None
    held_until: float = -1.0


@dataclass(frozen=True)
class Population:
    """Everybody who comes to any department, one entry a patient, in order of arrival.

    Attributes:
        hold: share of the wait so far for which the patient is passed over (0 = never).
    """

    arrivals: Arrivals
    patients: Patients
    chances: Chances
    hold: NDArray[np.float64]
