"""What is answered for rows: the model's forecast and reasons inside the trusted scope, the best baseline's outside.

`answer` computes and `unsound` verifies, for whoever answers: the service, `vigie explain`, the check.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from registry.model.forecast_model import Explained, ForecastModel, Rows

__all__ = ["TOLERANCE", "Answered", "answer", "unsound"]

TOLERANCE = 1e-4
"""How far an explanation may be from the number it explains, in minutes or beds."""
_READ_BY_BASELINES = ("triage",)
_P10, _P50, _P90 = LEVELS.index(0.1), LEVELS.index(0.5), LEVELS.index(0.9)


@dataclass(frozen=True)
class Answered:
    """Forecasts of rows with the reasons of each.

    Attributes:
        inside: bool [n], the model answers, not the baseline.
        quantiles: float64 [n, levels].
        model, baseline: the reasons of all rows by either; None where it answers none of them.
        out_of_range: by row, names of features beyond training.
        missing: by row, names of features that are unknown and (nearly) never were in training.
        width: float64 [n], what each distribution was stretched by about its p50.
        unheld: bool [n], recent intervals of whichever answers did not hold as often as they say.
    """

    inside: Array
    quantiles: Array
    model: Explained | None
    baseline: Explained | None
    out_of_range: list[tuple[str, ...]]
    missing: list[tuple[str, ...]]
    width: Array
    unheld: Array

    @property
    def compared(self) -> Explained:
        """Reasons of every row whoever answers it: the model's, where it explains any, for it knows what is usual.

        Raises:
            ValueError: neither explains these rows.
        """
        found = self.model or self.baseline
        if found is None:
            raise ValueError("neither the model nor the baseline explains these rows")
        return found

    @property
    def base(self) -> Array:
        """Where each explanation starts: float64 [n]."""
        return self._either(lambda found: found.base)

    @property
    def contributions(self) -> Array:
        """What each feature adds: float64 [n, features]; 0 where the baseline answers."""
        return self._either(lambda found: found.contributions)

    @property
    def reference_values(self) -> Array:
        """What each feature's value is compared with: float64 [n, features]; NaN where the baseline answers."""
        return self._either(lambda found: found.reference_values)

    @property
    def widening(self) -> Array:
        """How wide the comparison of each row is, as `Explained.widening` has it: int64 [n]."""
        return self._either(lambda found: found.widening)

    @property
    def cases(self) -> Array:
        """How many cases each row is compared with: int64 [n]."""
        return self._either(lambda found: found.cases)

    @property
    def situation(self) -> Array:
        """The situation of each row, as `Explained.situation` has it: int64 [n]."""
        return self._either(lambda found: found.situation)

    @property
    def adjustments(self) -> Mapping[str, Array]:
        """Each step after the trees: float64 [n]; 0 where a row has no such step."""
        none = np.zeros(self.inside.size)
        names = dict.fromkeys(n for found in (self.model, self.baseline) if found for n in found.adjustments)
        return {name: self._either(lambda f, n=name: f.adjustments.get(n, none)) for name in names}  # type: ignore[misc]

    @property
    def unsound(self) -> Array:
        """Rows that must not be answered, as `unsound` says: bool [n]."""
        total = self.base + self.contributions.sum(axis=1) + sum(self.adjustments.values())
        return unsound(total, self.quantiles[:, (_P10, _P50, _P90)])

    def _either(self, part: Callable[[Explained], Array]) -> Array:
        if self.model is None or self.baseline is None:
            return part(self.compared)
        ours, theirs = part(self.model), part(self.baseline)
        inside = self.inside if ours.ndim == 1 else self.inside[:, None]
        return np.where(inside, ours, theirs)


def unsound(total: Array, quantiles: Array) -> Array:
    """Rows whose reasons are not the number they explain, or whose quantiles cross or are not finite: bool [n].

    Args:
        total: float64 [n], what each row's reasons add up to, in its forecast's unit.
        quantiles: float64 [n, 3], p10, p50 and p90 in the same unit.
    """
    p10, p50, p90 = quantiles[:, 0], quantiles[:, 1], quantiles[:, 2]
    with np.errstate(invalid="ignore"):  # of infinities
        off = np.abs(total - p50)
    sound = (off <= TOLERANCE) & (p10 <= p50) & (p50 <= p90)  # NaN, of which no comparison holds, is unsound
    return ~(sound & (p10 > -np.inf) & (p90 < np.inf))


def answer(model: ForecastModel, rows: Rows, inside: Array, reference: Rows | None = None) -> Answered:
    """Forecasts and reasons of rows.

    Args:
        inside: bool [n], the rows that lie in the trusted scope.
        reference: as in `ForecastModel.explain`.
    """
    limits, without = model.training_range, model.training_range.missing(rows.X)
    unlearned = np.zeros_like(without) if rows.unlearned is None else without & rows.unlearned
    outside = limits.names(limits.outside(rows.X) | unlearned)
    missing = limits.names(without & ~unlearned)
    if model.manifest.kind != "model":  # a baseline has learned no range, and reads hardly anything
        inside, outside = np.zeros(inside.size, bool), [()] * inside.size
        missing = limits.names(without, _READ_BY_BASELINES)
    inside = inside & ~model.baseline_only(rows)
    unheld = np.zeros(inside.size, bool)
    if rows.unheld is not None:
        unheld = np.where(inside, rows.unheld[:, 0], rows.unheld[:, 1])
    if not inside.any():
        return Answered(
            inside,
            model.baseline_quantiles(rows),
            None,
            model.explain_baseline(rows),
            outside,
            missing,
            rows.baseline_width,
            unheld,
        )
    quantiles, reasons = model.quantiles_and_reasons(rows, reference)
    if inside.all():
        return Answered(inside, quantiles, reasons, None, outside, missing, rows.width, unheld)
    either = np.where(inside[:, None], quantiles, model.baseline_quantiles(rows))
    width = np.where(inside, rows.width, rows.baseline_width)
    return Answered(inside, either, reasons, model.explain_baseline(rows), outside, missing, width, unheld)
