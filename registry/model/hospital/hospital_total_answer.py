"""What is answered for the hospital total, from what is answered for its units."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array
from registry.model.forecast_model import MEDIAN
from registry.model.hospital_total import HospitalTotal, means, sums_of
from registry.model.scope_fallback import Answered

__all__ = ["HospitalTotalAnswer", "answer_hospital_total"]


@dataclass(frozen=True)
class HospitalTotalAnswer:
    """Forecasts of k totals with their reasons; `base` + contributions + adjustments = `quantiles` at the median.

    Attributes:
        mean: float64 [k], the sum of the units' means, and the p50.
        quantiles: float64 [k, levels], the total's own.
        base: float64 [k].
        contributions: float64 [k, features], the sums of the units'.
        adjustments: float64 [k] by name: the sums of the units', then ``mean_above_p50``, what their means
            lie above their p50s.
        unit_means: float64 [n], each unit's.
        by_baseline: float64 [k], share of the mean that the baseline answers.
    """

    mean: Array
    quantiles: Array
    base: Array
    contributions: Array
    adjustments: Mapping[str, Array]
    unit_means: Array
    by_baseline: Array

    @property
    def p50(self) -> Array:
        """The median forecast: float64 [k]."""
        return self.quantiles[:, MEDIAN]

    @property
    def total(self) -> Array:
        """What the reasons add up to: float64 [k]."""
        return self.base + self.contributions.sum(axis=1) + sum(self.adjustments.values())


def answer_hospital_total(
    hospital_total: HospitalTotal, units: Answered, of: Array, horizon_hours: Array
) -> HospitalTotalAnswer:
    """Forecasts and reasons of totals.

    Args:
        units: the answers of all units that make up the totals.
        of: int64 [n], the total that each belongs to.
        horizon_hours: float64 [k].
    """
    k = horizon_hours.size
    sums = sums_of(units.quantiles, of, k)
    unit_means = means(units.quantiles)
    adjustments = {name: _sum(values, of, k) for name, values in units.adjustments.items()}
    adjustments["mean_above_p50"] = _sum(unit_means - units.quantiles[:, MEDIAN], of, k)
    by_baseline = _sum(np.where(units.inside, 0.0, unit_means), of, k)
    return HospitalTotalAnswer(
        mean=sums.mean,
        quantiles=hospital_total.forecast(sums, horizon_hours),
        base=_sum(units.base, of, k),
        contributions=_sum(units.contributions, of, k),
        adjustments=adjustments,
        unit_means=unit_means,
        by_baseline=by_baseline / np.maximum(sums.mean, 1e-9),
    )


def _sum(values: Array, of: Array, k: int) -> Array:
    out = np.zeros((k, *values.shape[1:]))
    np.add.at(out, of, values)
    return out
