"""A census whose unit is the sum of others, of another step than an hour or a day, or without week-ends."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from hospital.errors import HistoryError
from hospital.ingest.hospital_reader import read_hospital
from hospital.mapping.mapping_file import load_mapping
from hospital.profile.build import profile_of
from hospital.profile.facts import Finding, Weight
from hospital.profile.words import Words
from tests.support.hospital_files import KEY, read_mapped

MAPPING = """[mapping]
name = "x"
zone = "Europe/Paris"
[tables.census]
file = "c.csv"
[tables.census.columns]
at = "at"
unit = "unit"
occupied = "occ"
"""
NOW = 1_900_000_000_000_000


def _findings(folder: Path, rows: list[tuple[str, str, object]]) -> dict[tuple[str, str], Finding]:
    lines = "".join(f"{at},{unit},{occ}\n" for at, unit, occ in rows)
    (folder / "c.csv").write_text("at,unit,occ\n" + lines, encoding="utf-8")
    tables = read_mapped(folder, MAPPING, any_step=True)
    found = profile_of(tables, source="x", now=NOW).findings
    return {(f.code, f.unit): f for f in found if f.weight is Weight.LOOK}


def _days(n: int, step_hours: int = 24) -> list[datetime]:
    return [datetime(2023, 1, 2) + timedelta(hours=step_hours * i) for i in range(n)]


def _wards(n: int, *names: str, seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: np.round(20 + 8 * k + 4 * rng.standard_normal(n)) for k, name in enumerate(names)}


def _rows(days: list[datetime], counts: dict[str, np.ndarray]) -> list[tuple[str, str, object]]:
    return [(f"{d:%Y-%m-%d}", unit, int(c[i])) for i, d in enumerate(days) for unit, c in counts.items()]


def test_a_unit_is_there_from_its_first_count_to_its_last(tmp_path: Path) -> None:
    """As its rows and the table say: a count is no person, and ninety-five days are enough for the model."""
    rows = _rows(_days(95), _wards(95, "MED", "CHI"))
    (tmp_path / "c.csv").write_text("at,unit,occ\n" + "".join(f"{a},{u},{o}\n" for a, u, o in rows))
    profile = profile_of(read_mapped(tmp_path, MAPPING, any_step=True), source="x", now=NOW)
    found = [(u.rows, u.first, u.last, u.days, u.baseline_only) for u in profile.units]
    assert found == 2 * [(95, "2023-01-02", "2023-04-06", 94.0, False)]


def test_a_unit_that_is_the_sum_of_all_others_is_a_finding(tmp_path: Path) -> None:
    """Whatever it is called, and whether it is so each day or nearly each."""
    wards = _wards(200, "MED", "CHI", "REA")
    total = sum(wards.values())
    total[::25] += 7
    found = _findings(tmp_path, _rows(_days(200), {**wards, "HOP": total}))
    one = found["unit_is_total", "HOP"]
    assert one.share == pytest.approx(0.96, abs=0.01)
    assert {key for key in found if key[0].startswith("unit_")} == {("unit_is_total", "HOP")}
    assert "96%" in Words("en").says(one)
    assert "where" in Words("fr").does(one)


def test_a_sites_total_and_the_total_of_sites_are_kept_apart(tmp_path: Path) -> None:
    """The sum of a group, and the sum of all wards, though it is the sum of the sites' totals too."""
    wards = _wards(200, "N-MED", "N-CHI", "S-MED", "S-CHI", "S-SSR")
    north, south = wards["N-MED"] + wards["N-CHI"], wards["S-MED"] + wards["S-CHI"] + wards["S-SSR"]
    found = _findings(tmp_path, _rows(_days(200), {**wards, "NORD": north, "SUD": south, "X": north + south}))
    assert found["unit_is_subtotal", "NORD"].names == ("N-CHI", "N-MED")
    assert found["unit_is_subtotal", "SUD"].names == ("S-CHI", "S-MED", "S-SSR")
    assert ("unit_is_total", "X") in found
    assert len([key for key in found if key[0].startswith("unit_is")]) == 3


def test_a_ward_under_two_names_is_a_finding(tmp_path: Path) -> None:
    """A total of one ward, or the ward once more: whoever else is there."""
    wards = _wards(60, "MED", "CHI")
    for counts in ({"MED": wards["MED"], "HOP": wards["MED"]}, {**wards, "X": wards["CHI"]}):
        found = _findings(tmp_path, _rows(_days(60), counts))
        ((code, unit),) = [key for key in found if key[0].startswith("unit_is")]
        assert (code, len(found[code, unit].names)) == ("unit_is_subtotal", 1)
    assert not [key for key in _findings(tmp_path, _rows(_days(60), wards)) if key[0].startswith("unit_is")]


def test_a_ward_that_opens_later_does_not_hide_the_total(tmp_path: Path) -> None:
    """Its patients are in the total from the day on which it opens."""
    wards = _wards(200, "MED", "CHI", "REA")
    total = wards["MED"] + wards["CHI"] + np.where(np.arange(200) >= 100, wards["REA"], 0)
    rows = _rows(_days(200), {**wards, "ENS": total})
    late = [r for r in rows if r[1] != "REA" or r[0] >= f"{_days(101)[-1]:%Y-%m-%d}"]
    assert ("unit_is_total", "ENS") in _findings(tmp_path, late)


def test_wards_that_only_look_like_a_sum_are_none(tmp_path: Path) -> None:
    """Full wards of 10, 20 and 30 beds; a large ward; one that moves with the others."""
    wards = _wards(200, "A", "B", "C", seed=3)
    full = {"F1": np.full(200, 10), "F2": np.full(200, 20), "F3": np.full(200, 30)}
    like = {
        "D": np.round(1.15 * sum(wards.values())),
        "E": wards["A"] + wards["B"] + _wards(200, "E")["E"] - 20,
    }
    found = _findings(tmp_path, _rows(_days(200), {**wards, **full, **like}))
    assert not [key for key in found if key[0].startswith("unit_is")]


@pytest.mark.parametrize("name", ["TOTAL", "Total régional", "Sous-total A", "Ensemble des sites"])
def test_a_name_of_a_total_is_to_be_looked_at(tmp_path: Path, name: str) -> None:
    """Also where its parts are not all in the file."""
    counts = {**_wards(100, "A", "B"), name: _wards(100, "Z", seed=9)["Z"]}
    assert ("unit_named_total", name) in _findings(tmp_path, _rows(_days(100), counts))


@pytest.mark.parametrize("hours", [2, 6, 8, 12])
def test_a_census_of_some_hours_is_named_as_such_and_trained_on_by_nobody(tmp_path: Path, hours: int) -> None:
    """One finding with the step, and no gap at each of its rows."""
    rows = [(f"{d:%Y-%m-%dT%H:%M}Z", u, 5 + i % 4) for i, d in enumerate(_days(300, hours)) for u in "AB"]
    found = _findings(tmp_path, rows)
    assert set(found) == {("other_step", ""), ("no_model", "")}
    assert found["other_step", ""].after == hours
    with pytest.raises(HistoryError, match=f"every {hours} hours"):
        read_hospital(tmp_path, load_mapping(tmp_path / "mapping.toml"), KEY)


@pytest.mark.parametrize("silent", [(5, 6), (6,), (0, 6)])
def test_days_of_the_week_without_rows_are_named_once(tmp_path: Path, silent: tuple[int, ...]) -> None:
    """Not as a gap at each week-end; a week that lacks is still a gap."""
    days = [d for d in _days(260) if d.weekday() not in silent]
    rows = [(f"{d:%Y-%m-%d}", u, 5 + i % 4) for i, d in enumerate(days) for u in "AB"]
    found = _findings(tmp_path, rows)
    assert found["no_weekdays", ""].names == tuple(str(day) for day in silent)
    assert not [key for key in found if key[0] in ("unit_gap", "rows_missing")]
    names = Words("fr").says(found["no_weekdays", ""])
    assert "dimanche" in names
    assert ("samedi" in names) == (5 in silent)
    lost = [r for r in rows if not "2023-04-10" <= r[0] < "2023-04-22"]
    assert ("unit_gap", "A") in _findings(tmp_path, lost)


def test_a_whole_week_has_no_such_finding(tmp_path: Path) -> None:
    """Nor has a census that lacks a single week-end."""
    days = [d for d in _days(200) if d.date().isoformat() not in ("2023-03-04", "2023-03-05")]
    rows = [(f"{d:%Y-%m-%d}", u, 5 + i % 4) for i, d in enumerate(days) for u in "AB"]
    assert not [key for key in _findings(tmp_path, rows) if key[0] == "no_weekdays"]
