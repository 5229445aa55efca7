"""Data snapshots: sealed once, opened as they were sealed to the last byte, or not at all."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest

from hospital.holidays.place import Locality
from hospital.ingest.hospital_reader import HospitalTables
from hospital.ingest.reading_findings import Finding, StoredFinding
from registry.candidates.snapshots import (
    ERASED,
    ERASURE,
    SEAL,
    Tombstone,
    open_snapshot,
    seal_snapshot,
    tombstone_of,
    write_table,
)
from registry.digests import canonical_json, sha256_bytes, sha256_file, write_atomically
from registry.errors import SnapshotError
from registry.folder_lock import PENDING
from registry.trust.keys import Key, create_key
from tests.support.plain_hospital import hospital_of

SOURCE = f"sha256:{'b' * 64}"


@pytest.fixture
def hospital() -> HospitalTables:
    """A census of two hours and visits of which one text column is unknown throughout."""
    at = pd.to_datetime(["2020-05-01T12:00Z", "2020-05-01T13:00Z"]).as_unit("us")
    census = pd.DataFrame({"unit": ["A", "É"], "at": at, "occupied": [3.0, np.nan], "received_at": at})
    visits = pd.DataFrame({"visit_id": ["v1", None], "age": pd.Series([None, None], dtype=object)})
    return replace(
        hospital_of({"census": census, "visits": visits}, cadence="daily"),
        source_digest=SOURCE,
        audit_attributes=("sex",),
        covariates=("rain",),
        findings=(Finding("visits", "odd", StoredFinding("one visit has no id")),),
    )


@pytest.fixture
def eraser(tmp_path: Path) -> Key:
    """The key of the service that erases."""
    return create_key("vigie service", tmp_path / "service.key")


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _folder(snapshots: Path) -> Path:
    return snapshots / ("b" * 64)


def test_a_snapshot_opens_as_it_was_sealed(tmp_path: Path, hospital: HospitalTables) -> None:
    """Tables, zone, cadence, attributes, covariates, findings; its digest is that of the seal's bytes."""
    seal = seal_snapshot(tmp_path, hospital)
    assert seal == _digest((_folder(tmp_path) / SEAL).read_bytes())
    found = open_snapshot(tmp_path, SOURCE, seal)
    for name, table in hospital.tables.items():
        pd.testing.assert_frame_equal(found.tables[name], table, check_dtype=False)
    assert set(found.tables) == set(hospital.tables)
    same = ("zone", "cadence", "audit_attributes", "covariates", "findings", "source_digest", "locality")
    assert [getattr(found, name) for name in same] == [getattr(hospital, name) for name in same]
    assert found.erased == ()


def test_the_first_sealing_makes_the_folder(tmp_path: Path, hospital: HospitalTables) -> None:
    """And the home that it lies in: a training may be the first that anybody does."""
    seal = seal_snapshot(tmp_path / "home" / "snapshots", hospital)
    assert open_snapshot(tmp_path / "home" / "snapshots", SOURCE, seal).source_digest == SOURCE


def test_the_same_source_is_sealed_once(tmp_path: Path, hospital: HospitalTables) -> None:
    """A second training finds the first one's: what the author signed stays there."""
    seal = seal_snapshot(tmp_path, hospital)
    before = {path.name: path.stat().st_mtime_ns for path in _folder(tmp_path).iterdir()}
    assert seal_snapshot(tmp_path, replace(hospital, cadence="hourly")) == seal
    assert {path.name: path.stat().st_mtime_ns for path in _folder(tmp_path).iterdir()} == before
    assert {path.name for path in tmp_path.iterdir()} == {"b" * 64, ".lock"}


def test_what_a_killed_training_left_is_taken_away(tmp_path: Path, hospital: HospitalTables) -> None:
    """Tables of patients that nobody would find again; and a folder without a seal is made anew."""
    (tmp_path / ".building-old").mkdir()
    (tmp_path / ".building-old" / "visits.parquet").write_bytes(b"patients")
    _folder(tmp_path).mkdir()
    (_folder(tmp_path) / "visits.parquet").write_bytes(b"half")
    seal = seal_snapshot(tmp_path, hospital)
    assert not (tmp_path / ".building-old").exists()
    assert set(open_snapshot(tmp_path, SOURCE, seal).tables) == {"census", "visits"}


def test_a_sealing_that_fails_leaves_nothing(tmp_path: Path, hospital: HospitalTables) -> None:
    """A full disk is not filled further."""
    broken = replace(hospital, tables={**hospital.tables, "x/y": hospital.tables["visits"]})
    with pytest.raises(OSError, match=r"/x/\.y\.parquet"):
        seal_snapshot(tmp_path, broken)
    assert {path.name for path in tmp_path.iterdir()} == {".lock"}


@pytest.mark.parametrize("locality", [Locality(), Locality("DE", "BY"), Locality("FR", "", "B")])
def test_a_place_is_in_the_seal_where_it_is_said(
    tmp_path: Path, hospital: HospitalTables, locality: Locality
) -> None:
    """Where nothing is, the seal has the bytes that it had before places could be said."""
    seal = seal_snapshot(tmp_path, replace(hospital, locality=locality))
    body = json.loads((_folder(tmp_path) / SEAL).read_bytes())
    assert ("locality" in body) == (locality != Locality())
    assert open_snapshot(tmp_path, SOURCE, seal).locality == locality


@pytest.mark.parametrize("name", ["census.parquet", SEAL])
@pytest.mark.parametrize("way", ["edited", "gone", "another's"])
def test_a_snapshot_that_is_not_what_was_sealed_is_not_opened(
    tmp_path: Path, hospital: HospitalTables, name: str, way: str
) -> None:
    """A byte more, a table of another hospital, or none: a model would be judged on other patients."""
    seal = seal_snapshot(tmp_path, hospital)
    path = _folder(tmp_path) / name
    if way == "edited":
        path.write_bytes(path.read_bytes() + b" ")
    elif way == "gone":
        path.unlink()
    else:
        shutil.copy(_folder(tmp_path) / "visits.parquet", path)
    with pytest.raises(SnapshotError):
        open_snapshot(tmp_path, SOURCE, seal)


def test_a_seal_that_the_author_did_not_sign_opens_nothing(tmp_path: Path, hospital: HospitalTables) -> None:
    """However well it fits its files."""
    seal_snapshot(tmp_path, hospital)
    with pytest.raises(SnapshotError, match="not the one that the author signed"):
        open_snapshot(tmp_path, SOURCE, "sha256:" + "0" * 64)
    with pytest.raises(SnapshotError, match="is not in"):
        open_snapshot(tmp_path, f"sha256:{'c' * 64}", "sha256:0")


def _erase(folder: Path, key: Key, seal: str, *, pending: bool = False, **body: object) -> Tombstone:
    """The census without its second row, under a tombstone that the service signed."""
    table = pd.read_parquet(folder / "census.parquet").iloc[:1]
    place = folder / f"census.parquet{PENDING}"
    write_table(place, table)
    mark = Tombstone(seal, {"census.parquet": sha256_file(place)}, {"census.parquet": 1}, ((5, 9),), 7)
    signed = key.sign(ERASURE, {**mark.body, **body})
    write_atomically(folder / ERASED, canonical_json(signed.to_json()))
    if not pending:
        place.rename(folder / "census.parquet")
    return mark


@pytest.mark.parametrize("pending", [False, True])
def test_a_snapshot_without_a_person_opens_under_the_services_signature(
    tmp_path: Path, hospital: HospitalTables, eraser: Key, *, pending: bool
) -> None:
    """With the days on which that may be felt; killed before the table took its place, it is read where it waits."""
    seal = seal_snapshot(tmp_path, hospital)
    mark = _erase(_folder(tmp_path), eraser, seal, pending=pending)
    found = open_snapshot(tmp_path, SOURCE, seal, {eraser.public_key})
    assert len(found.tables["census"]) == 1
    assert len(found.tables["visits"]) == 2
    assert found.erased == ((5, 9),)
    assert tombstone_of(_folder(tmp_path) / ERASED, seal, {eraser.public_key}) == mark


def test_a_table_that_waits_without_an_erasure_is_none(tmp_path: Path, hospital: HospitalTables) -> None:
    """Whoever can write the folder puts no other table beside the sealed one."""
    seal = seal_snapshot(tmp_path, hospital)
    folder = _folder(tmp_path)
    (folder / f"census.parquet{PENDING}").write_bytes(b"other")
    assert len(open_snapshot(tmp_path, SOURCE, seal).tables["census"]) == 2
    (folder / "census.parquet").write_bytes(b"changed")
    with pytest.raises(SnapshotError, match="changed after it was sealed"):
        open_snapshot(tmp_path, SOURCE, seal)


@pytest.mark.parametrize(
    "change",
    [
        {"sealed": "sha256:other"},
        {"format": 2},
        {"more": 1},
        {"days": [[5]]},
        {"days": 5},
        {"files": 5},
        {"at": "x"},
        {"removed": None},
    ],
    ids=str,
)
def test_a_tombstone_of_something_else_opens_nothing(
    tmp_path: Path, hospital: HospitalTables, eraser: Key, change: dict[str, object]
) -> None:
    """Of another seal, of another form, or with something in it that is none of a tombstone."""
    seal = seal_snapshot(tmp_path, hospital)
    _erase(_folder(tmp_path), eraser, seal, **change)
    with pytest.raises(SnapshotError, match="no erasure"):
        open_snapshot(tmp_path, SOURCE, seal, {eraser.public_key})


@pytest.mark.parametrize("way", ["nobody", "another key", "another purpose", "edited", "no json", "deep"])
def test_a_tombstone_that_the_service_did_not_sign_opens_nothing(
    tmp_path: Path, hospital: HospitalTables, eraser: Key, way: str
) -> None:
    """An author who wants inconvenient patients gone signs none."""
    seal = seal_snapshot(tmp_path, hospital)
    path = _folder(tmp_path) / ERASED
    _erase(_folder(tmp_path), eraser, seal)
    body = json.loads(path.read_bytes())
    keys = {eraser.public_key}
    if way == "nobody":
        body["signature"] = None
    elif way == "another key":
        keys = {"A" * 43 + "="}
    elif way == "another purpose":
        body = eraser.sign("vigie-review-v1", body["body"]).to_json()
    elif way == "edited":
        body["body"]["removed"] = {"census.parquet": 2}
    content = {"no json": b"{", "deep": b"[" * 200_000}.get(way, canonical_json(body))
    path.write_bytes(content)
    with pytest.raises(SnapshotError, match="no erasure"):
        open_snapshot(tmp_path, SOURCE, seal, keys)


def test_no_tombstone_says_that_nothing_was_erased(tmp_path: Path) -> None:
    """No day, no file, no instant."""
    found = tombstone_of(tmp_path / ERASED, "sha256:s", ())
    assert found == Tombstone("sha256:s", {}, {}, (), 0)
    body = {"format": 1, "sealed": "sha256:s", "files": {}, "removed": {}, "days": [], "at": 0}
    assert found.body == body


def test_a_table_has_one_way_to_be_written(tmp_path: Path) -> None:
    """However its texts are held in memory, and whatever its index: another way would be another digest."""
    plain = pd.DataFrame(
        {"unit": pd.Series(["A", "B", "A", None], dtype=object), "n": [1.0, 2.0, 3.0, np.nan]}
    )
    compact = plain.assign(unit=plain["unit"].astype("category").astype(object))
    compact.index = pd.Index([9, 8, 7, 6], name="old")
    digests = []
    for number, table in enumerate((plain, compact)):
        path = tmp_path / f"{number}.parquet"
        write_table(path, table)
        digests.append(sha256_bytes(path.read_bytes()))
    assert digests[0] == digests[1]
    assert pyarrow.parquet.read_schema(tmp_path / "0.parquet").names == ["unit", "n"]
    found = pd.read_parquet(tmp_path / "0.parquet")
    assert (found["unit"].tolist()[:3], bool(found["unit"].isna()[3])) == (["A", "B", "A"], True)
    np.testing.assert_array_equal(found["n"], [1.0, 2.0, 3.0, np.nan])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.parquet", "1.parquet"]


def test_a_table_without_rows_keeps_its_columns_and_one_of_unknowns_its_length(tmp_path: Path) -> None:
    """A hospital without a stay yet; a column that nobody filled is unknown, and no text."""
    at = pd.to_datetime(["2020-05-01T12:00Z"]).as_unit("us")
    table = pd.DataFrame({"unit": ["A"], "at": at, "note": pd.Series([None], dtype=object)})
    write_table(tmp_path / "none.parquet", table.iloc[:0])
    none = pd.read_parquet(tmp_path / "none.parquet")
    assert (list(none.columns), len(none)) == (["unit", "at", "note"], 0)
    write_table(tmp_path / "one.parquet", table)
    schema = pyarrow.parquet.read_schema(tmp_path / "one.parquet")
    assert [str(schema.field(name).type) for name in ("unit", "note")] == ["string", "null"]
    one = pd.read_parquet(tmp_path / "one.parquet")
    assert one["at"].tolist() == table["at"].tolist()
    assert one["note"].isna().all()
    assert ZoneInfo("UTC") == ZoneInfo(str(one["at"].dt.tz))


def test_tables_longer_than_a_part_are_whole(tmp_path: Path) -> None:
    """Rows come in parts, each once."""
    table = pd.DataFrame({"unit": [f"u{n}" for n in range(8)], "n": np.arange(8.0)})
    write_table(tmp_path / "a.parquet", table, group_rows=3)
    assert pyarrow.parquet.ParquetFile(tmp_path / "a.parquet").num_row_groups == 3
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "a.parquet"), table, check_dtype=False)


def test_a_part_is_as_long_as_parquet_s_own(tmp_path: Path) -> None:
    """2^20 rows, as the library has it: the bytes are those of a table that it writes in one call."""
    rows = 2**20 + 1
    write_table(tmp_path / "a.parquet", pd.DataFrame({"n": np.zeros(rows, np.int8)}))
    written = pyarrow.parquet.ParquetFile(tmp_path / "a.parquet").metadata
    assert [written.row_group(part).num_rows for part in range(written.num_row_groups)] == [2**20, 1]


def test_a_link_among_what_a_killed_training_left_is_not_followed(
    tmp_path: Path, hospital: HospitalTables
) -> None:
    """What it leads to stays, and no sealing fails over it."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kept").write_bytes(b"kept")
    snapshots = tmp_path / "snapshots"
    snapshots.mkdir()
    (snapshots / ".building-old").symlink_to(tmp_path / "elsewhere")
    seal = seal_snapshot(snapshots, hospital)
    assert set(open_snapshot(snapshots, SOURCE, seal).tables) == {"census", "visits"}
    assert (tmp_path / "elsewhere" / "kept").read_bytes() == b"kept"
