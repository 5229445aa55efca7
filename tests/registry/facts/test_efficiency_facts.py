"""What a version costs: measured once beside itself, on real trees."""

from pathlib import Path

import numpy as np
import pytest

from hospital.dataset.splits import Split
from hospital.ingest.hospital_reader import read_hospital
from hospital.simulator import simulate, write
from registry.facts.efficiency_facts import Costed, efficiency_facts
from registry.model.forecast_model import ForecastModel
from registry.model.scoring import prepare
from training.packages.package_request import Request
from training.train import build_package


def test_a_model_is_measured_once_beside_itself(tmp_path: Path) -> None:
    """200 answers each, in turn; the second time the same figures are read, whatever the machine does."""
    folder = tmp_path / "package"
    write(simulate(200, seed=44, scale=0.15), tmp_path / "data")
    hospital = read_hospital(tmp_path / "data", None, b"k")
    build_package(Request("wait-time"), hospital, folder, lambda *_: None)
    model = ForecastModel(folder)
    prepared = prepare(model, hospital)
    part = prepared.part(Split.from_json(model.manifest.split).members("test", prepared.prediction_time))
    own = Costed(model, folder, part, {"energy": {"watt_hours": 0.2}})
    facts = efficiency_facts(own, own, tmp_path / "evidence")
    assert facts is not None
    assert facts.current is not None
    assert facts.own.answer_seconds.size == facts.current.answer_seconds.size == 200
    assert facts.own.package_bytes == sum(p.stat().st_size for p in folder.iterdir())
    assert 0 < facts.own.answers_watt_hours < 1
    assert facts.own.training_watt_hours == 0.2
    ratio = np.median(facts.own.answer_seconds) / np.median(facts.current.answer_seconds)
    assert ratio == pytest.approx(1, abs=0.5)
    again = efficiency_facts(own, own, tmp_path / "evidence")
    assert again is not None
    assert np.array_equal(again.own.answer_seconds, facts.own.answer_seconds)
