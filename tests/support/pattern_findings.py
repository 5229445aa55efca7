"""What is found in a plain hospital that a test damages, and when."""

import pandas as pd

from hospital.profile.current_rows import latest_tables
from hospital.profile.facts import Finding, Weight
from hospital.profile.patterns.findings import pattern_findings
from hospital.times import instant
from tests.support.plain_hospital import ZONE, hospital_of, now

__all__ = ["MIDDLE", "TIMES", "Tables", "found", "local", "near"]

Tables = dict[str, pd.DataFrame]
MIDDLE = pd.Timestamp("2024-03-11", tz=ZONE)
TIMES = ["arrived_at", "triaged_at", "seen_at", "bed_requested_at", "left_at"]


def found(tables: Tables) -> list[Finding]:
    """What a person should look at, by code, column and unit."""
    hospital = hospital_of(tables)
    findings = pattern_findings(hospital, latest_tables(hospital), instant(now()))
    looked = [f for f in findings if f.weight is Weight.LOOK]
    return sorted(looked, key=lambda f: (f.code, f.column, f.unit))


def local(times: pd.Series) -> pd.Series:
    """The same times on the hospital's clock."""
    return times.dt.tz_convert(ZONE)


def near(day: str, expected: pd.Timestamp, most: int = 2) -> bool:
    """Whether a day is the expected one, but for the nine rows that no span shows."""
    return abs((pd.Timestamp(day) - expected.tz_localize(None).normalize()).days) <= most
