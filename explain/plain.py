"""What the compiled kernel computes, in NumPy: slower and as exact, for machines on which nothing was built.

The same recursion as in ``kernel.c``, with the rows as the vector. Also the second opinion that tests hold the
kernel against.
"""

from dataclasses import dataclass

import numpy as np

from explain.forest.forest import Forest, padded
from explain.formats.ensemble import Array

__all__ = ["Plain"]


@dataclass(frozen=True)
class _Usual:
    """What a split holds a row against: share that goes left, and a repeated feature's points and factors."""

    ratio: Array
    point: list[Array]
    factor: list[Array | None]


class Plain:
    """The engine's functions on one forest; `Kernel` says what each takes and does."""

    def __init__(self, forest: Forest) -> None:
        self._forest = forest

    def predict(self, X: Array, out: Array) -> None:
        """Adds the trees to out (float32 or float64, [rows, outputs])."""
        f = self._forest
        for t in range(f.trees):
            left = self._goes_left(t, X)
            at = np.full(len(X), f.root[t])
            while (inner := at >= 0).any():
                k, rows = at[inner], np.flatnonzero(inner)
                s = f.first[t] + k
                at[inner] = np.where(left[k, rows], f.left[s], f.right[s])
            out[:, f.output[t]] += f.leaf[~at].astype(out.dtype)  # float32 stays float32

    def contributions(self, X: Array, out: Array) -> None:
        """Writes path-dependent contributions into out: float64 [rows, outputs, features]."""
        f = self._forest
        out[:] = 0.0
        for t in range(f.trees):
            if f.root[t] >= 0:
                _Pass(f, t, self._goes_left(t, X), self._training(t)).contributions(out[:, f.output[t]])

    def interactions(self, X: Array, out: Array) -> None:
        """Writes path-dependent interactions into out: float64 [rows, outputs, features, features]."""
        f = self._forest
        out[:] = 0.0
        for t in range(f.trees):
            if f.root[t] >= 0:
                _Pass(f, t, self._goes_left(t, X), self._training(t)).interactions(out[:, f.output[t]])

    def against(self, X: Array, reference: Array, trees: Array, out: Array) -> None:
        """Adds contributions of `trees` (int64) against the mean of `reference` (float32 [m, features]) to out."""
        f = self._forest
        total = np.zeros_like(out)
        for t in trees:
            if f.root[t] < 0:
                continue
            left, ways = self._goes_left(t, X), self._goes_left(t, reference)
            for r in range(len(reference)):
                _Pass(f, t, left, self._way(t, ways[:, r])).contributions(total[:, f.output[t]])
        out += total / len(reference)

    def contrast(self, x: Array, other: Array, out: Array) -> None:
        """Adds contributions of x against other (float32 [columns]) to out: float64 [outputs, features]."""
        self.against(x[None], other[None], np.arange(self._forest.trees), out[None])

    def _goes_left(self, tree: int, X: Array) -> Array:
        """Whether each row goes left at each split of a tree: bool [splits, rows]."""
        f = self._forest
        of = slice(f.first[tree], f.first[tree + 1])
        x, limit = X[:, f.column[of]].T, f.threshold[of, None]
        return np.where(f.default_left[of, None].astype(bool), ~(x >= limit), x < limit)

    def _training(self, tree: int) -> _Usual:
        f = self._forest
        count = int(f.points[tree])
        point, factor = [], []
        for s in range(f.first[tree], f.first[tree + 1]):
            at = int(f.curve_at[s])
            point.append(f.gauss[count, 0, :count] if at < 0 else f.curve[at : at + count])
            second = at + int(padded(count))
            factor.append(None if at < 0 else f.curve[second : second + count])
        return _Usual(f.ratio[f.first[tree] : f.first[tree + 1]], point, factor)

    def _way(self, tree: int, left: Array) -> _Usual:
        """A reference row's way: a feature's share so far is 1 while the row met its conditions, then 0."""
        f, first = self._forest, self._forest.first[tree]
        points = f.gauss[int(f.points[tree]), 0, : int(f.points[tree])]
        met = np.zeros((left.size, 2), bool)
        point: list[Array] = []
        factor: list[Array | None] = []
        for k in range(left.size):
            before = f.before[first + k]
            still = True if before < 0 else bool(met[before >> 1, before & 1])
            met[k] = still and left[k], still and not left[k]
            point.append(points if still else np.ones_like(points))
            factor.append(None if before < 0 else np.full_like(points, float(still)))
        return _Usual(left.astype(np.float64), point, factor)


class _Pass:
    """One tree and some rows. Arrays by split: known [rows], weight [points, rows] on the way down."""

    def __init__(self, forest: Forest, tree: int, left: Array, usual: _Usual) -> None:
        self.f, self.tree, self.usual = forest, tree, usual
        self.first, self.splits = int(forest.first[tree]), left.shape[0]
        count = int(forest.points[tree])
        is_left = left.astype(np.float64)
        self.known, self.shares = [], []
        inside: list[tuple[Array, Array]] = []
        for k in range(self.splits):
            before = forest.before[self.first + k]
            within = 1.0 if before < 0 else inside[before >> 1][before & 1]
            inside.append((is_left[k] * within, within - is_left[k] * within))
            known = (is_left[k] - usual.ratio[k]) * within
            self.known.append(known)
            self.shares.append(usual.ratio[k] + usual.point[k][:, None] * known)
        self.begin = np.repeat(forest.gauss[count, 1, :count, None], left.shape[1], axis=1)

    def children(self, k: int) -> tuple[int, int]:
        return int(self.f.left[self.first + k]), int(self.f.right[self.first + k])

    def scaled(self, k: int, weight: Array) -> Array:
        factor = self.usual.factor[k]
        return weight if factor is None else weight * factor[:, None]

    def values(self) -> tuple[list[Array], list[Array]]:
        """(step: value on the left less value on the right; value) of each split: [points, rows]."""
        steps: list[Array] = [self.begin] * self.splits
        values: list[Array] = [self.begin] * self.splits
        for k in range(self.splits - 1, -1, -1):
            a, b = (
                values[c] if c >= 0 else np.full_like(self.begin, self.f.leaf[~c]) for c in self.children(k)
            )
            steps[k] = a - b
            values[k] = b + self.shares[k] * steps[k]
        return steps, values

    def contributions(self, out: Array) -> None:
        """Added to out: [rows, features]."""
        steps, _ = self.values()
        weights: list[Array] = [self.begin] * self.splits
        for k in range(self.splits):
            to_left = weights[k] * self.shares[k]
            for child, weight in zip(self.children(k), (to_left, weights[k] - to_left), strict=True):
                if child >= 0:
                    weights[child] = weight
            feature = self.f.feature[self.first + k]
            out[:, feature] += self.known[k] * (self.scaled(k, weights[k]) * steps[k]).sum(axis=0)

    def interactions(self, out: Array) -> None:
        """Half of a pair on each side of the diagonal, what is left on it, added to out: [rows, features, features]."""
        steps, _ = self.values()
        state: list[tuple[Array, dict[int, Array]]] = [(self.begin, {})] * self.splits
        for k in range(self.splits):
            weight, slopes = state[k]
            feature = int(self.f.feature[self.first + k])
            for other, slope in slopes.items():
                if other != feature:
                    half = 0.5 * self.known[k] * (self.scaled(k, slope) * steps[k]).sum(axis=0)
                    out[:, feature, other] += half
                    out[:, other, feature] += half
                    out[:, feature, feature] -= half
                    out[:, other, other] -= half
            own = self.known[k] * self.scaled(k, weight)
            out[:, feature, feature] += (own * steps[k]).sum(axis=0)
            for child, sign in zip(self.children(k), (1.0, -1.0), strict=True):
                if child < 0:
                    continue
                share = self.shares[k] if sign > 0 else 1.0 - self.shares[k]
                further = {other: slope * share for other, slope in slopes.items()}
                further[feature] = further.get(feature, 0.0) + sign * own
                state[child] = (weight * share, further)
