"""Whether the school holidays of the hospital's zone are known for its record and for the months ahead."""

from collections.abc import Iterable
from datetime import date

from hospital.holidays.school_holidays import ends_soon, first_school_day, last_school_day
from hospital.ingest.hospital_reader import HospitalTables
from hospital.profile.current_rows import day_text
from hospital.profile.facts import Finding, Weight
from hospital.profile.facts import TableProfile as Table
from hospital.times import moment

__all__ = ["school_findings"]


def school_findings(hospital: HospitalTables, tables: Iterable[Table], now: int) -> list[Finding]:
    """Notes: the record begins before the calendar, or the calendar ends within six months of now, or has ended."""
    if not hospital.locality.school_zone:
        return []
    begun = min((t.first for t in tables if t.first), default="")
    findings = []
    first, last = first_school_day().isoformat(), last_school_day()
    if begun and begun < first:
        findings.append(Finding("", "school_calendar_begins", Weight.NOTE, first=begun, last=first))
    today: date = moment(now).astimezone(hospital.zone).date()
    if ends_soon(today):
        findings.append(
            Finding(
                "",
                "school_calendar_ends",
                Weight.NOTE,
                first=day_text(now, hospital.zone),
                last=last.isoformat(),
            )
        )
    return findings
