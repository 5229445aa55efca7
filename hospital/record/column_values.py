"""How a column of the record holds its values, and says that one is missing.

Times are instants (int64, `MISSING_TIME` where there is none), numbers float64 (NaN), all else objects (None).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from hospital.arrays import Array
from hospital.contracts.tables import Kind
from hospital.times import MISSING_TIME

__all__ = ["array_of_kind", "is_filled", "is_known", "same_values"]


def array_of_kind(values: Sequence[Any], kind: Kind) -> Array:
    """Values of a row each as a column (int64, float64 or object [n]); None is missing."""
    if kind is Kind.TIME:
        return np.fromiter((MISSING_TIME if v is None else v for v in values), np.int64, len(values))
    if kind in (Kind.NUMBER, Kind.INTEGER):
        return np.fromiter((np.nan if v is None else v for v in values), np.float64, len(values))
    out, same = np.empty(len(values), object), dict[Any, Any]()
    out[:] = [same.setdefault(v, v) for v in values]  # codes repeat: one text each
    return out


def is_known(values: Array) -> Array:
    """Which rows of a column have a value: bool [n]."""
    if values.dtype.kind == "f":
        return ~np.isnan(values)
    return np.asarray(values != (MISSING_TIME if values.dtype.kind == "i" else None), bool)


def is_filled(values: Array | None) -> bool:
    """Whether a column (of any type) has a value anywhere; None, the hospital has no such column: it has not."""
    return values is not None and bool(is_known(values).any())


def same_values(a: Array, b: Array) -> Array:
    """Which rows of two columns have the same, missing in both for one: bool [n]."""
    if a.dtype.kind == "f":
        return np.asarray((a == b) | (np.isnan(a) & np.isnan(b)))
    return np.asarray(a == b, bool)
