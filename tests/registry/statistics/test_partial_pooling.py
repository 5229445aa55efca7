"""Partial pooling, beside statsmodels and published meta-analyses, and by hand."""

import math

import numpy as np
import pytest
from statsmodels.stats.meta_analysis import combine_effects

from registry.statistics.intervals import Estimate
from registry.statistics.partial_pooling import partially_pooled, shared_variance

SCHOOLS = (
    [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0],
    [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0],
)
"""Rubin 1981, doi 10.3102/10769986006004377: effects of coaching in eight schools and their standard errors."""
BCG = np.array(
    [
        (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761),
        (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232),
        (17, 1699, 65, 1600), (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825),
    ],
    np.float64,
)  # fmt: skip
"""Colditz et al. 1994, doi 10.1001/jama.1994.03510330076038: tuberculosis, yes and no, with and without BCG."""


def cells(values: list[float], sds: list[float], blocks: int = 25) -> list[Estimate]:
    """Cells with as many blocks each."""
    return [Estimate(v, s, blocks) for v, s in zip(values, sds, strict=True)]


def test_eight_schools_differ_by_chance_alone() -> None:
    """Their moments leave no variance between schools: all have the common effect of 7.69 with an error of 4.07."""
    found = partially_pooled(cells(*SCHOOLS))
    assert found.between == 0
    assert [round(c.value, 2) for c in found.cells] == [7.69] * 8
    assert round(found.common.sd, 2) == 4.07
    # The school that shows 28 is drawn by 20, and two sevenths of the square of that are doubt.
    assert found.cells[0].sd ** 2 == pytest.approx(
        found.common.sd**2 + 2 / 7 * (28 - found.common.value) ** 2
    )


def test_the_bcg_trials_have_the_published_spread_and_mean() -> None:
    """DerSimonian and Laird's of 13 trials: tau² 0.3088, mean log risk ratio −0.7141 with an error of 0.1787."""
    a, b, c, d = BCG.T
    effect = np.log(a / (a + b) / (c / (c + d)))
    variance = 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    found = partially_pooled(cells(effect.tolist(), np.sqrt(variance).tolist()))
    assert round(found.between**2, 4) == 0.3088
    assert (round(found.common.value, 4), round(found.common.sd, 4)) == (-0.7141, 0.1787)
    # Every trial lies between what it shows itself and what all have in common.
    for own, pooled in zip(effect, found.cells, strict=True):
        assert min(own, found.common.value) <= pooled.value <= max(own, found.common.value)


def test_spread_and_mean_are_those_of_statsmodels() -> None:
    """Of 60 drawn sets of two to sixteen cells; a cell is its share of itself and the rest of the mean."""
    rng = np.random.default_rng(1)
    for _ in range(60):
        k = int(rng.integers(2, 17))
        sd = rng.uniform(0.5, 3, k)
        value = rng.normal(4, 2, k) + sd * rng.normal(size=k)
        found = partially_pooled(cells(value.tolist(), sd.tolist()))
        with np.errstate(
            invalid="ignore"
        ):  # its spread is the root of a negative number where chance is enough
            other = combine_effects(value, sd**2, method_re="dl")
        assert found.between**2 == pytest.approx(max(other.tau2, 0.0), abs=1e-12)
        if found.between == 0:
            continue
        assert found.common.value == pytest.approx(other.mean_effect_re, rel=1e-12)
        assert found.common.sd == pytest.approx(other.sd_eff_w_re, rel=1e-12)
        share = found.between**2 / (found.between**2 + sd**2)
        assert [c.value for c in found.cells] == pytest.approx(
            (share * value + (1 - share) * other.mean_effect_re).tolist(), rel=1e-12
        )


def test_three_cells_by_hand() -> None:
    """0, 2 and 10 with variance 1: scatter 56, less 2 of chance, over 2 leaves 27; each keeps 27/28 of itself."""
    found = partially_pooled(cells([0.0, 2.0, 10.0], [1.0, 1.0, 1.0]))
    assert found.between**2 == pytest.approx(27)
    assert [c.value for c in found.cells] == pytest.approx([4 / 28, 2 + 2 / 28, 10 - 6 / 28])
    assert found.cells[0].sd ** 2 == pytest.approx(27 / 28 + (4 / 28) ** 2 * 2 / 2 + (1 / 28) ** 2 * 28 / 3)
    assert found.cells[0].blocks == 25


def test_what_all_share_sets_no_cell_apart_and_is_not_averaged_away() -> None:
    """Of a variance of 4 in each of four cells 3 are shared: their means differ by chance of 1, and keep the 3."""
    found = partially_pooled(cells([1.0, 2.0, 3.0, 2.0], [2.0] * 4), shared=3.0)
    assert found.between == 0
    assert found.common.sd**2 == pytest.approx(1 / 4 + 3)
    assert [c.value for c in found.cells] == pytest.approx([2.0] * 4)


def test_the_shared_variance_is_the_mean_covariance() -> None:
    """Blocks of one common and three own series; as NumPy has it, and 0 of one cell, one block or opposite cells."""
    rng = np.random.default_rng(2)
    influence = rng.normal(size=(40, 1)) + rng.normal(size=(40, 3))
    covariance = np.cov(influence.T) / 40
    expected = (covariance[0, 1] + covariance[0, 2] + covariance[1, 2]) / 3
    assert shared_variance(influence) == pytest.approx(expected, rel=1e-12)
    assert shared_variance(influence[:, :1]) == 0
    assert shared_variance(influence[:1]) == 0
    assert shared_variance(np.array([[1.0, -1.0], [-1.0, 1.0]])) == 0


def test_one_cell_is_itself() -> None:
    """Nobody to be drawn to."""
    (only,) = partially_pooled([Estimate(3.0, 2.0, 9)]).cells
    assert (only.value, only.sd, only.blocks) == (3.0, 2.0, 9)


def test_a_cell_without_an_error_of_its_own_has_the_common_figure() -> None:
    """As uncertain as cells differ; cells that all never vary stay what they are."""
    found = partially_pooled([*cells([0.0, 2.0, 10.0], [1.0] * 3), Estimate(50.0, math.inf, 1)])
    assert found.cells[3].value == found.common.value == pytest.approx(4.0)
    assert found.cells[3].sd ** 2 == pytest.approx(27 + 28 / 3)
    constant = cells([1.0, 2.0], [0.0, 0.0])
    assert partially_pooled(constant).cells == tuple(constant)


def test_cells_are_predicted_better_than_by_themselves_or_all_alike() -> None:
    """400 hospitals of eight cells: the squared error is the least of the three, and 90 % intervals hold."""
    rng = np.random.default_rng(3)
    errors, inside = np.zeros(3), []
    for _ in range(400):
        true = rng.normal(5, 3, 8)
        own = true + rng.normal(0, 3, 8)
        found = partially_pooled(cells(own.tolist(), [3.0] * 8, blocks=30))
        pooled = np.array([c.value for c in found.cells])
        errors += [np.mean((guess - true) ** 2) for guess in (pooled, own, np.full(8, own.mean()))]
        inside += [c.low(0.05) <= t <= c.high(0.05) for c, t in zip(found.cells, true, strict=True)]
    assert errors[0] < 0.8 * errors[1]
    assert errors[0] < 0.8 * errors[2]
    assert np.mean(inside) == pytest.approx(0.9, abs=0.05)


def test_what_is_known_from_elsewhere_moves_cells_as_far_as_they_are_drawn() -> None:
    """A correction is added to what cells are drawn towards: by hand, 1 less each cell's share of itself."""
    own = cells([1.0, 4.0, 9.0], [1.0, 1.0, 2.0])
    before, after = partially_pooled(own), partially_pooled(own, correction=2.0)
    variance = np.array([1.0, 1.0, 4.0])
    share = before.between**2 / (before.between**2 + variance)
    assert before.between > 0
    moved = [b.value - a.value for a, b in zip(before.cells, after.cells, strict=True)]
    assert moved == pytest.approx((2 * (1 - share)).tolist(), rel=1e-12)
    assert after.common == before.common
    alone = partially_pooled(cells([3.0], [1.0]), correction=2.0)
    assert alone.cells[0].value == pytest.approx(5.0)
    unknown = partially_pooled([*own, Estimate(7.0, math.inf, 1)], correction=2.0)
    assert unknown.cells[3].value == pytest.approx(unknown.common.value + 2)


def test_two_cells_by_hand() -> None:
    """0 and 10 with variance 1: scatter 50, less 1 of chance, leaves 49; each is drawn by a tenth of a unit."""
    found = partially_pooled(cells([0.0, 10.0], [1.0, 1.0]))
    assert found.between**2 == pytest.approx(49)
    assert [c.value for c in found.cells] == pytest.approx([0.1, 9.9])
    # 49/50 of its own chance, twice the squared tenth of doubt, and (1/50)² of the common figure's variance of 25.
    assert found.cells[0].sd ** 2 == pytest.approx(0.98 + 2 * 0.01 + 25 / 2500)


def test_at_least_a_tenth_of_a_cells_variance_is_its_own() -> None:
    """Where a few blocks let all of 4 look shared, 0.4 stays: scatter 2 / 0.4 less 3 of chance, over 7.5."""
    found = partially_pooled(cells([1.0, 2.0, 3.0, 2.0], [2.0] * 4), shared=4.0)
    assert found.between**2 == pytest.approx(2 / 7.5)


def test_a_cell_that_never_varied_is_as_sure_as_the_steadiest_other() -> None:
    """A unit group whose gain was the same each day is no anchor for all others: it counts like the next surest."""
    never = partially_pooled(cells([1.0, 2.0, 6.0], [0.0, 1.0, 2.0]))
    assert never == partially_pooled(cells([1.0, 2.0, 6.0], [1.0, 1.0, 2.0]))
    assert never.cells[0].sd > 0


def test_two_blocks_and_two_cells_can_share() -> None:
    """Both up by 1 and down by 1: a covariance of 2, over two blocks."""
    assert shared_variance(np.array([[1.0, 1.0], [-1.0, -1.0]])) == pytest.approx(1.0)


def test_where_chance_explains_all_cells_stay_what_they_are() -> None:
    """None with an error, or all without any: the first stands for what they have in common, and none differs."""
    for sd in (0.0, math.inf):
        own = cells([1.0, 2.0], [sd, sd])
        found = partially_pooled(own)
        assert (found.common, found.between, found.cells) == (own[0], 0.0, tuple(own))
    assert partially_pooled(cells([3.0], [2.0])).between == 0


def test_a_pooled_cell_has_the_blocks_of_the_least_observed_one() -> None:
    """Twelve and thirty days: bounds are taken with twelve; what could not be estimated has no say in it."""
    own = [Estimate(1.0, 1.0, 30), Estimate(4.0, 1.0, 12), Estimate(9.0, math.inf, 1)]
    assert {cell.blocks for cell in partially_pooled(own).cells} == {12}


def test_a_cell_whose_figure_is_not_known_has_the_common_one_whatever_its_error() -> None:
    """No number with an error of 1 says as little as any number without one."""
    others = cells([0.0, 2.0, 10.0], [1.0] * 3)
    unknown, unbounded = (
        partially_pooled([*others, cell]).cells[3]
        for cell in (Estimate(math.nan, 1.0, 25), Estimate(50.0, math.inf, 1))
    )
    assert unknown == unbounded
