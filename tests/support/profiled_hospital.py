"""The profile of tables that a test damages, and what a person should look at in it."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from hospital.ingest.hospital_reader import read_hospital
from hospital.mapping.mapping_file import load_mapping
from hospital.profile.build import profile_of
from hospital.profile.facts import Finding, Profile, Weight
from hospital.simulator import write
from hospital.times import instant

__all__ = ["MIDDLE", "NOW", "Tables", "looked_at", "one", "profile"]

Tables = dict[str, pd.DataFrame]
NOW = instant(datetime(2026, 6, 1, tzinfo=UTC))
MIDDLE = pd.Timestamp("2024-08-01", tz="UTC")


def profile(tables: Tables, folder: Path, *, now: int = NOW, mapping: str | None = None) -> Profile:
    """The profile of tables that were written to files and read again."""
    write(tables, folder / "data")
    mapped = None
    if mapping is not None:
        (folder / "mapping.toml").write_text(mapping)
        mapped = load_mapping(folder / "mapping.toml")
    return profile_of(read_hospital(folder / "data", mapped, b"k" * 32), source="data", now=now)


def looked_at(found: Profile) -> list[tuple[str, str, str]]:
    """What a person should look at: (table, code, column or unit)."""
    return [(f.table, f.code, f.column or f.unit) for f in found.findings if f.weight is Weight.LOOK]


def one(found: Profile, code: str) -> Finding:
    """The only finding of a code."""
    (finding,) = [f for f in found.findings if f.code == code]
    return finding
