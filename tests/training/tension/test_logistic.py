"""Logistic fits by sums alone: those of scikit-learn, which we did not make."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from training.tension.logistic import class_effects, slopes


def test_effects_of_classes_are_those_of_a_ridge_on_indicators() -> None:
    """Three inputs of 2 to 5 classes; the intercept bears no penalty."""
    rng = np.random.default_rng(5)
    sizes, n = (2, 4, 5), 4000
    codes = [rng.integers(0, k, n) for k in sizes]
    true = [rng.normal(size=k) for k in sizes]
    odds = -0.7 + sum(t[c] for t, c in zip(true, codes, strict=True))
    event = rng.random(n) < 1 / (1 + np.exp(-odds))
    base, effects = class_effects(codes, sizes, event, 4.0)
    X = np.column_stack([c == level for c, k in zip(codes, sizes, strict=True) for level in range(k)]).astype(
        float
    )
    theirs = LogisticRegression(C=0.25, tol=1e-10, max_iter=10_000).fit(X, event)
    assert np.concatenate(effects) == pytest.approx(theirs.coef_[0], abs=2e-3)
    assert base == pytest.approx(theirs.intercept_[0], abs=2e-3)


def test_slopes_are_those_of_a_weighted_logistic_that_leans() -> None:
    """Without a pull the weighted likelihood's own; with a strong one what they lean towards."""
    rng = np.random.default_rng(6)
    X, weight = rng.normal(size=(3000, 2)), rng.uniform(0.2, 1.0, 3000)
    event = rng.random(3000) < 1 / (1 + np.exp(-(-1 + X @ [0.8, -0.5])))
    found = slopes(X, event, weight, np.zeros(3), np.full(3, 1e-9))
    theirs = LogisticRegression(C=1e9, tol=1e-10, max_iter=10_000).fit(X, event, sample_weight=weight)
    assert found == pytest.approx([theirs.intercept_[0], *theirs.coef_[0]], abs=1e-4)
    towards = np.array([0.3, 0.1, 0.2])
    assert slopes(X, event, weight, towards, np.full(3, 1e9)) == pytest.approx(towards, abs=1e-4)
