"""Departments and school zones in the file of parameters: what cannot be is refused."""

from pathlib import Path

import pytest

from hospital.simulator import ParametersError, load_parameters
from tests.support.repository import ROOT


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('school_zone = "C"', 'school_zone = "D"', "school_zone: 'D', one of A, B, C expected"),
        ("from_years = 0", "from_years = 20", "ED-CHILD: ages 20 to 15 empty"),
        ('department = "ED-CHILD"', 'department = "ED"', "department.ED: named twice"),
        ("0.92, 1.33", "0.92, 2.33", "child_hour_factors, weighted by hour_shares: sums to"),
    ],
)
def test_departments_and_zones_that_cannot_be_are_refused(
    old: str, new: str, fault: str, tmp_path: Path
) -> None:
    """Each fault is named with what was expected."""
    text = ROOT.joinpath("hospital/simulator/data/parameters.toml").read_text("utf-8")
    assert text.count(old) == 1
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(ParametersError) as raised:
        load_parameters(path)
    assert fault in str(raised.value)
