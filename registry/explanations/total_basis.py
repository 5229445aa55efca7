"""What a hospital total was made of: the rows and answers of its units, handed on to whoever explains more of it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np

from hospital.arrays import Array
from registry.explanations.basis import Basis
from registry.model.forecast_model import Explained, ForecastModel, Rows
from registry.model.hospital.all_units import partly_unknown, values_of_all_units
from registry.model.hospital_total import HospitalTotal
from registry.model.scope_fallback import Answered

__all__ = ["TotalBasis"]


@dataclass(frozen=True, eq=False)
class TotalBasis:
    """A hospital total, with its units alone.

    Attributes:
        total: what the model has learned of totals.
        units: the names of the units in it.
        rows, answered: of these units, one row each, in the order of their names.
        staffed: float64 [units], beds with staff at the time that is forecast; NaN unknown.
        horizon_hours: of the forecast.
        p50: as it was forecast, beds.
    """

    model: ForecastModel
    total: HospitalTotal
    units: tuple[str, ...]
    rows: Rows
    answered: Answered
    staffed: Array
    horizon_hours: float
    p50: float

    @classmethod
    def of(
        cls,
        model: ForecastModel,
        total: HospitalTotal,
        units: tuple[str, ...],
        both: tuple[Rows, Answered, Array],
        places: Array,
        horizon_hours: float,
        p50: float,
    ) -> "TotalBasis":
        """The total of the rows of an answer at `places` (int64); `both`: rows, answers and staffed beds of all."""
        rows, answered, staffed = both
        return cls(
            model,
            total,
            units,
            rows.at(places),
            _answered_at(answered, places),
            staffed[places],
            horizon_hours,
            p50,
        )

    @property
    def inside(self) -> bool:
        """Whether the model answers for any of its units, and not the baseline for all."""
        return bool(self.answered.inside.any())

    @cached_property
    def values(self) -> Array:
        """What each feature is of all units together: float64 [features], NaN unknown or nothing."""
        return self.of_all(self.rows.X.astype(np.float64))

    @cached_property
    def partly_unknown(self) -> Mapping[int, tuple[int, int]]:
        """Values that only some units know, as `registry.model.hospital.all_units.partly_unknown` has them."""
        return partly_unknown(self.rows.X, self.model.features)

    def of_all(self, values: Array) -> Array:
        """Values of units (float64 [units, features]) together: float64 [features]."""
        none = np.zeros(len(values), np.int64)
        return np.asarray(values_of_all_units(values, none, self.model.features)[0])

    @property
    def of_units(self) -> Basis:
        """Its units' rows as those of an answer to a question about units."""
        return Basis(self.model, self.rows, self.answered, 0, np.zeros(len(self.units), bool))


def _explained_at(found: Explained | None, places: Array) -> Explained | None:
    if found is None:
        return None
    adjustments = {name: values[places] for name, values in found.adjustments.items()}
    arrays = {f.name: getattr(found, f.name)[places] for f in fields(Explained) if f.name != "adjustments"}
    return Explained(adjustments=adjustments, **arrays)


def _answered_at(answered: Answered, places: Array) -> Answered:
    return replace(
        answered,
        inside=answered.inside[places],
        quantiles=answered.quantiles[places],
        model=_explained_at(answered.model, places),
        baseline=_explained_at(answered.baseline, places),
        out_of_range=[answered.out_of_range[i] for i in places],
        missing=[answered.missing[i] for i in places],
        width=answered.width[places],
        unheld=answered.unheld[places],
    )
