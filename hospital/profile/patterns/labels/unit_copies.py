"""Units whose stays, or departments whose visits, are those of others once more: a total, or one under two names."""

from dataclasses import replace

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.grouping import rows_of_groups
from hospital.profile.current_rows import Latest, instants
from hospital.profile.facts import FLOOR, Finding, Weight
from hospital.times import HOUR, MINUTE, MISSING_TIME

__all__ = ["unit_copy_findings"]

_COPIED = 0.9
_STEPS = {"stays": (1, 5 * MINUTE, HOUR), "visits": (1, 5 * MINUTE)}
"""To how many microseconds two begins and two ends are the same: of visits an hour would bring many together."""


def unit_copy_findings(table: Latest) -> list[Finding]:
    """Units whose rows begin and end with those of other units: of the whole record, or of the time the unit is there.

    Args:
        table: stays, or visits, by their departments.
    """
    name = "unit" if table.contract.name == "stays" else "department"
    start, end = table.times, instants(table.frame["left_at"])
    codes, units = pd.factorize(table.frame[name])
    if len(units) < 2:
        return []
    known = (codes >= 0) & (end != MISSING_TIME)
    rows = [r[known[r]] for r in rows_of_groups(np.where(codes < 0, len(units), codes), len(units) + 1)]
    out: list[Finding] = []
    for i, unit in enumerate(units):
        others = [j for j in range(len(units)) if j != i and str(units[j]) not in {f.unit for f in out}]
        for step in _STEPS[table.contract.name]:
            parts, share = _copied(
                rows[i], [rows[j] for j in others], start // step, end // step, table.times
            )
            if parts:
                found = tuple(sorted(str(units[others[k]]) for k in parts))
                whole = len(found) == len(units) - 1 > 1
                code = "unit_is_copy" if len(found) == 1 else "unit_is_total" if whole else "unit_is_subtotal"
                finding = Finding(table.contract.name, code, Weight.LOOK, name, str(unit))
                names = () if whole else found
                out.append(replace(finding, rows=rows[i].size, share=share, names=names))
                break
    return out


def _copied(
    own: Array, others: list[Array], start: Array, end: Array, times: Array
) -> tuple[list[int], float]:
    """Which of the other units a unit's rows are of, and which share of its rows that explains.

    Args:
        own: int64 [n], its rows, and `others`: those of each other unit.
        start, end: int64 [rows], as they are compared.
        times: int64 [rows] instants.
    """
    if own.size < 2 * FLOOR:
        return [], 0.0
    first, last = times[own].min(), times[own].max()
    inside = [r[(times[r] >= first) & (times[r] <= last)] for r in others]
    mine = _keys(start[own], end[own])
    theirs = [_keys(start[r], end[r]) for r in inside]
    parts = [
        k for k, keys in enumerate(theirs) if keys.size >= 2 * FLOOR and np.isin(keys, mine).mean() >= _COPIED
    ]
    if not parts:
        return [], 0.0
    share = float(np.isin(mine, np.concatenate([theirs[k] for k in parts])).mean())
    return (parts, share) if share >= _COPIED else ([], 0.0)


def _keys(start: Array, end: Array) -> Array:
    """One number for each begin and end (int64 [n] each): complex128 [n], exact up to 2 ** 53."""
    return start.astype(np.float64) + 1j * end.astype(np.float64)
