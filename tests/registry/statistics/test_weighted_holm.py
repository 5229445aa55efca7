"""Holm's step-down with weights, and days before the judged ones that say where to look first."""

import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from registry.statistics.disparities import Disparity, step_down, verdicts
from registry.statistics.error_rates import Levels
from registry.statistics.intervals import Estimate
from registry.statistics.verdict import Finding, Verdict
from tests.support.multiple_testing import rejections

ALPHA = 0.05
LEVELS = Levels(passing=ALPHA, blocking=ALPHA)
MARGIN = 0.1
BLOCKS = 10**6


def closed(p_values: list[float], weights: list[float], alpha: float) -> list[bool]:
    """What a closed test rejects (Marcus, Peritz & Gabriel 1976): a hypothesis, where each set that holds it is.

    A set of hypotheses is rejected by Bonferroni with weights: one of it is under its share of alpha.
    """
    every = range(len(p_values))
    accepted = [
        s
        for size in range(1, len(p_values) + 1)
        for s in combinations(every, size)
        if not any(p_values[i] < alpha * weights[i] / math.fsum(weights[j] for j in s) for i in s)
    ]
    return [not any(i in s for s in accepted) for i in every]


def test_weights_reject_what_a_closed_test_does() -> None:
    """Of 200 sets of up to seven hypotheses, some far heavier than others; alike they are statsmodels' Holm."""
    rng = np.random.default_rng(3)
    both = {True: 0, False: 0}
    for _ in range(200):
        n = int(rng.integers(1, 8))
        p_values = (rng.uniform(0, 1, n) ** 4).tolist()
        weights = (2.0 ** rng.integers(-5, 6, n)).tolist()
        found = step_down(p_values, weights, ALPHA)
        assert found == closed(p_values, weights, ALPHA)
        assert step_down(p_values, [0.3] * n, ALPHA) == rejections(p_values, ALPHA, "holm")
        for rejected in found:
            both[rejected] += 1
    assert min(both.values()) > 150


def test_a_weight_is_a_share_of_alpha_and_a_rejected_one_passes_it_on() -> None:
    """Of 9 to 1: 0.044 is under nine tenths of 5 %, and then all of it is the other's; 0.045 itself is not under."""
    assert step_down([0.044, 0.049], [9.0, 1.0], ALPHA) == [True, True]
    assert step_down([0.045, 0.049], [9.0, 1.0], ALPHA) == [False, False]
    assert step_down([0.049, 0.0049], [9.0, 1.0], ALPHA) == [True, True]
    assert step_down([0.049, 0.005], [9.0, 1.0], ALPHA) == [False, False]
    assert step_down([], [], ALPHA) == []


def disparity(z: float, before: float | None, group: str) -> Disparity:
    """A group so many standard errors beyond the margin, and beyond none on earlier days; only blocked or kept shut."""
    earlier = None if before is None else Estimate(before, 1.0, BLOCKS)
    return Disparity(
        "score", group, Estimate(MARGIN + z, 1.0, BLOCKS), MARGIN, 900, judged=False, earlier=earlier
    )


def found(*disparities: Disparity, certain_shuts: bool = False) -> dict[str, Finding]:
    """Findings by group."""
    return {f.group: f for f in verdicts(disparities, LEVELS, certain_shuts=certain_shuts)}


def others(n: int, before: float | None = 0.0) -> list[Disparity]:
    """Groups without a disparity."""
    return [disparity(-5.0, before, str(i)) for i in range(n)]


@pytest.mark.parametrize(
    ("before", "first", "verdict"),
    [
        (4.0, 0, Verdict.BLOCK),  # a quarter of alpha, and a little: 2.23 standard errors
        (4.0, 1, Verdict.BLOCK),  # an eighth: 2.49
        (4.0, 2, Verdict.INCONCLUSIVE),  # a sixteenth: 2.71
        (None, 0, Verdict.INCONCLUSIVE),  # a two-hundredth
        (-2.0, 0, Verdict.INCONCLUSIVE),
    ],
)
def test_what_earlier_days_showed_first_needs_less_to_be_blocked(
    before: float | None, first: int, verdict: Verdict
) -> None:
    """Of a hundred groups one is 2.6 standard errors beyond the margin; how many others were worse before it."""
    worse = [disparity(-5.0, 9.0, f"worse {i}") for i in range(first)]
    rest = others(99 - first, before=-1.0)
    by_group = found(*rest, disparity(2.6, before, "harmed"), *worse)
    assert by_group["harmed"].verdict is verdict
    assert {f.verdict for group, f in by_group.items() if group != "harmed"} == {Verdict.PASS}


def test_shares_of_alpha_by_hand() -> None:
    """Of four: a half in all alike, a half by order of what was before; a group without a past has its eighth."""
    shares = {"a": 1 / 8 + 1 / 4, "b": 1 / 8 + 1 / 8, "c": 1 / 8 + 1 / 16, "d": 1 / 8}
    total = math.fsum(shares.values())
    befores = {"c": 1.0, "a": 3.0, "d": None, "b": 2.0}
    for group, share in shares.items():
        edge = float(stats.norm.isf(ALPHA * share / total))
        for z, verdict in ((edge + 1e-3, Verdict.BLOCK), (edge - 1e-3, Verdict.INCONCLUSIVE)):
            four = [disparity(z if g == group else -9.0, before, g) for g, before in befores.items()]
            assert found(*four)[group].verdict is verdict


def test_groups_without_a_past_are_blocked_as_by_holm() -> None:
    """As wards are, and cells of coverage: no order, no weights."""
    rng = np.random.default_rng(5)
    for _ in range(50):
        several = [disparity(float(z), None, str(i)) for i, z in enumerate(rng.normal(1.5, 1.5, 9))]
        p_values = [h.found.p_above(h.margin) for h in several]
        by_group = found(*several)
        blocked = [by_group[str(i)].verdict is Verdict.BLOCK for i in range(9)]
        assert blocked == rejections(p_values, ALPHA, "holm")


def test_groups_at_their_margin_are_blocked_in_one_of_twenty_sets_at_most() -> None:
    """Ten groups that are just tolerable, before as now: where to look is of other days, so the error stays alpha."""
    rng, sets = np.random.default_rng(7), 400
    blocked = 0
    for _ in range(sets):
        now, before = rng.normal(0, 1, (2, 10))
        several = [
            disparity(float(z), MARGIN + float(b), str(i))
            for i, (z, b) in enumerate(zip(now, before, strict=True))
        ]
        blocked += any(f.verdict is Verdict.BLOCK for f in verdicts(several, LEVELS))
    assert blocked <= stats.binom.isf(0.01, sets, ALPHA)
    assert blocked >= stats.binom.ppf(0.01, sets, 0.7 * ALPHA)  # and it is used


def test_a_certain_disparity_beyond_the_margin_keeps_the_gate_shut_where_that_is_asked_for() -> None:
    """Six standard errors from none and one from the margin, of a hundred groups."""
    harmed = replace(disparity(1.0, None, "harmed"), margin=5.0, found=Estimate(6.0, 1.0, BLOCKS))
    rest = [replace(h, margin=5.0, found=Estimate(0.0, 1.0, BLOCKS)) for h in others(99, None)]
    listed = found(harmed, *rest)["harmed"]
    assert (listed.verdict, listed.required, listed.note) == (Verdict.INCONCLUSIVE, False, "")
    kept = found(harmed, *rest, certain_shuts=True)
    assert (kept["harmed"].verdict, kept["harmed"].required) == (Verdict.INCONCLUSIVE, True)
    assert kept["harmed"].note == "harm_certain"
    assert not any(f.required for group, f in kept.items() if group != "harmed")
    within = replace(harmed, found=Estimate(5.0, 1.0, BLOCKS))
    unsure = replace(harmed, margin=2.0, found=Estimate(3.0, 1.0, BLOCKS))  # 3.29 is what a hundred ask for
    for other in (within, unsure):
        assert found(other, *rest, certain_shuts=True)["harmed"].required is False
    worse = replace(harmed, found=Estimate(7.5, 1.0, BLOCKS))
    assert found(worse, *rest, certain_shuts=True)["harmed"].note == "harm_shown"
