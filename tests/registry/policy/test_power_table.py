"""The power table keeps what it says: simulated groups of that size pass as often as promised."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import NormalIndPower

from registry.policy.board_policy import default_policy
from registry.policy.power_table import PowerRow, power_faults, rows_needed

RULES = default_policy().document.fairness


@pytest.mark.parametrize(
    ("margin", "deviation", "alpha", "attempts", "power"),
    [(0.07, 0.6, 0.05, 3, 0.9), (0.05, 0.5, 0.05, 1, 0.8), (1.0, 9.0, 0.01, 7, 0.95)],
)
def test_rows_are_statsmodels_for_a_one_sided_test_at_alpha_over_the_attempts(
    margin: float, deviation: float, alpha: float, attempts: int, power: float
) -> None:
    """A sound group is one margin under its limit; rows that depend on one another are needed in proportion."""
    rows = NormalIndPower().solve_power(
        margin / deviation, alpha=alpha / attempts, power=power, ratio=0, alternative="larger"
    )
    for design in (1.0, 1.7):
        found = rows_needed(
            margin=margin, deviation=deviation, design=design, alpha=alpha, attempts=attempts, power=power
        )
        assert found == math.ceil(rows * design)


def test_rows_by_hand() -> None:
    """One-sided at 2.5 % with power 90 %: (1.96 + 1.2816)² is 10.507, and half a deviation takes four times that."""
    rules = {"alpha": 0.025, "attempts": 1, "power": 0.9}
    assert rows_needed(margin=0.5, deviation=1.0, design=1.0, **rules) == 43  # type: ignore[arg-type]
    assert rows_needed(margin=0.5, deviation=1.0, design=2.0, **rules) == 85  # type: ignore[arg-type]


@pytest.mark.parametrize(("rows", "minimum", "faults"), [(42, 43, 1), (43, 43, 0), (44, 43, 1), (44, 44, 0)])
def test_a_table_is_held_to_the_very_row(rows: int, minimum: int, faults: int) -> None:
    """43 are needed: 42 are too few, and a group is judged from the table's rows on, not one earlier."""
    table = (PowerRow(metric="log_error", deviation=1.0, rows=rows),)
    found = power_faults(table, {"log_error": 0.5}, minimum, design=1.0, alpha=0.025, attempts=1, power=0.9)
    assert len(found) == faults


def test_a_sound_group_of_that_size_passes_with_the_power_promised() -> None:
    """Independent visits, no disparity, three attempts: the upper bound stays within the margin nine times in ten."""
    n = rows_needed(margin=0.07, deviation=0.6, design=1.0, alpha=0.05, attempts=3, power=0.9)
    means = np.random.default_rng(1).normal(0, 0.6, (4000, n)).mean(axis=1)
    upper = means + stats.norm.ppf(1 - 0.05 / 3) * 0.6 / np.sqrt(n)
    assert abs(float((upper <= 0.07).mean()) - 0.9) < 0.02


def test_a_smaller_margin_needs_more_rows_by_its_square() -> None:
    """Half the margin, four times the visits."""
    whole, half = (
        rows_needed(margin=m, deviation=0.5, design=2.0, alpha=0.05, attempts=3, power=0.9)
        for m in (0.06, 0.03)
    )
    assert abs(half / whole - 4) < 0.01


def test_everything_wrong_with_a_table_is_said_at_once() -> None:
    """A score without its row, one that does not exist, too few rows, and groups judged before they can pass."""
    table = (
        PowerRow(metric="share_above_p50", deviation=0.5, rows=20),
        PowerRow(metric="luck", deviation=0.5, rows=5000),
    )
    faults = power_faults(
        table, RULES.margins, RULES.minimum_rows, design=2.0, alpha=0.05, attempts=3, power=0.9
    )
    said = " ".join(str(fault) for fault in faults)
    for part in ("share_above_p50 needs", "no row for log_error", "no score luck", "asks for 5000 rows"):
        assert part in said
