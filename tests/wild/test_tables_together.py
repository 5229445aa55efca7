"""Tables that are right one by one, and not together (README.md)."""

import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hospital.ingest.hospital_reader import HospitalTables
from hospital.profile.build import profile_of
from tests.support.hospital_files import read_mapped, write_xlsx

HEAD = '[mapping]\nname = "x"\nzone = "Europe/Paris"\n'
VISITS = '[tables.visits]\n[tables.visits.columns]\nvisit_id = "id"\narrived_at = "at"\nleft_at = "out"\n'
STAYS = (
    '[tables.stays]\n[tables.stays.columns]\nstay_id = "id"\nunit = "unit"\nentered_at = "at"\n'
    'visit_id = "visit"\nsource = { constant = "emergency" }\n'
)
START = datetime(2024, 1, 1)


def _codes(tables: HospitalTables) -> dict[str, int]:
    profile = profile_of(tables, source="x", now=int(time.time() * 1e6))
    return {
        f.code: f.rows for f in profile.findings if f.code in ("visit_unknown", "other_measure", "fractions")
    }


def _write(folder: Path, visit_id: str, share: float = 1.0) -> None:
    """300 visits, each with a stay; `visit_id` is how the visits write theirs, in a share of the rows."""
    rows = [(n, START + timedelta(hours=3 * n + n % 7 / 10)) for n in range(300)]
    ids = {n: visit_id.format(n) if n % 10 < 10 * share else f"{n:06}" for n, _ in rows}
    (folder / "visits.csv").write_text(
        "id;at;out\n" + "".join(f"{ids[n]};{at};{at + timedelta(hours=4)}\n" for n, at in rows)
    )
    (folder / "stays.csv").write_text(
        "id;unit;at;visit\n" + "".join(f"S{n};MED;{at + timedelta(hours=5)};{n:06}\n" for n, at in rows)
    )


@pytest.mark.parametrize("visit_id", ["{}", "IEP{:06}", "'{:06}", "{:06}-1"])
def test_ids_that_two_programs_write_in_two_ways(tmp_path: Path, visit_id: str) -> None:
    """Nothing is joined, and no row is wrong by itself."""
    _write(tmp_path, visit_id)
    codes = _codes(read_mapped(tmp_path, HEAD + VISITS + STAYS))
    assert codes.keys() == {"visit_unknown"}
    assert codes["visit_unknown"] > 250


@pytest.mark.parametrize(
    ("visit_id", "share"), [("{:06}", 1.0), ("{}", 0.3), ("{:06}.0", 1.0), ('="{:06}"', 1.0)]
)
def test_ids_that_are_joined(tmp_path: Path, visit_id: str, share: float) -> None:
    """As numbers with a decimal of zero, and as a formula, which no spreadsheet changes into a number."""
    _write(tmp_path, visit_id, share)
    assert _codes(read_mapped(tmp_path, HEAD + VISITS + STAYS)) == {}


@pytest.mark.parametrize(
    ("column", "usual", "factor"),
    [
        ("systolic_mmhg", 120, 0.1),
        ("diastolic_mmhg", 75, 0.1),
        ("systolic_mmhg", 120, 0.133),
        ("spo2_percent", 97, 0.01),
    ],
)
def test_vital_signs_in_another_unit_of_measure(
    tmp_path: Path, column: str, usual: float, factor: float
) -> None:
    """All lie in the contract's wide ranges, and none of the patients could live with them."""
    for times, found in ((1.0, {}), (factor, {"other_measure": 60})):
        rows = [f"v{n};{START + timedelta(hours=n)};{(usual + n % 3) * times:.4f}" for n in range(60)]
        (tmp_path / "visits.csv").write_text("id;at;value\n" + "\n".join(rows) + "\n")
        columns = f'[tables.visits]\n[tables.visits.columns]\nvisit_id = "id"\narrived_at = "at"\n{column} = "value"\n'
        assert _codes(read_mapped(tmp_path, HEAD + columns + 'triaged_at = "at"\n')) == found


@pytest.mark.parametrize(
    ("factor", "found"), [(1.0, {}), (1 / 60, {"other_measure": 60}), (20.0, {"other_measure": 60})]
)
def test_lengths_in_another_unit_of_measure(tmp_path: Path, factor: float, found: dict[str, int]) -> None:
    """An operation of 1.5 is one of an hour and a half; of 5400, of as many seconds."""
    rows = [
        f"o{n};MED;{START + timedelta(hours=n)};{START + timedelta(hours=n + 40)};{(60 + n % 50) * factor:.2f}"
        for n in range(60)
    ]
    (tmp_path / "operations.csv").write_text("id;unit;booked;planned;length\n" + "\n".join(rows) + "\n")
    days = [f"{(START + timedelta(days=n)).date()};MED;{n % 9}" for n in range(40)]
    (tmp_path / "census.csv").write_text("at;unit;occupied\n" + "\n".join(days) + "\n")
    columns = (
        '[tables.operations]\n[tables.operations.columns]\noperation_id = "id"\nunit = "unit"\nbooked_at = "booked"\n'
        'planned_at = "planned"\nminutes = "length"\n'
    )
    assert _codes(read_mapped(tmp_path, HEAD + columns)) == found


@pytest.mark.parametrize(("factor", "found"), [(1.0, set()), (0.01, {"fractions"}), (0.5, {"fractions"})])
def test_rates_and_means_in_place_of_counts(tmp_path: Path, factor: float, found: set[str]) -> None:
    """85 % is 0.85 in a spreadsheet: less than one patient; and a mean of two counts is none of them."""
    rows = [[START + timedelta(days=n), "MED", (80 + n % 9) * factor] for n in range(60)]
    book = write_xlsx(tmp_path / "c.xlsx", [["at", "unit", "occ"], *rows])
    census = '[tables.census]\n[tables.census.columns]\nat = "at"\nunit = "unit"\noccupied = "occ"\n'
    assert _codes(read_mapped(book, HEAD + census)).keys() == found
