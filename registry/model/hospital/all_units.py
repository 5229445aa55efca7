"""What features are of all units together: what a hospital total's reasons name."""

from collections.abc import Sequence

import numpy as np

from hospital.arrays import Array
from hospital.features.bed_list import of_all_units
from hospital.features.feature import Feature

__all__ = ["partly_unknown", "values_of_all_units"]


def values_of_all_units(values: Array, of: Array, features: Sequence[Feature]) -> Array:
    """Values of all units together: float64 [k, features], NaN where one is unknown or there is no such thing.

    Args:
        values: float64 [n, features], each unit's.
        of: int64 [n], the total that each belongs to.
    """
    kinds = np.array([of_all_units(f) for f in features])
    out = np.full((int(of.max()) + 1, len(features)), np.nan)
    for i in range(len(out)):
        mine = values[of == i]
        out[i, kinds == "sum"] = mine[:, kinds == "sum"].sum(axis=0)
        out[i, kinds == "same"] = _mean_of_known(mine[:, kinds == "same"])
    return out


def partly_unknown(values: Array, features: Sequence[Feature]) -> dict[int, tuple[int, int]]:
    """By column of a value that is added up: in how many units it is unknown, and of how many units it is.

    What all units know is not there, nor what none does: of the one the sum is known, the other is unknown.

    Args:
        values: float64 [units, features], those of one total.
    """
    unknown = np.isnan(values).sum(axis=0).tolist()
    units = len(values)
    return {
        column: (unknown[column], units)
        for column, feature in enumerate(features)
        if of_all_units(feature) == "sum" and 0 < unknown[column] < units
    }


def _mean_of_known(values: Array) -> Array:
    known = ~np.isnan(values)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)
