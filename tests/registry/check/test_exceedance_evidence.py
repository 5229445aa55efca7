"""Probabilities of exceeding staffed beds that a check finds: those that are served, beside how often it was before."""

import itertools
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from hospital.dataset.splits import Split
from hospital.ingest.hospital_reader import read_hospital
from hospital.simulator import simulate, write
from hospital.times import moment
from registry.check.exceedance_evidence import exceedance_rows
from registry.evidence.exceedance_rows import ExceedanceRows
from registry.evidence.records import Scored
from registry.model.dataset import PreparedBeds
from registry.model.forecast_model import ForecastModel
from registry.model.scoring import prepare, score
from training.packages.package_request import Request
from training.train import build_package
from training.trees import DEFAULT_HYPERPARAMETERS

Found = tuple[ForecastModel, PreparedBeds, Split, Scored, ExceedanceRows]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Of a small hospital's test set."""
    folder, where = tmp_path_factory.mktemp("hospital"), tmp_path_factory.mktemp("made") / "package"
    write(simulate(200, seed=34, scale=0.1), folder)
    tables = read_hospital(Path(folder), None, b"one key")
    few = replace(DEFAULT_HYPERPARAMETERS, rounds=4)
    request = replace(Request("bed-demand", (4.0, 24.0), ablation=False), hyperparameters=few)
    built = build_package(request, tables, where, lambda *_: None)
    model = ForecastModel(where)
    prepared = cast(PreparedBeds, prepare(model, tables))
    test = score(model, prepared, built.split.members("test", prepared.prediction_time))
    rows = exceedance_rows(model, prepared, built.split, test)
    assert rows is not None
    return model, prepared, built.split, test, rows


def test_rows_are_those_that_are_judged_as_they_are_served(found: Found) -> None:
    """The curve's probability at the staffed beds that were published, row by row."""
    model, prepared, _, test, rows = found
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
    _, prepared, _, test, rows = found
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


def _hour_of_week(prepared: PreparedBeds, at: int) -> tuple[int, int]:
    """Weekday and hour by Python's own calendar in the hospital's zone."""
    local = moment(int(at)).astimezone(prepared.events.zone)
    return local.weekday(), local.hour


def test_an_hour_of_the_week_has_its_own_frequency(found: Found) -> None:
    """By Python's own calendar in the hospital's zone, unit by unit."""
    _, prepared, _, test, rows = found
    beds = prepared.X[:, [f.name for f in prepared.features].index("staffed_then")].astype(np.float64)
    units = [u.unit for u in prepared.events.units]
    seen: dict[tuple[str, tuple[int, int]], list[bool]] = defaultdict(list)
    for unit, at, need, staffed in zip(
        prepared.samples.query.unit, prepared.target_time, prepared.outcome, beds, strict=True
    ):
        if at < test.prediction_time.min() and np.isfinite(need) and np.isfinite(staffed):
            seen[units[unit], _hour_of_week(prepared, at)].append(bool(need > staffed))
    assert {key for _, key in seen} == set(itertools.product(range(7), range(24)))
    for i in range(test.size):
        mine = seen[str(test.row_id[i]).split("|")[0], _hour_of_week(prepared, test.target_time[i])]
        assert rows.by_hour[i] == pytest.approx(np.mean(mine))


def test_an_hour_that_was_never_seen_has_the_unit_s_frequency(found: Found) -> None:
    """Of one unit every earlier row of one hour of the week is without staffed beds; the other units' hours stay."""
    model, prepared, split, test, rows = found
    column = [f.name for f in prepared.features].index("staffed_then")
    hour = _hour_of_week(prepared, test.target_time[0])
    names = np.array([str(row).split("|")[0] for row in test.row_id])
    judged = np.array([_hour_of_week(prepared, at) == hour for at in test.target_time])
    unit = [u.unit for u in prepared.events.units].index(names[0])
    at_hour = np.array([_hour_of_week(prepared, at) == hour for at in prepared.target_time])
    gone = (
        at_hour & (prepared.samples.query.unit == unit) & (prepared.target_time < test.prediction_time.min())
    )
    without = prepared.X.copy()
    without[gone, column] = np.nan
    prepared = replace(prepared, samples=replace(prepared.samples, X=without))
    less = exceedance_rows(model, prepared, split, test)
    assert less is not None
    unseen = judged & (names == names[0])
    assert gone.any()
    assert unseen.any()
    assert less.by_hour[unseen].tolist() == less.by_unit[unseen].tolist()
    assert less.by_hour[~unseen].tolist() == rows.by_hour[~unseen].tolist()
    assert (less.by_hour[unseen] != rows.by_hour[unseen]).all()


def test_nothing_known_is_no_figure(found: Found) -> None:
    """Where no staffed beds are known, before the judged days or on them, or no day is judged, there are no rows."""
    model, prepared, split, test, _ = found
    column = [f.name for f in prepared.features].index("staffed_then")
    judged = split.members("test", prepared.prediction_time)
    for gone in (np.ones(judged.size, bool), judged, ~judged):
        without = prepared.X.copy()
        without[gone, column] = np.nan
        assert (
            exceedance_rows(
                model, replace(prepared, samples=replace(prepared.samples, X=without)), split, test
            )
            is None
        )
    other = tuple(replace(f, name="beds") if f.name == "staffed_then" else f for f in prepared.features)
    assert exceedance_rows(model, replace(prepared, features=other), split, test) is None
    late = int(prepared.prediction_time.max()) + 1
    nobody = replace(split, spans={**split.spans, "test": (late, late)})
    assert exceedance_rows(model, prepared, nobody, test) is None
