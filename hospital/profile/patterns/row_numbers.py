"""How many rows a day, a minute of the hour or an id has, where that cannot be as it is."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.calendar import local_clock
from hospital.ingest.hospital_reader import HospitalTables
from hospital.profile.current_rows import Latest, instants
from hospital.profile.facts import FLOOR, Finding, Weight
from hospital.profile.patterns.row_days import with_days
from hospital.profile.patterns.row_parts import rows_of_units
from hospital.times import DAY, MINUTE, MISSING_TIME

__all__ = ["reused_id_findings", "row_number_findings"]

_TABLES = ("visits", "stays", "operations")
_AT_CAP, _LEAST_DAYS, _FACTOR = 0.1, 5, 4.0
_EMPTY_MINUTES, _EXPECTED = 5, 30.0
_AGES, _CHANCE = 0.4, 0.2
_AS_PLANNED = 0.5


def row_number_findings(table: Latest) -> list[Finding]:
    """Days of one and the same largest number of rows, minutes of the hour without any, ages and lengths as planned."""
    if table.contract.name not in _TABLES or table.size < 2 * FLOOR:
        return []
    out = list[Finding]()
    if table.contract.name != "operations":
        out += _empty_minutes(table)
    if table.contract.name == "visits":  # of operations a day has as many as there are rooms
        out += _capped(table, np.arange(table.size), "")
        for part in rows_of_units(table) if not out else ():
            out += _capped(table, part.rows, part.unit)
        out += _round_ages(table)
    return [*out, *_as_planned(table)] if table.contract.name == "operations" else out


def reused_id_findings(hospital: HospitalTables, latest: Latest) -> list[Finding]:
    """Ids under which rows of days apart have been received: of all of these but the last the patients are lost."""
    contract = latest.contract
    frame = hospital.tables[contract.name]
    if contract.time is None or len(contract.key) != 1 or len(frame) == latest.size:
        return []
    times = instants(frame[contract.time])
    known = times != MISSING_TIME
    at = pd.Series(times[known]).groupby(frame[contract.key[0]].to_numpy(object)[known])
    span = at.max() - at.min()
    reused = set(span.index[span > DAY])
    if len(reused) < FLOOR or len(reused) < 0.001 * latest.size:
        return []
    rows = latest.frame[contract.key[0]].isin(reused).to_numpy(bool)
    share = float(rows.mean())
    return [
        with_days(
            Finding(contract.name, "ids_reused", Weight.LOOK, contract.key[0], share=share), latest, rows
        )
    ]


def _capped(table: Latest, rows: Array, unit: str) -> Iterator[Finding]:
    """Days that all have one number of rows, more of which no day has: an export that ends there."""
    days, counts = np.unique(table.day[rows], return_counts=True)
    most = int(counts.max())
    full = counts == most
    if most < FLOOR or full.sum() < max(_LEAST_DAYS, _AT_CAP * days.size):
        return
    beside = max(int((counts == most - k).sum()) for k in (1, 2, 3))
    if full.sum() < _FACTOR * max(beside, 1):
        return
    at_cap = np.zeros(table.size, bool)
    at_cap[rows[np.isin(table.day[rows], days[full])]] = True
    finding = Finding(table.contract.name, "days_capped", Weight.LOOK, table.contract.time or "", unit)
    yield replace(with_days(finding, table, at_cap), after=float(most), share=float(full.mean()))


def _empty_minutes(table: Latest) -> Iterator[Finding]:
    """Minutes of the hour, some on end, at which nothing ever comes."""
    known = table.times != MISSING_TIME
    minute = local_clock(table.times[known], table.zone) // MINUTE % 60
    if not minute.size or (minute % 5 == 0).mean() >= 0.5 or (minute % 2 == 0).mean() >= 0.9:
        return  # written by fives or twos, or mostly so
    empty = np.bincount(minute, minlength=60) == 0
    twice = np.concatenate([empty, empty])
    edges = np.flatnonzero(~twice)
    runs = np.diff(edges) - 1
    if not runs.size:
        return
    i, size = int(np.argmax(runs)), int(runs.max())
    if size < _EMPTY_MINUTES or size * minute.size / 60 < _EXPECTED:
        return
    first = int(edges[i] + 1) % 60
    finding = Finding(table.contract.name, "silent_minutes", Weight.LOOK, table.contract.time or "")
    finding = replace(finding, before=float(first), after=float((first + size - 1) % 60))
    yield replace(with_days(finding, table, known), share=size / 60)


def _round_ages(visits: Latest) -> Iterator[Finding]:
    """Ages by fives and tens far more often than one in five, from a day on or always: guessed, and not of a birth."""
    ages = visits.frame["age_years"].to_numpy(np.float64)
    known = np.flatnonzero(np.isfinite(ages) & (ages >= 5))
    five = ages[known] % 5 == 0
    middle = (_AGES + _CHANCE) / 2
    walk = np.concatenate([[0.0], np.cumsum(five - middle)])
    stop = int(np.argmax(walk - np.minimum.accumulate(walk)))
    start = int(np.argmin(walk[: stop + 1]))
    inside = five[start:stop]
    if inside.size < 20 * FLOOR or inside.mean() < _AGES:
        return
    rows = np.zeros(visits.size, bool)
    rows[known[start:stop][inside]] = True
    finding = Finding("visits", "rounded_ages", Weight.LOOK, "age_years", share=float(inside.mean()))
    yield with_days(finding, visits, rows)


def _as_planned(operations: Latest) -> Iterator[Finding]:
    """Operations that took, to the minute, as long as was planned."""
    start, end = (instants(operations.frame[c]) for c in ("started_at", "ended_at"))
    planned = operations.frame["minutes"].to_numpy(np.float64)
    known = (start != MISSING_TIME) & (end != MISSING_TIME) & np.isfinite(planned)
    took = np.where(known, (end - start) / MINUTE, np.inf)
    rows = known & (np.abs(took - np.where(known, planned, 0.0)) < 1.0)
    share = float(rows.sum() / max(known.sum(), 1))
    if rows.sum() >= 2 * FLOOR and share >= _AS_PLANNED:
        finding = Finding("operations", "took_as_planned", Weight.LOOK, "ended_at", share=share)
        yield with_days(finding, operations, rows)
