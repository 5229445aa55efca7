"""How wide intervals are: the same bits from rows, from events, carried on, and asked again when more has come."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hospital.features.beds import BedFeatures
from hospital.ingest.event_columns import events_of
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.record.events import Events
from hospital.simulator import simulate, write
from hospital.times import DAY, moment
from registry.components.adaptive_width import AdaptiveWidth
from registry.digests import canonical_json
from registry.errors import PackageError
from registry.model.dataset import PreparedBeds
from registry.model.forecast_model import MEDIAN, ForecastModel
from registry.model.interval_widths import ErrorHistory, adapted
from registry.model.scope_fallback import answer
from registry.model.scoring import prepare, reported_scores, score
from registry.package.manifest import write_package
from tests.support.few_trees import FEW_TREES
from training.packages.package_request import Request
from training.train import Built, build_package

HORIZONS = (4.0, 24.0)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> HospitalTables:
    """A small hospital."""
    folder = tmp_path_factory.mktemp("data")
    write(simulate(220, seed=33, scale=0.1), folder)
    return read_hospital(folder, None, b"one key")


@pytest.fixture(scope="module")
def built(tables: HospitalTables, tmp_path_factory: pytest.TempPathFactory) -> tuple[Built, Path]:
    """Its package."""
    where = tmp_path_factory.mktemp("package") / "p"
    request = Request("bed-demand", HORIZONS, hyperparameters=FEW_TREES)
    return build_package(request, tables, where, lambda *_: None), where


@pytest.fixture(scope="module")
def model(built: tuple[Built, Path]) -> ForecastModel:
    """The package, read."""
    return ForecastModel(built[1])


@pytest.fixture(scope="module")
def rows(model: ForecastModel, tables: HospitalTables) -> PreparedBeds:
    """All rows with their widths."""
    found = prepare(model, tables)
    assert isinstance(found, PreparedBeds)
    return found


def rule_of(model: ForecastModel) -> AdaptiveWidth:
    """The package's rule."""
    assert model.adaptive is not None
    return model.adaptive


def made(model: ForecastModel, events: Events, span: tuple[int, int]) -> ErrorHistory:
    """A history made from events."""
    found = ErrorHistory.of_events(model, events, BedFeatures(events, model.features), span)
    assert found is not None
    return found


def widths(model: ForecastModel, history: ErrorHistory, rows: PreparedBeds) -> np.ndarray:
    """What the history says of rows."""
    query, baselines = rows.samples.query, model.beds_or_raise
    unit = rows.units_of(baselines)
    return history.widths(rule_of(model), baselines, query.prediction_time, unit, query.horizon_hours)


def test_rows_and_events_give_the_same_bits(model: ForecastModel, rows: PreparedBeds) -> None:
    """What a check makes of rows that are there is what the service makes of observations."""
    assert rows.widths is not None
    later = rows.part(rows.prediction_time >= rule_of(model).since)
    history = made(model, rows.events, (0, int(rows.prediction_time.max())))
    assert later.widths is not None
    assert np.array_equal(widths(model, history, later), later.widths)
    assert (later.widths[:, :2] != 1).mean() > 0.5
    assert (rows.widths[rows.prediction_time < rule_of(model).since] == (1, 1, 0, 0)).all()


def test_a_past_answer_is_replayed_from_what_was_received_by_then(
    model: ForecastModel, rows: PreparedBeds, tables: HospitalTables
) -> None:
    """Everything received later removed, and the last 58 days looked at alone: the same bits at that time."""
    at = int(np.unique(rows.prediction_time)[-120])
    mine = rows.part(rows.prediction_time == at)
    cut = pd.Timestamp(moment(at))
    known = {
        name: frame if name == "units" else frame[frame["received_at"] <= cut]
        for name, frame in tables.tables.items()
    }
    events = events_of(replace(tables, tables=known))
    assert mine.widths is not None
    assert (mine.widths[:, :2] != 1).any()
    assert np.array_equal(widths(model, made(model, events, (at - 58 * DAY, at)), mine), mine.widths)


def test_a_past_answer_stands_where_later_rows_correct_what_was_known_then(
    model: ForecastModel, rows: PreparedBeds, tables: HospitalTables
) -> None:
    """Stays that are closed otherwise, and stays of before that are received only now: the same bits."""
    at = int(np.unique(rows.prediction_time)[-120])
    mine, cut = rows.part(rows.prediction_time == at), pd.Timestamp(moment(at))
    stays, later = tables.tables["stays"], pd.Timestamp(moment(at + 3 * DAY))
    last = stays.sort_values("received_at").drop_duplicates("stay_id", keep="last")
    known = last[(last["left_at"] < cut) & (last["left_at"] > cut - pd.Timedelta(days=50))]
    known = known[known["received_at"] <= cut].assign(received_at=later)
    shorter = known.iloc[::2].assign(left_at=lambda f: f["entered_at"] + (f["left_at"] - f["entered_at"]) / 2)
    unknown = known.iloc[1::2].assign(stay_id=lambda f: f["stay_id"] + "-late")
    assert min(len(shorter), len(unknown)) > 20
    corrected = pd.concat([stays, shorter, unknown], ignore_index=True)
    events = events_of(replace(tables, tables={**tables.tables, "stays": corrected}))
    assert mine.widths is not None
    assert np.array_equal(widths(model, made(model, events, (0, at)), mine), mine.widths)


def test_a_history_that_is_carried_on_is_the_one_made_anew(model: ForecastModel, rows: PreparedBeds) -> None:
    """From a history up to a time, another at a later one: equal in every number, whatever was settled by then."""
    events, end = rows.events, int(rows.prediction_time.max())
    computer = BedFeatures(events, model.features)
    before = made(model, events, (0, end - 9 * DAY))
    carried = ErrorHistory.of_events(model, events, computer, (0, end), (before, end - 9 * DAY))
    whole = made(model, events, (0, end))
    assert carried is not None
    for one, other in ((carried.model, whole.model), (carried.baseline, whole.baseline)):
        for name in ("times", "centre", "below", "above", "outcome"):
            assert np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True), name


def test_the_p50_and_its_reasons_stay_and_the_tails_move(model: ForecastModel, rows: PreparedBeds) -> None:
    """Each quantile lies its factor further from the p50, model's and baseline's; an explanation adds up as before."""
    late = rows.part(rows.prediction_time > rows.prediction_time.max() - 5 * DAY)
    with_widths = late.rows(model.beds_or_raise)
    plain = replace(late, widths=None).rows(model.beds_or_raise)
    high = plain.offset > 8  # far from the floor
    for stretched, before, factor in (
        (model.quantiles(with_widths), model.quantiles(plain), with_widths.width),
        (model.baseline_quantiles(with_widths), model.baseline_quantiles(plain), with_widths.baseline_width),
    ):
        middle = before[:, MEDIAN : MEDIAN + 1]
        assert np.array_equal(stretched[:, MEDIAN], before[:, MEDIAN])
        expected = np.maximum(middle + factor[:, None] * (before - middle), 0)
        assert np.abs(stretched - expected)[high & (before[:, 0] > 0)].max() < 1e-9
        assert (np.diff(stretched, axis=1) >= 0).all()
    inside = np.arange(high.size) % 2 == 0
    answered = answer(model, with_widths, inside)
    assert not answered.unsound.any()
    served = np.where(inside & ~model.baseline_only(plain), with_widths.width, with_widths.baseline_width)
    assert np.array_equal(answered.width, served)
    assert with_widths.unheld is not None
    drawn = replace(
        with_widths, unheld=np.stack([np.arange(high.size) % 3 == 0, np.arange(high.size) % 5 == 0], 1)
    )
    either = np.where(inside & ~model.baseline_only(plain), drawn.unheld[:, 0], drawn.unheld[:, 1])
    assert np.array_equal(answer(model, drawn, inside).unheld, either)


def test_training_reports_what_a_check_recomputes(
    built: tuple[Built, Path], model: ForecastModel, rows: PreparedBeds
) -> None:
    """From rows without widths the author's report has those of the check."""
    found, _ = built
    assert isinstance(found.prepared, PreparedBeds)
    assert found.prepared.widths is None
    reported, _ = reported_scores(model, found.prepared, found.split)
    again = score(model, rows, found.split.members("test", rows.prediction_time))
    assert np.array_equal(reported["p50"], again.p50)
    stretched = score(
        model, adapted(model, found.prepared), found.split.members("test", rows.prediction_time)
    )
    assert np.array_equal(stretched.quantiles, again.quantiles)


def test_a_package_made_before_there_was_a_rule_is_read_as_before(
    built: tuple[Built, Path], tables: HospitalTables, rows: PreparedBeds, tmp_path: Path
) -> None:
    """Without adaptive.json nothing is stretched; one that this Vigie does not read is refused in words."""
    manifest = json.loads((built[1] / "manifest.json").read_bytes())
    files = {name: (built[1] / name).read_bytes() for name in manifest.pop("files")}
    rule = files.pop("adaptive.json")
    write_package(tmp_path / "old", manifest, files)
    old = ForecastModel(tmp_path / "old")
    assert old.adaptive is None
    plain = prepare(old, tables)
    assert isinstance(plain, PreparedBeds)
    assert plain.widths is None
    assert np.array_equal(
        old.quantiles(plain.rows(old.beds_or_raise)),
        old.quantiles(replace(rows, widths=None).rows(old.beds_or_raise)),
    )
    assert ErrorHistory.of_events(old, rows.events, BedFeatures(rows.events, old.features), (0, 1)) is None
    spoilt = rule.replace(b'"forecasts":40', b'"forecasts":4000')
    assert spoilt != rule
    write_package(tmp_path / "spoilt", manifest, {**files, "adaptive.json": spoilt})
    with pytest.raises(PackageError, match="Train the model again"):
        ForecastModel(tmp_path / "spoilt")
    assert canonical_json(rule_of(ForecastModel(built[1])).to_json()) == rule
