"""The file of parameters: what is wrong with it is named at once, and another one makes another hospital."""

import dataclasses
from pathlib import Path

import pytest

from hospital.simulator import (
    ParametersError,
    load_parameters,
    simulate,
)
from tests.support.repository import ROOT
from tests.support.simulated_tables import wait_minutes


def test_a_wrong_parameters_file_is_refused_with_every_fault(tmp_path: Path) -> None:
    """Missing, unknown, mistyped and inconsistent figures are all named."""
    text = ROOT.joinpath("hospital/simulator/data/parameters.toml").read_text("utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(
        text.replace("boxes = 27", 'boxes = "many"').replace("pull_sigma", "pull_sigmas"), "utf-8"
    )
    with pytest.raises(ParametersError) as raised:
        load_parameters(path)
    assert all(word in str(raised.value) for word in ("boxes", "pull_sigma: missing", "pull_sigmas: unknown"))
    path.write_text(text.replace("block_hours = [0, 8, 14, 20]", "block_hours = [0, 8]"), "utf-8")
    with pytest.raises(ParametersError, match="doctors_weekday"):
        load_parameters(path)


def test_parameters_can_be_changed_for_a_scenario() -> None:
    """Fewer doctors, longer waits: the engine of crisis scenarios."""
    p = load_parameters()
    adults, children = p.department
    fewer = dataclasses.replace(adults, doctors_weekday=(1, 3, 4, 3), doctors_weekend=(1, 3, 4, 3))
    usual, short = (
        simulate(20, seed=702, parameters=q)
        for q in (p, dataclasses.replace(p, department=(fewer, children)))
    )
    assert wait_minutes(short["visits"]).mean() > 1.3 * wait_minutes(usual["visits"]).mean()
