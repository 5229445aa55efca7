"""How probably a total, of the hospital or of a unit group, exceeds its staffed beds: what a check needs to say it."""

from dataclasses import dataclass
from typing import Protocol

from hospital.arrays import Array

__all__ = ["SummedUnits", "TotalExceedanceRows"]


class SummedUnits(Protocol):
    """What the package has learned of a total: its own distribution and curve, never a product of its units'."""

    def probability(self, quantiles: Array, of: Array, staffed: Array, horizon_hours: Array) -> Array:
        """Of more demand than staffed beds: float64 [k].

        Args:
            quantiles: float64 [m, levels], of the units, as they are answered.
            of: int64 [m], the total that each belongs to, below k.
            staffed, horizon_hours: float64 [k].
        """


@dataclass(frozen=True)
class TotalExceedanceRows:
    """One total at each time and horizon of the test set.

    Attributes:
        unit_group: None: the hospital total.
        learned: by the package.
        members: int64 [m], the rows of `Scored` that make up the totals.
        of: int64 [m], the total that each belongs to, below k.
        baseline: float64 [m, levels], what the baseline answers for those rows.
        staffed: float64 [k], beds at the target as they were published at the prediction; NaN unknown.
        outcome: float64 [k], beds needed; NaN where one unit's are not known.
        prediction_time: int64 [k], instants; `horizon_hours`: float64 [k].
        by_hour, overall: float64 [k], how often the total was exceeded before the judged days: at that hour of the
            week, and at all.
    """

    unit_group: str | None
    learned: SummedUnits
    members: Array
    of: Array
    baseline: Array
    staffed: Array
    outcome: Array
    prediction_time: Array
    horizon_hours: Array
    by_hour: Array
    overall: Array
