"""Words that programs write where there is no value, in columns whose texts are names or ids (README.md)."""

import decimal
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hospital.contracts.codes import names_nothing
from hospital.contracts.request_models import validate_rows
from hospital.errors import ContractError, MappingError
from hospital.times import instant
from tests.support.hospital_files import read_mapped, write_xlsx

HEAD = '[mapping]\nname = "x"\nzone = "Europe/Paris"\n'
STAYS = (
    '[tables.stays]\n[tables.stays.columns]\nstay_id = "id"\nunit = "unit"\nentered_at = "at"\n'
    'visit_id = "visit"\nsource = { constant = "emergency" }\n'
)
CENSUS = '[tables.census]\nfile = "{}"\n[tables.census.columns]\nat = "at"\nunit = "unit"\noccupied = "occ"\n'
WORDS = (
    "NULL",
    "(null)",
    "\\N",
    "nan",
    "NaN",
    "None",
    "<NA>",
    "N/A",
    "#N/A",
    "#N/D",
    "#REF!",
    "#VALEUR!",
    "-",
    "?",
)


@pytest.mark.parametrize("word", WORDS)
def test_a_word_for_nothing_is_no_name(tmp_path: Path, word: str) -> None:
    """A ward called NULL would be forecast, and all without a visit would be one patient; it goes under missing."""
    file = tmp_path / "stays.csv"
    rows = [
        f"s{n};{'MED' if n % 4 else word};2024-03-0{1 + n % 9};{f'v{n}' if n % 3 else word}" for n in range(9)
    ]
    file.write_text("id;unit;at;visit\n" + "\n".join(rows) + "\n")
    with pytest.raises(ContractError) as caught:
        read_mapped(file, HEAD + STAYS)
    assert [(f.path, f.code, f.rows) for f in caught.value.faults] == [
        ("stays[0].unit", "names_nothing", 3),
        ("stays[0].visit_id", "names_nothing", 3),
    ]
    assert "missing" in str(caught.value)
    file.write_text("id;unit;at;visit\n" + "\n".join(row for row in rows if ";MED;" in row) + "\n")
    escaped = word.replace("\\", "\\\\")
    read = read_mapped(file, f'{HEAD}missing = ["{escaped}"]\n{STAYS}').tables["stays"]
    assert read["visit_id"].isna().sum() == 2
    row = {"stay_id": "s", "unit": word, "entered_at": "2024-03-01T10:00Z", "source": "emergency"}
    with pytest.raises(ContractError):
        validate_rows("stays", [row], instant(datetime.fromisoformat("2024-03-02T10:00+00:00")))


@pytest.mark.parametrize("name", ["NA", "NAN", "NAT", "ND", "Nulle", "A-", "N", "0", "-1", "Nonette"])
def test_names_that_only_look_like_one(name: str) -> None:
    """Short codes of wards are names."""
    assert not names_nothing(name)


def test_decimals_of_a_database(tmp_path: Path) -> None:
    """Ids, units and counts that a database holds as decimals keep their digits."""
    days = [datetime(2024, 1, 1) + timedelta(days=n // 2) for n in range(8)]
    units = pa.array([decimal.Decimal(n % 2 + 3) for n in range(8)], pa.decimal128(10, 2))
    counts = pa.array([decimal.Decimal(25 + n) / 2 if n else None for n in range(8)], pa.decimal128(10, 1))
    pq.write_table(pa.table({"at": days, "unit": units, "occ": counts}), tmp_path / "c.parquet")
    census = read_mapped(tmp_path / "c.parquet", HEAD + CENSUS.format("c.parquet")).tables["census"]
    assert census["unit"].tolist() == ["4", *["3", "4"] * 3]
    assert census["occupied"].tolist() == [(25 + n) / 2 for n in range(1, 8)]
    numbers = [20240301000012345 + n for n in range(8)]
    ids = pa.array([decimal.Decimal(n) for n in numbers], pa.decimal128(20, 0))
    pq.write_table(pa.table({"id": ids, "visit": ids, "unit": units, "at": days}), tmp_path / "s.parquet")
    (tmp_path / "s.csv").write_text(
        "id;visit;unit;at\n" + "".join(f"{n};{n};3;2024-01-01\n" for n in numbers)
    )
    of = [read_mapped(tmp_path / f"s.{kind}", HEAD + STAYS).tables["stays"] for kind in ("parquet", "csv")]
    assert of[0]["visit_id"].tolist() == of[1]["visit_id"].tolist()


def test_a_duration_is_no_count(tmp_path: Path) -> None:
    """Hours and minutes that a spreadsheet or Parquet holds as a length of time would be their nanoseconds."""
    days = [datetime(2024, 1, 1) + timedelta(days=n) for n in range(2)]
    write_xlsx(
        tmp_path / "c.xlsx", [["at", "unit", "occ"], *([d, "MED", timedelta(minutes=90)] for d in days)]
    )
    table = pa.table({"at": days, "unit": ["MED"] * 2, "occ": pa.array([timedelta(0)] * 2)})
    pq.write_table(table, tmp_path / "c.parquet")
    for name in ("c.xlsx", "c.parquet"):
        with pytest.raises(MappingError) as caught:
            read_mapped(tmp_path / name, HEAD + CENSUS.format(name))
        assert [(f.path, f.code, f.rows) for f in caught.value.faults] == [
            ("census[0].occ", "not_a_number", 2)
        ]
