"""What splits compare with their thresholds: the features, and columns made of one for splits that are no threshold.

A split by categories asks a column that is 1 for its categories and 0 for others; one at which zero is missing asks a
copy of the feature without its zeros. So every split is a threshold, whatever the format of the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from explain.errors import ModelFileError
from explain.formats.ensemble import Array, Ensemble, Tree

__all__ = ["IN_SET", "Inputs", "columns_of"]

IN_SET = np.float32(0.5)
"""The threshold of a split by categories."""

_ZERO = np.float32(1e-35)  # what LightGBM takes for zero
_MOST_CELLS = 1 << 28
_MOST_COLUMNS = 1 << 20
_BEYOND = float(1 << 31)  # no category
_MEANING = np.array([0.0, 1.0, np.nan], np.float32)


@dataclass(frozen=True)
class _Lookup:
    """The columns of one feature's sets.

    Attributes:
        columns: int64 [sets].
        known: int64, categories that any of them holds, ascending.
        meaning: uint8 [sets, known + 2]: whether it holds each; then what is in none, and what is missing.
    """

    columns: Array
    known: Array
    meaning: Array


@dataclass(frozen=True)
class Inputs:
    """The columns that rows have once they are widened.

    Attributes:
        features: how many; they come first.
        zeros: features of which a column without zeros follows.
        sets: (feature, its categories: int64, ascending), of each of which a column follows.
        cut_first: as in `Ensemble`.
    """

    features: int
    zeros: tuple[int, ...] = ()
    sets: tuple[tuple[int, Array], ...] = ()
    cut_first: bool = False

    @property
    def count(self) -> int:
        """Columns."""
        return self.features + len(self.zeros) + len(self.sets)

    @property
    def first_set(self) -> int:
        """Where the columns of sets begin."""
        return self.features + len(self.zeros)

    @property
    def owner(self) -> Array:
        """The feature that each column is of: int32 [columns]."""
        return np.array(
            [*range(self.features), *self.zeros, *(feature for feature, _ in self.sets)], np.int32
        )

    def widen(self, X: Array) -> Array:
        """The columns of rows.

        Args:
            X: float32 [rows, features].

        Returns:
            float32 [rows, columns]; X itself where there are no others.
        """
        if self.count == self.features:
            return X
        out = np.empty((len(X), self.count), np.float32)
        out[:, : self.features] = X
        for at, feature in enumerate(self.zeros, self.features):
            column = X[:, feature]
            out[:, at] = np.where(np.abs(column) <= _ZERO, np.float32(np.nan), column)
        for feature, lookup in self._lookups.items():
            out[:, lookup.columns] = _MEANING[lookup.meaning[:, self._code(X[:, feature], lookup)]].T
        return out

    def edges(self, feature: int) -> Array:
        """Values of a feature at which one of its further columns may change: float32; equal to one is above it."""
        parts = [np.array([-_ZERO, np.nextafter(_ZERO, _ZERO * 2)])] if feature in self.zeros else []
        for owner, members in self.sets:
            if owner == feature:
                parts += [members.astype(np.float32), (members + 1).astype(np.float32)]
                if self.cut_first and 0 in members:
                    parts.append(np.array([np.nextafter(np.float32(-1), np.float32(0))]))
        return np.concatenate([np.zeros(0, np.float32), *parts]).astype(np.float32)

    def _code(self, values: Array, lookup: _Lookup) -> Array:
        """The place of each value in `meaning`."""
        none = lookup.known.size
        is_category = (values > -1 if self.cut_first else values >= 0) & (values < _BEYOND)
        category = np.where(is_category, values, -1).astype(np.int64)
        place = np.minimum(np.searchsorted(lookup.known, category), max(none - 1, 0))
        held = lookup.known[place] == category if none else np.zeros(values.size, bool)
        return np.where(np.isnan(values), none + 1, np.where(held, place, none))

    @cached_property
    def _lookups(self) -> dict[int, _Lookup]:
        of: dict[int, list[tuple[int, Array]]] = {}
        for at, (feature, members) in enumerate(self.sets, self.first_set):
            of.setdefault(feature, []).append((at, members))
        return {feature: _lookup(sets) for feature, sets in of.items()}


def _lookup(sets: Sequence[tuple[int, Array]]) -> _Lookup:
    known = np.unique(np.concatenate([members for _, members in sets]))
    if len(sets) * (known.size + 2) > _MOST_CELLS:
        raise ModelFileError("The model asks one feature for too many sets of categories: not supported.")
    meaning = np.zeros((len(sets), known.size + 2), np.uint8)
    for row, (_, members) in enumerate(sets):
        meaning[row, np.searchsorted(known, members)] = 1
    meaning[:, -1] = 2
    return _Lookup(np.array([at for at, _ in sets]), known, meaning)


def columns_of(ensemble: Ensemble) -> tuple[Inputs, list[Array]]:
    """What its splits ask, and the column that each node of each tree does: int64 [nodes] by tree.

    Raises:
        ModelFileError: there are more than is supported.
    """
    zeros = sorted({int(f) for tree in ensemble.trees for f in tree.feature[tree.zero_missing]})
    zero_at = {feature: ensemble.features + i for i, feature in enumerate(zeros)}
    place: dict[tuple[int, bytes], int] = {}
    sets: list[tuple[int, Array]] = []

    def column_of(tree: Tree) -> Array:
        columns = tree.feature.copy()
        columns[tree.zero_missing] = [zero_at[int(f)] for f in tree.feature[tree.zero_missing]]
        for node, members in tree.sets.items():
            if tree.left[node] == -1:
                continue  # XGBoost leaves the sets of pruned splits in the file
            key = int(tree.feature[node]), members.tobytes()
            if key not in place:
                place[key] = ensemble.features + len(zeros) + len(sets)
                sets.append((key[0], members))
            columns[node] = place[key]
        return columns

    columns = [column_of(tree) for tree in ensemble.trees]
    inputs = Inputs(ensemble.features, tuple(zeros), tuple(sets), ensemble.cut_first)
    if inputs.count > max(_MOST_COLUMNS, ensemble.features):
        raise ModelFileError(f"The model asks for {inputs.count} sets of categories: not supported.")
    if inputs.count > ensemble.features:
        inputs.widen(np.zeros((0, ensemble.features), np.float32))  # its tables are made, or refused, now
    return inputs, columns
