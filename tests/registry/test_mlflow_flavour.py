"""A registered version as MLflow's users load it: real MLflow, real small packages."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.simulator import simulate, write
from registry.errors import PackageError, RowError
from registry.mlflow_flavour import FeatureForecaster, flavour_of, table_of
from registry.mlflow_records import Data
from registry.mlflow_store import record, tracking_uri
from registry.model.dataset import PreparedBeds, forecast
from registry.model.forecast_model import ForecastModel
from registry.model.scoring import prepare
from training.packages.package_request import Request
from training.train import build_package
from training.trees import DEFAULT_HYPERPARAMETERS

DATA = Data("sha256:" + "a" * 64, "sha256:" + "b" * 64, {"visits": 3})
FEW = replace(DEFAULT_HYPERPARAMETERS, rounds=8)
REQUESTS = {
    "wait-time": Request("wait-time", hyperparameters=FEW),
    "bed-demand": Request("bed-demand", (24.0, 48.0), hyperparameters=FEW),
    "wait-time of baselines": Request("wait-time", kind="baseline"),
    "bed-demand of baselines": Request("bed-demand", (24.0, 48.0), kind="baseline"),
}


@dataclass(frozen=True)
class Registered:
    """A version in MLflow's store of a home, a table of its own features, and what Vigie forecasts for its rows."""

    home: Path
    model: ForecastModel
    table: pd.DataFrame
    expected: Array

    def load(self) -> Any:
        """As a data scientist does."""
        mlflow.set_tracking_uri(tracking_uri(self.home))
        return mlflow.pyfunc.load_model(f"models:/{self.model.name}/1")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> HospitalTables:
    """A small hospital."""
    folder = tmp_path_factory.mktemp("hospital")
    write(simulate(200, seed=35, scale=0.1), folder)
    return read_hospital(folder, None, b"k" * 32)


@pytest.fixture(scope="module", params=list(REQUESTS))
def registered(
    request: pytest.FixtureRequest, tables: HospitalTables, tmp_path_factory: pytest.TempPathFactory
) -> Registered:
    """Each kind of package, registered."""
    return make(REQUESTS[request.param], tables, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def wait(tables: HospitalTables, tmp_path_factory: pytest.TempPathFactory) -> Registered:
    """A model of wait time, registered."""
    return make(REQUESTS["wait-time"], tables, tmp_path_factory.mktemp("wait"))


def make(request: Request, tables: HospitalTables, home: Path) -> Registered:
    """Trains, and registers in MLflow."""
    build_package(request, tables, home / "made", lambda *_: None)
    model = ForecastModel(home / "made")
    version = record(
        home, model.name, home / "made", flavour_of(model), data=DATA, parameters={}, metrics={}, tags={}
    )
    assert version == "1"
    prepared = prepare(model, tables)
    part = prepared.part(np.arange(len(prepared.X)) % 11 == 5)
    table = table_of(model, part.X)
    if isinstance(part, PreparedBeds):
        rows = part.rows(model.beds_or_raise)
        table["prediction_time"] = pd.to_datetime(part.prediction_time, unit="us")
        table["demand_now"] = part.samples.now
        table["demand_last_week"] = part.samples.last_week
        by_baseline = model.baseline_only(rows) | (model.manifest.kind != "model")
        table["width_factor"] = np.where(by_baseline, rows.baseline_width, rows.width)
        known = (~np.isnan(part.samples.now)).nonzero()[0]
    else:
        rows, known = part.rows(model.waits_or_raise), np.arange(len(table))
    quantiles = forecast(model, rows)[:, [LEVELS.index(q) for q in (0.1, 0.5, 0.9)]]
    return Registered(home, model, table.iloc[known].reset_index(drop=True), quantiles[known])


def test_a_loaded_version_forecasts_what_vigie_forecasts(registered: Registered) -> None:
    """Row by row, and whatever the order of columns, the index, and what else is in the table."""
    table = registered.table
    assert len(table) > 30
    loaded = registered.load()
    shuffled = table.assign(other=1.0)[["other", *table.columns[::-1]]].set_axis(
        range(100, 100 + len(table)), axis=0
    )
    for given in (table, shuffled):
        found = loaded.predict(given)
        assert list(found.columns) == ["p10", "p50", "p90"]
        assert list(found.index) == list(given.index)
        np.testing.assert_allclose(found.to_numpy(), registered.expected, rtol=1e-5, atol=1e-4)


def test_it_comes_with_its_signature_an_example_and_a_notice(registered: Registered) -> None:
    """The example can be forecast as it is; the package beside MLmodel is as it was sealed."""
    loaded = registered.load()
    signature = loaded.metadata.signature
    assert {f.name for f in registered.model.features} <= set(signature.inputs.input_names())
    assert signature.outputs.input_names() == ["p10", "p50", "p90"]
    example = loaded.input_example
    assert np.isfinite(loaded.predict(example).to_numpy()).all()
    assert "Not what is served" in loaded.metadata.metadata["notice"]
    (described,) = registered.home.glob("mlflow-artifacts/**/MLmodel")
    assert ForecastModel(described.parent / "package").digest == registered.model.digest
    files = {p.name for p in registered.home.glob("mlflow-artifacts/**/*") if p.is_file()}
    assert not [name for name in files if name.endswith((".pkl", ".pickle", ".py"))]


def test_a_changed_package_does_not_load(tables: HospitalTables, tmp_path: Path) -> None:
    """A byte of it, or a file more."""
    found = make(replace(REQUESTS["wait-time"], kind="baseline"), tables, tmp_path)
    (package,) = tmp_path.glob("mlflow-artifacts/**/package")
    (package / "more.json").write_text("{}")
    with pytest.raises(PackageError, match=r"more\.json"):
        found.load()
    (package / "more.json").unlink()
    (package / "baseline.json").write_bytes((package / "baseline.json").read_bytes() + b" ")
    with pytest.raises(PackageError, match=r"baseline\.json"):
        found.load()


@pytest.mark.parametrize(
    ("unknown", "dtype"), [(np.nan, float), (np.nan, object), (None, object), (pd.NA, object), (None, "str")]
)
def test_what_is_unknown_is_missing(wait: Registered, unknown: object, dtype: Any) -> None:
    """A number or a category, in some rows or in all: never 0, never a refusal."""
    loaded, first = wait.load(), wait.table.iloc[:3].copy()
    for name in ("reason", "triage"):
        first[name] = pd.Series([unknown] * 3, dtype=dtype)
    first["age_years"] = np.nan
    found = loaded.predict(first)
    same = wait.table.iloc[:3].copy()
    for name in ("age_years", "reason", "triage"):
        same[name] = None
    expected = FeatureForecaster(wait.model).predict(same)
    np.testing.assert_array_equal(found.to_numpy(), expected.to_numpy())
    assert np.isfinite(found.to_numpy()).all()


def test_categories_and_whole_numbers_of_pandas_are_read(wait: Registered) -> None:
    """As another reader of files leaves them."""
    table = wait.table.iloc[:5]
    other = table.assign(
        reason=table["reason"].astype("category"), weekday=table["weekday"].astype("int32"), holiday=0
    )
    found = wait.load().predict(other)
    expected = FeatureForecaster(wait.model).predict(table.assign(holiday=0.0))
    np.testing.assert_array_equal(found.to_numpy(), expected.to_numpy())


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        (lambda t: t.assign(reason="curse"), ["reason: curse is not known to the model"]),
        (lambda t: t.assign(triage="9"), ["triage: 9 is not known to the model, which knows 1, 2, 3A"]),
        (
            lambda t: t.assign(hour=24.0),
            ["hour: a number from 0 to under 24 is expected, never unknown, in row 0, 1, 2 …"],
        ),
        (lambda t: t.assign(hour=np.nan), ["hour: a number from 0 to under 24"]),
        (lambda t: t.assign(minutes_since_arrival=-1.0), ["minutes_since_arrival: a number of 0 or more"]),
        (lambda t: t.assign(minutes_since_arrival=np.inf), ["minutes_since_arrival"]),
        (lambda t: t.assign(age_years=-np.inf, reason="x"), ["age_years: a finite", "reason: x is"]),
        (
            lambda t: t.drop(columns=["hour", "triage"]),
            ["hour: there is no such", "triage: there is no such"],
        ),
        (lambda t: t.assign(age_years="old"), ["age_years: numbers are expected"]),
    ],
)
def test_all_faults_of_a_table_are_named_at_once(
    wait: Registered, change: Callable[[pd.DataFrame], pd.DataFrame], messages: list[str]
) -> None:
    """And nothing is forecast."""
    with pytest.raises(RowError) as raised:
        FeatureForecaster(wait.model).predict(change(wait.table.iloc[:6]))
    for message in messages:
        assert message in str(raised.value)


def test_a_column_that_is_not_there_is_named_by_mlflow_too(wait: Registered) -> None:
    """A misspelt feature is not taken for an unknown one."""
    with pytest.raises(MlflowException, match="age_years"):
        wait.load().predict(wait.table.rename(columns={"age_years": "age"}))


def test_an_empty_table_has_an_empty_answer(registered: Registered) -> None:
    """Of the same columns."""
    assert FeatureForecaster(registered.model).predict(registered.table.iloc[:0]).shape == (0, 3)


def test_beds_are_refused_where_nothing_was_learned(tables: HospitalTables, tmp_path: Path) -> None:
    """Another horizon, a unit that is not the model's or not said, a time or a demand that is unknown."""
    found = make(REQUESTS["bed-demand of baselines"], tables, tmp_path)
    wrong = found.table.iloc[:2].assign(
        horizon_hours=25.0, unit=[None, "moon"], prediction_time=pd.NaT, demand_now=np.nan
    )
    with pytest.raises(RowError) as raised:
        FeatureForecaster(found.model).predict(wrong)
    for message in (
        "horizon_hours: one of these horizons is expected: 24, 48",
        "unit: moon is not known to the model",
        "prediction_time: a time is expected in every row",
        "demand_now: a number of 0 or more",
    ):
        assert message in str(raised.value)
    local = found.table.iloc[:4]
    zoned = local.assign(
        prediction_time=local["prediction_time"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")
    )
    forecaster = FeatureForecaster(found.model)
    np.testing.assert_array_equal(forecaster.predict(zoned), forecaster.predict(local))


def test_the_example_is_no_patient_s(wait: Registered) -> None:
    """It is what is usual: a row of none of the hospital's visits."""
    example = json.loads(next(wait.home.glob("mlflow-artifacts/**/input_example.json")).read_text())
    at = example["columns"].index("age_years")
    assert [row[at] for row in example["data"]] == [
        pytest.approx(value) for value in wait.model.usual_values[:3, _position(wait.model, "age_years")]
    ]


def _position(model: ForecastModel, name: str) -> int:
    return [f.name for f in model.features].index(name)
