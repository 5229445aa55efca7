"""Levers: what a hospital can set, which a model reads, and within which bounds it has been seen.

The dictionary of features marks what somebody can act on; no other feature is ever tried. A lever is a count. Features
that are computed from it follow it: patients per doctor when there is another doctor.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array
from hospital.features.dictionary import Kind, kind
from registry.components.situations import SITUATIONS
from registry.explanations.basis import Basis
from registry.model.forecast_model import ForecastModel

__all__ = ["LEVERS", "TABLE", "Lever", "LeverTable", "Range", "ranges"]

Following = Callable[[Mapping[str, float], Array], Array]


@dataclass(frozen=True)
class Lever:
    """Something that a hospital sets.

    Attributes:
        name: stable, for applications.
        model: that reads it.
        feature: its count.
        following: what is computed from it: from the row's values by feature and the counts (float64 [k]) to values
            (float64 [k]), as `hospital.features` does.
        staffed: whether it is the beds that demand is held against.
    """

    name: str
    model: str
    feature: str
    following: Mapping[str, Following]
    staffed: bool = False


def _per_doctor(row: Mapping[str, float], counts: Array) -> Array:
    some = counts > 0
    return np.where(some, row["ed_waiting"] / np.where(some, counts, 1.0), np.nan)


def _free(row: Mapping[str, float], counts: Array) -> Array:
    return counts - row["demand_now"]


LEVERS = (
    Lever("doctors", "wait-time", "ed_doctors", {"waiting_per_doctor": _per_doctor}),
    Lever("nurses", "wait-time", "ed_nurses", {}),
    Lever("staffed_beds", "bed-demand", "staffed_then", {"free_then": _free}, staffed=True),
    Lever("operations", "bed-demand", "planned_operations", {}),
)


@dataclass(frozen=True)
class LeverTable:
    """The levers that are looked for, and the dictionary that says which features somebody can act on.

    Attributes:
        levers: in the order in which they are named.
        kind_of: what the dictionary has of a feature; None: it does not know it.
    """

    levers: tuple[Lever, ...] = LEVERS
    kind_of: Callable[[str], Kind | None] = kind

    def of_model(self, name: str, features: list[str]) -> list[Lever]:
        """Those that a model of these features reads, as far as the dictionary marks them."""
        return [
            lever
            for lever in self.levers
            if lever.model == name and lever.feature in features and self._is_marked(lever.feature)
        ]

    def _is_marked(self, feature: str) -> bool:
        found = self.kind_of(feature)
        return found is not None and found.lever


TABLE = LeverTable()
"""What Vigie has."""


@dataclass(frozen=True)
class Range:
    """A lever of one forecast.

    Attributes:
        now: its count; None: not known, and nothing is tried.
        counts: float64 [k], whole counts that have been seen, ascending, now among them; empty where none may be tried.
        values: by column of X, what it and what follows it are at each count (float32 [k]).
    """

    lever: Lever
    now: float | None
    counts: Array
    values: Mapping[int, Array]


def ranges(basis: Basis, names: tuple[str, ...] | None = None, table: LeverTable = TABLE) -> list[Range]:
    """The levers that the model of a forecast reads; `names`: of these alone."""
    features = [f.name for f in basis.model.features]
    known = table.of_model(basis.model.name, features)
    return [_range(basis, lever, features) for lever in known if names is None or lever.name in names]


def _range(basis: Basis, lever: Lever, features: list[str]) -> Range:
    model, x = basis.model, basis.rows.X[basis.place]
    row = dict(zip(features, x.astype(np.float64).tolist(), strict=True))
    now, column = row[lever.feature], features.index(lever.feature)
    none = np.zeros(0)
    if math.isnan(now):
        return Range(lever, None, none, {})
    least, most = _seen(model, int(basis.rows.cell[basis.place]), column)
    if not least <= most:
        return Range(lever, now, none, {})
    counts = np.union1d(np.arange(least, most + 1.0), [now])
    values = {column: counts}
    for name, follow in lever.following.items():
        if name in features:
            values[features.index(name)] = follow(row, counts)
    seen = np.ones(counts.size, bool)
    for j, found in values.items():
        seen &= _within(model, j, found) | (j == column)
    seen |= counts == now
    return Range(lever, now, counts[seen], {j: v[seen].astype(np.float32) for j, v in values.items()})


def _seen(model: ForecastModel, cell: int, column: int) -> tuple[float, float]:
    """The least and the greatest whole count that a unit, or department, is known to have had.

    Of each situation the mean of at least thirty cases is stored; some case had no less than the mean, and counts are
    whole: the greatest mean, rounded up, has been seen, and so has the least, rounded down.
    """
    usual = model.usual_cases
    if usual is not None:
        places = usual.place[cell * SITUATIONS : (cell + 1) * SITUATIONS]
        means = usual.values[np.unique(places[places >= 0]), column]
        means = means[~np.isnan(means)].astype(np.float64)
        if means.size:
            # Means are stored as float32: a whole one may lie a little beside its number.
            return float(np.floor(means.min() + _ROUNDING)), float(np.ceil(means.max() - _ROUNDING))
        return math.inf, -math.inf
    low, high = (model.profile[name][column] for name in ("minimum", "maximum"))
    return (math.inf, -math.inf) if low is None else (math.ceil(low), math.floor(high))


def _within(model: ForecastModel, column: int, values: Array) -> Array:
    """Which values (float64 [k]) training has seen, or the like: bool [k]; what is missing was seen where it was."""
    low, high = (model.profile[name][column] for name in ("minimum", "maximum"))
    if low is None:
        return np.zeros(values.size, bool)
    with np.errstate(invalid="ignore"):
        return np.asarray((values >= low) & (values <= high))


_ROUNDING = 1e-4
