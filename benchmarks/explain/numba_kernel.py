"""The kernel's recursion in Numba, to compare with: the same forest, the same float64, blocks of 16 rows.

Not part of Vigie: docs/adr/0004 says why the kernel is in C.
"""

import numpy as np
from numba import njit

from explain.forest.forest import Forest
from explain.formats.ensemble import Array

__all__ = ["NumbaKernel"]

_BLOCK = 16


class NumbaKernel:
    """Path-dependent contributions of one forest."""

    def __init__(self, forest: Forest) -> None:
        f = forest
        again = f.before >= 0
        stride = (int(f.most_points) + 3) & ~3
        count = f.points[f.tree]
        point = np.zeros((f.feature.size, stride))
        factor = np.ones((f.feature.size, stride))
        for s in range(f.feature.size):
            q = int(count[s])
            point[s, :q] = f.gauss[q, 0, :q]
            if again[s]:
                at, padded = int(f.curve_at[s]), (q + 3) & ~3
                point[s, :q], factor[s, :q] = f.curve[at : at + q], f.curve[at + padded : at + padded + q]
        weights = np.ascontiguousarray(f.gauss[:, 1, :])
        self._arrays = (f.first, f.points, f.feature, f.threshold, f.default_left, f.left, f.right, f.before)
        self._values = (f.ratio, f.leaf, point, factor, weights)
        self._sizes = (f.most_splits, f.most_points)

    def contributions(self, X: Array, out: Array) -> None:
        """Into out: float64 [rows, features]."""
        _contributions(X, out, *self._arrays, *self._values, *self._sizes)


@njit(nogil=True)
def _contributions(  # type: ignore[no-untyped-def]
    X, out, first, points, feature, threshold, default_left, left, right, before, ratio, leaf, point, factor,
    weights, most_splits, most_points,
):  # fmt: skip
    n, features = X.shape
    x, total = np.zeros((features, _BLOCK), np.float32), np.zeros((features, _BLOCK))
    V, known = np.zeros((most_splits, most_points, _BLOCK)), np.zeros((most_splits, _BLOCK))
    inside, sums = np.zeros((2 * most_splits, _BLOCK)), np.zeros(_BLOCK)
    for start in range(0, n, _BLOCK):
        rows = min(_BLOCK, n - start)
        for j in range(features):
            for r in range(_BLOCK):
                x[j, r] = X[start + r, j] if r < rows else np.float32(0.0)
                total[j, r] = 0.0
        for t in range(first.size - 1):
            Q, begin = points[t], first[t]
            for q in range(Q):
                for r in range(_BLOCK):
                    V[0, q, r] = weights[Q, q]
            for k in range(first[t + 1] - begin):
                s = begin + k
                row, g, share = x[feature[s]], known[k], ratio[s]
                for r in range(_BLOCK):
                    missing = row[r] != row[r] and default_left[s] == 1
                    is_left = 1.0 if row[r] < threshold[s] or missing else 0.0
                    within = inside[before[s], r] if before[s] >= 0 else 1.0
                    g[r] = (is_left - share) * within
                    inside[2 * k, r] = is_left * within
                    inside[2 * k + 1, r] = within - is_left * within
                for q in range(Q):
                    for r in range(_BLOCK):
                        down = V[k, q, r] * (share + point[s, q] * g[r])
                        if left[s] >= 0:
                            V[left[s], q, r] = down
                        if right[s] >= 0:
                            V[right[s], q, r] = V[k, q, r] - down
            for k in range(first[t + 1] - begin - 1, -1, -1):
                s = begin + k
                g, share = known[k], ratio[s]
                for r in range(_BLOCK):
                    sums[r] = 0.0
                for q in range(Q):
                    for r in range(_BLOCK):
                        a = V[left[s], q, r] if left[s] >= 0 else leaf[~left[s]]
                        b = V[right[s], q, r] if right[s] >= 0 else leaf[~right[s]]
                        sums[r] += factor[s, q] * V[k, q, r] * (a - b)
                        V[k, q, r] = b + (share + point[s, q] * g[r]) * (a - b)
                for r in range(_BLOCK):
                    total[feature[s], r] += g[r] * sums[r]
        for r in range(rows):
            for j in range(features):
                out[start + r, j] = total[j, r]
