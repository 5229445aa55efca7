"""How true the order of reasons is: the forecast as its first reasons are taken away, beside shap's order."""

from dataclasses import dataclass, replace

import numpy as np
import shap
import xgboost

from benchmarks.reasons.answers import FOLDER
from hospital.arrays import Array
from hospital.ingest.hospital_reader import read_hospital
from hospital.ingest.pseudonyms import load_or_create_key
from registry.components.stability import FIRST, steady
from registry.model.forecast_model import ForecastModel, Rows
from registry.model.scope_fallback import answer
from registry.model.scoring import prepare
from registry.settings import Settings

__all__ = ["Curves", "curves"]

STEPS = 10


@dataclass(frozen=True)
class Curves:
    """How far the forecast is on its way to the usual one after 1 to 10 features were set to what is usual.

    Attributes:
        vigie, shap, random: float64 [10], 0 nothing moved, 1 all of it; means over rows, weighted by how far it is.
        stable: share of rows whose first three reasons are those of either half of the trees.
        rows: how many.
    """

    vigie: Array
    shap: Array
    random: Array
    stable: float
    rows: int


def curves(rows: int, seed: int) -> Curves:
    """Curves of released waits of the benchmark's hospital.

    A feature is set to the value that the answer calls usual. What the model then says is computed anew. Orders that
    find what matters first reach the usual forecast with few features.
    """
    settings = Settings(home=(FOLDER / "home").resolve())
    model = ForecastModel(next((settings.home / "building").glob("wait-time")))
    tables = read_hospital(FOLDER / "data", None, load_or_create_key(settings.home / "pseudonym.key"))
    prepared = prepare(model, tables)
    rng = np.random.default_rng(seed)
    mask = np.zeros(prepared.prediction_time.size, bool)
    late = np.flatnonzero(prepared.prediction_time > np.quantile(prepared.prediction_time, 0.8))
    mask[rng.choice(late, min(rows, late.size), replace=False)] = True
    part = prepared.part(mask).rows(model.waits_or_raise)  # type: ignore[arg-type]
    answered = answer(model, part, np.ones(len(part.X), bool), None)
    usual = np.where(np.isfinite(answered.reference_values), answered.reference_values, part.X)
    orders = {
        "vigie": np.argsort(-np.abs(answered.contributions), axis=1, kind="stable"),
        "shap": np.argsort(-np.abs(_shap_values(settings, part)), axis=1, kind="stable"),
        "random": np.argsort(rng.random(part.X.shape), axis=1),
    }
    found = {name: _curve(model, part, usual, order) for name, order in orders.items()}
    firm = steady(answered.contributions, model.half_contributions(part)) == FIRST
    return Curves(**found, stable=float(firm.mean()), rows=len(part.X))


def _shap_values(settings: Settings, rows: Rows) -> Array:
    booster = xgboost.Booster(model_file=str(settings.home / "building" / "wait-time" / "median.ubj"))
    explainer = shap.TreeExplainer(booster, feature_perturbation="tree_path_dependent")
    return np.asarray(explainer.shap_values(rows.X), np.float64)


def _p50(model: ForecastModel, rows: Rows) -> Array:
    return model.explain(rows).p50


def _curve(model: ForecastModel, rows: Rows, usual: Array, order: Array) -> Array:
    """Float64 [STEPS]."""
    start = _p50(model, rows)
    end = _p50(model, replace(rows, X=usual.astype(np.float32)))
    whole = float(np.abs(end - start).sum())
    X, out = rows.X.copy(), []
    each = np.arange(len(X))
    for step in range(STEPS):
        column = order[:, step]
        X[each, column] = usual[each, column]
        moved = (_p50(model, replace(rows, X=X)) - start) * np.sign(end - start)
        out.append(float(moved.sum()) / whole)
    return np.array(out)
