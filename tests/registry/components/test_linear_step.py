"""The linear step: its slopes are the truth's, its terms add up, and what is missing adds nothing."""

import numpy as np

from hospital.features.bed_list import ALL_BED_FEATURES
from hospital.features.feature import Feature
from registry.components.linear_step import LinearStep
from training.linear import (
    SEASONAL_PROFILE_SHARE,
    SLOPES_SHARE,
    TREES_SHARE,
    fit_seasonal_profile,
    fit_slopes,
    with_seasonal_profile,
)

NAMES = ("demand_change_24h", "hospital_usual_change", "usual_level", "waiting_for_bed", "seasonal_profile")
FEATURES: tuple[Feature, ...] = tuple(f for n in NAMES for f in ALL_BED_FEATURES if f.name == n)


def _rows(n: int, noise: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows of units of 10 and of 1,000 beds: they move with the hospital and by seasonal profile, and half of it goes
    back."""
    rng = np.random.default_rng(3)
    level = np.where(np.arange(n) % 2 == 0, 10.0, 1000.0)
    change, hospital, waiting, seasonal_profile = (
        rng.normal(0, 0.03, n) * level,
        rng.normal(0, 3, n),
        rng.poisson(2, n),
        rng.normal(0, 0.03, n) * level,
    )
    beds = -0.5 * change + hospital * level / 100 + seasonal_profile
    told = seasonal_profile + noise * rng.normal(0, 0.03, n) * level
    X = np.column_stack([change, hospital, level, waiting, told])
    return X.astype(np.float32), beds / (0.02 * level), 0.02 * level, np.arange(n) % 4 // 2


def test_units_of_any_size_share_their_slopes() -> None:
    """Slopes of beds and of shares are found as they are, for a small and a large unit together."""
    X, y, scale, group = _rows(4000)
    step, start = fit_slopes(FEATURES, X, np.zeros(len(X)), y, np.ones(len(X)), group, scale)
    found = dict(zip(step.names, step.slopes.T / SLOPES_SHARE, strict=True))
    assert np.allclose(found["demand_change_24h"], -0.5, atol=0.01)
    assert np.allclose(found["hospital_usual_change"], 1.0, atol=0.01)
    assert np.allclose(found["waiting_for_bed"], 0.0, atol=0.01)
    assert "usual_level" not in found
    assert np.array_equal(start, np.zeros(2))
    terms = step.terms(FEATURES, X, group, scale).sum(axis=1)
    assert np.abs(terms - SLOPES_SHARE * y).max() < 0.02 * np.abs(y).max()


def test_trees_start_from_half_of_what_a_seasonal_profile_reliably_tells() -> None:
    """Chance in the seasonal profile flattens its slope; half of the slope is what trees start from, at what trees
    count for."""
    for noise, told in ((0.0, 1.0), (1.0, 0.5)):
        X, y, scale, group = _rows(4000, noise)
        seasonal_profile = fit_seasonal_profile(FEATURES, X, y, np.ones(len(X)), group, scale)
        assert np.allclose(seasonal_profile.slopes[:, 0], SEASONAL_PROFILE_SHARE * told, atol=0.05), noise
        step, _ = fit_slopes(FEATURES, X, np.zeros(len(X)), y, np.ones(len(X)), group, scale)
        k = step.names.index("seasonal_profile")
        added = with_seasonal_profile(step, seasonal_profile).slopes - step.slopes
        assert np.allclose(added[:, k], TREES_SHARE * seasonal_profile.slopes[:, 0], atol=1e-6)
        assert np.array_equal(np.delete(added, k, 1), np.zeros((2, len(step.names) - 1)))


def test_what_is_missing_adds_nothing_and_all_reads_back() -> None:
    """A missing value, or a missing usual level, has the term 0; JSON gives the same step."""
    X, y, scale, group = _rows(400)
    step, _ = fit_slopes(FEATURES, X, np.zeros(len(X)), y, np.ones(len(X)), group, scale)
    X[0, 0], X[1, 2] = np.nan, np.nan
    terms = step.terms(FEATURES, X, group, scale)
    assert terms[0, 0] == 0
    assert terms[1, 1] == 0
    assert np.isfinite(terms).all()
    again = LinearStep.from_json(step.to_json())
    assert np.array_equal(again.terms(FEATURES, X, group, scale), terms)
    assert np.array_equal(again.share, step.share)
