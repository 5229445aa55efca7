"""Vigie's own forecasts of the judged rows: as served, and of the model alone."""

import tempfile
from pathlib import Path

import numpy as np

from benchmarks.anchors.data_sets import DataSet, real_data
from benchmarks.anchors.forecast_files import Forecasts
from benchmarks.forecasts.nhamcs import evidence_of, read_survey
from hospital.arrays import Array
from registry.evidence.records import UNIT, Scored
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.forecast_model import ForecastModel
from registry.model.interval_widths import adapted
from registry.model.scoring import prepare_held_back, score
from registry.policy.board_policy import default_policy
from registry.policy.trusted_scope import in_scope
from registry.statistics.scope import choose_scope
from training.packages.package_request import Request
from training.provenance import code_commit
from training.train import build_package

__all__ = ["MODEL", "SERVED", "forecast_by_vigie"]

SERVED, MODEL = "vigie", "vigie-model"


def forecast_by_vigie(data: DataSet) -> dict[str, Forecasts]:
    """Trains on what lies before the judged rows, and forecasts them.

    Returns:
        `SERVED`: the model inside its trusted scope (chosen on the validation set by the policy that ships), the best
        baseline outside, intervals that follow their recent errors; `MODEL`: the model everywhere. Of the survey,
        which nothing is served for, the model is both.
    """
    if data.kind == "survey":
        test = evidence_of(read_survey(real_data(), data.number), recent_waits=True).test
        found = _forecasts(test, test.quantiles)
        return {SERVED: found, MODEL: found}
    tables = data.tables()
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as place:
        where = Path(place) / "package"
        request = Request(data.model, test_from=data.judged_from, ablation=False)
        built = build_package(request, tables, where, lambda *_: None)
        model = ForecastModel(where)
    prepared = adapted(model, built.prepared)
    at = prepared.prediction_time
    judged = built.split.members("test", at) & (at < (data.judged_until or int(at.max()) + 1))
    earlier = prepare_held_back(model, prepared, built.split)
    validation = built.split.members("validation", earlier.prediction_time)
    scope = choose_scope(score(model.held_back, earlier, validation), default_policy())
    test = score(model, prepared, judged)
    baseline = _baseline(model, prepared.part(judged))
    inside = in_scope(scope, test.unit_group, test.horizon_hours)
    served = np.where(inside[:, None], test.quantiles, baseline)
    return {SERVED: _forecasts(test, served), MODEL: _forecasts(test, test.quantiles)}


def _baseline(model: ForecastModel, judged: PreparedBeds | PreparedWaits) -> Array:
    """What is served outside the scope: float64 [n, levels]."""
    if isinstance(judged, PreparedBeds):
        return model.baseline_quantiles(judged.rows(model.beds_or_raise))
    return model.baseline_quantiles(judged.rows(model.waits_or_raise))


def _forecasts(scored: Scored, quantiles: Array) -> Forecasts:
    known = scored.is_known & np.isfinite(quantiles).all(axis=1)
    part = scored.part(known)
    return Forecasts(
        part.row_id.astype(str),
        part.prediction_time,
        part.horizon_hours,
        part.audit.get(UNIT, part.unit_group).astype(str),
        part.outcome,
        part.weight,
        quantiles[known],
        code_commit(),
    )
