"""How far outcomes lie below and above a median, as trees say it before calibration: one spread, or two quantiles.

A calibrated quantile is the median plus the width of its side times a number that calibration gives it, 0 at the
median and rising: quantiles never cross, whatever the trees say.
"""

from dataclasses import dataclass

import numpy as np

from explain import TreeEngine
from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS

__all__ = ["IntervalTrees", "QuantileTrees", "SpreadTrees", "Terms", "by_level", "of_side"]

_LEAST = 0.02
"""Of the scale: where p10 or p90 meets or crosses the median, an interval is this wide there."""
_SIDE = np.array([int(level > 0.5) for level in LEVELS])


@dataclass(frozen=True)
class Terms:
    """What features add up to before a width is made of it (`widths_of`): exact by the engine.

    Attributes:
        below, above: float64 [n, features], of either side.
        below_base, above_base: float64 [n], of no feature.
    """

    below: Array
    above: Array
    below_base: Array
    above_base: Array


@dataclass(frozen=True)
class SpreadTrees:
    """One width of both sides: the exponential of trees that learned the logarithm of absolute errors.

    Attributes:
        spread: those trees.
        by_hour: what later days added to them by horizon and hour (docs/adr/0031-widths-by-the-hour.md); None: nothing.
    """

    spread: TreeEngine
    by_hour: TreeEngine | None = None

    def widths(self, X: Array, median: Array) -> Array:
        """Float64 [n], in units of the scale.

        Args:
            X: float32 [n, features].
            median: float64 [n], what the median's trees say; not needed.
        """
        del median
        added = [engine.predict_exactly(X) for engine in self.engines]
        return np.exp(sum(added[1:], start=added[0]))

    @property
    def engines(self) -> tuple[TreeEngine, ...]:
        """The trees."""
        return (self.spread,) if self.by_hour is None else (self.spread, self.by_hour)

    def terms(self, X: Array, scale: Array, median: tuple[Array, Array]) -> Terms:
        """Of the logarithm of the width in beds or minutes; float64, arguments as of `QuantileTrees.terms`."""
        del median
        found = [engine.contributions(X) for engine in self.engines]
        values = sum((more.values for more in found[1:]), start=found[0].values)
        base = sum((more.base for more in found), start=np.log(scale))
        return Terms(values, values, base, base)

    def widths_of(self, added: Array, scale: Array) -> Array:
        """Widths in beds or minutes of sums of terms (float64 [n, …])."""
        del scale
        return np.exp(added)


@dataclass(frozen=True)
class QuantileTrees:
    """A width of each side: from the median to the trees' own p10, and to their p90."""

    p10: TreeEngine
    p90: TreeEngine

    def widths(self, X: Array, median: Array) -> Array:
        """Float64 [n, 2], below and above, in units of the scale.

        Args:
            X: float32 [n, features].
            median: float64 [n], what the median's trees say, in units of the scale.
        """
        below, above = median - self.p10.predict_exactly(X), self.p90.predict_exactly(X) - median
        return np.maximum(np.column_stack([below, above]), _LEAST)

    @property
    def engines(self) -> tuple[TreeEngine, ...]:
        """The trees."""
        return self.p10, self.p90

    def terms(self, X: Array, scale: Array, median: tuple[Array, Array]) -> Terms:
        """Of the way from the median to p10 and to p90, in minutes.

        Args:
            X: float32 [n, features].
            scale: float64 [n], minutes.
            median: its own contributions (float64 [n, features]) and base (float64 [n]), in units of the scale.
        """
        low, high = self.p10.contributions(X), self.p90.contributions(X)
        values, base = median
        return Terms(
            scale[:, None] * (values - low.values),
            scale[:, None] * (high.values - values),
            scale * (base - low.base),
            scale * (high.base - base),
        )

    def widths_of(self, added: Array, scale: Array) -> Array:
        """Widths in minutes of sums of terms (float64 [n, …])."""
        return np.maximum(added, _LEAST * scale[:, None])


IntervalTrees = SpreadTrees | QuantileTrees


def by_level(widths: Array) -> Array:
    """The width of each level's side: float64 [n, levels or 1] of widths [n] or [n, 2]."""
    return widths[:, None] if widths.ndim == 1 else widths[:, _SIDE]


def of_side(widths: Array, errors: Array) -> Array:
    """The width on each error's side: float64 [n] of widths [n] or [n, 2]; an error (float64 [n]) below 0 is below."""
    return widths if widths.ndim == 1 else np.where(errors < 0, widths[:, 0], widths[:, 1])
