"""Which rows of a table are versions of one, and their order: by row, then by reception."""

from itertools import count

import numpy as np

from hospital.arrays import Array

__all__ = ["numbers_of_keys", "order_of_versions"]


def order_of_versions(row: Array, received: Array) -> Array | None:
    """Places of versions by row and reception (int64 [n]); None where they lie so, as those of finished visits do.

    Args:
        row: int64 [n], a number for each row's key.
        received: int64 [n] instants.
    """
    same = row[1:] == row[:-1]
    if ((row[1:] > row[:-1]) | (same & (received[1:] >= received[:-1]))).all():
        return None
    return np.lexsort((received, row))


def numbers_of_keys(keys: list[Array]) -> Array:
    """A number for each different key, in the order in which they first appear: int64 [n]."""
    pairs = keys[0].tolist() if len(keys) == 1 else list(zip(*(k.tolist() for k in keys), strict=True))
    numbers = dict(zip(dict.fromkeys(pairs), count(), strict=False))
    if len(numbers) == len(pairs):
        return np.arange(len(pairs), dtype=np.int64)
    return np.fromiter(map(numbers.__getitem__, pairs), np.int64, len(pairs))
