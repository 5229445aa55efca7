"""Units renamed or merged: history goes on under today's name, and no sum is made of parts that are not known."""

from pathlib import Path

import pandas as pd
import pytest

from hospital.errors import ContractError, MappingError
from hospital.ingest.hospital_reader import HospitalTables
from tests.support.hospital_files import read_mapped

HEAD = '[mapping]\nname = "x"\nzone = "UTC"\n'
CENSUS = '[tables.census.columns]\nunit = "unit"\nat = "at"\noccupied = "occupied"\n'


def _read(folder: Path, mapping: str, **files: str) -> HospitalTables:
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    return read_mapped(folder, HEAD + mapping)


def _occupied(found: HospitalTables, unit: str) -> dict[int, float]:
    census = found.tables["census"]
    rows = census[census["unit"] == unit].sort_values(["at", "received_at"])
    return {at.day: n for at, n in zip(rows["at"], rows["occupied"], strict=True)}


def _census(*rows: tuple[str, int, int]) -> str:
    return "unit,at,occupied\n" + "".join(f"{u},2024-01-{day:02},{n}\n" for u, day, n in rows)


def test_a_renamed_unit_has_one_history_in_every_table(tmp_path: Path) -> None:
    """Census, stays, operations, staffing and where visits go to."""
    found = _read(
        tmp_path,
        '[units.NEW]\nformerly = ["OLD", "OLDER"]\n' + CENSUS,
        census=_census(("OLDER", 1, 3), ("OLD", 2, 4), ("NEW", 3, 5)),
        stays="stay_id,unit,entered_at,source\nS,OLD,2024-01-02T08:00Z,emergency\n",
        operations="operation_id,unit,booked_at,planned_at\nO,OLD,2024-01-01T08:00Z,2024-01-02T08:00Z\n",
        staffing="at,unit,role,count\n2024-01-02T08:00Z,OLD,nurse,3\n",
        visits="visit_id,arrived_at,bed_requested_at,destination_unit\nV,2024-01-02T08:00Z,2024-01-02T09:00Z,OLD\n",
    )
    assert _occupied(found, "NEW") == {1: 3, 2: 4, 3: 5}
    tables = found.tables
    for table in ("stays", "operations", "staffing", "census", "units"):
        assert set(tables[table]["unit"]) == {"NEW"}, table
    assert set(tables["visits"]["destination_unit"].dropna()) == {"NEW"}


def test_merged_units_are_added_where_every_part_was_counted(tmp_path: Path) -> None:
    """A day that one of two wards lacks has no sum; before it was opened and after it was closed it counts for none."""
    rows = [("A", day, 10) for day in (1, 2, 3, 4)] + [("B", day, 5) for day in (2, 4)] + [("C", 5, 16)]
    found = _read(tmp_path, '[units.C]\nformerly = ["A", "B"]\n' + CENSUS, census=_census(*rows))
    assert _occupied(found, "C") == {1: 10, 2: 15, 4: 15, 5: 16}
    [words] = [f.message for f in found.findings if f.code == "renamed_units"]
    assert "6 rows" in words
    assert "1 times of merged units are left out" in words


def test_a_ward_that_another_one_joined_keeps_its_name_and_adds_its_history(tmp_path: Path) -> None:
    """Unknown beds of one part are unknown beds of the whole, and covariates are not added."""
    census = (
        "unit,at,occupied,staffed,covid\nA,2024-01-01,10,12,1\nB,2024-01-01,5,6,2\nA,2024-01-02,10,12,1\n"
    )
    census += "B,2024-01-02,5,,2\n" + "".join(f"A,2024-01-0{day},16,20,3\n" for day in range(3, 7))
    text = '[units.A]\nformerly = ["B"]\n' + CENSUS + 'staffed = "staffed"\n'
    text += '[tables.census.covariates]\ncovid = "covid"\n'
    frame = _read(tmp_path, text, census=census).tables["census"].sort_values("at")
    assert frame["occupied"].tolist() == [15, 15, 16, 16, 16, 16]
    assert frame["staffed"].isna().tolist() == [False, True, False, False, False, False]
    assert frame["staffed"].dropna().tolist() == [18, 20, 20, 20, 20]
    assert frame["covid"].isna().tolist() == [True, True, False, False, False, False]


def test_a_part_that_is_late_is_waited_for(tmp_path: Path) -> None:
    """Half of a ward on the last day would look like an empty ward; a part that is gone is not waited for."""
    text = '[units.C]\nformerly = ["A", "B"]\n' + CENSUS
    both = [(unit, day, 5) for unit in "AB" for day in (1, 2, 3)]
    assert _occupied(_read(tmp_path, text, census=_census(*both, ("A", 4, 5))), "C") == {1: 10, 2: 10, 3: 10}
    gone = [("A", day, 5) for day in range(4, 8)]
    found = _occupied(_read(tmp_path, text, census=_census(*both, *gone)), "C")
    assert found == {1: 10, 2: 10, 3: 10, 4: 5, 5: 5, 6: 5, 7: 5}
    assert _occupied(_read(tmp_path, text, census=_census(*both, ("C", 4, 9))), "C")[4] == 9


def test_revisions_of_a_part_are_revisions_of_the_sum(tmp_path: Path) -> None:
    """At each reception the last that each part had sent by then, and nothing from later."""
    census = "received_at,unit,at,occupied\n" + "".join(
        f"2024-01-0{at}T{hour:02}:00Z,{unit},2024-01-0{at}T00:00Z,{n}\n"
        for unit, at, hour, n in [
            ("A", 1, 1, 10),
            ("B", 1, 2, 5),
            ("A", 1, 3, 11),
            ("A", 2, 1, 12),
            ("B", 2, 1, 6),
        ]
    )
    text = '[units.C]\nformerly = ["A", "B"]\n' + CENSUS + 'received_at = "received_at"\n'
    frame = _read(tmp_path, text, census=census).tables["census"].sort_values("received_at")
    told = [(t.day, t.hour, n) for t, n in zip(frame["received_at"], frame["occupied"], strict=True)]
    assert told == [(1, 2, 15), (1, 3, 16), (2, 1, 18)]


def test_merged_staffing_is_added_by_role(tmp_path: Path) -> None:
    """Nurses with nurses."""
    staffing = "at,unit,role,count\n" + "".join(
        f"2024-01-01T08:00Z,{unit},{role},{n}\n"
        for unit, role, n in [("A", "nurse", 3), ("B", "nurse", 2), ("A", "aide", 1)]
    )
    found = _read(
        tmp_path,
        '[units.C]\nformerly = ["A", "B"]\n' + CENSUS,
        census=_census(("C", 1, 1), ("C", 2, 1)),
        staffing=staffing,
    ).tables["staffing"]
    assert dict(zip(found["role"], found["count"], strict=True)) == {"aide": 1, "nurse": 5}


def test_a_predecessor_in_the_table_of_units_counts_as_a_former_name(tmp_path: Path) -> None:
    """The successor is known and open since the first of its predecessors was."""
    units = "unit,label,open_from,predecessor\nA,Ward A,2023-01-01,\nB,Ward B,2024-01-02,A\nC,Ward C,2024-01-03,B\n"
    found = _read(tmp_path, CENSUS, census=_census(("A", 1, 3), ("B", 2, 4), ("C", 3, 5)), units=units)
    assert _occupied(found, "C") == {1: 3, 2: 4, 3: 5}
    [unit] = found.tables["units"].to_dict("records")
    assert (unit["unit"], unit["open_from"].year, unit["received_at"].year) == ("C", 2023, 2023)
    units = units.replace("A,Ward A,2023-01-01,\n", "")
    [unit] = _read(tmp_path, CENSUS, units=units).tables["units"].to_dict("records")
    assert pd.isna(unit["open_from"])
    assert unit["received_at"].year == 1970


def test_units_that_cannot_be_followed_are_refused(tmp_path: Path) -> None:
    """A circle, a predecessor of two; a former name that is a unit of today, or of two."""
    census, head = _census(("A", 1, 3), ("A", 2, 3)), "unit,label,predecessor\n"
    with pytest.raises(ContractError, match="circle"):
        _read(tmp_path, CENSUS, census=census, units=head + "A,A,B\nB,B,A\n")
    with pytest.raises(ContractError, match="cannot be divided"):
        _read(tmp_path, CENSUS, units=head + "A,A,X\nB,B,X\n")
    text = '[units.A]\nformerly = ["X", "B"]\n[units.B]\nformerly = ["X"]\nbeds = 3\n[units.C]\nformerly = ["X"]\n'
    with pytest.raises(MappingError) as caught:
        _read(tmp_path, text + CENSUS)
    assert {(f.path, f.code) for f in caught.value.faults} == {
        ("units.A.formerly", "name_taken"),
        ("units.B.beds", "unknown_key"),
        ("units.C.formerly", "name_taken"),
    }


def test_units_are_described_in_one_place(tmp_path: Path) -> None:
    """In the mapping or in a file; former names may be given beside a file."""
    files = {"census": _census(("A", 1, 3), ("A", 2, 3)), "units": "unit,label\nA,Ward A\n"}
    assert _read(tmp_path, '[units.A]\nformerly = ["X"]\n' + CENSUS, **files).tables["units"][
        "label"
    ].tolist() == ["Ward A"]
    with pytest.raises(MappingError) as caught:
        _read(tmp_path, '[units.A]\nlabel = "x"\n' + CENSUS, **files)
    assert [(f.path, f.code) for f in caught.value.faults] == [("units.A", "named_twice")]
    (tmp_path / "units.csv").unlink()
    units = _read(
        tmp_path, '[units.A]\nopen_from = 2024-01-01\n[units.B]\nlabel = "Ward B"\n' + CENSUS
    ).tables["units"]
    assert units["label"].tolist() == ["A", "Ward B"]
    assert str(units["open_from"][0].date()) == "2024-01-01"
    with pytest.raises(ContractError, match="ISO 8601"):
        _read(tmp_path, '[units.A]\nopen_from = "soon"\n' + CENSUS)
