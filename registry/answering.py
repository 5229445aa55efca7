"""What is answered for rows: the model's forecast and reasons inside the trusted scope, the best baseline's outside."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hospital.events import Array
from registry.model import Explained, ForecastModel, Rows

__all__ = ["Answered", "answer"]


@dataclass(frozen=True)
class Answered:
    """Forecasts of rows with the reasons of each.

    Attributes:
        inside: bool [n], the model answers, not the baseline. quantiles: float64 [n, levels].
        model, baseline: the reasons of all rows by either. out_of_range: by row, names of features beyond training.
    """

    inside: Array
    quantiles: Array
    model: Explained
    baseline: Explained
    out_of_range: list[tuple[str, ...]]

    def of(self, i: int) -> Explained:
        """The reasons of all rows by the one that answers row `i`."""
        return self.model if self.inside[i] else self.baseline

    @property
    def base(self) -> Array:
        """Where each explanation starts: float64 [n]."""
        return np.where(self.inside, self.model.base, self.baseline.base)

    @property
    def contributions(self) -> Array:
        """What each feature adds: float64 [n, features]; 0 where the baseline answers."""
        return np.where(self.inside[:, None], self.model.contributions, self.baseline.contributions)

    @property
    def adjustments(self) -> Mapping[str, Array]:
        """Each step after the trees: float64 [n]; 0 where a row has no such step."""
        none = np.zeros(self.inside.size)
        theirs = self.baseline.adjustments
        return {
            name: np.where(self.inside, values, theirs.get(name, none))
            for name, values in self.model.adjustments.items()
        }


def answer(model: ForecastModel, rows: Rows, inside: Array, reference: Rows | None = None) -> Answered:
    """Forecasts and reasons of rows.

    Args:
        inside: bool [n], the rows that lie in the trusted scope. reference: as in `ForecastModel.explain`.
    """
    baseline, theirs = model.explain_baseline(rows), model.baseline_quantiles(rows)
    outside = model.out_of_range(rows.X)
    if model.manifest.kind != "model":
        return Answered(np.zeros(inside.size, bool), theirs, baseline, baseline, outside)
    quantiles, reasons = model.quantiles_and_reasons(rows, reference)
    return Answered(inside, np.where(inside[:, None], quantiles, theirs), reasons, baseline, outside)
