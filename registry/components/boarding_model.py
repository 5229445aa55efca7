"""How probably more patients than a threshold will wait in the emergency departments for a bed, by horizon.

What is needed beyond each unit's staffed beds is expected to wait elsewhere: the sum of the units' expected shortages,
exact however units fill together. A logistic on it, on who boards and is present now and on the hour of the target
says how probably the threshold is exceeded. It is learned at one threshold, and says nothing of another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hospital.arrays import Array

__all__ = ["INPUTS", "BoardingModel", "expected_shortage", "input_values", "summed_shortage"]

INPUTS = ("shortage", "boarders", "present", "hour")
_COLUMNS = 5
"""Of the log odds: `INPUTS`, the hour as a sine and a cosine."""
_INPUT_OF = np.array([0, 1, 2, 3, 3])


def expected_shortage(quantiles: Array, staffed: Array) -> Array:
    """Beds that a unit is expected to need beyond those with staff: float64 [n]; NaN where one of both is not known.

    Args:
        quantiles: float64 [n, levels], beds, at levels that lie equally far apart.
        staffed: float64 [n], beds.
    """
    return np.asarray(np.maximum(quantiles - staffed[:, None], 0).mean(axis=1))


def summed_shortage(beyond: Array, of: Array, times: int) -> Array:
    """The units' expected shortages at each time and horizon, added up: float64 [times]; NaN where none is known.

    Args:
        beyond: float64 [n], of a unit, beds; NaN unknown.
        of: int64 [n], number of the time and horizon that each is of.
        times: how many there are.
    """
    known = np.isfinite(beyond)
    total = np.bincount(of, weights=np.where(known, beyond, 0.0), minlength=times)
    return np.where(np.bincount(of, weights=known, minlength=times) > 0, total, np.nan)


def input_values(shortage: Array, boarders: Array, present: Array, hour: Array) -> Array:
    """The columns that the log odds are linear in: float64 [n, 5]; a shortage counts by its logarithm.

    Args:
        shortage: float64 [n], beds, summed over units.
        boarders, present: float64 [n], patients now.
        hour: float64 [n], local hour of the target.
    """
    turn = hour * 2 * np.pi / 24
    return np.column_stack([np.log1p(shortage), boarders, present, np.sin(turn), np.cos(turn)])


@dataclass(frozen=True)
class BoardingModel:
    """The model of a package.

    Attributes:
        threshold: patients; more than them is the event.
        horizons: hours.
        intercept: float64 [horizons], log odds.
        slope: float64 [horizons, 5], by the columns of `input_values`.
        usual: float64 [5], those columns as they were on average on the calibration days.
        usual_inputs: by input, what that was in patients and beds; of the hour there is none.
        events: times that the threshold was exceeded, which it was learned from.
    """

    threshold: float
    horizons: tuple[float, ...]
    intercept: Array
    slope: Array
    usual: Array
    usual_inputs: Mapping[str, float]
    events: int

    def probability(self, values: Array, horizon_hours: Array) -> Array:
        """Of the event: float64 [n], 0 to 1; NaN where an input is not known.

        Args:
            values: float64 [n, 5], as `input_values` makes them.
            horizon_hours: float64 [n], of `horizons`.
        """
        at = self._at(horizon_hours)
        return np.asarray(1 / (1 + np.exp(-self.intercept[at] - (self.slope[at] * values).sum(axis=1))))

    def base(self, horizon_hours: Array) -> Array:
        """Log odds where every column is as usual: float64 [n]."""
        at = self._at(horizon_hours)
        return np.asarray(self.intercept[at] + (self.slope[at] * self.usual).sum(axis=1))

    def contributions(self, values: Array, horizon_hours: Array) -> Array:
        """What each of `INPUTS` adds to the base: float64 [n, 4], log odds; in all they are those of `probability`."""
        added = self.slope[self._at(horizon_hours)] * (values - self.usual)
        return np.column_stack([added[:, i == _INPUT_OF].sum(axis=1) for i in range(len(INPUTS))])

    def _at(self, horizon_hours: Array) -> Array:
        return np.asarray(np.abs(horizon_hours[:, None] - np.array(self.horizons)).argmin(axis=1))

    def to_json(self) -> dict[str, Any]:
        """As ``boarding.json``."""
        return {
            "threshold": self.threshold,
            "horizons_hours": list(self.horizons),
            "intercept": self.intercept.tolist(),
            "slope": self.slope.tolist(),
            "usual": self.usual.tolist(),
            "usual_inputs": dict(self.usual_inputs),
            "events": self.events,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "BoardingModel":
        """What `to_json` wrote.

        Raises:
            ValueError: there are not as many finite numbers as horizons and columns.
        """
        horizons = tuple(float(h) for h in body["horizons_hours"])
        intercept, slope, usual = (
            np.array(body[name], np.float64) for name in ("intercept", "slope", "usual")
        )
        shapes = intercept.shape, slope.shape, usual.shape
        if shapes != ((len(horizons),), (len(horizons), _COLUMNS), (_COLUMNS,)) or not horizons:
            raise ValueError
        given = {name: float(body["usual_inputs"][name]) for name in INPUTS[:-1]}
        threshold = float(body["threshold"])
        numbers = [threshold, *intercept, *slope.ravel(), *usual, *given.values()]
        if not np.isfinite(numbers).all():
            raise ValueError
        return cls(threshold, horizons, intercept, slope, usual, given, int(body["events"]))
