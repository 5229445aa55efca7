"""Codes that a program held as numbers: 3.0 is the code 3."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hospital.contracts.codes import whole_code
from hospital.contracts.request_models import validate_rows
from hospital.errors import ContractError, MappingError
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.ingest.pseudonyms import pseudonym
from tests.support.hospital_files import KEY, read_mapped

_HEAD = '[mapping]\nname = "x"\nzone = "Europe/Paris"\n{missing}\n[tables.visits]\nfile = "{file}"\n'
_COLUMNS = '[tables.visits.columns]\nvisit_id = "id"\narrived_at = "a"\ntriaged_at = "a"\ntriage = {triage}\n'
_AUDIT = '[tables.visits.audit]\nfemale = { column = "f", codes = { "0" = "no", "1" = "yes" } }\n'
CODES = '{ column = "t", codes = { "3" = "3", 4 = "4", "9.0" = "5" } }'


def _read(folder: Path, file: str, triage: str = CODES, missing: str = "") -> HospitalTables:
    text = _HEAD.format(file=file, missing=missing) + _COLUMNS.format(triage=triage) + _AUDIT
    return read_mapped(folder, text)


def _csv(folder: Path, *codes: str, decimal: str = ".") -> str:
    rows = [f"{n}{decimal}0;2024-01-01T0{n}:00Z;{c};{n % 2}{decimal}0" for n, c in enumerate(codes)]
    (folder / "v.csv").write_text("\n".join(["id;a;t;f", *rows]) + "\n")
    return "v.csv"


def _texts(cells: pd.Series) -> list[object]:
    return [None if pd.isna(cell) else cell for cell in cells]


@pytest.mark.parametrize("triage", [CODES, '"t"'])
def test_a_whole_number_is_its_code(tmp_path: Path, triage: str) -> None:
    """Listed in the mapping or the contract's own; with a point or a comma; ids and yes or no like them."""
    for decimal in ".,":
        visits = _read(
            tmp_path, _csv(tmp_path, f"3{decimal}0", f"4{decimal}00", "3", decimal=decimal), triage
        )
        frame = visits.tables["visits"].sort_values("arrived_at")
        assert frame["triage"].tolist() == ["3", "4", "3"]
        assert frame["visit_id"].tolist() == [pseudonym(KEY, str(n)) for n in range(3)]
        assert frame["female"].tolist() == ["no", "yes", "no"]


@pytest.mark.parametrize("triage", [CODES, '"t"'])
def test_a_number_between_two_codes_is_refused(tmp_path: Path, triage: str) -> None:
    """3.5 is no code, and neither is 30."""
    for code in ("3.5", "30.0", "3.0.0", "0.3"):
        with pytest.raises((MappingError, ContractError)) as caught:
            _read(tmp_path, _csv(tmp_path, "3.0", code), triage)
        assert [f.rows for f in caught.value.faults] == [1]


def test_a_code_that_is_listed_with_its_decimals_is_that_one(tmp_path: Path) -> None:
    """And its whole number means the same."""
    found = _read(tmp_path, _csv(tmp_path, "9.0", "9", "9.00"))
    assert found.tables["visits"]["triage"].tolist() == ["5", "5", "5"]


def test_a_code_for_unknown_may_be_written_either_way(tmp_path: Path) -> None:
    """-9, -9.0 and "-9" are one code."""
    for missing in ("[-9]", "[-9.0]", '["-9"]', '["-9.0"]'):
        found = _read(tmp_path, _csv(tmp_path, "3.0", "-9.0", "-9"), missing=f"missing = {missing}")
        assert _texts(found.tables["visits"].sort_values("arrived_at")["triage"]) == ["3", None, None]


def test_a_parquet_column_with_missing_values_holds_the_same_codes(tmp_path: Path) -> None:
    """Its whole numbers became floats for the sake of the missing ones."""
    times = pd.to_datetime(["2024-01-01T01:00Z", "2024-01-01T02:00Z", "2024-01-01T03:00Z"])
    frame = pd.DataFrame(
        {"id": [1.0, 2.0, 3.0], "a": times, "t": [3.0, np.nan, 4.0], "f": [1.0, np.nan, 0.0]}
    )
    frame.to_parquet(tmp_path / "v.parquet", index=False)
    visits = _read(tmp_path, "v.parquet").tables["visits"].sort_values("arrived_at")
    assert _texts(visits["triage"]) == ["3", None, "4"]
    assert _texts(visits["female"]) == ["yes", None, "no"]
    assert visits["visit_id"].tolist() == [pseudonym(KEY, n) for n in "123"]
    frame.assign(t=[3.0, np.nan, 3.5]).to_parquet(tmp_path / "v.parquet", index=False)
    with pytest.raises(MappingError, match="code is not listed"):
        _read(tmp_path, "v.parquet")


def test_a_unit_whose_name_is_a_number_is_one_unit(tmp_path: Path) -> None:
    """3421.0 in one table, 3421 in another, in a file or a request."""
    (tmp_path / "stays.csv").write_text(
        "stay_id,unit,entered_at,source\n1,3421.0,2024-01-01T01:00Z,emergency\n2,3421,2024-01-02T01:00Z,emergency\n"
    )
    (tmp_path / "units.csv").write_text("unit,label\n3421.0,12.0\n")
    found = read_hospital(tmp_path, None, KEY)
    assert set(found.tables["stays"]["unit"]) == {"3421"}
    assert found.tables["units"][["unit", "label"]].values.tolist() == [["3421", "12.0"]]
    assert "unknown_unit" not in {f.code for f in found.findings}
    row = {"unit": "3421.0", "at": "2024-01-01T01:00Z", "occupied": 3}
    assert validate_rows("census", [row], 2_000_000_000_000_000)[0]["unit"] == "3421"


def test_a_text_that_is_no_whole_number_stays() -> None:
    """Nothing else is touched."""
    for text in ("3.5", "3A", "1.0.0", "12.0 b", "v1.0", ".0", "3.", "1e3", "٣.0"):
        assert whole_code(text) == text
    assert [whole_code(t) for t in ("-9.0", "+4.00", "007.0", "3,0")] == ["-9", "+4", "007", "3"]
