"""Logistic fits whose every bit is the same on any number of threads: sums in a fixed order, and no matrix products."""

from collections.abc import Sequence

import numpy as np

from hospital.arrays import Array

__all__ = ["class_effects", "slopes"]

_ROUNDS = 200
_CLOSE = 1e-7
_LONGEST_STEP = 1.0


def class_effects(
    codes: Sequence[Array], sizes: Sequence[int], event: Array, ridge: float
) -> tuple[float, list[Array]]:
    """(intercept, effects by class of each input) of log odds that add up: Newton's steps, one input after another.

    Args:
        codes: int64 [n] of each input, the number of each row's class.
        sizes: classes of each input.
        event: bool [n], neither all nor none of them true.
        ridge: half of it times each squared effect is taken from the log likelihood: classes of few rows add little.
    """
    share = float(event.mean())
    intercept = float(np.log(share / (1 - share)))
    effects = [np.zeros(size) for size in sizes]
    odds = np.full(event.size, intercept)
    for _ in range(_ROUNDS):
        largest = 0.0
        for i, (code, size) in enumerate(zip(codes, sizes, strict=True)):
            p = 1 / (1 + np.exp(-odds))
            gain = np.bincount(code, weights=event - p, minlength=size) - ridge * effects[i]
            step = gain / (np.bincount(code, weights=p * (1 - p), minlength=size) + ridge)
            step = np.clip(step, -_LONGEST_STEP, _LONGEST_STEP)
            effects[i] += step
            odds += step[code]
            largest = max(largest, float(np.abs(step).max()))
        for (
            effect
        ) in effects:  # what all classes of an input have in common is the intercept's, at no penalty
            common = float(effect.mean())
            effect -= common
            intercept += common
        p = 1 / (1 + np.exp(-odds))
        shift = float((event - p).sum()) / float((p * (1 - p)).sum())
        intercept, odds = intercept + shift, odds + shift
        if max(largest, abs(shift)) < _CLOSE:
            break
    return intercept, effects


def slopes(columns: Array, event: Array, weight: Array, towards: Array, pull: Array) -> Array:
    """Intercept and slopes of the log odds: float64 [1 + columns], by Newton's steps on a penalised likelihood.

    Args:
        columns: float64 [n, columns], each about as wide as the others.
        event: bool [n].
        weight: float64 [n].
        towards: float64 [1 + columns], what few rows lean towards.
        pull: float64 [1 + columns], above 0: half of it times the squared distance is taken from the log likelihood.
    """
    with_one = np.column_stack([np.ones(event.size), columns])
    found = towards.astype(np.float64)
    for _ in range(_ROUNDS):
        p = 1 / (1 + np.exp(-(with_one * found).sum(axis=1)))
        gain = (with_one * (weight * (event - p))[:, None]).sum(axis=0) - pull * (found - towards)
        bend = weight * p * (1 - p)
        curvature = np.diag(pull.astype(np.float64))
        for i in range(found.size):
            for j in range(found.size):
                curvature[i, j] += float((bend * with_one[:, i] * with_one[:, j]).sum())
        step = _solved(curvature, gain)
        step /= max(1.0, float(np.abs(step).max()))
        found = found + step
        if np.abs(step).max() < _CLOSE:
            break
    return np.asarray(found)


def _solved(matrix: Array, vector: Array) -> Array:
    """Of a positive definite matrix, by elimination: a library's order of adding up depends on the machine."""
    left, right = matrix.copy(), vector.copy()
    size = right.size
    for i in range(size):
        for j in range(i + 1, size):
            share = left[j, i] / left[i, i]
            left[j] -= share * left[i]
            right[j] -= share * right[i]
    for i in reversed(range(size)):
        right[i] = (right[i] - (left[i, i + 1 :] * right[i + 1 :]).sum()) / left[i, i]
    return right
