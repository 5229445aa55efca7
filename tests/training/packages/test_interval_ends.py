"""The ends of a wait's interval: trees of p10 and p90 follow what moves each side."""

import numpy as np
import pytest

from explain import TreeEngine
from hospital.arrays import Array
from training.packages.interval_ends import QUANTILE_ROUNDS, fit_interval_ends


def _data(n: int, seed: int) -> tuple[Array, Array]:
    """A queue that stretches waits upwards alone, and another cause that stretches them downwards alone."""
    rng = np.random.default_rng(seed)
    X = rng.random((n, 2)).astype(np.float32)
    upwards = rng.random(n) < 0.5
    far = np.where(upwards, X[:, 0], -X[:, 1]) * rng.random(n)
    return X, 2 + far


def _ends(X: Array, y: Array, weight: Array, asked: Array) -> tuple[Array, Array]:
    files = fit_interval_ends(X, y, weight, seed=1, progress=lambda: None)
    p10, p90 = (TreeEngine.load(files[name]).predict_exactly(asked) for name in ("p10.ubj", "p90.ubj"))
    return p10, p90


def test_each_end_follows_its_own_cause_and_leaves_a_tenth_outside() -> None:
    """Of fresh rows, in each half of either cause: 8 to 12 % lie below p10, and as many above p90."""
    X, y = _data(12_000, seed=1)
    fresh, outcome = _data(12_000, seed=2)
    p10, p90 = _ends(X, y, np.ones(len(y)), fresh)
    for column in (0, 1):
        for half in (fresh[:, column] < 0.5, fresh[:, column] >= 0.5):
            assert (outcome < p10)[half].mean() == pytest.approx(0.1, abs=0.02)
            assert (outcome > p90)[half].mean() == pytest.approx(0.1, abs=0.02)
    queue = fresh[:, 0] > 0.8, fresh[:, 0] < 0.2
    higher, lower = ((end[queue[0]].mean() - end[queue[1]].mean()) for end in (p90, p10))
    assert higher > 0.3  # four fifths of the way of a queue of 0.6
    assert abs(lower) < 0.06


def test_a_row_of_no_weight_teaches_nothing_and_each_round_is_progress() -> None:
    """Censored visits weigh nothing; two boosters take their rounds."""
    X, y = _data(2_000, seed=3)
    weight = np.where(np.arange(y.size) % 2 == 0, 1.0, 0.0)
    wrong = np.where(weight > 0, y, 99.0)
    rounds = []
    other = fit_interval_ends(X, wrong, weight, seed=1, progress=lambda: rounds.append(1))
    half = weight > 0
    assert other == fit_interval_ends(X[half], y[half], weight[half], seed=1, progress=lambda: None)
    assert len(rounds) == 2 * QUANTILE_ROUNDS
