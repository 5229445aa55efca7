"""Every pattern of every table; where one fault shows in two ways, what says it best."""

from collections.abc import Mapping, Sequence

from hospital.ingest.hospital_reader import HospitalTables
from hospital.profile.current_rows import Latest
from hospital.profile.facts import Finding
from hospital.profile.patterns.contradictions import (
    contradiction_findings,
    cumulative_findings,
    fraction_findings,
    link_findings,
    measure_findings,
    placeholder_findings,
)
from hospital.profile.patterns.copied_values import copied_value_findings
from hospital.profile.patterns.hours.column_hours import column_hour_findings
from hospital.profile.patterns.hours.heaps import heap_findings
from hospital.profile.patterns.hours.rota_clocks import rota_clock_findings
from hospital.profile.patterns.hours.silent_hours import silent_hour_findings
from hospital.profile.patterns.hours.unit_clocks import unit_clock_findings
from hospital.profile.patterns.labels.handovers import handover_findings, handover_label_findings, handovers
from hospital.profile.patterns.labels.plan_labels import plan_label_findings
from hospital.profile.patterns.labels.unit_copies import unit_copy_findings
from hospital.profile.patterns.labels.unit_labels import label_findings
from hospital.profile.patterns.leaks import bed_leak_findings, wait_leak_findings
from hospital.profile.patterns.lengths.fixed_lengths import fixed_length_findings
from hospital.profile.patterns.lengths.length_clocks import length_clock_findings
from hospital.profile.patterns.lengths.length_limits import length_limit_findings
from hospital.profile.patterns.near_duplicates import near_duplicate_findings
from hospital.profile.patterns.rotas import rota_findings
from hospital.profile.patterns.row_numbers import reused_id_findings, row_number_findings
from hospital.profile.patterns.stops import record_end, stop_findings, table_end_findings

__all__ = ["pattern_findings", "with_patterns"]

_SAYS_IT_BETTER: Mapping[str, frozenset[str]] = {
    "column_stops": frozenset({"presence_shifts"}),
    "value_stops": frozenset({"codes_change", "level_shifts", "column_constant"}),
    "column_constant": frozenset({"codes_change", "level_shifts"}),
    "other_measure": frozenset({"level_shifts"}),
    "placeholder": frozenset({"other_measure", "level_shifts"}),
    "contact_missing": frozenset({"long_ones_missing"}),
    "values_alike": frozenset({"codes_change"}),
}
"""A finding is left out where one of these is found in the same column."""


def pattern_findings(hospital: HospitalTables, latest: Mapping[str, Latest], now: int) -> list[Finding]:
    """What a person would see in the tables."""
    until = record_end(latest, now)
    out = table_end_findings(latest, until)
    for table in latest.values():
        if table.contract.time is None or not table.size:
            continue
        out += stop_findings(table, hospital.covariates, until)
        heaps = heap_findings(table)
        # Departures of the weekend that are all typed on Monday lack on the days before.
        typed = {f.column for f in heaps if f.names}
        silent = silent_hour_findings(table, until)
        out += [*heaps, *(f for f in silent if f.code != "silent_weekdays" or f.column not in typed)]
        out += near_duplicate_findings(table)
        out += label_findings(table)
        out += length_limit_findings(table)
        out += length_clock_findings(table)
        out += fixed_length_findings(table)
        out += placeholder_findings(table)
        out += measure_findings(table)
        out += copied_value_findings(table)
        out += row_number_findings(table)
        out += reused_id_findings(hospital, table)
    if "visits" in latest:
        out += contradiction_findings(latest["visits"])
        out += column_hour_findings(latest["visits"])
        out += unit_clock_findings(latest["visits"])
        out += unit_copy_findings(latest["visits"])
        received = not any(f.table == "visits" and f.code == "received_at_missing" for f in hospital.findings)
        out += wait_leak_findings(latest["visits"], hospital.tables["visits"] if received else None)
    if "census" in latest:
        out += fraction_findings(latest["census"])
        out += cumulative_findings(latest["census"])
        out += bed_leak_findings(latest["census"], hospital.covariates)
    if "stays" in latest:
        out += unit_copy_findings(latest["stays"])
        out += unit_clock_findings(latest["stays"])
    if "staffing" in latest:
        out += rota_findings(latest["staffing"], until)
        out += rota_clock_findings(latest["staffing"])
        out += plan_label_findings(latest["staffing"], until)
    if not {"visits", "stays"} <= set(latest):
        return [*out, *link_findings(latest)]
    pairs = handovers(latest["visits"], latest["stays"])
    named = {frozenset((f.unit, *f.names)) for f in out if (f.table, f.code) == ("stays", "labels_exchanged")}
    labels = [f for f in handover_label_findings(pairs) if frozenset((f.unit, *f.names)) not in named]
    return [*out, *labels, *link_findings(latest), *handover_findings(pairs)]


def with_patterns(findings: Sequence[Finding], patterns: Sequence[Finding]) -> list[Finding]:
    """The findings of before and the patterns, each fault once: what else says the same of a column is left out."""
    there = {(f.table, f.column, f.unit, f.code) for f in (*findings, *patterns)}

    def is_said(f: Finding) -> bool:
        return any((f.table, f.column, f.unit, code) in there for code in _SAYS_IT_BETTER.get(f.code, ()))

    kept = [p for p in patterns if not is_said(p)]
    labels = [p for p in patterns if p.code in ("labels_exchanged", "labels_in_turn")]
    moved = {(p.table, unit) for p in labels for unit in (p.unit, *p.names)}
    silent = {f.table: len(f.names) + 1.5 for f in patterns if f.code == "silent_weekdays" and not f.unit}
    findings = [f for f in findings if not is_said(f)]
    findings = [f for f in findings if f.code != "gap" or (f.after or 0.0) > silent.get(f.table, 0.0)]
    if any(f.code == "clock_moved" for f in findings):
        kept = [p for p in kept if p.code != "unit_clock_moved" or p.names]
    own = [f for f in findings if f.code != "level_shifts" or (f.table, f.unit) not in moved]
    return [*own, *kept]
