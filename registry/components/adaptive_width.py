"""How wide a unit's intervals are now: a rule that follows how often its recent ones held.

Quantiles are calibrated once, on all units of past months. A unit that is harder to forecast than the others, or whose
level has changed since, would have intervals that are too narrow for as long as the release lives. So each unit's
distribution, horizon by horizon, is stretched about its p50 by a factor whose logarithm is tracked online: after each
forecast of which the outcome is known it rises by a step where the outcome lay outside p10 to p90, and falls by a
quarter of one where it lay inside, so that one in five comes to lie outside (adaptive conformal inference: Gibbs &
Candès 2021, arXiv 2106.00170; on the scale of the scores, with steps that get smaller: Angelopoulos, Candès &
Tibshirani 2023, arXiv 2307.16895, Angelopoulos, Barber & Bates 2024, arXiv 2402.01139).

Until the factor has followed, intervals hold less often than they say. So a second number is tracked along: how far
the record of misses speaks for half of the outcomes lying outside and against one in five (the sum of log-likelihood
ratios that never falls below 0: Page 1954, "Continuous inspection schemes", Biometrika 41). Above `UNHELD` an answer
is degraded.

Both are pure functions of the package and of what had been received by the prediction time: they are tracked anew over
the last forecasts, from 1 and 0. Nothing is stored, and a past answer has what it had.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hospital.arrays import Array
from hospital.times import HOUR
from registry.components.recent_errors import RecentErrors

__all__ = ["OUTSIDE", "UNHELD", "AdaptiveWidth"]

OUTSIDE = 0.2
"""Share of outcomes that may lie outside p10 to p90."""
_FAILING = 0.5
"""Share outside that the record of misses is held against."""
UNHELD = 3.0
"""Of the sum of log-likelihood ratios: above it, as after four misses in a row, intervals are not to be relied on."""
_MOST_UNHELD = 6.0
"""The sum stays below this, so that some seven hits in a row end what any number of misses began."""


@dataclass(frozen=True)
class AdaptiveWidth:
    """The rule, as a package holds it.

    Attributes:
        since: instant from which forecasts count: the model was fitted to what lies before.
        forecasts: how many past ones the factor is tracked over.
        first_step, last_step: of the logarithm, from the oldest of them to the newest, for short horizons.
        slow_hours: a horizon of so many hours has half the step: its forecasts overlap, and say the same several times.
        limit: the logarithm stays between minus and plus this.
        settled_hours: after its time an outcome counts as known.
    """

    since: int
    forecasts: int
    first_step: float
    last_step: float
    slow_hours: float
    limit: float
    settled_hours: int

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads back exactly."""
        return asdict(self)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "AdaptiveWidth":
        """What `to_json` wrote.

        Raises:
            TypeError, ValueError: it is not, or a number lies where the rule would not settle.
        """
        rule = cls(**body)
        numbers = (rule.first_step, rule.last_step, rule.slow_hours, rule.limit)
        whole = (rule.since, rule.forecasts, rule.settled_hours)
        if not all(isinstance(x, int) for x in whole) or not np.isfinite(np.array(numbers, np.float64)).all():
            raise ValueError
        if not (0 < rule.last_step <= rule.first_step <= 1 and rule.slow_hours > 0 and 0 < rule.limit <= 3):
            raise ValueError
        if not (1 <= rule.forecasts <= MOST_FORECASTS and 0 <= rule.settled_hours <= MOST_SETTLED_HOURS):
            raise ValueError
        return rule

    def factors(
        self, errors: RecentErrors, horizons: Sequence[float], at: Array, unit: Array, horizon: Array
    ) -> Array:
        """What each row's distribution is stretched by about its p50, and the record of its misses: float64 [n, 2].

        Misses of the shortest horizon count for every longer one, too: they are known first.

        Args:
            errors: of forecasts at least as far back as the rule looks; those before `since` do not count.
            horizons: hours, the last axis of `errors`; the shortest first.
            at: prediction times (int64 [n]).
            unit, horizon: positions (int64 [n]).
        """
        out = np.tile([1.0, 0.0], (at.size, 1))
        first = int(errors.times.searchsorted(self.since))
        times = errors.times[first:]
        for position, hours in enumerate(horizons):
            mine = np.flatnonzero((horizon == position) | (position == 0))
            if not mine.size or not times.size:
                continue
            known_at = times + int(hours * HOUR) + self.settled_hours * HOUR
            counts, of = np.unique(known_at.searchsorted(at[mine], "right"), return_inverse=True)
            part = errors.at_horizon(position, first)
            log, misses = self._tracked(part, counts, hours)
            own = horizon[mine] == position
            out[mine[own], 0] = np.exp(log)[of, unit[mine]][own]
            out[mine, 1] = np.maximum(out[mine, 1], misses[of, unit[mine]])
        return out

    def _tracked(self, errors: RecentErrors, counts: Array, hours: float) -> tuple[Array, Array]:
        """Logarithm and misses of each unit, when so many forecasts (int64 [k]) had known outcomes: float64 [k, units]
        each."""
        log = np.zeros((counts.size, errors.centre.shape[1]))
        seen = np.full((self.forecasts, *log.shape), np.nan)
        slow = 1 + hours / self.slow_hours
        for step in range(self.forecasts):
            place = counts - self.forecasts + step
            there = place >= 0
            if not there.any():
                continue
            size = self.last_step + (self.first_step - self.last_step) * (1 - step / self.forecasts)
            outside = errors.outside(np.maximum(place, 0), np.exp(log))
            moved = log + size / slow * (outside - OUTSIDE)
            np.minimum(np.maximum(moved, -self.limit, out=moved), self.limit, out=moved)
            known = there[:, None] & np.isfinite(outside)
            log = np.where(known, moved, log)
            np.copyto(seen[step], outside, where=known)
        return log, _misses(seen, slow)


def _misses(outside: Array, slow: float) -> Array:
    """The sum of log-likelihood ratios (float64 [k, units]) over forecasts, the oldest first; `outside`: float64
    [forecasts, k, units], NaN unknown."""
    total = np.zeros(outside.shape[1:])
    miss, hit = math.log(_FAILING / OUTSIDE), math.log((1 - _FAILING) / (1 - OUTSIDE))
    for ratio in np.where(np.isnan(outside), 0.0, (hit + (miss - hit) * outside) / slow):
        np.add(total, ratio, out=total)
        np.minimum(np.maximum(total, 0.0, out=total), _MOST_UNHELD, out=total)
    return total


MOST_FORECASTS = 40
MOST_SETTLED_HOURS = 48
"""Serving keeps observations that go back as far as these need (`hospital.features.lookback`)."""
