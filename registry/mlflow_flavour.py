"""A package as MLflow loads it: ``mlflow.pyfunc.load_model("models:/wait-time/1")``, from features to p10, p50, p90.

For data scientists: it is not what is served. It verifies the package and forecasts every row by the model (or by the
baseline, where the package is no more, or a unit is too new for the model). Whether anybody approved the version, and
for which units and horizons it is trusted, only the signed release says, which the service reads and this does not.

A table has a column for every feature of the model, in any order: numbers, NaN where unknown; categories as texts
(triage ``2``, ``3A`` …), None where unknown. What rows need besides is in more columns, for bed demand:

- ``prediction_time``: when it is forecast, in UTC (MLflow takes no column with another zone);
- ``demand_now``: beds needed then, where the model has no such feature;
- ``demand_last_week``: beds needed at the target's local time a week earlier (whole weeks beyond 7 days); optional,
  read only where that baseline answers;
- ``width_factor``: what p10 and p90 are moved away from p50 by, as an answer of the service says it; optional, 1: a
  table of features does not hold the recent errors that it comes from.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from hospital.features.bed_query import BedQuery
from hospital.features.feature import TRIAGE_RANK, Feature, encode
from hospital.words.messages import Lines, Message, message
from registry.errors import RowError
from registry.mlflow_records import Flavour
from registry.model.dataset import forecast
from registry.model.forecast_model import ForecastModel, Rows
from registry.model.model_rows import bed_rows, wait_rows_of

__all__ = ["FeatureForecaster", "flavour_of", "table_of"]

OUTPUTS = {"p10": LEVELS.index(0.1), "p50": LEVELS.index(0.5), "p90": LEVELS.index(0.9)}
_LAST_WEEK = "demand_last_week"
_WIDTH = "width_factor"
_EXAMPLE_ROWS = 3
_NAMED_ROWS = 3


def _load_pyfunc(data_path: str) -> "FeatureForecaster":
    """What MLflow calls, with the path of ``package/``."""
    return FeatureForecaster(ForecastModel(Path(data_path)))


class FeatureForecaster:
    """A verified package that forecasts tables of features."""

    def __init__(self, model: ForecastModel) -> None:
        self._model = model

    def predict(self, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """p10, p50 and p90 of each row, beds or minutes, under the table's own index; NaN where nothing can be said.

        Args:
            params: MLflow's; there are none.

        Raises:
            RowError: a column is missing, or holds what the model cannot read; all faults at once.
        """
        table = _Table(model_input, [])
        X = np.empty((len(model_input), len(self._model.features)), np.float32)
        for column, feature in enumerate(self._model.features):
            X[:, column] = table.feature(feature)
        build = _wait_rows if self._model.name == "wait-time" else _bed_rows
        rows = build(self._model, table, X)
        if table.faults or rows is None:
            raise RowError("registry.mlflow.faults", model=self._model.name, faults=table.lines)
        quantiles = forecast(self._model, rows)
        return pd.DataFrame({name: quantiles[:, i] for name, i in OUTPUTS.items()}, index=model_input.index)


_NO_COLUMN = message("registry.mlflow.no_column")
_NOT_NEGATIVE = message("registry.mlflow.not_negative_expected")


@dataclass(frozen=True)
class _Table:
    """The columns of a table, and what is wrong with them."""

    frame: pd.DataFrame
    faults: list[tuple[str, Message]]

    @property
    def lines(self) -> Lines:
        """A line for each fault."""
        return Lines(
            tuple(message("registry.mlflow.column", name=name, why=why) for name, why in self.faults)
        )

    def refuse(self, name: str, key: str, **values: object) -> None:
        """Notes what is wrong with a column."""
        self.faults.append((name, message(f"registry.mlflow.{key}", **values)))

    def feature(self, feature: Feature) -> Array:
        """A feature's numbers: float64 [n], NaN unknown."""
        if feature.name == "triage":
            ranks = tuple(TRIAGE_RANK)
            codes = encode(self.texts("triage", ranks), ranks)
            known = np.where(np.isnan(codes), 0, codes).astype(np.int64)
            return np.where(np.isnan(codes), np.nan, np.array(list(TRIAGE_RANK.values()))[known])
        if feature.levels:
            return encode(self.texts(feature.name, feature.levels), feature.levels)
        return self.numbers(feature.name)

    def texts(self, name: str, levels: tuple[str, ...]) -> Array:
        """Texts, each one of `levels`, or None: object [n]."""
        out = np.full(len(self.frame), None, object)
        if not self._has(name):
            return out
        values = self.frame[name]
        known = values.notna().to_numpy()
        out[known] = values.astype(object).to_numpy()[known]
        wrong = sorted({str(v) for v in out if v is not None and v not in levels})
        if wrong:
            self.refuse(name, "unknown_levels", n=len(wrong), found=_some(wrong), levels=", ".join(levels))
        return out

    def numbers(
        self, name: str, accepts: Callable[[Array], Array] = np.isfinite, what: Message | None = None
    ) -> Array:
        """Numbers: float64 [n], NaN unknown.

        Args:
            accepts: of the values, which may be (bool [n]); unknown ones are not asked about without `what`.
            what: what is expected where the value must be known; None: a finite number, or none.
        """
        out = np.full(len(self.frame), np.nan)
        if not self._has(name):
            return out
        try:
            out = (
                self.frame[name]
                .astype(object)
                .where(self.frame[name].notna(), np.nan)
                .astype(float)
                .to_numpy()
            )
        except (TypeError, ValueError):
            self.refuse(name, "numbers_expected")
            return out
        with np.errstate(invalid="ignore"):
            wrong = ~accepts(out) if what else ~accepts(out) & ~np.isnan(out)
        if wrong.any():
            where = _some([str(v) for v in self.frame.index[wrong][: _NAMED_ROWS + 1]])
            self.refuse(name, "in_row", what=what or message("registry.mlflow.finite_expected"), rows=where)
        return out

    def times(self, name: str) -> Array:
        """Instants: int64 [n]."""
        none = np.zeros(len(self.frame), np.int64)
        if not self._has(name):
            return none
        try:
            times = pd.to_datetime(self.frame[name], utc=True)
        except (TypeError, ValueError):
            times = pd.Series(pd.NaT, self.frame.index)
        if times.isna().any():
            self.refuse(name, "time_expected")
            return none
        return times.dt.tz_localize(None).to_numpy("datetime64[us]").astype(np.int64)

    def _has(self, name: str) -> bool:
        if name in self.frame.columns:
            return True
        if (name, _NO_COLUMN) not in self.faults:
            self.faults.append((name, _NO_COLUMN))
        return False


def _some(values: list[str]) -> str:
    more = " …" if len(values) > _NAMED_ROWS else ""
    return ", ".join(values[:_NAMED_ROWS]) + more


def _wait_rows(model: ForecastModel, table: _Table, X: Array) -> Rows | None:
    hour = table.numbers("hour", lambda v: (v >= 0) & (v < 24), message("registry.mlflow.hour_expected"))
    waited = table.numbers("minutes_since_arrival", lambda v: (v >= 0) & np.isfinite(v), _NOT_NEGATIVE)
    names = [f.name for f in model.features]
    levels = tuple(TRIAGE_RANK)
    triage = table.texts("triage", levels) if "triage" in names else np.full(len(table.frame), None, object)
    if table.faults:
        return None
    return wait_rows_of(model.waits_or_raise, X, model.features, triage, hour, waited)


def _bed_rows(model: ForecastModel, table: _Table, X: Array) -> Rows | None:
    baselines, place = model.beds_or_raise, model.manifest.place
    horizons = np.array(baselines.horizons)
    horizon = table.numbers(
        "horizon_hours",
        lambda v: np.isin(v, horizons),
        message("registry.mlflow.horizon_expected", horizons=", ".join(f"{h:g}" for h in horizons)),
    )
    at = table.times("prediction_time")
    now = table.numbers("demand_now", lambda v: (v >= 0) & np.isfinite(v), _NOT_NEGATIVE)
    last_week = table.numbers(_LAST_WEEK) if _LAST_WEEK in table.frame else np.full(len(table.frame), np.nan)
    width = np.ones(len(table.frame))
    if _WIDTH in table.frame:
        width = table.numbers(
            _WIDTH, lambda v: (v > 0) & np.isfinite(v), message("registry.mlflow.positive_expected")
        )
    unit = encode(table.texts("unit", baselines.units), baselines.units)
    if np.isnan(unit).any() and not any(name == "unit" for name, _ in table.faults):
        table.refuse("unit", "unit_expected")
    if table.faults:
        return None
    query = BedQuery(unit.astype(np.int64), at, horizon, now)
    rows = bed_rows(baselines, X, query, query.unit, now, last_week, place, model.manifest.cadence_hours)
    return replace(rows, width=width, baseline_width=width)


def table_of(model: ForecastModel, X: Array) -> pd.DataFrame:
    """Features as a model reads them (float32 [n, features]) as the table that `FeatureForecaster.predict` takes."""
    columns: dict[str, Any] = {}
    for i, feature in enumerate(model.features):
        values = X[:, i].astype(np.float64)
        if feature.name == "triage":
            names = {rank: level for level, rank in TRIAGE_RANK.items()}
        else:
            names = {float(code): level for code, level in enumerate(feature.levels)}
        columns[feature.name] = values if not names else [names.get(v) for v in values.tolist()]
    return pd.DataFrame(columns)


def flavour_of(model: ForecastModel) -> Flavour:
    """What MLflow writes down of a package: its columns, and an example of what is usual, which is no patient's."""
    inputs = {f.name: "any" if f.levels or f.name == "triage" else "double" for f in model.features}
    if model.name == "bed-demand":
        inputs |= {
            "prediction_time": "datetime",
            "demand_now": "double",
            _LAST_WEEK: "double",
            _WIDTH: "double",
        }
    else:
        inputs |= {"hour": "double", "minutes_since_arrival": "double"}
    return Flavour(
        __name__, inputs, frozenset({_LAST_WEEK, _WIDTH}), tuple(OUTPUTS), _example(model, list(inputs))
    )


def _example(model: ForecastModel, names: list[str]) -> str:
    if model.manifest.kind == "model":
        table = table_of(model, model.usual_values[:_EXAMPLE_ROWS])
    else:
        table = table_of(model, np.full((1, len(model.features)), np.nan))
        table["hour"], table["minutes_since_arrival"] = 12.0, 0.0
    if model.beds is not None:
        rows = len(table)
        horizons = model.beds.horizons
        table["unit"] = [model.beds.units[i // len(horizons)] for i in range(rows)]
        table["horizon_hours"] = [horizons[i % len(horizons)] for i in range(rows)]
        table["prediction_time"] = "2024-01-08T08:00:00"
        table["demand_now"] = table.get("demand_now", pd.Series(0.0, table.index)).fillna(0.0)
        table[_LAST_WEEK], table[_WIDTH] = table["demand_now"], 1.0
    return str(table.reindex(columns=names).to_json(orient="split", index=False))
