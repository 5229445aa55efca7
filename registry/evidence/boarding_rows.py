"""What a check knows of patients who board: what the package's model needs, and whether more than its threshold did."""

from dataclasses import dataclass
from typing import Protocol

from hospital.arrays import Array

__all__ = ["BoardingRows", "Probable"]


class Probable(Protocol):
    """The package's model."""

    @property
    def threshold(self) -> float:
        """Patients; more than them is the event."""

    def probability(self, values: Array, horizon_hours: Array) -> Array:
        """Of the event: float64 [n]."""


@dataclass(frozen=True)
class BoardingRows:
    """Of the rows of `Scored`, in their order: units at a time and horizon.

    Attributes:
        curve: the package's model.
        beyond_model, beyond_baseline: float64 [n], beds that the unit is expected to need beyond those with staff, by
            either answer; NaN unknown.
        others: float64 [n, 4], boarders and patients present at the prediction, the local hour of the target, and 1
            where the model has the row's horizon, else 0.
        boarded: float64 [n], patients who boarded at the target, as it was known then.
        by_hour, overall: float64 [n], how often the threshold was exceeded before the judged days: at that hour, and at
            all.
    """

    curve: Probable
    beyond_model: Array
    beyond_baseline: Array
    others: Array
    boarded: Array
    by_hour: Array
    overall: Array
