"""What a check finds of a baseline whose test set begins where it was asked for."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hospital.dataset.splits import Split
from hospital.simulator.run import DEFAULT_START
from hospital.times import DAY, instant
from registry.check.recomputation import _split_of, gather
from registry.evidence.records import Evidence
from registry.model.forecast_model import ForecastModel
from registry.model.scoring import prepare
from registry.policy.board_policy import default_policy
from tests.support.installation import Installation
from tests.support.quick_versions import quick_candidate, quick_tables
from training.packages.package_request import Request

BEGIN = instant(datetime(DEFAULT_START.year, DEFAULT_START.month, DEFAULT_START.day, tzinfo=UTC)) + 160 * DAY


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> tuple[ForecastModel, Any, Evidence]:
    """The version, its rows and its evidence."""
    tables = quick_tables(tmp_path_factory.mktemp("data"), 185)
    installation = Installation.make(tmp_path_factory.mktemp("baseline") / "home")
    asked = Request("wait-time", kind="baseline", test_from=BEGIN)
    found = quick_candidate(installation, asked, tables, "1")
    evidence, _ = gather(installation.settings, found, default_policy(), lambda *_: None)
    model = ForecastModel(found.package)
    return model, prepare(model, tables), evidence


def test_the_parts_are_cut_again_as_they_were(checked: tuple[ForecastModel, Any, Evidence]) -> None:
    """The begin that was asked for is in the manifest: no overlap is found."""
    model, _, evidence = checked
    assert Split.from_json(model.manifest.split).spans["test"][0] == BEGIN
    assert evidence.contract.split_overlaps == 0
    assert evidence.test.prediction_time.min() >= BEGIN


def test_a_begin_that_is_no_instant_is_none(checked: tuple[ForecastModel, Any, Evidence]) -> None:
    """A manifest may say anything: the rows are cut as if nothing had been asked for, and no check falls over it."""
    model, prepared, _ = checked
    usual = model.manifest.model_copy(update={"configuration": {}})
    text = model.manifest.model_copy(update={"configuration": {"test_from": "2024-06-01"}})
    cut: list[Split] = []
    for manifest in (usual, text):
        other: Any = type("Model", (), {"manifest": manifest})
        cut.append(_split_of(other, prepared))
    assert cut[0] == cut[1]
    assert cut[0].spans["test"][0] != BEGIN


def test_no_input_is_held_against_the_outcome(checked: tuple[ForecastModel, Any, Evidence]) -> None:
    """A baseline is fitted to none; its rows are probed all the same."""
    _, _, evidence = checked
    assert evidence.probed.leakage is not None
    assert evidence.probed.leakage.rows > 0
    assert evidence.probed.leakage.alignments == ()
