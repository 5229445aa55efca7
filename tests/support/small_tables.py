"""Small tables written as texts, and read as a hospital's files are."""

from pathlib import Path
from typing import Any

import pytest

from hospital.errors import ContractError
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.mapping.mapping_file import load_mapping
from tests.support.hospital_files import KEY

__all__ = ["DAY", "GOOD", "STAYS", "VISITS", "faults_of_files", "read_files", "stays_text"]

STAYS = "stay_id,unit,entered_at,left_at,source\n"
VISITS = "visit_id,arrived_at,triaged_at,seen_at,left_at,triage,disposition,sex\n"
DAY = "2024-11-0{}T0{}:00:00Z"


def stays_text(*rows: str) -> str:
    """The table of stays with these rows."""
    return STAYS + "".join(row + "\n" for row in rows)


GOOD = stays_text(
    "S1,A,2024-11-01T08:00:00Z,2024-11-02T08:00:00Z,emergency",
    "S2,B,2024-11-01T09:00:00Z,,elective",
)


def read_files(
    folder: Path, mapping: str | None = None, key: bytes = KEY, **files: str | bytes
) -> HospitalTables:
    """The tables of a folder with these files (``stays__csv``: ``stays.csv``), through a mapping where one is given."""
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    if mapping is None:
        return read_hospital(folder, None, key)
    (folder / "mapping.toml").write_text(mapping)
    return read_hospital(folder, load_mapping(folder / "mapping.toml"), key)


def faults_of_files(folder: Path, **files: Any) -> list[tuple[str, str, int]]:
    """Path, code and number of rows of each fault that they are refused for; no value of a cell is in the words."""
    with pytest.raises(ContractError) as caught:
        read_files(folder, **files)
    assert "SECRET" not in str(caught.value)
    return [(f.path, f.code, f.rows) for f in caught.value.faults]
