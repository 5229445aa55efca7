"""How probably demand exceeds staffed beds: learned from how often it did, and not read off a bare tail.

A ward that is full is refilled to its last staffed bed, and what is needed beyond it finds another ward or leaves
sooner: demand piles up at the staffed beds, and lies above them more rarely than the distribution around a median says,
which knows nothing of where the beds end. So the probability at the staffed beds has a curve of its own: logistic in
how many interval halves they lie above the median (Platt 1999), by horizon. Quantiles stay what they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS

__all__ = ["ExceedanceCurve", "margins", "share_above"]

_P10, _P50, _P90 = LEVELS.index(0.1), LEVELS.index(0.5), LEVELS.index(0.9)
_LEAST_HALF_BEDS = 0.3
_FARTHEST = 4.0
"""Halves beyond which the probability stays: no calibration set has seen farther."""


def margins(quantiles: Array, beds: Array) -> Array:
    """How far beds lie above the median, in halves of p10 to p90 on their side: float64 [n], from -4 to 4.

    Args:
        quantiles: float64 [n, levels], beds.
        beds: float64 [n], whole ones: more than them is at least one more.
    """
    beyond = beds + 0.5 - quantiles[:, _P50]
    upper, lower = (quantiles[:, high] - quantiles[:, low] for low, high in ((_P50, _P90), (_P10, _P50)))
    half = np.maximum(np.where(beyond >= 0, upper, lower), _LEAST_HALF_BEDS)
    return np.asarray(np.clip(beyond / half, -_FARTHEST, _FARTHEST))


def share_above(quantiles: Array, beds: float) -> float:
    """Probability (0 to 1) that an outcome with these quantiles (float64 [levels]) is above `beds` whole beds."""
    levels, row = np.array([0.0, *LEVELS, 1.0]), quantiles
    edges = np.concatenate([[row[0] - (row[1] - row[0])], row, [row[-1] + (row[-1] - row[-2])]])
    return float(1 - np.interp(beds + 0.5, np.maximum.accumulate(edges), levels))


@dataclass(frozen=True)
class ExceedanceCurve:
    """The probability by margin and horizon.

    Attributes:
        horizons: hours.
        intercept: float64 [horizons], log odds where the median is half a bed above the staffed ones.
        slope: float64 [horizons], at least 0: what the log odds lose for each half that the beds lie higher.
        events: exceedances that it rests on.
    """

    horizons: tuple[float, ...]
    intercept: Array
    slope: Array
    events: int

    def probability(self, quantiles: Array, beds: Array, horizon_hours: Array) -> Array:
        """Of demand above beds: float64 [n], 0 to 1; NaN where beds are not known.

        Args:
            quantiles: float64 [n, levels], beds.
            beds, horizon_hours: float64 [n].
        """
        horizon = np.abs(horizon_hours[:, None] - np.array(self.horizons)).argmin(axis=1)
        odds = self.intercept[horizon] - self.slope[horizon] * margins(quantiles, beds)
        return np.asarray(1 / (1 + np.exp(-odds)))

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads back exactly."""
        return {
            "horizons_hours": list(self.horizons),
            "intercept": self.intercept.tolist(),
            "slope": self.slope.tolist(),
            "events": self.events,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "ExceedanceCurve":
        """What `to_json` wrote.

        Raises:
            ValueError: there are not as many finite numbers as horizons, or beds that lie higher are exceeded sooner.
        """
        horizons = tuple(float(h) for h in body["horizons_hours"])
        intercept, slope = (np.array(body[name], np.float64) for name in ("intercept", "slope"))
        sound = intercept.shape == slope.shape == (len(horizons),) and len(horizons) > 0
        if not sound or not np.isfinite([intercept, slope]).all() or (slope < 0).any():
            raise ValueError
        return cls(horizons, intercept, slope, int(body["events"]))
