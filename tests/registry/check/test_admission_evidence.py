"""The check's own figures of admissions and boarding: recomputed from the record, and from nothing later."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hospital.admissions.rates import learn_admission_rates
from hospital.arrays import Array
from hospital.features.emergency_flow import EmergencyFlow, visits_of
from hospital.record.events import Events, columns_from_rows
from hospital.times import DAY, HOUR, moment
from registry.cards.tension.boarding_figures import boarding_figures
from registry.check.admission_evidence import admission_rows
from registry.check.boarding_evidence import boarding_rows
from registry.components.boarding_model import input_values
from registry.model.dataset import PreparedBeds
from registry.model.forecast_model import ForecastModel
from registry.model.interval_widths import adapted
from registry.model.scoring import score
from tests.support.admission_visits import SPLIT, ZONE, learned, visits
from tests.support.quick_versions import quick_tables
from training.packages.package_request import Request
from training.train import Built, build_package
from training.trees import DEFAULT_HYPERPARAMETERS

FEW = replace(DEFAULT_HYPERPARAMETERS, rounds=4)


def model_of(rows: list[dict[str, Any]]) -> tuple[Any, Events]:
    """What the evidence reads of a package, and the record."""
    model, events, _ = learned(rows)
    return SimpleNamespace(admissions=model), events


def test_the_rates_beside_the_model_are_those_that_would_have_answered() -> None:
    """On each judged week: those that the service counts at its beginning, from the same visits."""
    rows = visits(after="admitted")
    model, events = model_of(rows)
    found = admission_rows(model, events, SPLIT)
    assert found is not None
    start = SPLIT.spans["test"][0]
    by_week = []
    for begin in (start, start + 7 * DAY):
        week = (found.time >= begin) & (found.time < begin + 7 * DAY)
        known = [r for r in rows if r["left_at"] < begin and r["arrived_at"] >= begin - 8 * 7 * DAY - HOUR]
        rates = learn_admission_rates(known, begin, ZONE)
        by_week.append(sorted(rates.of_path((t, "16", "8")) for t in ("2", "4")))
        assert np.unique(found.rates[week]) == pytest.approx(by_week[-1])
    assert by_week[0] != pytest.approx(by_week[1])
    assert found.admitted.all()
    assert (found.time >= start).all()


def test_without_a_model_there_is_no_evidence() -> None:
    """Of a package made before."""
    _, events = model_of(visits())
    before: Any = SimpleNamespace(admissions=None)
    assert admission_rows(before, events, SPLIT) is None


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[ForecastModel, Built]:
    """A small hospital's package of beds, with a threshold of boarders."""
    folder = tmp_path_factory.mktemp("boards")
    tables = quick_tables(folder / "data", 200)
    request = Request("bed-demand", horizons_hours=(4.0, 24.0), hyperparameters=FEW, boarders_above=0.0)
    made = build_package(request, tables, folder / "package", lambda *_: None)
    return ForecastModel(folder / "package"), made


def test_a_package_names_the_threshold_it_was_trained_for(built: tuple[ForecastModel, Built]) -> None:
    """In its manifest too."""
    model, _ = built
    assert model.boarding is not None
    assert model.boarding.threshold == model.manifest.configuration["boarders_above"] == 0.0
    assert model.boarding.horizons == (4.0, 24.0)
    assert model.admissions is not None


def test_boarding_is_judged_by_who_boarded_and_by_the_answer_that_is_served(
    built: tuple[ForecastModel, Built],
) -> None:
    """Where the baseline answers, by its shortage; the figures are those by hand."""
    model, made = built
    prepared = made.prepared
    assert isinstance(prepared, PreparedBeds)
    prepared = adapted(model, prepared)
    test = score(model, prepared, made.split.members("test", prepared.prediction_time))
    rows = boarding_rows(model, prepared, made.split, test)
    assert rows is not None
    flow = EmergencyFlow(prepared.events, None, visits_of(prepared.events, None))
    assert rows.boarded.tolist() == flow.at(test.target_time)["ed_boarding"].tolist()
    for trusted in (np.ones(test.size, bool), np.zeros(test.size, bool)):
        beyond = np.where(trusted, rows.beyond_model, rows.beyond_baseline)
        figures = boarding_figures(rows, test, trusted, 0.05)
        assert [f["horizon_hours"] for f in figures] == [4.0, 24.0]
        announced, n, events = by_hand(model, test, rows.others, beyond, rows.boarded)
        assert figures[0]["announced"] == pytest.approx(announced)
        assert (figures[0]["n"], figures[0]["events"]) == (n, events)
    late = test.prediction_time >= np.median(test.prediction_time)
    unknown = replace(test, outcome=np.where(late, np.nan, test.outcome))
    early = boarding_figures(rows, unknown, np.ones(test.size, bool), 0.05)
    assert early[0]["n"] == np.unique(test.prediction_time[~late & (test.horizon_hours == 4.0)]).size
    assert early[0]["n"] < n


def test_how_often_boarders_were_above_the_threshold_knows_nothing_of_the_judged_days(
    built: tuple[ForecastModel, Built],
) -> None:
    """At the target's hour by Python's own clock in the hospital's zone, and at all: of the times before the first."""
    model, made = built
    prepared = adapted(model, made.prepared)
    assert isinstance(prepared, PreparedBeds)
    test = score(model, prepared, made.split.members("test", prepared.prediction_time))
    rows = boarding_rows(model, prepared, made.split, test)
    assert rows is not None
    zone, flow = prepared.events.zone, EmergencyFlow(prepared.events, None, visits_of(prepared.events, None))
    times = np.unique(prepared.prediction_time)
    times = times[times < test.prediction_time.min()]
    above = flow.at(times)["ed_boarding"] > 0
    assert 0 < above.mean() < 1
    assert rows.overall == pytest.approx(np.full(test.size, above.mean()))
    hours = np.array([moment(t).astimezone(zone).hour for t in times.tolist()])
    often = {hour: above[hours == hour].mean() for hour in range(24)}
    assert rows.by_hour == pytest.approx(
        [often[moment(t).astimezone(zone).hour] for t in test.target_time.tolist()]
    )
    assert len(set(often.values())) > 3


def test_without_staffed_beds_or_visits_or_days_there_is_no_evidence_of_boarding(
    built: tuple[ForecastModel, Built],
) -> None:
    """Nothing is said of what cannot be judged."""
    model, made = built
    prepared, split = adapted(model, made.prepared), made.split
    assert isinstance(prepared, PreparedBeds)
    test = score(model, prepared, split.members("test", prepared.prediction_time))
    other = tuple(replace(f, name="beds") if f.name == "staffed_then" else f for f in prepared.features)
    assert boarding_rows(model, replace(prepared, features=other), split, test) is None
    events = replace(
        prepared.events, tables={n: t for n, t in prepared.events.tables.items() if n != "visits"}
    )
    assert boarding_rows(model, replace(prepared, events=events), split, test) is None
    late = int(prepared.prediction_time.max()) + 1
    nobody = replace(split, spans={**split.spans, "test": (late, late)})
    assert boarding_rows(model, prepared, nobody, test) is None


def by_hand(
    model: ForecastModel, test: Any, others: Array, beyond: Array, boarded: Array
) -> tuple[float, int, int]:
    """(mean probability, times, events) four hours ahead, one time after the other."""
    curve: Any = model.boarding
    probabilities, events = [], 0
    for t in np.unique(test.prediction_time):
        mine = (test.prediction_time == t) & (test.horizon_hours == 4.0) & np.isfinite(beyond)
        if not mine.any():
            continue
        boarders, present, hour, _ = others[mine][0]
        values = input_values(*(np.array([v]) for v in (beyond[mine].sum(), boarders, present, hour)))
        probabilities.append(curve.probability(values, np.array([4.0]))[0])
        events += int(boarded[mine][0] > 0)
    return float(np.mean(probabilities)), len(probabilities), events


def test_columns_of_rows_without_a_visit_make_no_rows() -> None:
    """A hospital whose visits stop before the test days."""
    rows = [r for r in visits() if r["arrived_at"] < SPLIT.spans["test"][0] - 3 * HOUR]
    model, _ = model_of(visits())
    events = Events.of({"visits": columns_from_rows("visits", rows)}, zone=ZONE, history_from=0)
    assert admission_rows(model, events, SPLIT) is None


def test_without_a_threshold_the_package_has_none(tmp_path: Path) -> None:
    """And the same bytes as one that was never asked for it."""
    tables = quick_tables(tmp_path / "data", 200)
    request = Request("bed-demand", horizons_hours=(24.0,), hyperparameters=FEW)
    build_package(request, tables, tmp_path / "package", lambda *_: None)
    assert not (tmp_path / "package" / "boarding.json").exists()
    assert "boarders_above" not in ForecastModel(tmp_path / "package").manifest.configuration
