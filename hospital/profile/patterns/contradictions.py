"""What cannot all be so: contacts of who left unseen, stays of unknown visits, medians that no group of people has."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from hospital.arrays import Array
from hospital.profile.current_rows import Latest
from hospital.profile.facts import FLOOR, Finding, Weight
from hospital.profile.patterns.row_days import with_days
from hospital.profile.patterns.row_parts import rows_of_units
from hospital.times import HOUR

__all__ = [
    "contradiction_findings",
    "cumulative_findings",
    "fraction_findings",
    "link_findings",
    "measure_findings",
    "placeholder_findings",
]

_RARE = 0.01
_UNLINKED = 0.5
_FRACTIONS = 0.1
_OLDEST = 111
"""Years that hardly anybody in a country reaches: born on 1 January 1900 means an unknown date."""
_FALLS, _RISES = 0.05, 0.5
"""What comes and goes in a day falls about as often as it rises; a sum since the first of the month falls on one."""
_LEAST_BEDS, _BEDS_A_PATIENT = 99, 10
_MEDIANS = {
    "heart_rate": (45, 170),
    "systolic_mmhg": (60, 200),
    "diastolic_mmhg": (30, 130),
    "respiratory_rate": (8, 60),
    "temperature_celsius": (34, 40),
    "spo2_percent": (80, 100),
}
"""Between which the median of many patients lies, from newborns to the old, sick or not, and far apart: another unit of
measure lies outside (blood pressure in cmHg or kPa, saturation as a share of one)."""

_MINUTES = {"minutes": (10, 600)}


def contradiction_findings(visits: Latest) -> list[Finding]:
    """Visits that left unseen and yet have a first contact, and those that left otherwise without one."""
    unseen = (visits.frame["disposition"] == "left_unseen").to_numpy(bool)
    seen = visits.frame["seen_at"].notna().to_numpy(bool)
    return [*_seen_unseen(visits, unseen, seen), *_never_seen(visits, unseen, seen)]


def _never_seen(visits: Latest, unseen: Array, seen: Array) -> list[Finding]:
    """Training would count them as people who gave up, after as long as they stayed."""
    left = (visits.frame["left_at"].notna() & visits.frame["disposition"].notna()).to_numpy(bool)
    if not seen.any() or not left.any():
        return []
    rows = left & ~unseen & ~seen
    share = float(rows.sum() / left.sum())
    if rows.sum() < 2 * FLOOR or share < _RARE:
        return []
    return [
        with_days(Finding("visits", "contact_missing", Weight.LOOK, "seen_at", share=share), visits, rows)
    ]


def _seen_unseen(visits: Latest, unseen: Array, seen: Array) -> list[Finding]:
    rows = unseen & seen
    if not rows.any():
        return []
    share = float(rows.sum() / unseen.sum())
    weight = Weight.LOOK if share >= _RARE else Weight.NOTE
    finding = Finding("visits", "seen_though_left_unseen", weight, "seen_at", share=share)
    return [with_days(finding, visits, rows)]


def link_findings(latest: Mapping[str, Latest]) -> list[Finding]:
    """Stays that come from the emergency department by a visit that the visits do not have.

    Two programs that write one id in two ways (00123 and 123, IEP123) join nothing, and no row is faulty by itself.
    Only stays that begin while visits are recorded are asked.
    """
    if not {"visits", "stays"} <= set(latest):
        return []
    visits, stays = latest["visits"], latest["stays"]
    if visits.bounds is None:
        return []
    first, last = visits.bounds
    visit = stays.frame["visit_id"]
    asked = (stays.frame["source"] == "emergency").to_numpy(bool) & visit.notna().to_numpy(bool)
    asked &= (stays.times >= first + 72 * HOUR) & (stays.times <= last)
    unknown = asked & ~visit.isin(set(visits.frame["visit_id"])).to_numpy(bool)
    if asked.sum() < 2 * FLOOR or unknown.sum() < _UNLINKED * asked.sum():
        return []
    share = float(unknown.sum() / asked.sum())
    return [
        with_days(Finding("stays", "visit_unknown", Weight.LOOK, "visit_id", share=share), stays, unknown)
    ]


def measure_findings(table: Latest) -> list[Finding]:
    """Vital signs, and lengths of operations, whose median none has: they are written in another unit of measure."""
    out = []
    usual = {"visits": _MEDIANS, "operations": _MINUTES}.get(table.contract.name, {})
    for name, (low, high) in usual.items():
        values = table.frame[name].to_numpy(np.float64)
        whole = _other_measure(table, name, "", values, (low, high))
        parts = [] if whole else list(rows_of_units(table))
        own = [_other_measure(table, name, part.unit, values[part.rows], (low, high)) for part in parts]
        out += [*whole, *(found for one in own for found in one)]
    return out


def _other_measure(
    table: Latest, name: str, unit: str, values: Array, usual: tuple[float, float]
) -> list[Finding]:
    """Of a column, or of one department's or unit's part of it (float64 [n])."""
    known = values[np.isfinite(values)]
    if known.size < 2 * FLOOR or usual[0] <= float(np.median(known)) <= usual[1]:
        return []
    after = round(float(np.median(known)), 2)
    place = (table.contract.name, "other_measure", Weight.LOOK, name, unit)
    return [Finding(*place, rows=known.size, after=after)]


def placeholder_findings(table: Latest) -> list[Finding]:
    """Numbers that programs write where nothing is known: vital signs of 0, ages of a birth in 1900, 999 beds."""
    out = []
    for name, unit, rows, known, value in _placeholders(table):
        number, share = int(rows.sum()), float(rows.sum() / max(int(known.sum()), 1))
        if number >= FLOOR and share >= _RARE:
            found = Finding(table.contract.name, "placeholder", Weight.LOOK, name, unit, share=share)
            out.append(replace(with_days(found, table, rows), after=value))
    return out


def _placeholders(table: Latest) -> Iterator[tuple[str, str, Array, Array, float]]:
    """Column, unit, rows, rows that are known (both bool [n]), and the value that stands for unknown."""
    if table.contract.name == "visits":
        for name in (*(n for n in _MEDIANS if n != "temperature_celsius"), "age_years"):
            values = table.frame[name].to_numpy(np.float64)
            oldest = name == "age_years"
            rows = values >= _OLDEST if oldest else values == 0
            yield name, "", rows, np.isfinite(values), float(_OLDEST if oldest else 0)
    if table.contract.name == "census":
        units = table.frame["unit"].to_numpy(object)
        staffed, occupied = (table.frame[name].to_numpy(np.float64) for name in ("staffed", "occupied"))
        for unit in sorted(set(units)):
            mine = units == unit
            most = float(np.nanmax(occupied[mine], initial=0.0))
            rows = mine & (staffed >= max(_LEAST_BEDS, _BEDS_A_PATIENT * most))
            yield (
                "staffed",
                str(unit),
                rows,
                mine & np.isfinite(staffed),
                float(np.min(staffed[rows], initial=1e6)),
            )


def cumulative_findings(census: Latest) -> list[Finding]:
    """Admissions or discharges that rise from row to row and hardly ever fall: sums since the month or year began."""
    units, out = census.frame["unit"].to_numpy(object), []
    for name in ("admissions", "discharges"):
        values = census.frame[name].to_numpy(np.float64)
        for unit in sorted(set(units)):
            rows = (units == unit) & np.isfinite(values)
            steps = np.diff(values[rows])
            if steps.size < 6 * FLOOR or (steps < 0).mean() > _FALLS or (steps > 0).mean() < _RISES:
                continue
            found = Finding("census", "cumulative", Weight.LOOK, name, str(unit))
            out.append(with_days(found, census, rows))
    return out


def fraction_findings(census: Latest) -> list[Finding]:
    """Counts of patients that are no whole numbers: means of a day, or rates (a spreadsheet holds 85 % as 0.85)."""
    counts = census.frame["occupied"].to_numpy(np.float64)
    parts = np.isfinite(counts) & (counts != np.round(counts))
    share = float(parts.mean()) if parts.size else 0.0
    if parts.sum() < 2 * FLOOR or share < _FRACTIONS:
        return []
    after = round(float(np.median(counts[parts])), 2)
    return [
        Finding(
            "census", "fractions", Weight.LOOK, "occupied", rows=int(parts.sum()), share=share, after=after
        )
    ]
