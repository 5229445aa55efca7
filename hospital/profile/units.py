"""When units open and close, as their stays or census show it and as the table of units tells it."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.dataset.splits import UNIT_MODEL_DAYS
from hospital.ingest.hospital_reader import HospitalTables
from hospital.profile.current_rows import Latest, day_text, instants, span
from hospital.profile.facts import FLOOR, Finding, Gap, UnitProfile, Weight
from hospital.profile.gaps import LEAST_EXPECTED, gap_findings, gaps, steady_gaps
from hospital.times import DAY, HOUR, MISSING_TIME

__all__ = ["cadence_findings", "unit_profiles"]

_STAY_GAP_HOURS = 72.0
_CENSUS_GAP_HOURS = {1: 6.0, 24: 48.0}
"""As long as a forecast still trusts the last census (hospital.features.demand)."""
_EDGE = 30 * DAY
"""A unit whose rows begin or end this much inside the table's has opened or closed."""
_ZERO_DAYS = 14
_HOLES = 0.01


def unit_profiles(
    hospital: HospitalTables, latest: Mapping[str, Latest], now: int
) -> tuple[tuple[UnitProfile, ...], list[Finding]]:
    """Every unit that stays or census name, and what is found of them."""
    name = "stays" if "stays" in latest else "census"
    table = latest.get(name)
    if table is None:
        return (), []
    bounds = table.bounds
    told = _told(latest.get("units"))
    of, out, findings = table.frame["unit"].to_numpy(object), [], list[Finding]()
    for unit in sorted(set(of)):
        rows = of == unit
        profile = _profile(hospital, table.part(rows), str(unit), told.get(unit, {}))
        out.append(profile)
        findings += gap_findings(name, profile.gaps, profile.unit, "unit_gap")
        if bounds is not None:
            findings += _edges(name, profile, table.times[rows], bounds, told.get(unit, {}))
        if name == "census":
            findings += _zeros(table.part(rows), profile)
            findings += _holes(table.part(rows), profile, _cadence_hours(hospital))
    return tuple(out), findings


def _told(units: Latest | None) -> dict[str, dict[str, object]]:
    if units is None:
        return {}
    return {str(row["unit"]): {str(k): v for k, v in row.items()} for row in units.frame.to_dict("records")}


def _profile(hospital: HospitalTables, rows: Latest, unit: str, told: Mapping[str, object]) -> UnitProfile:
    times = rows.times
    bounds = rows.bounds
    first, last = bounds if bounds is not None else (0, 0)
    days = (last - first) / DAY
    if rows.contract.name == "census":
        cadence = _cadence_hours(hospital)
        found: tuple[Gap, ...] = steady_gaps(times, rows.zone, cadence, _CENSUS_GAP_HOURS[cadence])
    else:
        # Who stays long keeps a small unit from admitting: a time is silent if nobody left either.
        both = np.concatenate([times, instants(rows.frame["left_at"].dropna())])
        found = gaps(np.sort(both), rows.zone, _STAY_GAP_HOURS, 2 * LEAST_EXPECTED)
    return UnitProfile(
        unit,
        str(told.get("label") or unit),
        str(told.get("group") or unit),
        rows.size,
        day_text(first, rows.zone) if bounds else "",
        day_text(last, rows.zone) if bounds else "",
        round(days, 1),
        _day(told.get("open_from"), rows),
        _day(told.get("open_to"), rows),
        found,
        days < UNIT_MODEL_DAYS,
    )


def _day(when: object, rows: Latest) -> str:
    if not isinstance(when, pd.Timestamp):
        return ""
    return day_text(int(instants(pd.Series([when]))[0]), rows.zone)


def _edges(
    table: str, profile: UnitProfile, times: Array, bounds: tuple[int, int], told: Mapping[str, object]
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
    """Days on end that count nobody: a closed unit told as an empty one."""
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


def _cadence_hours(hospital: HospitalTables) -> int:
    return 24 if hospital.cadence == "daily" else 1


def _holes(rows: Latest, profile: UnitProfile, cadence_hours: int) -> list[Finding]:
    """Single hours or days that are not told, between the gaps that are told of by themselves."""
    if rows.size < 2 * FLOOR:
        return []
    usual = round(float(rows.times[-1] - rows.times[0]) / (cadence_hours * HOUR)) + 1
    lost = usual - rows.size - round(sum(g.expected for g in profile.gaps))
    if lost / usual < _HOLES:
        return []
    return [Finding("census", "rows_missing", Weight.LOOK, "at", profile.unit, rows=lost, share=lost / usual)]


def cadence_findings(census: Latest) -> list[Finding]:
    """Units or months that are told hourly where others are told daily."""
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
