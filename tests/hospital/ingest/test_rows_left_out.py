"""One impossible time costs its row; an empty count is unknown; the file is refused where there are more."""

from pathlib import Path

import pytest

from hospital.errors import ContractError
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.mapping.mapping_file import load_mapping
from hospital.profile.build import profile_of
from hospital.profile.facts import Weight
from hospital.profile.words import Words
from tests.support.hospital_files import KEY, read_mapped

VISITS = """[mapping]
name = "x"
zone = "Europe/Paris"
{keys}
[tables.visits]
file = "v.csv"
[tables.visits.columns]
visit_id = "id"
arrived_at = "a"
left_at = "l"
"""
GOOD = "2024-03-04T08:00,2024-03-04T09:00"


def _read(folder: Path, changed: dict[int, str], rows: int = 400, keys: str = "") -> HospitalTables:
    lines = "".join(f"{n},{changed.get(n, GOOD)}\n" for n in range(rows))
    (folder / "v.csv").write_text("id,a,l\n" + lines)
    return read_mapped(folder, VISITS.format(keys=keys))


EARLY, JUNK = "2024-03-04T08:00,2024-03-03T09:00", "2024-02-30T08:00,2024-03-04T09:00"


def test_an_impossible_time_costs_its_row_and_is_a_finding(tmp_path: Path) -> None:
    """One line a cause, with its count and first row; all the other rows are there."""
    found = _read(tmp_path, {7: EARLY, 9: JUNK, 11: EARLY})
    assert found.tables["visits"]["visit_id"].nunique() == 397
    told = [(f.column, f.rows, f.place) for f in found.findings if f.code == "row_left_out"]
    assert told == [("arrived_at", 1, "visits[9].arrived_at"), ("left_at", 2, "visits[7].left_at")]
    profile = profile_of(found, source="x", now=1_900_000_000_000_000)
    looked = [f for f in profile.findings if f.code == "row_left_out" and f.weight is Weight.LOOK]
    assert len(looked) == 2
    assert "visits[9].arrived_at" in Words("fr").says(looked[0])


@pytest.mark.parametrize(("keys", "wrong"), [("", 5), ("refused_rows = 0", 1), ("refused_rows = 0.05", 21)])
def test_more_of_them_than_the_mapping_states_refuse_the_file(tmp_path: Path, keys: str, wrong: int) -> None:
    """With the same lines that a refusal always has; one less is read."""
    with pytest.raises(ContractError) as caught:
        _read(tmp_path, dict.fromkeys(range(wrong), EARLY), keys=keys)
    assert [(f.path, f.code, f.rows) for f in caught.value.faults] == [
        ("visits[0].left_at", "before_arrived_at", wrong)
    ]
    found = _read(tmp_path, dict.fromkeys(range(wrong - 1), EARLY), keys=keys)
    assert found.tables["visits"]["visit_id"].nunique() == 400 - (wrong - 1)


def test_what_is_the_mappings_fault_is_never_left_out(tmp_path: Path) -> None:
    """The hour that a clock skipped: the whole file is read in the wrong zone, or a key is lacking."""
    with pytest.raises(ContractError, match="skipped this time on 2024-03-31") as caught:
        _read(tmp_path, {3: "2024-03-31T02:30,2024-03-31T05:00", 5: EARLY})
    assert {f.code for f in caught.value.faults} == {"nonexistent_local_time", "before_arrived_at"}


def test_a_row_that_comes_again_is_named_by_its_own_line(tmp_path: Path) -> None:
    """Rows that were left out before it count."""
    lines = [f"{n},{EARLY if n == 2 else GOOD}" for n in range(400)]
    lines.append("7,2024-03-04T08:00,2024-03-04T10:00")
    (tmp_path / "v.csv").write_text("\n".join(["id,a,l", *lines]) + "\n")
    (tmp_path / "m.toml").write_text(VISITS.format(keys=""))
    with pytest.raises(ContractError) as caught:
        read_hospital(tmp_path, load_mapping(tmp_path / "m.toml"), KEY)
    assert ("visits[400].visit_id", "conflicting_revision") in [(f.path, f.code) for f in caught.value.faults]


def test_an_empty_count_of_a_long_census_is_unknown(tmp_path: Path) -> None:
    """As in a file with a column a ward: the row is left out, and named; beds without patients stay a fault."""
    days = [f"2024-03-{d:02d}" for d in range(1, 11)]
    rows = "".join(
        f"{day},{u},{'' if u == 'B' and day < '2024-03-04' else 5},\n" for day in days for u in "AB"
    )
    (tmp_path / "census.csv").write_text("at,unit,occupied,staffed\n" + rows)
    text = '[mapping]\nname = "x"\nzone = "Europe/Paris"\n[tables.census.columns]\nat = "at"\nunit = "unit"\n'
    (tmp_path / "m.toml").write_text(text + 'occupied = "occupied"\nstaffed = "staffed"\n')
    found = read_hospital(tmp_path, load_mapping(tmp_path / "m.toml"), KEY)
    assert found.tables["census"]["unit"].value_counts().to_dict() == {"A": 10, "B": 7}
    assert [f.rows for f in found.findings if f.code == "empty_rows"] == [3]
    (tmp_path / "census.csv").write_text("at,unit,occupied,staffed\n2024-03-01,A,,20\n2024-03-02,A,5,20\n")
    with pytest.raises(ContractError) as caught:
        read_hospital(tmp_path, load_mapping(tmp_path / "m.toml"), KEY)
    assert [(f.path, f.code) for f in caught.value.faults] == [("census[0].occupied", "missing")]
    (tmp_path / "census.csv").write_text("at,unit,occupied,staffed\n2024-03-01,A,,\n")
    with pytest.raises(ContractError, match="no row has a number"):
        read_hospital(tmp_path, load_mapping(tmp_path / "m.toml"), KEY)
