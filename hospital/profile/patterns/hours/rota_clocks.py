"""A rota whose clock is off: shifts that begin an hour or two from when they did, or from when the others' do."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.calendar import local_clock
from hospital.grouping import rows_of_groups
from hospital.profile.current_rows import Latest, day_text
from hospital.profile.facts import FLOOR, Finding, Weight
from hospital.times import DAY, MINUTE

__all__ = ["rota_clock_findings"]

_MOVES = (60, -60, 120, -120)
"""Minutes."""
_DAY_MINUTES = 1440
_OFTEN, _LEAST_OFTEN = 0.3, 3
"""Of a week's most frequent beginning, as a share, what counts as one; rows of a week that say when shifts begin."""
_LEAST_WEEKS, _LEAST_OTHERS = 2, 3
_LEAST_BEGINNINGS = 3

Beginnings = frozenset[int]


@dataclass(frozen=True)
class _Plan:
    """One unit's and role's plan.

    Attributes:
        rows: int64 [n], of the table.
        weeks: of each week the minutes of the day at which shifts begin; empty where it says too little.
        week: int64 [n], which of them each row is of.
        usual: the beginnings of most weeks.
    """

    unit: str
    role: str
    rows: Array
    weeks: tuple[Beginnings, ...]
    week: Array
    usual: Beginnings


def rota_clock_findings(staffing: Latest) -> list[Finding]:
    """Plans whose every shift begins an hour or two from its usual time for weeks, or from the other plans' always."""
    plans = _plans(staffing)
    out = []
    for plan in plans:
        moved = _moved(plan)
        if moved is not None:
            out.append(_finding(staffing, plan, *moved))
    if out:
        return out
    alone = ((plan, _beside(plan, plans)) for plan in plans)
    return [_finding(staffing, plan, plan.rows, move) for plan, move in alone if move]


def _plans(staffing: Latest) -> list[_Plan]:
    codes, pairs = pd.factorize(
        staffing.frame["unit"].astype(str) + "\x1f" + staffing.frame["role"].astype(str)
    )
    minute = local_clock(staffing.times, staffing.zone) % DAY // MINUTE
    out = []
    for rows, pair in zip(rows_of_groups(codes.astype(np.int64), len(pairs)), pairs, strict=True):
        if rows.size < 2 * FLOOR:
            continue
        week = (staffing.day[rows] - staffing.day[rows[0]]) // 7
        weeks = tuple(_beginnings(minute[rows[week == k]]) for k in range(int(week[-1]) + 1))
        counts = Counter(w for w in weeks if w)
        if counts:
            unit, _, role = str(pair).partition("\x1f")
            out.append(_Plan(unit, role, rows, weeks, week, counts.most_common(1)[0][0]))
    return out


def _beginnings(minutes: Array) -> Beginnings:
    """The minutes of the day (int64 [n]) at which shifts of one week begin; empty where there are too few."""
    values, counts = np.unique(minutes, return_counts=True)
    if minutes.size < _LEAST_OFTEN:
        return frozenset()
    return frozenset(int(v) for v in values[counts >= _OFTEN * counts.max()])


def _by(beginnings: Beginnings, move: int) -> Beginnings:
    return frozenset((b + move) % _DAY_MINUTES for b in beginnings)


def _moved(plan: _Plan) -> tuple[Array, int] | None:
    """The rows (int64 [n]) of the longest run of weeks that are the usual ones moved, and by how many minutes."""
    best: tuple[int, int, int] | None = None
    for move in _MOVES:
        other = _by(plan.usual, move)
        if other == plan.usual:
            continue
        start = None
        for k, own in enumerate((*plan.weeks, plan.usual)):
            if own == other:
                start = k if start is None else start
            elif own == plan.usual and start is not None:
                size = sum(w == other for w in plan.weeks[start:k])
                if size >= _LEAST_WEEKS and (best is None or size > best[1] - best[0]):
                    best, start = (start, k, move), None
                start = None
    if best is None:
        return None
    return plan.rows[(plan.week >= best[0]) & (plan.week < best[1])], best[2]


def _beside(plan: _Plan, plans: list[_Plan]) -> int:
    """By how many minutes a plan is off the hours that all others of its role, or of its unit, have; else 0."""
    for others in (
        [p for p in plans if p.role == plan.role and p.unit != plan.unit],
        [
            p
            for p in plans
            if p.unit == plan.unit and p.role != plan.role and len(p.usual) >= _LEAST_BEGINNINGS
        ],
    ):
        usual = {p.usual for p in others}
        enough = len(others) >= _LEAST_OTHERS or len(plan.usual) >= _LEAST_BEGINNINGS
        if len(usual) != 1 or not enough:
            continue
        (hours,) = usual
        for move in _MOVES:
            if hours != plan.usual and _by(hours, move) == plan.usual:
                return move
    return 0


def _finding(staffing: Latest, plan: _Plan, rows: Array, move: int) -> Finding:
    first, last = (day_text(int(staffing.times[rows[i]]), staffing.zone) for i in (0, -1))
    finding = Finding(
        "staffing", "rota_clock", Weight.LOOK, "at", plan.unit, rows.size, first=first, last=last
    )
    days, share = np.unique(staffing.day[rows]).size, rows.size / plan.rows.size
    return replace(finding, share=share, days=days, after=move / 60, names=(plan.role,))
