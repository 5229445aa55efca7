"""The trusted scope: unit groups and horizons for which a version may speak, and which rows lie in it."""

from collections.abc import Collection, Iterable

import numpy as np

from hospital.arrays import Array

__all__ = ["Cell", "in_scope"]

Cell = tuple[str, float]
"""A unit group and a horizon in hours; 0 for wait time."""


def in_scope(scope: Collection[Cell], groups: Iterable[str], horizon_hours: Array) -> Array:
    """Which rows lie in a trusted scope: bool [n].

    Args:
        groups: the unit group of each row, n of them.
        horizon_hours: float64 [n], 0 for wait time.
    """
    cells = frozenset(scope)
    pairs = zip(groups, horizon_hours.tolist(), strict=True)
    return np.fromiter(((group, hours) in cells for group, hours in pairs), bool, horizon_hours.size)
