"""What is usual: the means of features and contributions over the cases of the training in the same situation.

A package stores these vectors ready to be looked up: of each cell and situation the narrowest comparison that has
enough cases (`registry.components.situations`). A value, its usual one and its effect are so of the very same cases, an
answer costs one look into a table, and no vector is of fewer than `LEAST_CASES` cases: none is one patient's.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array
from registry.components.situations import LEAST_CASES, SITUATIONS, WIDENINGS

__all__ = ["ARRAYS", "NO_COMPARISON", "Typical", "UsualCases"]

ARRAYS = ("cases_place", "cases_widening", "cases_n", "cases_values", "cases_contributions")
"""What a package stores of it, as in `UsualCases`."""
NO_COMPARISON = -1


@dataclass(frozen=True)
class Typical:
    """What rows are compared with.

    Attributes:
        contributions: float64 [n, features], means, in units of each row's scale.
        values: float64 [n, features], means (of a category the most frequent code); NaN where fewer than
            `LEAST_CASES` of the cases know it, or nothing is compared.
        widening: int64 [n], place in `WIDENINGS`, or `NO_COMPARISON`.
        cases: int64 [n], how many; 0 where nothing is compared.
    """

    contributions: Array
    values: Array
    widening: Array
    cases: Array


@dataclass(frozen=True)
class UsualCases:
    """The vectors of every comparison.

    Attributes:
        place: int32 [cells x SITUATIONS], the vector of each cell and situation; `NO_COMPARISON` where even the
            widest has too few cases.
        widening: int8 [v], place in `WIDENINGS`.
        n: int32 [v], cases.
        values: float32 [v, features], as in `Typical`.
        contributions: float32 [v, features], means over all cases, in units of the scale.
    """

    place: Array
    widening: Array
    n: Array
    values: Array
    contributions: Array

    @classmethod
    def from_arrays(cls, stored: Mapping[str, Array], cells: int, features: int) -> "UsualCases":
        """The vectors that a package stores: places, widenings and counts of any integer type, means of any float type.

        Raises:
            ValueError: they do not fit one another, or are of other cells or features.
        """
        found = cls(*(stored[name] for name in ARRAYS))
        v = found.n.size
        shapes = [getattr(found, name.removeprefix("cases_")).shape for name in ARRAYS]
        if shapes != [(cells * SITUATIONS,), (v,), (v,), (v, features), (v, features)]:
            raise ValueError
        integers = (found.place, found.widening, found.n)
        if not all(a.dtype.kind == "i" for a in integers) or not np.isfinite(found.contributions).all():
            raise ValueError
        inside = (found.place >= NO_COMPARISON).all() and (found.place < v).all()
        named = (found.widening >= 0).all() and (found.widening < len(WIDENINGS)).all()
        if not inside or not named or (found.n < LEAST_CASES).any() or np.isinf(found.values).any():
            raise ValueError
        return found

    def to_arrays(self) -> dict[str, Array]:
        """The arrays that `from_arrays` reads back, of any type that it was given."""
        return {name: getattr(self, name.removeprefix("cases_")) for name in ARRAYS}

    def typical(self, cell: Array, situation: Array) -> Typical:
        """What rows of these cells in these situations (int64 [n] each; -1 not known) are compared with.

        Of a row without a comparison all contributions are 0 and all values NaN.
        """
        place = np.where(situation >= 0, self.place[cell * SITUATIONS + situation], NO_COMPARISON)
        there = place >= 0
        if not there.all():
            place = np.where(there, place, 0)
        if not self.n.size:
            none = np.zeros((cell.size, self.values.shape[1]))
            nothing = np.zeros(cell.size, np.int64)
            return Typical(none, none + np.nan, nothing + NO_COMPARISON, nothing)
        contributions, values = (a[place].astype(np.float64) for a in (self.contributions, self.values))
        widening, cases = (a[place].astype(np.int64) for a in (self.widening, self.n))
        if not there.all():
            contributions[~there], values[~there] = 0.0, np.nan
            widening[~there], cases[~there] = NO_COMPARISON, 0
        return Typical(contributions, values, widening, cases)
