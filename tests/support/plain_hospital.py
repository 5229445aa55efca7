"""A small sound hospital made by hand: no queue and no season, but hours, weekdays, two departments and wards."""

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from hospital.contracts.tables import TABLES, Kind
from hospital.ingest.hospital_reader import HospitalTables

__all__ = ["END", "START", "ZONE", "hospital_of", "plain_tables"]

ZONE = ZoneInfo("Europe/Paris")
START, END = pd.Timestamp("2024-01-08", tz=ZONE), pd.Timestamp("2024-05-06", tz=ZONE)
"""Seventeen weeks from a Monday on, the last Sunday of March among them."""
_HOURS = np.array([3, 3, 2, 2, 2, 2, 2, 4, 9, 11, 12, 13, 12, 12, 11, 11, 11, 11, 11, 11, 9, 8, 6, 5])
_WARDS: Mapping[str, tuple[float, float, float]] = {
    "MED": (6.0, 6.0, 0.9),
    "CHI": (4.0, 1.5, 0.3),
    "GER": (2.0, 15.0, 0.6),
}
"""Of each ward: stays a day, mean days, share from emergency."""


def _times(rng: np.random.Generator, days: int, a_day: float) -> pd.Series:
    """Instants within some days, by the hours of a day, in their order."""
    size = rng.poisson(a_day * days)
    minutes = rng.choice(24, size, p=_HOURS / _HOURS.sum()) * 60 + rng.uniform(0, 60, size)
    local = START.tz_localize(None) + pd.to_timedelta(rng.integers(0, days, size), unit="D")
    local = local + pd.to_timedelta(np.floor(minutes * 60), unit="s")
    zoned = pd.Series(local.sort_values()).dt.tz_localize(ZONE, ambiguous="NaT", nonexistent="shift_forward")
    return zoned.dt.tz_convert(UTC).astype("datetime64[us, UTC]").reset_index(drop=True)


def _after(times: pd.Series, minutes: np.ndarray) -> pd.Series:
    return (times + pd.to_timedelta(np.floor(minutes * 60), unit="s")).astype("datetime64[us, UTC]")


def _visits(rng: np.random.Generator, days: int) -> pd.DataFrame:
    arrived = _times(rng, days, 60.0)
    n = len(arrived)
    small = rng.random(n) < 0.25
    triaged = _after(arrived, rng.uniform(3, 12, n))
    seen = _after(triaged, rng.lognormal(3.7, 0.9, n))
    left = _after(seen, rng.lognormal(4.5, 0.6, n))
    unseen = rng.random(n) < 0.05
    # Nothing that happens after the end is in the tables.
    end = END.tz_convert(UTC)
    out = pd.DataFrame(
        {
            "visit_id": [f"v{i}" for i in range(n)],
            "department": np.where(small, "KIDS", "ED"),
            "arrived_at": arrived,
            "triaged_at": triaged,
            "seen_at": seen.mask(unseen | (seen >= end)),
            "bed_requested_at": seen.mask(unseen | (seen >= end) | (rng.random(n) < 0.75)),
            "left_at": left.mask(left >= end),
            "triage": rng.choice(["2", "3A", "3B", "4", "5"], n, p=[0.1, 0.2, 0.3, 0.3, 0.1]),
            "arrival_mode": rng.choice(["walk_in", "ambulance"], n, p=[0.75, 0.25]),
            "reason": rng.choice([f"R{i}" for i in range(8)], n),
            "age_years": np.where(small, rng.integers(0, 18, n), rng.integers(0, 95, n)).astype(np.float64),
            "heart_rate": np.where(rng.random(n) < 0.1, np.nan, rng.normal(85, 15, n).round()),
            "spo2_percent": np.where(rng.random(n) < 0.1, np.nan, rng.normal(96, 2, n).clip(70, 100).round()),
            "temperature_celsius": np.where(rng.random(n) < 0.1, np.nan, rng.normal(37, 0.6, n).round(1)),
            "disposition": np.where(left >= end, None, np.where(unseen, "left_unseen", "home")),
            "sex": rng.choice(["F", "M"], n),
        }
    )
    return out.assign(destination_unit=None, diastolic_mmhg=np.nan, received_at=arrived)


def _stays(rng: np.random.Generator, days: int) -> pd.DataFrame:
    parts = []
    for unit, (a_day, mean_days, emergency) in _WARDS.items():
        entered = _times(rng, days, a_day)
        n = len(entered)
        left = _after(entered, rng.exponential(mean_days * 1440, n) + 60)
        parts.append(
            pd.DataFrame(
                {
                    "stay_id": [f"{unit}{i}" for i in range(n)],
                    "visit_id": None,
                    "unit": unit,
                    "entered_at": entered,
                    "left_at": left.mask(left >= END.tz_convert(UTC)),
                    "source": np.where(rng.random(n) < emergency, "emergency", "elective"),
                    "received_at": entered,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _staffing() -> pd.DataFrame:
    until = END.tz_localize(None) + pd.Timedelta(days=20)
    at = pd.date_range(START.tz_localize(None), until, freq="12h").tz_localize(ZONE).tz_convert(UTC)
    rows = [
        pd.DataFrame({"at": at.astype("datetime64[us, UTC]"), "unit": unit, "role": "doctor", "count": 3.0})
        for unit in ("ED", "KIDS")
    ]
    out = pd.concat(rows, ignore_index=True)
    known = out["at"] - pd.Timedelta(days=30)
    return out.assign(known_at=known, received_at=known)


def plain_tables(seed: int = 1) -> dict[str, pd.DataFrame]:
    """Visits, stays and staffing, as `HospitalTables` has them; sound, and received as they happened."""
    rng, days = np.random.default_rng(seed), (END - START).days
    return {"visits": _visits(rng, days), "stays": _stays(rng, days), "staffing": _staffing()}


def _whole(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The table with every column of its contract; what it lacks is unknown."""
    lacking = [c for c in TABLES[name].columns if c.name not in frame]
    empty = {
        c.name: pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us, UTC]")
        if c.kind is Kind.TIME
        else pd.Series(np.nan if c.kind in (Kind.NUMBER, Kind.INTEGER) else None, index=frame.index)
        for c in lacking
    }
    return frame.assign(**empty)


def hospital_of(tables: Mapping[str, pd.DataFrame], cadence: str | None = None) -> HospitalTables:
    """Tables as they are once read."""
    return HospitalTables(
        tables={name: _whole(name, frame) for name, frame in tables.items()},
        zone=ZONE,
        cadence=cadence,
        audit_attributes=("sex",),
        covariates=(),
        findings=(),
        source_digest="sha256:0",
    )


def now() -> datetime:
    """A day after all of it."""
    return datetime(2025, 1, 1, tzinfo=UTC)
