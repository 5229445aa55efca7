"""The power table keeps what it says: simulated groups of that size pass as often as promised."""

import numpy as np
from scipy import stats

from registry.policy.board_policy import default_policy
from registry.policy.power_table import PowerRow, power_faults, rows_needed

RULES = default_policy().document.fairness


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
    said = " ".join(faults)
    for part in ("share_above_p50 needs", "no row for log_error", "no score luck", "asks for 5000 rows"):
        assert part in said
