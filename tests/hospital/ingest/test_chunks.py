"""Tables read in chunks: the same tables and faults as read at once, whatever the chunks."""

import io
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from benchmarks.forecasts.visit_table import write_visits
from hospital.contracts.tables import Kind
from hospital.errors import ContractError
from hospital.ingest.chunks import CHUNK_SIZE, ChunkSize, FileChunks
from hospital.ingest.column_builder import ColumnBuilder
from hospital.ingest.event_columns import columns_of
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.ingest.pseudonyms import pseudonym, pseudonym_bytes
from hospital.ingest.readers.csv_cells import csv_chunks
from registry.candidates.snapshots import open_snapshot, seal_snapshot

KEY = b"key"
ROWS = 3_000


SMALL = ChunkSize(rows=170, csv_bytes=20_000)
"""With which files of a few thousand rows come in many chunks."""


def _visits(folder: Path, kind: str, *, received: bool, size: ChunkSize = SMALL) -> HospitalTables:
    folder.mkdir(exist_ok=True)
    write_visits(folder / f"visits.{kind}", ROWS, seed=1, received=received)
    return read_hospital(folder, None, KEY, chunk_size=size)


@pytest.mark.parametrize("received", [True, False])
def test_a_table_is_the_same_in_one_chunk_and_in_many(tmp_path: Path, received: bool) -> None:
    """Texts, numbers, times and pseudonyms, of Parquet and CSV alike."""
    at_once = _visits(tmp_path / "whole", "parquet", received=received, size=CHUNK_SIZE)
    whole = at_once.tables["visits"]
    assert len(list(FileChunks(tmp_path / "whole" / "visits.parquet", size=SMALL))) > 10
    for kind in ("parquet", "csv"):
        found = _visits(tmp_path / kind, kind, received=received)
        pd.testing.assert_frame_equal(found.tables["visits"], whole)
    assert len(whole) == ROWS if received else len(whole) > 3 * ROWS


def test_faults_of_all_chunks_are_one_with_the_first_row_of_the_file(tmp_path: Path) -> None:
    """Row 2,501 lies in a late chunk; a row too wide is named by its own place."""
    _visits(tmp_path, "csv", received=True)
    lines = (tmp_path / "visits.csv").read_text().splitlines()
    for row in (700, 2501, 2900):
        cells = lines[row + 1].split(",")
        cells[7] = "9"
        lines[row + 1] = ",".join(cells)
    (tmp_path / "visits.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(ContractError) as caught:
        read_hospital(tmp_path, None, KEY, chunk_size=SMALL)
    assert [(f.path, f.code, f.rows) for f in caught.value.faults] == [
        ("visits[700].triage", "not_a_choice", 3)
    ]
    lines[2503] += ",more"
    (tmp_path / "visits.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(ContractError) as caught:
        read_hospital(tmp_path, None, KEY, chunk_size=SMALL)
    assert [(f.path, f.code) for f in caught.value.faults] == [("visits.csv[2502]", "ragged_row")]


def test_a_row_that_comes_again_in_another_chunk_is_found(tmp_path: Path) -> None:
    """The same visit at the same reception: counted once where it says the same, else refused."""
    _visits(tmp_path, "csv", received=True)
    lines = (tmp_path / "visits.csv").read_text().splitlines()
    (tmp_path / "visits.csv").write_text("\n".join([*lines, lines[1]]) + "\n")
    found = read_hospital(tmp_path, None, KEY, chunk_size=SMALL)
    assert len(found.tables["visits"]) == ROWS
    assert [(f.code, f.rows) for f in found.findings] == [("duplicate_row", 1)]
    other = lines[1].replace('"ED"', '"OTHER"').replace('"ED-CHILD"', '"OTHER"')
    assert other != lines[1]
    (tmp_path / "visits.csv").write_text("\n".join([*lines, other]) + "\n")
    with pytest.raises(ContractError) as caught:
        read_hospital(tmp_path, None, KEY, chunk_size=SMALL)
    assert [(f.path, f.code) for f in caught.value.faults] == [
        (f"visits[{ROWS}].received_at", "conflicting_revision")
    ]


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    """Its digest would not be that of what was read."""
    file = tmp_path / "visits.csv"
    file.write_text("a,b\n1,2\n")
    cells = iter(FileChunks(file))
    next(cells)
    file.write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(ContractError) as caught:
        list(cells)
    assert [f.code for f in caught.value.faults] == ["changed"]


def test_a_csv_file_is_not_read_far_ahead() -> None:
    """Arrow reads blocks ahead in a thread of its own, which no limit of its memory counts: they are to be small.

    It is at most 32 of them beside the block that is parsed ahead of the rows that were given, all the way.
    """
    lines = [f"{row},x{row}" for row in range(200_000)]
    lines[150_003] += ",more"
    content, reached = "\n".join(["a,b", *lines]).encode(), list[int]()

    class Stream(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            found = super().read(size)
            reached[-1] += len(found)
            return found

    def opened() -> io.BytesIO:
        reached.append(0)
        return Stream(content)

    with pytest.raises(ContractError) as caught:
        list(csv_chunks("a.csv", opened, 65_536, read_bytes=4_096))
    assert [f.path for f in caught.value.faults] == ["a.csv[150003]"]
    content = content.replace(b",more", b"")
    given, parts, ahead = 0, [], 0
    for part in csv_chunks("a.csv", opened, 65_536, read_bytes=4_096):
        parts.append(part)
        given += sum(len(f"{a},{b}\n") for a, b in zip(part["a"], part["b"], strict=True))
        ahead = max(ahead, reached[-1] - given)
    assert reached[-1] == len(content)
    assert ahead < 300_000 < len(content) / 8
    rows = pd.concat(parts)
    assert rows.index.tolist() == list(range(200_000))
    assert ("x" + rows["a"]).equals(rows["b"])


def test_whole_numbers_with_gaps_are_read_alike_in_every_chunk(tmp_path: Path) -> None:
    """With a missing cell anywhere they stay whole: as a float an id of 17 digits is another one."""
    numbers = pd.array([2**53, 2**53 + 1, *range(498), None], dtype="Int64")
    pd.DataFrame({"age": numbers, "sure": range(501)}).to_parquet(tmp_path / "a.parquet")
    found = list(FileChunks(tmp_path / "a.parquet", size=ChunkSize(rows=100)))
    assert {str(chunk["age"].dtype) for chunk in found} == {"Int64"}
    assert found[0]["age"].tolist()[:2] == [2**53, 2**53 + 1]
    assert {str(chunk["sure"].dtype) for chunk in found} == {"int64"}
    assert [chunk.index[0] for chunk in found] == [0, 100, 200, 300, 400, 500]


def test_typed_columns_grow_past_the_room_that_was_expected() -> None:
    """More rows and more different texts than a byte counts; missing ids stay missing."""
    kinds = {"id": Kind.ID, "at": Kind.TIME, "x": Kind.NUMBER, "text": Kind.TEXT}
    grown = ColumnBuilder(kinds, 10, lambda text: pseudonym_bytes(KEY, text), ("id",), categorical=True)
    size, parts = 300, []
    for start in range(0, 900, size):
        rows = range(start, start + size)
        part = pd.DataFrame(
            {
                "id": pd.Series([None if r % 7 == 0 else f"V{r}" for r in rows], dtype=object),
                "at": pd.to_datetime(list(rows), unit="h", utc=True).as_unit("us"),
                "x": [float("nan") if r % 5 == 0 else float(r) for r in rows],
                "text": pd.Series([None if r % 3 == 0 else f"T{r}" for r in rows], dtype=object),
            }
        )
        grown.add(part)
        parts.append(part)
    expected = pd.concat(parts, ignore_index=True)
    assert grown.may_be_duplicates(["at"]).size == 0
    assert set(grown.may_be_duplicates(["id"])) >= set(range(0, 900, 7))
    frame = grown.frame()
    assert (
        frame["text"].astype(object).where(frame["text"].notna(), None).tolist() == expected["text"].tolist()
    )
    assert [None if pd.isna(v) else v for v in frame["id"]] == [
        None if v is None else pseudonym(KEY, v) for v in expected["id"]
    ]
    pd.testing.assert_frame_equal(frame[["at", "x"]], expected[["at", "x"]])


def test_a_snapshot_has_the_same_bytes_however_its_texts_are_held(tmp_path: Path) -> None:
    """As objects, categories or Arrow texts, in chunks of a row group: what pandas writes of objects at once."""
    rng, size = np.random.default_rng(1), 1024 * 1024 + 500
    texts = pd.Series(np.array(["a", "b", None], object)[rng.integers(0, 3, size)], dtype=object)
    plain = pd.DataFrame(
        {"x": rng.random(size), "text": texts, "none": pd.Series([None] * size, dtype=object)}
    )
    buffer = io.BytesIO()
    plain.to_parquet(buffer, index=False, compression="zstd")
    for kind in ("object", "category", "str"):
        held = plain.assign(text=plain["text"].astype(kind))
        seal_snapshot(tmp_path / kind, _hospital_of(held))
        [path] = (tmp_path / kind).glob("*/census.parquet")
        assert path.read_bytes() == buffer.getvalue()


def test_texts_of_a_snapshot_are_one_object_for_each_different_one(tmp_path: Path) -> None:
    """Events of a snapshot are those of the files; a year of visits does not hold each triage level as often."""
    read = _visits(tmp_path / "visits", "parquet", received=True)
    seal = seal_snapshot(tmp_path / "snapshots", read)
    opened = open_snapshot(tmp_path / "snapshots", read.source_digest, seal)
    found, expected = (columns_of(tables.tables["visits"], "visits") for tables in (opened, read))
    for name, texts in expected.items():
        np.testing.assert_array_equal(found[name], texts, strict=True)
    assert len({id(text) for text in found["triage"]}) == 6
    assert None in found["destination_unit"]


def _hospital_of(census: pd.DataFrame) -> HospitalTables:
    return HospitalTables({"census": census}, ZoneInfo("UTC"), "daily", (), (), (), "sha256:" + "0" * 64)
