"""Labels of a rota that are exchanged: two units of one role, or two roles of one unit, from a day on."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.profile.current_rows import Latest
from hospital.profile.facts import FLOOR, Finding, Weight

__all__ = ["plan_label_findings"]

_WINDOWS, _LEAST_DAYS = (7, 28), 14
_ALIKE = 0.25
"""Of what lies between two plans, how far each may be from where the other was."""
_APART = 0.2
"""Of their sum, what lies between two plans that differ."""
_SPREADS = 3.0


def plan_label_findings(staffing: Latest, until: int) -> list[Finding]:
    """Pairs of plans that change places from one day to the next, and stay there."""
    past = staffing.times <= until
    frame = staffing.frame.loc[past, ["unit", "role", "count"]].assign(day=staffing.day[past])
    if len(frame) < 2 * FLOOR:
        return []
    daily = frame.pivot_table(index="day", columns=["unit", "role"], values="count", aggfunc="mean")
    daily = daily.reindex(range(int(daily.index[0]), int(daily.index[-1]) + 1))
    keys = [(str(key[0]), str(key[1])) for key in daily.columns.to_list()]
    values, out = daily.to_numpy(np.float64), list[Finding]()
    involved: set[tuple[str, str]] = set()
    for i, j in combinations(range(len(keys)), 2):
        (unit, role), (other, another) = keys[i], keys[j]
        if (unit == other) == (role == another) or {keys[i], keys[j]} & involved:
            continue
        cut = _cut(values[:, [i, j]])
        if cut is None:
            continue
        involved |= {keys[i], keys[j]}
        first, last = (str(np.datetime64(int(d), "D")) for d in (daily.index[cut], daily.index[-1]))
        code, column = ("labels_exchanged", "unit") if role == another else ("roles_exchanged", "role")
        names = (other,) if role == another else (role, another)
        late = frame["day"].to_numpy() >= daily.index[cut]
        mine = pd.MultiIndex.from_frame(frame[["unit", "role"]]).isin([keys[i], keys[j]])
        rows, days = int((late & mine).sum()), len(daily) - cut
        finding = Finding("staffing", code, Weight.LOOK, column, unit, rows, rows / len(frame), first, last)
        out.append(replace(finding, names=names, days=days))
    return out


def _cut(pair: Array) -> int | None:
    """The day (of float64 [days, 2]) from which each of two plans is where the other was; None where there is none."""
    days = pair.shape[0]
    cuts = np.arange(_LEAST_DAYS, days - _LEAST_DAYS + 1)
    if not cuts.size:
        return None
    known = np.isfinite(pair)
    steps = pair[7:] - pair[:-7]
    spread = float(np.sqrt(np.nanmean(steps**2) / 2)) if np.isfinite(steps).any() else np.inf
    sums = np.concatenate([np.zeros((1, 2)), np.cumsum(np.where(known, pair, 0.0), axis=0)])
    sizes = np.concatenate([np.zeros((1, 2)), np.cumsum(known, axis=0)])
    best, found = 0.0, np.zeros(cuts.size)
    for width in _WINDOWS:
        low, high = np.maximum(cuts - width, 0), np.minimum(cuts + width, days)
        with np.errstate(invalid="ignore"):
            before = (sums[cuts] - sums[low]) / (sizes[cuts] - sizes[low])
            after = (sums[high] - sums[cuts]) / (sizes[high] - sizes[cuts])
        apart = np.abs(before[:, 0] - before[:, 1])
        off = np.abs(after[:, ::-1] - before).max(axis=1)
        clear = (
            (apart >= _APART * before.sum(axis=1)) & (apart >= _SPREADS * spread) & (off <= _ALIKE * apart)
        )
        found = np.where(clear & ((found > 0) | (width == _WINDOWS[0])), apart - off, 0.0)
    best = float(found.max())
    return int(cuts[np.argmax(found)]) if best > 0 else None
