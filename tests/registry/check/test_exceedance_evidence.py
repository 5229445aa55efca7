"""Probabilities of exceeding staffed beds that a check finds: those that are served, beside how often it was before."""

from pathlib import Path
from typing import cast

import numpy as np
import pytest

from hospital.ingest.hospital_reader import read_hospital
from hospital.simulator import simulate, write
from registry.check.exceedance_evidence import exceedance_rows
from registry.evidence.exceedance_rows import ExceedanceRows
from registry.evidence.records import Scored
from registry.model.dataset import PreparedBeds
from registry.model.forecast_model import ForecastModel
from registry.model.scoring import prepare, score
from training.packages.package_request import Request
from training.train import build_package

Found = tuple[ForecastModel, PreparedBeds, Scored, ExceedanceRows]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Of a small hospital's test set."""
    folder, where = tmp_path_factory.mktemp("hospital"), tmp_path_factory.mktemp("made") / "package"
    write(simulate(220, seed=34, scale=0.15), folder)
    tables = read_hospital(Path(folder), None, b"one key")
    request = Request("bed-demand", (4.0, 24.0), ablation=False)
    built = build_package(request, tables, where, lambda *_: None)
    model = ForecastModel(where)
    prepared = cast(PreparedBeds, prepare(model, tables))
    test = score(model, prepared, built.split.members("test", prepared.prediction_time))
    rows = exceedance_rows(model, prepared, built.split, test)
    assert rows is not None
    return model, prepared, test, rows


def test_rows_are_those_that_are_judged_as_they_are_served(found: Found) -> None:
    """The curve's probability at the staffed beds that were published, row by row."""
    model, prepared, test, rows = found
    names = [f.name for f in prepared.features]
    query, column = prepared.samples.query, prepared.X[:, names.index("staffed_then")]
    asked = zip(query.unit, prepared.prediction_time, query.horizon_hours, strict=True)
    staffed = dict(zip(asked, column, strict=True))
    unit_of = {u.unit: i for i, u in enumerate(prepared.events.units)}
    for i in range(0, test.size, 37):
        name = str(test.row_id[i]).split("|")[0]
        key = (unit_of[name], test.prediction_time[i], test.horizon_hours[i])
        assert rows.staffed[i] == staffed[key]
    expected = model.exceedances.probability("model", test.quantiles, rows.staffed, test.horizon_hours)
    assert rows.model.tolist() == expected.tolist()
    assert rows.model.shape == rows.baseline.shape == rows.by_hour.shape == rows.by_unit.shape == (test.size,)
    assert not np.array_equal(rows.model, rows.baseline)


def test_how_often_it_was_knows_nothing_of_the_judged_days(found: Found) -> None:
    """A unit's frequency is that of outcomes known before the first judged forecast, counted by hand."""
    _, prepared, test, rows = found
    names = [f.name for f in prepared.features]
    beds = prepared.X[:, names.index("staffed_then")].astype(np.float64)
    before = (
        (prepared.target_time < test.prediction_time.min())
        & np.isfinite(beds)
        & np.isfinite(prepared.outcome)
    )
    for unit, name in enumerate(u.unit for u in prepared.events.units):
        mine = before & (prepared.samples.query.unit == unit)
        often = float((prepared.outcome[mine] > beds[mine]).mean())
        judged = np.array([str(r).split("|")[0] == name for r in test.row_id])
        assert np.unique(rows.by_unit[judged]) == pytest.approx([often])
    assert (rows.by_hour >= 0).all()
    assert (rows.by_hour <= 1).all()
