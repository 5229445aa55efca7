"""The profile of a hospital's tables: every fact and finding, put together."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from hospital.contracts.tables import TABLES
from hospital.ingest.event_columns import events_of
from hospital.ingest.hospital_reader import HospitalTables
from hospital.profile.current_rows import Latest, day_text, latest_tables
from hospital.profile.duplicates import duplicate_findings, overlap_findings, total_findings
from hospital.profile.facts import (
    FLOOR,
    Attribute,
    ColumnProfile,
    Finding,
    Group,
    Profile,
    TableProfile,
    Week,
    Weight,
)
from hospital.profile.gaps import gap_findings, table_gaps
from hospital.profile.patterns.findings import pattern_findings, with_patterns
from hospital.profile.patterns.level_shifts import level_shift_findings
from hospital.profile.patterns.name_spelling import role_findings, spelling_findings, value_findings
from hospital.profile.readiness import costs, model_profiles
from hospital.profile.school_calendar import school_findings
from hospital.profile.timestamp_checks import clock_findings, timestamp_findings
from hospital.profile.units import cadence_findings, rhythm_findings, unit_profiles
from hospital.record.events import Events
from hospital.times import DAY, moment

__all__ = ["findings_to_look_at", "profile_of"]

_AT_READING: Mapping[str, Weight] = {
    "mixed_zones": Weight.LOOK,
    "duplicate_row": Weight.LOOK,
    "unknown_unit": Weight.LOOK,
    "row_left_out": Weight.LOOK,
    "rounded_ids": Weight.LOOK,
    "swapped_dates": Weight.LOOK,
    "hidden_rows": Weight.LOOK,
    "unread_files": Weight.LOOK,
    "rows_at_limit": Weight.LOOK,
    "where_alike": Weight.LOOK,
}
"""Findings of reading that a person should look at; the others are notes."""


def profile_of(
    hospital: HospitalTables, *, source: str, now: int, horizons_hours: tuple[float, ...] = ()
) -> Profile:
    """Profiles a hospital's tables.

    Args:
        source: the name of the folder or file.
        now: instant after which nothing can have happened yet.
        horizons_hours: of bed demand; empty: those that training takes by itself.
    """
    latest, events = latest_tables(hospital), events_of(hospital)
    tables = tuple(_table(name, hospital, latest.get(name), events, now) for name in TABLES)
    units, of_units = unit_profiles(hospital, latest, now)
    models = model_profiles(
        events, latest, tables, hospital.covariates, horizons_hours, whole=hospital.cadence != "other"
    )
    findings = [*_read(hospital), *of_units, *school_findings(hospital, tables, now)]
    for table in tables:
        findings += gap_findings(table.name, table.gaps)
    findings = _with_rows(findings, hospital, latest, now)
    if not any(m.possible for m in models):
        findings.append(Finding("", "no_model", Weight.LOOK))
    return Profile(
        source,
        hospital.source_digest,
        moment(now).isoformat(),
        str(hospital.zone),
        hospital.cadence,
        tables,
        units,
        models,
        tuple(sorted(findings, key=_order)),
    )


def findings_to_look_at(hospital: HospitalTables, *, now: int) -> tuple[Finding, ...]:
    """What a person should look at in a hospital's tables, without what its profile says of units and features.

    Args:
        now: instant after which nothing can have happened yet.
    """
    latest, findings = latest_tables(hospital), _read(hospital)
    for name, rows in latest.items():
        findings += gap_findings(name, table_gaps(rows, now))
    found = _with_rows(findings, hospital, latest, now)
    return tuple(sorted((f for f in found if f.weight is Weight.LOOK), key=_order))


def _with_rows(
    findings: list[Finding], hospital: HospitalTables, latest: Mapping[str, Latest], now: int
) -> list[Finding]:
    """The findings, and what the tables' rows show; of one fault what says it best."""
    for rows in latest.values():
        findings += timestamp_findings(rows, now)
        findings += duplicate_findings(rows)
        findings += level_shift_findings(rows, hospital.covariates)
    findings += _of_one_table(latest, hospital.audit_attributes)
    findings += spelling_findings(latest)
    if "census" in latest:
        findings += rhythm_findings(hospital, latest["census"])
    return with_patterns(findings, pattern_findings(hospital, latest, now))


def _order(finding: Finding) -> tuple[object, ...]:
    places = list(TABLES)
    place = places.index(finding.table) if finding.table in places else -1
    return (finding.weight is not Weight.LOOK, place, finding.code, finding.column, finding.unit)


def _of_one_table(latest: Mapping[str, Latest], attributes: Sequence[str]) -> list[Finding]:
    out = []
    if "staffing" in latest:
        out += role_findings(latest["staffing"])
    if "visits" in latest:
        out += clock_findings(latest["visits"])
        out += value_findings(latest["visits"], attributes)
    if "stays" in latest:
        out += overlap_findings(latest["stays"])
        out += total_findings(latest["stays"])
    if "census" in latest:
        out += cadence_findings(latest["census"])
        out += total_findings(latest["census"])
    return out


def _read(hospital: HospitalTables) -> list[Finding]:
    return [
        Finding(
            f.table,
            f.code,
            _AT_READING.get(f.code, Weight.NOTE),
            f.column,
            rows=f.rows,
            said=f.message,
            names=(f.place,) if f.place else (),
        )
        for f in hospital.findings
    ]


def _table(
    name: str, hospital: HospitalTables, latest: Latest | None, events: Events, now: int
) -> TableProfile:
    cost = costs(events)
    contract = TABLES[name]
    if latest is None:
        columns = tuple(
            ColumnProfile(c.name, c.required, 1.0, cost.get(f"{name}.{c.name}", ())) for c in contract.columns
        )
        return TableProfile(name, False, 0, None, "", "", columns, (), (), (), cost.get(name, ()))
    unrolled = any(f.table == name and f.code == "received_at_missing" for f in hospital.findings)
    extra = hospital.covariates if name == "census" else ()
    columns = tuple(
        ColumnProfile(
            column,
            column in contract.by_name and contract.by_name[column].required,
            float(latest.frame[column].isna().mean()),
            cost.get(f"{name}.{column}", ()),
        )
        for column in (*contract.by_name, *extra)
    )
    bounds = latest.bounds
    return TableProfile(
        name,
        True,
        latest.size,
        None if unrolled or name == "units" else latest.versions - latest.size,
        day_text(bounds[0], latest.zone) if bounds else "",
        day_text(bounds[1], latest.zone) if bounds else "",
        columns,
        _weeks(latest, bounds),
        table_gaps(latest, now),
        _attributes(latest, hospital.audit_attributes) if name == "visits" else (),
        cost.get(name, ()),
    )


def _weeks(latest: Latest, bounds: tuple[int, int] | None) -> tuple[Week, ...]:
    """Rows of each local week of the record, those without any too."""
    if bounds is None:
        return ()
    inside = (latest.times >= bounds[0]) & (latest.times <= bounds[1])
    week = (latest.day[inside] + 3) // 7  # day 0 was a Thursday
    counts = np.bincount(week - week[0])
    return tuple(
        Week(moment(int((week[0] + i) * 7 - 3) * DAY).date().isoformat(), int(n))
        for i, n in enumerate(counts)
    )


def _attributes(visits: Latest, names: Sequence[str]) -> tuple[Attribute, ...]:
    out = []
    for name in names:
        known: pd.Series = visits.frame[name].dropna()
        counts = known.value_counts()
        shown = counts[counts >= FLOOR]
        groups = tuple(Group(str(v), round(float(n) / max(len(known), 1), 2)) for v, n in shown.items())
        missing = float(visits.frame[name].isna().mean())
        out.append(Attribute(name, missing, groups, len(shown) < len(counts)))
    return tuple(out)
