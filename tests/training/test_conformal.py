"""Split conformal calibration by group: beside NumPy, by its coverage, and by hand."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS, weighted_quantiles
from registry.components.interval_trees import SpreadTrees
from registry.model.forecast_model import MEDIAN, Rows
from training.conformal import LEAST_CELL, Calibration, Errors, calibrated


def rows_of(group: Array) -> Rows:
    """Rows of which only the group of their quantiles, offset 3 and scale 2 are known."""
    n, none = group.size, np.zeros(group.size)
    cells = np.zeros(n, np.int64)
    return Rows(
        np.zeros((n, 1), np.float32),
        cells,
        group,
        none + 3,
        none + 2,
        none,
        none,
        cells,
        cells,
        none + 1,
        none + 1,
    )


def errors(group: Array, residual: Array, width: Array | None = None, weight: Array | None = None) -> Errors:
    """Errors of rows with a width and a weight of 1 where nothing else is given."""
    ones = np.ones(group.size)
    width, weight = (ones if given is None else given for given in (width, weight))
    return Errors(rows_of(group), np.zeros(group.size), width, residual, weight)


def settled(left: Array) -> list[float]:
    """The quantiles of what a shift leaves of rows of equal weight, with the median at 0 and none falling."""
    z = weighted_quantiles(left, np.ones(left.size))
    z[MEDIAN] = 0.0
    z[:MEDIAN] = np.minimum(z[:MEDIAN], 0.0)
    return list(map(float, np.maximum.accumulate(z)))


def test_shift_and_quantiles_are_numpys_of_the_standardised_residuals() -> None:
    """Rows of one group with widths of their own: NumPy's inverse of the distribution at the corrected levels."""
    rng = np.random.default_rng(1)
    n = 400
    width, weight = rng.uniform(0.5, 3, n), rng.uniform(0.1, 2, n)
    residual = 0.3 + width * rng.gumbel(size=n)
    found = calibrated(errors(np.zeros(n, np.int64), residual, width, weight), 1)

    def quantile(values: Array, level: float) -> float:
        if level < 0.5:
            return -quantile(-values, 1 - level)
        return float(np.quantile(values, level * (n + 1) / n, weights=weight, method="inverted_cdf"))

    shift = quantile(residual, 0.5)
    z = [quantile((residual - shift) / width, level) for level in LEVELS]
    assert found.shift.tolist() == [shift]
    assert z[MEDIAN - 1] < 0 < z[MEDIAN + 1]
    z[MEDIAN] = 0.0
    assert found.z[0].tolist() == z


def test_a_level_is_covered_as_often_as_it_says() -> None:
    """Fresh rows of the same kind lie under each quantile as often as its level, over 400 calibrations of 199 rows."""
    rng, below = np.random.default_rng(2), np.zeros(len(LEVELS))
    for _ in range(400):
        residual, fresh = rng.exponential(size=199), rng.exponential(size=100)
        found = calibrated(errors(np.zeros(199, np.int64), residual), 1)
        below += (fresh[:, None] <= found.shift[0] + found.z[0]).mean(axis=0)
    assert below / 400 == pytest.approx(LEVELS, abs=0.012)


def test_alike_groups_share_quantiles_and_a_class_of_few_rows_has_everybodys() -> None:
    """Of four groups the first is large enough, two are so together, and the last has all rows; all by their z."""
    sizes = (LEAST_CELL, LEAST_CELL - 1, 1, 5)
    group = np.repeat(np.arange(4), sizes)
    residual = np.random.default_rng(3).normal(size=group.size) * (1.0 + group)
    found = calibrated(errors(group, residual), 4, alike=(np.array([0, 1, 1, 2]),))
    for of, members in enumerate(([0], [1, 2], [1, 2], [0, 1, 2, 3])):
        # Where no group of its own is large enough, a shift is of all rows.
        shifted = residual[group == 0] if of == 0 else residual
        shift = weighted_quantiles(shifted, np.ones(shifted.size), (0.5,))[0]
        assert found.shift[of] == shift
        assert found.z[of].tolist() == settled(residual[np.isin(group, members)] - shift)


def test_a_group_has_the_mean_of_what_its_classes_say() -> None:
    """Four groups by two rows and two columns, all with one shift: half of either's quantiles."""
    group = np.repeat(np.arange(4), 300)
    residual = np.random.default_rng(8).normal(size=group.size) * (1.0 + group)
    rows, columns, one = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.zeros(4, np.int64)
    found, *alone = (
        calibrated(errors(group, residual), 4, shifted=one, alike=classes)
        for classes in ((rows, columns), (rows,), (columns,))
    )
    assert np.abs(found.z - (alone[0].z + alone[1].z) / 2).max() < 1e-12
    assert np.abs(alone[0].z - alone[1].z).max() > 0.5


def test_rows_that_are_not_known_make_no_group_large() -> None:
    """149 known rows and one of weight 0 are 149: everybody's quantiles; `least` moves the limit."""
    group = np.repeat([0, 1], [150, 300])
    residual = np.where(group == 0, 0.0, 5.0) + np.random.default_rng(4).normal(size=450)
    weight = np.where(np.arange(450) == 0, 0.0, 1.0)
    together = weighted_quantiles(residual[1:], np.ones(449), (0.5,))[0]
    assert calibrated(errors(group, residual, weight=weight), 2).shift[0] == together
    assert abs(calibrated(errors(group, residual), 2).shift[0]) < 0.5
    for least, chosen in ((150, residual[1:]), (149, residual[1:150])):
        found = calibrated(errors(group, residual, weight=weight), 2, least=least)
        assert found.z[0].tolist() == settled(chosen - together)


def test_groups_share_a_shift_and_keep_their_own_quantiles() -> None:
    """The shift is that of both together, the quantiles are of what each leaves."""
    group = np.repeat([0, 1], 200)
    residual = np.random.default_rng(5).normal(size=400) * (1.0 + 4 * group)
    found = calibrated(errors(group, residual), 2, shifted=np.array([0, 0]))
    assert found.shift[0] == found.shift[1] == weighted_quantiles(residual, np.ones(400), (0.5,))[0]
    assert found.z[1][-1] > 3 * found.z[0][-1] > 0


def test_quantiles_rise_and_leave_the_median_where_it_is() -> None:
    """A shared shift can put quantiles of one side on the other: those below stay at or under 0, and none falls."""
    group = np.repeat([0, 1], [200, 400])
    residual = np.concatenate([np.linspace(5, 6, 200), np.linspace(-1, 1, 400)])
    found = calibrated(errors(group, residual), 2, shifted=np.array([0, 0]))
    assert found.z[0][:MEDIAN].tolist() == [0.0] * MEDIAN
    assert found.z[0][MEDIAN] == 0
    assert found.z[0][MEDIAN + 1] > 4
    assert (np.diff(found.z, axis=1) >= 0).all()
    above = calibrated(errors(group, -residual), 2, shifted=np.array([0, 0]))
    assert above.z[0][MEDIAN:].tolist() == [0.0] * (len(LEVELS) - MEDIAN)
    assert above.z[0][0] < -4


def test_a_part_of_the_shift_moves_the_median_and_no_end_of_an_interval() -> None:
    """Half of it: the p50 moves half as far; p5 to p95 lie where they lay, since they are of the same residuals."""
    rng = np.random.default_rng(6)
    residual = 0.3 + rng.gumbel(size=400)
    group = np.zeros(400, np.int64)
    whole, half = (calibrated(errors(group, residual), 1, share=share) for share in (1.0, 0.5))
    assert whole.shift[0] > 0.3
    assert half.shift[0] == whole.shift[0] / 2
    ends = [LEVELS.index(level) for level in (0.05, 0.1, 0.2, 0.8, 0.9, 0.95)]
    assert np.abs((half.shift + half.z - whole.shift - whole.z)[0, ends]).max() < 1e-12
    assert half.z[0, MEDIAN] == 0
    assert (np.diff(half.z, axis=1) >= 0).all()


def test_groups_that_do_not_fit_together_are_refused() -> None:
    """Classes of another number of groups would leave one without a shift."""
    group = np.zeros(300, np.int64)
    for classes in (np.zeros(1, np.int64), np.zeros(3, np.int64)):
        with pytest.raises(ValueError, match="zip"):
            calibrated(errors(group, np.zeros(300)), 2, shifted=classes)


@dataclass(frozen=True)
class _Constant:
    """A model that says one number of every row."""

    number: float

    def value(self, X: Array, group: Array, scale: Array) -> Array:
        """As a median's."""
        return np.full(len(X), self.number)

    def predict_exactly(self, X: Array) -> Array:
        """As a booster's."""
        return np.full(len(X), self.number)


@dataclass(frozen=True)
class _CalibrationSet:
    """Rows with an outcome and a weight each."""

    X: Array
    outcome: Array
    weight: Array


def test_errors_are_in_units_of_the_scale_and_an_unknown_outcome_weighs_nothing() -> None:
    """Outcome 9, offset 3, scale 2 and median 1 leave (9 - 3) / 2 - 1 = 2; a width is an exponential."""
    rows = rows_of(np.array([0, 0]))
    known = _CalibrationSet(np.zeros((2, 1)), np.array([9.0, np.nan]), np.array([0.5, 2.0]))
    spread = SpreadTrees(_Constant(0.5))  # type: ignore[arg-type]
    found = Errors.of(_Constant(1.0), spread, known, rows)  # type: ignore[arg-type]
    assert found.residual[0] == 2
    assert np.isnan(found.residual[1])
    assert found.weight.tolist() == [0.5, 0]
    assert found.median.tolist() == [1, 1]
    assert found.width.tolist() == pytest.approx([np.exp(0.5)] * 2)


def test_each_error_is_measured_by_the_width_of_its_side() -> None:
    """Errors of -2 to 0 below and 0 to 6 above, in widths of 2 and 6: the quantiles are those of -1 to 1."""
    below, above = np.linspace(-2, 0, 201)[:-1], np.linspace(0, 6, 201)
    residual = np.concatenate([below, above])
    widths = np.tile([2.0, 6.0], (residual.size, 1))
    found = calibrated(errors(np.zeros(residual.size, np.int64), residual, widths), 1)
    assert found.shift[0] == 0
    assert np.abs(found.z[0] - np.linspace(-0.9, 0.9, len(LEVELS))).max() < 0.02


def test_the_file_names_its_levels() -> None:
    """As calibration.json holds it."""
    found = Calibration(np.array([0.5]), np.array([[-1.0, 0, 1]])).to_json()
    assert found == {"levels": list(LEVELS), "shift": [0.5], "quantiles": [[-1.0, 0.0, 1.0]]}


def test_whole_beds_are_spread_over_their_unit_interval_as_coverage_is_judged() -> None:
    """A forecast that is always right to a twentieth of a bed has an interval of four fifths of the bed it names; of
    demand by the hundred the width is the same to a percent."""
    rng = np.random.default_rng(3)
    n, p10, p90 = 2000, LEVELS.index(0.1), LEVELS.index(0.9)
    group, scale = np.zeros(n, np.int64), 2.0
    for spread, low, high in ((0.05, 0.79, 0.83), (40.0, None, None)):
        residual = rng.uniform(-spread, spread, n) / scale
        plain, whole = (calibrated(errors(group, residual), 1, whole=w).z[0] * scale for w in (False, True))
        if low is None or high is None:
            assert whole[p90] - whole[p10] == pytest.approx(plain[p90] - plain[p10], rel=0.01)
            continue
        assert plain[p90] - plain[p10] < 0.1
        assert low < whole[p90] - whole[p10] < high
        inside = np.clip(
            np.minimum(residual * scale + 0.5, whole[p90]) - np.maximum(residual * scale - 0.5, whole[p10]),
            0,
            1,
        )
        assert inside.mean() == pytest.approx(0.8, abs=0.02)


def test_a_whole_bed_is_ten_places_that_are_the_news_of_one_row() -> None:
    """NumPy's quantiles of each known row at -0.45 to 0.45 beds, in widths of its side, at levels of so many rows."""
    rng, n = np.random.default_rng(9), 40
    weight = np.concatenate([rng.uniform(0.1, 2, n), np.zeros(20)])
    scale, widths = rng.uniform(0.5, 3, weight.size), rng.uniform(0.5, 3, (weight.size, 2))
    residual = np.where(weight > 0, rng.gumbel(size=weight.size), np.nan)
    plain = errors(np.zeros(weight.size, np.int64), residual, widths, weight)
    found = calibrated(replace(plain, rows=replace(plain.rows, scale=scale)), 1, whole=True)
    known, beds = weight > 0, np.array([-0.45, -0.35, -0.25, -0.15, -0.05, 0.05, 0.15, 0.25, 0.35, 0.45])

    def quantile(values: Array, weights: Array, level: float) -> float:
        if level < 0.5:
            return -quantile(-values, weights, 1 - level)
        return float(np.quantile(values, level * (n + 1) / n, weights=weights, method="inverted_cdf"))

    shift = quantile(residual[known], weight[known], 0.5)
    left = residual[known, None] + beds / scale[known, None] - shift
    z = (left / np.where(left < 0, widths[known, :1], widths[known, 1:])).ravel()
    expected = np.array([quantile(z, np.repeat(weight[known], 10), level) for level in LEVELS])
    expected[MEDIAN] = 0.0
    assert expected[MEDIAN - 1] < 0 < expected[MEDIAN + 1]
    assert found.shift.tolist() == [shift]
    np.testing.assert_allclose(found.z[0], expected, rtol=1e-12)


def test_classes_of_quantiles_that_do_not_fit_one_another_are_refused() -> None:
    """One list has a class for each of the two groups, the other for three."""
    group = np.zeros(300, np.int64)
    with pytest.raises(ValueError, match="zip"):
        calibrated(errors(group, np.zeros(300)), 2, alike=(np.zeros(2, np.int64), np.zeros(3, np.int64)))
