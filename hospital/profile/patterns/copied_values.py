"""Values that stand in the wrong column, or under the wrong code: copies, and pairs that are exchanged."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.profile.current_rows import Latest, day_text
from hospital.profile.facts import FLOOR, Finding, Weight
from hospital.profile.patterns.row_days import with_days
from hospital.profile.patterns.row_parts import rows_of_units

__all__ = ["copied_value_findings"]

_MEASURES = ("heart_rate", "systolic_mmhg", "diastolic_mmhg", "respiratory_rate", "spo2_percent", "age_years")
_CODES = {
    "visits": ("triage", "arrival_mode", "sex", "disposition"),
    "stays": ("source",),
    "operations": ("urgent", "room"),
}
_COPIED, _USUAL, _LEAST_ROWS = 0.5, 0.25, 5 * FLOOR
"""Two measures of one patient are hardly ever the same number: of rows on end, half of them or more."""
_WRONG = 0.01
_APART, _ALIKE, _NATS, _LEAST_WEEKS = 0.12, 0.3, 40.0, 2
"""How far apart two shares must lie, how near to the other's each must come, as a share of that, and the nats of it."""
_VARIES = 0.8
_FULL = 0.95
_PART_COLUMNS = ("triage", "reason", "sex", *_MEASURES[:-1], "temperature_celsius")


def copied_value_findings(table: Latest) -> list[Finding]:
    """Columns that copy one another, pressures and codes that are exchanged, values that one department has alone."""
    name = table.contract.name
    out = list(_exchanged_codes(table, _CODES.get(name, ())))
    if name == "visits":
        return [*out, *_copies(table), *_pressures(table), *_one_value(table)]
    return [*out, *_always_full(table)] if name == "census" else out


def _copies(visits: Latest) -> Iterator[Finding]:
    """Two measures of a patient that are one number."""
    numbers = {name: visits.frame[name].to_numpy(np.float64) for name in _MEASURES}
    for one, other in combinations(_MEASURES, 2):
        both = np.flatnonzero(np.isfinite(numbers[one]) & np.isfinite(numbers[other]))
        if both.size < _LEAST_ROWS:
            continue
        same = numbers[one][both] == numbers[other][both]
        walk = np.concatenate([[0.0], np.cumsum(same - _USUAL)])
        stop = int(np.argmax(walk - np.minimum.accumulate(walk)))
        start = int(np.argmin(walk[: stop + 1]))
        if same[start:stop].sum() < _LEAST_ROWS or same[start:stop].mean() < _COPIED:
            continue
        rows = np.zeros(visits.size, bool)
        rows[both[start:stop][same[start:stop]]] = True
        finding = Finding("visits", "column_copied", Weight.LOOK, other, names=(one,))
        yield with_days(replace(finding, share=float(same[start:stop].mean())), visits, rows)


def _pressures(visits: Latest) -> Iterator[Finding]:
    """The heart's lower pressure above its upper one."""
    upper, lower = (visits.frame[c].to_numpy(np.float64) for c in ("systolic_mmhg", "diastolic_mmhg"))
    both = np.isfinite(upper) & np.isfinite(lower)
    rows = both & (upper < lower)
    share = float(rows.sum() / max(both.sum(), 1))
    if rows.sum() >= FLOOR and share >= _WRONG:
        finding = Finding("visits", "pressures_exchanged", Weight.LOOK, "systolic_mmhg", share=share)
        yield with_days(finding, visits, rows)


def _one_value(visits: Latest) -> Iterator[Finding]:
    """A department of which a column says one and the same of everybody, from the first row to the last."""
    for column in (c for c in _PART_COLUMNS if c in visits.frame):
        values = visits.frame[column]
        for part in rows_of_units(visits):
            own = values.iloc[part.rows].dropna()
            others = values.drop(index=values.index[part.rows]).dropna()
            if len(own) < 2 * _LEAST_ROWS or own.nunique() > 1 or len(others) < 2 * _LEAST_ROWS:
                continue
            if others.value_counts(normalize=True).iloc[0] <= _VARIES:
                rows = np.zeros(visits.size, bool)
                rows[part.rows] = True
                yield with_days(
                    Finding("visits", "column_of_one_value", Weight.LOOK, column, part.unit), visits, rows
                )


def _always_full(census: Latest) -> Iterator[Finding]:
    """Units whose patients are as many as their staffed beds at nearly every count, though both vary."""
    occupied, staffed = (census.frame[c].to_numpy(np.float64) for c in ("occupied", "staffed"))
    units = census.frame["unit"].to_numpy(object)
    for unit in sorted({u for u in units.tolist() if isinstance(u, str)}):
        mine = np.flatnonzero((units == unit) & np.isfinite(occupied) & np.isfinite(staffed))
        if mine.size < _LEAST_ROWS or np.unique(occupied[mine]).size < _LEAST_WEEKS + 1:
            continue
        same = occupied[mine] == staffed[mine]
        if same.mean() >= _FULL:
            rows = np.zeros(census.size, bool)
            rows[mine[same]] = True
            finding = Finding("census", "column_copied", Weight.LOOK, "occupied", unit, names=("staffed",))
            yield with_days(replace(finding, share=float(same.mean())), census, rows)


def _exchanged_codes(table: Latest, columns: tuple[str, ...]) -> Iterator[Finding]:
    """Two codes of a column of which, from a day on, each is as frequent as the other was."""
    for column in (
        c for c in columns if c in table.frame
    ):  # who people are is not in every hospital's tables
        codes, values = pd.factorize(table.frame[column])
        known = codes >= 0
        if len(values) < 2 or known.sum() < 4 * _LEAST_ROWS:
            continue
        week = (table.day - table.day[0]) // 7
        counts = np.zeros((int(week[-1]) + 1, len(values)), np.int64)
        np.add.at(counts, (week[known], codes[known]), 1)
        found = _exchange(counts)
        if found is None:
            continue
        a, b, cut = found
        rows = np.isin(codes, (a, b)) & (week >= cut)
        first, last = (
            day_text(int(table.times[i]), table.zone) for i in np.flatnonzero(rows)[[FLOOR - 1, -FLOOR]]
        )
        names = tuple(sorted((str(values[a]), str(values[b]))))
        finding = Finding(table.contract.name, "codes_exchanged", Weight.LOOK, column, first=first, last=last)
        days = np.unique(table.day[rows]).size
        yield replace(
            finding, rows=int(rows.sum()), share=float(rows.sum() / known.sum()), names=names, days=days
        )


def _exchange(counts: Array) -> tuple[int, int, int] | None:
    """Two codes and the week from which their shares are exchanged, by rows a week and code (int64 [weeks, k])."""
    weeks = counts.shape[0]
    sums = np.concatenate([np.zeros((1, counts.shape[1]), np.int64), np.cumsum(counts, axis=0)])
    best, found = _NATS, None
    for cut in range(_LEAST_WEEKS, weeks - _LEAST_WEEKS + 1):
        before, after = sums[cut], sums[-1] - sums[cut]
        shares = (before + 1.0) / (before.sum() + counts.shape[1])
        later = after / max(after.sum(), 1)
        for a, b in combinations(np.argsort(shares)[::-1][:8].tolist(), 2):
            if min(before[a], before[b], after[a], after[b]) < FLOOR:
                continue  # another list of codes has a finding of its own
            apart = abs(shares[a] - shares[b])
            off = max(abs(later[a] - shares[b]), abs(later[b] - shares[a]))
            if apart < _APART or off > _ALIKE * apart:
                continue
            nats = float((after[a] - after[b]) * (np.log(shares[b]) - np.log(shares[a])))
            beside = counts[cut : cut + 2].sum(axis=0)
            sudden = (beside[a] - beside[b]) * (shares[b] - shares[a]) > 0
            if nats > best and sudden:
                best, found = nats, (a, b, cut)
    return found
