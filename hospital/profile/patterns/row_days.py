"""The days that a finding's rows are of, but for the nine rows at either end."""

from dataclasses import replace

import numpy as np

from hospital.arrays import Array
from hospital.profile.current_rows import Latest, day_text
from hospital.profile.facts import FLOOR, Finding

__all__ = ["with_days"]


def with_days(finding: Finding, table: Latest, rows: Array) -> Finding:
    """The finding with how many rows (bool [n]) it is about, of which days; no day of fewer than twenty rows."""
    at, count = table.times[rows], int(rows.sum())
    finding = replace(finding, rows=count, days=np.unique(table.day[rows]).size)
    if count < 2 * FLOOR:
        return finding
    return replace(
        finding, first=day_text(int(at[FLOOR - 1]), table.zone), last=day_text(int(at[-FLOOR]), table.zone)
    )
