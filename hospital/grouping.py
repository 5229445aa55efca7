"""The rows of each group, found in one look at all rows however many groups there are."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["rows_of_groups"]


def rows_of_groups(group: NDArray[np.integer], groups: int) -> list[NDArray[Any]]:
    """Rows (int64, ascending) of the groups 0 to `groups` - 1 of `group` (int64 [n]; negative: of none)."""
    # NumPy sorts short whole numbers by their digits, in a time that grows with the rows alone.
    short = group.astype(np.int16) if groups < np.iinfo(np.int16).max else group
    order = np.argsort(short, kind="stable")
    ends = np.cumsum(np.bincount(group[group >= 0], minlength=groups)[:groups])
    first = np.count_nonzero(group < 0)
    return np.split(order[first:], ends)[:groups]
