"""When units open and close, as their stays or census show it and as the table of units has it."""

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.calendar import weekday
from hospital.dataset.splits import UNIT_MODEL_DAYS
from hospital.ingest.hospital_reader import HospitalTables
from hospital.profile.current_rows import Latest, day_text, instants, span
from hospital.profile.facts import FLOOR, Finding, Gap, UnitProfile, Weight
from hospital.profile.gaps import LEAST_EXPECTED, gap_findings, gaps, steady_gaps
from hospital.record.cadence import usual_hours
from hospital.times import DAY, HOUR, MISSING_TIME

__all__ = ["cadence_findings", "rhythm_findings", "unit_profiles"]

_STAY_GAP_HOURS = 72.0
_CENSUS_GAP_HOURS = {1: 6.0, 24: 48.0}
"""As long as a forecast still trusts the last census (hospital.features.demand)."""
_EDGE = 30 * DAY
"""A unit whose rows begin or end this much inside the table's has opened or closed."""
_ZERO_DAYS = 14
_HOLES = 0.01
_LEAST_WEEKS = 8
_SILENT = 0.1
"""A day of the week with rows in fewer than a tenth of the weeks is one that nobody counts on."""


def unit_profiles(
    hospital: HospitalTables, latest: Mapping[str, Latest], now: int
) -> tuple[tuple[UnitProfile, ...], list[Finding]]:
    """Every unit that stays or census name, and what is found of them."""
    name = "stays" if "stays" in latest else "census"
    table = latest.get(name)
    if table is None:
        return (), []
    bounds = table.bounds
    declared = _declared(latest.get("units"))
    step, silent = _census_step(hospital), _silent_weekdays(hospital, table)
    of, out, findings = table.frame["unit"].to_numpy(object), [], list[Finding]()
    for unit in sorted(set(of)):
        rows = of == unit
        part = table.part(rows)
        bounds_of = _census_bounds(part, now) if name == "census" else part.bounds
        profile = _profile(part, bounds_of, str(unit), declared.get(unit, {}), step, silent)
        out.append(profile)
        findings += gap_findings(name, profile.gaps, profile.unit, "unit_gap")
        if bounds is not None:
            findings += _edges(name, profile, table.times[rows], bounds, declared.get(unit, {}))
        if name == "census":
            findings += _zeros(part, profile)
            findings += _holes(part, profile, step, silent)
    return tuple(out), findings


def _declared(units: Latest | None) -> dict[str, dict[str, object]]:
    if units is None:
        return {}
    return {str(row["unit"]): {str(k): v for k, v in row.items()} for row in units.frame.to_dict("records")}


def _profile(
    rows: Latest,
    bounds: tuple[int, int] | None,
    unit: str,
    declared: Mapping[str, object],
    step: int,
    silent: frozenset[int],
) -> UnitProfile:
    times = rows.times
    found: tuple[Gap, ...]
    first, last = bounds if bounds is not None else (0, 0)
    days = (last - first) / DAY
    if rows.contract.name == "census":
        longest = _CENSUS_GAP_HOURS.get(step, 3.0 * step)
        found = tuple(
            gap for gap in steady_gaps(times, rows.zone, step, longest) if not _is_between(gap, silent)
        )
    else:
        # Who stays long keeps a small unit from admitting: a time is silent if nobody left either.
        both = np.concatenate([times, instants(rows.frame["left_at"].dropna())])
        found = gaps(np.sort(both), rows.place, _STAY_GAP_HOURS, 2 * LEAST_EXPECTED)
    return UnitProfile(
        unit,
        str(declared.get("label") or unit),
        str(declared.get("group") or unit),
        rows.size,
        day_text(first, rows.zone) if bounds else "",
        day_text(last, rows.zone) if bounds else "",
        round(days, 1),
        _day(declared.get("open_from"), rows),
        _day(declared.get("open_to"), rows),
        found,
        days < UNIT_MODEL_DAYS,
    )


def _census_bounds(rows: Latest, now: int) -> tuple[int, int] | None:
    """Instants of a unit's first and last counts until now; None with fewer than 20.

    A count is no person: it needs no others beside it, as a single stay does (`current_rows.span`). Of a row a day nine
    days at either end would be left out.
    """
    known = rows.times[(rows.times != MISSING_TIME) & (rows.times <= now)]
    return (int(known[0]), int(known[-1])) if rows.bounds is not None and known.size else None


def _day(when: object, rows: Latest) -> str:
    if not isinstance(when, pd.Timestamp):
        return ""
    return day_text(int(instants(pd.Series([when]))[0]), rows.zone)


def _edges(
    table: str, profile: UnitProfile, times: Array, bounds: tuple[int, int], declared: Mapping[str, object]
) -> list[Finding]:
    """Units that open or close inside the record without the table of units saying so."""
    own = span(times)
    if own is None:
        return [Finding(table, "unit_rare", Weight.NOTE, "unit", profile.unit, rows=profile.rows)]
    usual = times.size / max(own[1] - own[0], HOUR)
    out = []
    if own[0] - bounds[0] > _EDGE and (own[0] - bounds[0]) * usual >= LEAST_EXPECTED + FLOOR:
        weight = Weight.NOTE if profile.open_from else Weight.LOOK
        out.append(Finding(table, "unit_opens", weight, "unit", profile.unit, first=profile.first))
    if bounds[1] - own[1] > _EDGE and (bounds[1] - own[1]) * usual >= LEAST_EXPECTED + FLOOR:
        weight = Weight.NOTE if profile.open_to else Weight.LOOK
        out.append(Finding(table, "unit_closes", weight, "unit", profile.unit, last=profile.last))
    return out


def _zeros(rows: Latest, profile: UnitProfile) -> list[Finding]:
    """Days on end that count nobody: a closed unit recorded as an empty one."""
    empty = rows.frame["occupied"].to_numpy(np.float64) == 0
    if empty.all() or not empty.any():
        return []
    edges = np.flatnonzero(np.diff(np.concatenate([[False], empty, [False]]).astype(np.int8)))
    begins, ends = edges[::2], edges[1::2] - 1
    days = (rows.times[ends] - rows.times[begins]) / DAY
    longest = int(np.argmax(days))
    if days[longest] < _ZERO_DAYS:
        return []
    return [
        Finding(
            "census",
            "zero_when_closed",
            Weight.LOOK,
            "occupied",
            profile.unit,
            rows=int(empty.sum()),
            share=float(empty.mean()),
            first=day_text(int(rows.times[begins[longest]]), rows.zone),
            last=day_text(int(rows.times[ends[longest]]), rows.zone),
        )
    ]


def _census_step(hospital: HospitalTables) -> int:
    """Hours between two rows of a unit's census: 1, 24, or those of a cadence that no forecast is made of."""
    if hospital.cadence == "other":
        return max(round(usual_hours(hospital.tables["census"])), 1)
    return 24 if hospital.cadence == "daily" else 1


def _silent_weekdays(hospital: HospitalTables, table: Latest) -> frozenset[int]:
    """Days of the week (Monday 0) on which a daily census of two months or more has no rows, or hardly any."""
    if table.contract.name != "census" or hospital.cadence != "daily" or not table.size:
        return frozenset()
    days = np.unique(table.day)
    weeks = (days[-1] - days[0] + 1) / 7
    if weeks < _LEAST_WEEKS:
        return frozenset()
    rows = np.bincount(weekday(days), minlength=7)
    return frozenset(np.flatnonzero(rows < _SILENT * weeks).tolist())


def _is_between(gap: Gap, silent: frozenset[int]) -> bool:
    """Whether nothing but silent days of the week lie between the two days of a gap."""
    first, last = (date.fromisoformat(day).toordinal() for day in (gap.first, gap.last))
    return bool(silent) and all(date.fromordinal(n).weekday() in silent for n in range(first + 1, last))


def rhythm_findings(hospital: HospitalTables, census: Latest) -> list[Finding]:
    """A census of another step than an hour or a day, or without some days of the week."""
    step, silent = _census_step(hospital), _silent_weekdays(hospital, census)
    out = []
    if step not in _CENSUS_GAP_HOURS:
        out.append(Finding("census", "other_step", Weight.LOOK, "at", rows=census.size, after=float(step)))
    if silent:
        names = tuple(str(day) for day in sorted(silent))
        out.append(Finding("census", "no_weekdays", Weight.LOOK, "at", names=names))
    return out


def _holes(rows: Latest, profile: UnitProfile, cadence_hours: int, silent: frozenset[int]) -> list[Finding]:
    """Single hours or days without a row, between the gaps that are findings by themselves."""
    if rows.size < 2 * FLOOR:
        return []
    usual = round(float(rows.times[-1] - rows.times[0]) / (cadence_hours * HOUR)) + 1
    if silent:
        days = np.arange(rows.day[0], rows.day[-1] + 1)
        usual -= int(np.isin(weekday(days), list(silent)).sum())
    lost = usual - rows.size - round(sum(g.expected for g in profile.gaps))
    if lost / usual < _HOLES:
        return []
    return [Finding("census", "rows_missing", Weight.LOOK, "at", profile.unit, rows=lost, share=lost / usual)]


def cadence_findings(census: Latest) -> list[Finding]:
    """Units or months that are counted hourly where others are counted daily."""
    units = census.frame["unit"].to_numpy(object)
    starts: dict[str, list[int]] = {"hourly": [], "daily": []}
    for unit in sorted(set(units)):
        times = census.times[units == unit]
        times = times[times != MISSING_TIME]
        steps, month = np.diff(times) / HOUR, times[:-1] // (30 * DAY)
        for name in np.unique(month):
            usual = float(np.median(steps[month == name]))
            kind = "hourly" if usual <= 1.5 else "daily" if 20 <= usual <= 28 else ""
            if kind and (month == name).sum() >= FLOOR:
                starts[kind].append(int(times[:-1][month == name].min()))
    if not all(starts.values()):
        return []
    rarer = min(starts, key=lambda k: len(starts[k]))
    share = len(starts[rarer]) / sum(len(s) for s in starts.values())
    first = day_text(min(starts[rarer]), census.zone)
    return [Finding("census", "mixed_cadence", Weight.LOOK, "at", share=share, first=first)]
