"""Moderated variances: against draws whose distribution is known, and by hand."""

import math

import numpy as np
import pytest
from scipy import integrate, special, stats

from hospital.arrays import Array
from registry.statistics.intervals import Estimate
from registry.statistics.moderated_variances import moderated
from registry.statistics.partial_pooling import partially_pooled

BLOCKS = 9


def cells(variance: Array, blocks: int = BLOCKS) -> list[Estimate]:
    """Cells of these variances: values 0, 1, 2 and so on."""
    return [Estimate(float(i), math.sqrt(v), blocks) for i, v in enumerate(variance.tolist())]


def seen(true: Array, rng: np.random.Generator) -> Array:
    """The variances that blocks show of cells of these true ones."""
    return true * rng.chisquare(BLOCKS - 1, true.size) / (BLOCKS - 1)


def test_each_variance_is_its_mean_with_the_common_one_by_degrees_of_freedom() -> None:
    """Of 4,000 cells drawn around 2 with 6 degrees of freedom: (6 · 2 + 8 s²) / 14, as the prior says."""
    rng = np.random.default_rng(3)
    shown = seen(6 * 2.0 / rng.chisquare(6, 4000), rng)
    found = np.array([cell.sd**2 for cell in moderated(cells(shown))])
    assert np.abs(found / ((6 * 2.0 + 8 * shown) / 14) - 1).max() < 0.08


def test_cells_that_differ_by_chance_alone_have_one_variance() -> None:
    """Two variances of ratio 1.4 are less apart than two of eight degrees of freedom usually are: both become their
    mean by logarithms, freed of the logarithm's own lean (digamma by numerical integration)."""
    lean = integrate.quad(lambda x: np.log(x) * stats.chi2.pdf(x, 8), 0, np.inf)[0] - math.log(8)
    found = moderated(cells(np.array([1.0, 1.4])))
    assert [cell.sd**2 for cell in found] == pytest.approx([math.sqrt(1.4) / math.exp(lean)] * 2, rel=1e-9)


def test_variances_come_closer_to_the_truth() -> None:
    """Of sixteen cells, whether their true variances are alike, differ by some, or by a hundred: never further away."""
    for seed, spread in enumerate((0.0, 0.5, 1.5)):
        rng = np.random.default_rng(seed)
        before = after = 0.0
        for _ in range(200):
            true = np.exp(spread * rng.normal(size=16))
            shown = seen(true, rng)
            drawn = np.array([cell.sd**2 for cell in moderated(cells(shown))])
            before += float((np.log(shown / true) ** 2).mean())
            after += float((np.log(drawn / true) ** 2).mean())
        assert after < (0.2, 0.65, 1.0)[seed] * before


def test_the_prior_has_the_scatter_that_logarithms_show() -> None:
    """What cells scatter beyond chance is the trigamma of half the prior's degrees of freedom, of any size."""
    for freedom in (0.4, 3.0, 40.0, 4000.0):
        half = (BLOCKS - 1) / 2
        wanted = special.polygamma(1, freedom / 2) + special.polygamma(1, half)
        shown = np.exp(
            np.array([-1.0, 1.0]) * math.sqrt(wanted / 2)
        )  # of two values, the variance is half a square
        found = [cell.sd**2 for cell in moderated(cells(shown))]
        share = (found[1] - found[0]) / (shown[1] - shown[0])
        assert share == pytest.approx((BLOCKS - 1) / (BLOCKS - 1 + freedom), rel=1e-6)


def test_values_and_blocks_stay_and_what_is_unknown_stays_out() -> None:
    """A cell without spread, or with none that is known, moves nobody and is not moved; one other alone stays too."""
    odd = [Estimate(5.0, 0.0, BLOCKS), Estimate(6.0, math.inf, 1), Estimate(7.0, math.nan, 0)]
    one, two = cells(np.array([1.0, 9.0]))
    found = moderated([odd[0], one, odd[1], two, odd[2]])
    assert [found[0], found[2]] == odd[:2]
    assert math.isnan(found[4].sd)
    assert [cell.value for cell in found] == [5.0, 0.0, 6.0, 1.0, 7.0]
    assert [cell.blocks for cell in found] == [BLOCKS, BLOCKS, 1, BLOCKS, 0]
    assert found[1] == moderated([one, two])[0]
    assert moderated([one]) == [one]
    assert moderated([*odd[:2], one]) == [*odd[:2], one]
    assert moderated([]) == []


def test_a_spread_by_chance_is_taken_for_a_difference_less_often() -> None:
    """Sixteen cells of one true value, told by eight blocks each: partial pooling finds less between them that is not
    there, and what it predicts is closer to the truth."""
    rng = np.random.default_rng(11)
    between, error = np.zeros(2), np.zeros(2)
    for _ in range(300):
        blocks = rng.normal(size=(8, 16))
        own = [Estimate(float(b.mean()), float(b.std(ddof=1)) / math.sqrt(8), 8) for b in blocks.T]
        for way, estimates in enumerate((own, moderated(own))):
            found = partially_pooled(estimates)
            between[way] += found.between**2
            error[way] += sum(cell.value**2 for cell in found.cells)
    assert between[1] < 0.7 * between[0]
    assert error[1] < 0.8 * error[0]
