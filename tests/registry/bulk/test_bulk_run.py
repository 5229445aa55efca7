"""Many rows explained into one file: what it says is what serving says, and a kill costs no more than a part."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from hospital.features.lookback import lookback_days
from hospital.ingest.event_columns import columns_of
from hospital.times import DAY, instant
from hospital.words.language import Language
from registry.bulk.parquet import Layout, Subject
from registry.bulk.rows import chunks_of
from registry.errors import BulkError
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.scope_fallback import answer
from registry.model.scoring import prepare
from registry.package.manifest import MODELS
from registry.record.database import open_database, writing
from serving.forecasting.forecaster import make_forecaster
from serving.messages.question_records import BedQuestion, ExplainOptions, WaitQuestion
from serving.releases.release_source import StoredReleases
from serving.state.history_import import rows_since
from serving.state.observations import import_rows
from tests.support.bulk_home import CHUNK_ROWS, HORIZONS, BulkHome


def _prepared(home: BulkHome, model: str) -> PreparedBeds | PreparedWaits:
    return prepare(home.package(model), home.tables)


def _contributions(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[[name for name in frame.columns if name.startswith("contribution_")]]


@pytest.mark.parametrize("model", MODELS)
def test_every_row_adds_up(home: BulkHome, model: str) -> None:
    """Base, contributions and adjustments are the p50, whoever answers; nothing is left beside the file."""
    frame = home.frame(model)
    parts = [n for n in frame.columns if n == "base" or n.startswith(("contribution_", "adjustment_"))]
    assert np.abs(frame[parts].sum(axis=1) - frame["p50"]).max() < 1e-4
    groups = [n for n in frame.columns if n.startswith("group_")]
    features = [n for n in frame.columns if n.startswith("contribution_")]
    assert len(groups) > 2
    assert np.abs(frame[groups].sum(axis=1) - frame[features].sum(axis=1)).max() < 1e-9
    schema = pq.read_schema(home.out[model])
    for group in groups:  # each group is its own features, and no other's
        own = [n for n in features if schema.field(n).metadata[b"group"].decode() == group[6:]]
        assert np.abs(frame[group] - frame[own].sum(axis=1)).max() < 1e-9
    assert ((frame["p10"] <= frame["p50"]) & (frame["p50"] <= frame["p90"])).all()
    assert not home.out[model].with_name(f"{model}.parquet.parts").exists()
    file = pq.ParquetFile(home.out[model])
    assert file.num_row_groups > 3
    assert max(file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)) <= CHUNK_ROWS


@pytest.mark.parametrize("model", MODELS)
def test_rows_are_those_of_a_check_explained_by_the_package(home: BulkHome, model: str) -> None:
    """The same samples and features as training and check make, and `ForecastModel.explain` row by row, to the bit."""
    frame, package, prepared = home.frame(model), home.package(model), _prepared(home, model)
    baselines: Any = package.waits_or_raise if model == "wait-time" else package.beds_or_raise
    rows = prepared.rows(baselines)
    assert len(frame) == len(rows.X)
    release = StoredReleases(home.installation.settings).load(model)
    assert release is not None
    scope = {h for _, h in release.scope}
    inside = np.ones(len(frame), bool)
    if isinstance(prepared, PreparedBeds):
        query, names = prepared.samples.query, np.array([u.unit for u in prepared.events.units], object)
        assert (frame["unit"] == names[query.unit]).all()
        assert (frame["horizon_hours"] == query.horizon_hours).all()
        assert (frame["target_at"].astype("int64") == query.target_time).all()
        inside = np.isin(query.horizon_hours, list(scope))
        assert 0 < inside.sum() < inside.size
    else:
        assert (frame["visit_id"] == prepared.samples.row_id).all()
    assert (frame["prediction_time"].astype("int64") == prepared.prediction_time).all()
    explained, simple = package.explain(rows), package.explain_baseline(rows)
    assert np.array_equal(frame["p50"], np.where(inside, explained.p50, simple.p50))
    assert np.array_equal(frame["base"], np.where(inside, explained.base, simple.base))
    assert np.array_equal(_contributions(frame)[inside], explained.contributions[inside])
    assert (_contributions(frame)[~inside] == 0).all(axis=None)
    for name, values in explained.adjustments.items():
        assert np.array_equal(frame[f"adjustment_{name}"][inside], values[inside])
    assert set(frame["trust_status"][~inside]) <= {"baseline", "degraded"}
    assert set(frame["trust_status"][inside]) <= {"trusted", "degraded"}
    assert set(frame["model_digest"]) == {release.digest}
    assert set(frame["model_version"]) == {"1"}


def _stored(home: BulkHome, now: int, folder: Path) -> Any:
    """A database with what had been received by `now`."""
    engine = open_database(f"sqlite:///{folder / 'vigie.db'}")
    with writing(engine) as connection:
        for name, table in home.tables.tables.items():
            rows = rows_since(
                name,
                columns_of(table, name),
                now - (lookback_days(name) + 10) * DAY,
                home.tables.audit_attributes,
            )
            import_rows(connection, name, [r for r in rows if r["received_at"] <= now])
    return engine


def _same(row: pd.Series, answer: Any, quantiles: Any) -> None:
    """Asserts that a row of the file says what a served answer says."""
    assert (row["p10"], row["p50"], row["p90"]) == (quantiles["p10"], quantiles["p50"], quantiles["p90"])
    told = answer.explanation
    assert row["base"] == told["base"]
    names = {c["feature"]: c["contribution"] for c in told["contributions"]}
    assert all(row[f"contribution_{name}"] == value for name, value in names.items())
    assert all(row[f"adjustment_{a['name']}"] == a["contribution"] for a in told["adjustments"])
    assert row["trust_status"] == answer.trust["status"]
    assert tuple(row["trust_warnings"]) == answer.trust["warnings"]


def test_a_visit_is_explained_as_served(home: BulkHome, quick_path: Path) -> None:
    """Asked at its prediction time, the service gives the very numbers, status and warnings of the file."""
    frame, prepared = home.frame("wait-time"), _prepared(home, "wait-time")
    assert isinstance(prepared, PreparedWaits)
    i = len(frame) - 40
    query, now = prepared.samples.query, int(prepared.prediction_time[i])
    visit: dict[str, Any] = {name: query.columns[name][i] for name in query.columns}
    visit = {n: v for n, v in visit.items() if v is not None and v == v}
    visit |= {
        "visit_id": prepared.samples.row_id[i],
        "arrived_at": int(query.arrived_at[i]),
        "triaged_at": now,
    }
    model = StoredReleases(home.installation.settings).load("wait-time")
    assert model is not None
    engine = _stored(home, now, quick_path)
    forecaster, options = make_forecaster(home.installation.settings), ExplainOptions(1000, "typical", "en")
    with engine.connect() as connection:
        (served,) = forecaster.wait_time(model, connection, WaitQuestion([visit], [None], options), now)
    engine.dispose()
    assert len(served.explanation["contributions"]) == len(_contributions(frame).columns)
    _same(frame.iloc[i], served, served.wait_minutes)


def test_units_are_explained_as_served(home: BulkHome, quick_path: Path) -> None:
    """Every unit and horizon of one time, within the trusted scope and outside."""
    frame = home.frame("bed-demand")
    at = frame["prediction_time"].iloc[-1]
    then = frame[frame["prediction_time"] == at]
    model = StoredReleases(home.installation.settings).load("bed-demand")
    assert model is not None
    now = instant(at.to_pydatetime())
    engine = _stored(home, now, quick_path)
    units = list(dict.fromkeys(then["unit"]))
    question = BedQuestion(units, HORIZONS, now, [], ExplainOptions(1000, "typical", "en"))
    with engine.connect() as connection:
        served = make_forecaster(home.installation.settings).bed_demand(model, connection, question, now)
    engine.dispose()
    assert len(served) == len(then) > 2
    for (_, row), one in zip(then.iterrows(), served, strict=True):
        assert (row["unit"], row["horizon_hours"]) == (one.unit, one.horizon_hours)
        _same(row, one, one.beds)
    assert {one.trust["status"] for one in served} >= {"baseline"}


def test_an_age_of_observations_is_said_as_then(home: BulkHome) -> None:
    """A visit of a time at which nothing had been received for hours is degraded, in the language asked for."""
    visits = home.tables.tables["visits"]
    mine = visits[visits["visit_id"] == home.frame("wait-time")["visit_id"].iloc[-1]].assign(visit_id="new")
    for name in mine.select_dtypes("datetimetz"):
        mine[name] += pd.Timedelta(days=2)
    mine["received_at"] += pd.Timedelta(hours=1)
    tables = replace(home.tables, tables=home.tables.tables | {"visits": pd.concat([visits, mine])})
    model = home.package("wait-time")
    subject = Subject("wait-time", "1", "sha256:1", home.data, frozenset({("ED", 0.0)}))
    chunks = chunks_of(model, tables, subject.scope, 50)
    chunk = chunks.chunk(len(chunks) - 1)
    rows = Layout(model, subject, "fr").table(chunk, answer(model, chunk.rows, chunk.inside)).to_pandas()
    assert rows["visit_id"].iloc[-1] == "new"
    assert rows["trust_status"].iloc[-1] == "degraded"
    assert any("trop anciennes" in words for words in rows["trust_warnings"].iloc[-1])
    assert not any("trop anciennes" in words for words in rows["trust_warnings"].iloc[-2])


@pytest.mark.parametrize(
    ("language", "words"), [("en", "this unit is closed"), ("fr", "cette unité est fermée")]
)
def test_a_unit_that_is_closed_at_the_time_forecast_is_degraded(
    home: BulkHome, language: Language, words: str
) -> None:
    """By the table of units as it was known when the forecast is made; other units, and hours before, are as ever."""
    model, units = home.package("bed-demand"), home.tables.tables["units"]
    until = home.tables.tables["stays"]["received_at"].max() - pd.Timedelta(days=2)
    unit = units["unit"].iloc[0]
    closes = units["open_to"].where(units["unit"] != unit, until)
    tables = replace(home.tables, tables=home.tables.tables | {"units": units.assign(open_to=closes)})
    scope = frozenset((u.group, h) for u in model.manifest.units for h in HORIZONS)
    subject = Subject("bed-demand", "1", "sha256:1", home.data, scope)
    chunks = chunks_of(model, tables, subject.scope, 500)
    chunk = chunks.chunk(len(chunks) - 1)
    answered = answer(model, chunk.rows, chunk.inside)
    rows = Layout(model, subject, language).table(chunk, answered).to_pandas()
    closed = (rows["unit"] == unit) & (rows["target_at"] >= until)
    assert closed.any()
    assert not closed.all()
    assert [any(words in w for w in said) for said in rows["trust_warnings"]] == closed.tolist()
    assert set(rows["trust_status"][closed]) == {"degraded"}


def test_what_does_not_add_up_is_not_written(home: BulkHome) -> None:
    """One contribution that is off by a minute is found, with the number of rows."""
    model = home.package("wait-time")
    subject = Subject("wait-time", "1", "sha256:1", home.data, frozenset({("ED", 0.0)}))
    chunk = chunks_of(model, home.tables, subject.scope, 50).chunk(1)
    answered = answer(model, chunk.rows, chunk.inside)
    layout = Layout(model, subject, "en")
    assert layout.table(chunk, answered).num_rows == 50
    answered.model.contributions[7, 2] += 1
    with pytest.raises(BulkError, match="1 of 50 explanations do not add up"):
        layout.table(chunk, answered)
    answered.model.contributions[7, 2] = np.nan
    with pytest.raises(BulkError, match="1 of 50"):
        layout.table(chunk, answered)


def test_no_forecast_is_missing_not_zero(home: BulkHome) -> None:
    """Where the baseline is not known the row stays, without numbers or status."""
    model = home.package("bed-demand")
    subject = Subject("bed-demand", "1", "sha256:1", home.data, frozenset())
    chunk = chunks_of(model, home.tables, subject.scope, 50).chunk(1)
    unknown = chunk.rows.baseline.copy()
    unknown[3] = np.nan
    chunk = replace(chunk, rows=replace(chunk.rows, offset=unknown, baseline=unknown))
    row = Layout(model, subject, "en").table(chunk, answer(model, chunk.rows, chunk.inside)).slice(3, 1)
    for name in ("p50", "base", "contribution_unit", "adjustment_floor", "trust_status", "trust_warnings"):
        assert row[name].null_count == 1, name
    assert row["unit"].null_count == 0


def test_a_checked_version_can_be_asked_for(home: BulkHome, tmp_path: Path) -> None:
    """A version that is not released explains with the scope that its check found."""
    done = home.explain(tmp_path / "two.parquet", "bed-demand", version="2")
    frame = pd.read_parquet(tmp_path / "two.parquet")
    assert done.subject.version == "2"
    assert set(frame["model_version"]) == {"2"}
    same = home.frame("bed-demand").drop(columns="model_version")
    pd.testing.assert_frame_equal(frame.drop(columns="model_version"), same)


def test_events_are_cut_without_changing_a_bit(home: BulkHome) -> None:
    """Features of a chunk are the bits that a check computes for all rows at once."""
    for model in MODELS:
        package, prepared = home.package(model), _prepared(home, model)
        chunks = chunks_of(package, home.tables, frozenset(), 333)
        X = np.concatenate([chunks.chunk(i).rows.X for i in range(len(chunks))])
        assert X.tobytes() == prepared.X.tobytes()
