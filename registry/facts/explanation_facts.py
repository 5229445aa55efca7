"""How exact a candidate's explanations are: made by a check, judged by the explanation gate."""

import json
import math
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from explain.verification import Verification, verify_apart
from hospital.arrays import Array
from registry.digests import canonical_json, sha256_bytes
from registry.evidence.records import ExplanationFacts
from registry.facts.cache import keep, kept
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.feature_groups import rows_of
from registry.model.forecast_model import ForecastModel
from registry.model.hospital.hospital_total_scores import explained_hospital_totals

__all__ = ["NO_EXPLANATION", "explanation_facts", "verified"]

Prepared = PreparedBeds | PreparedWaits

NO_EXPLANATION = ExplanationFacts(0, 0, 0, 0.0, 0.0, 0.0)
"""Of a baseline, or of no judged row: nothing was explained."""
_EXPLAINED_ROWS = 200


def verified(model: bytes, X: Array, evidence: Path) -> Verification:
    """The engine held against XGBoost and shap, in a child process; kept under the digest of all that goes into it.

    Args:
        model: the bytes of a ``.ubj`` file.
        X: float32 [rows, features].
        evidence: the folder where it is kept.
    """
    subject = {
        "model": sha256_bytes(model),
        "rows": sha256_bytes(np.ascontiguousarray(X).tobytes()),
        "shape": list(X.shape),
        "libraries": {name: version(name) for name in ("numpy", "shap", "xgboost-cpu")},
    }
    path = evidence / "verified" / f"{sha256_bytes(canonical_json(subject)).removeprefix('sha256:')}.json"
    content = kept(path)
    if content is None:
        found = verify_apart(model, X)
        keep(path, canonical_json(found.to_json()))
        return found
    document: dict[str, Any] = json.loads(content)
    values: dict[str, Any] = {name: math.nan if value is None else value for name, value in document.items()}
    return Verification(**values)


def explanation_facts(
    model: ForecastModel, judged: Prepared, held: Callable[[], Verification]
) -> ExplanationFacts:
    """Judged rows explained, of the hospital total too.

    Args:
        held: waits for the engine's verification on the prepared rows.
    """
    if judged.prediction_time.size == 0:
        return NO_EXPLANATION
    chosen = np.linspace(0, judged.prediction_time.size - 1, _EXPLAINED_ROWS).astype(np.int64)
    mask = np.zeros(judged.prediction_time.size, bool)
    mask[chosen] = True
    part = judged.part(mask)
    explained = model.explain(rows_of(model, part))
    total = explained.base + explained.contributions.sum(axis=1) + sum(explained.adjustments.values())
    additivity = float(np.abs(total - explained.p50).max())
    largest = _largest_adjustment(explained.adjustments, explained.p50)
    if model.hospital_total is not None and isinstance(judged, PreparedBeds):
        hospital_total = explained_hospital_totals(model, model.hospital_total, judged, _EXPLAINED_ROWS)
        additivity = float(
            np.maximum(additivity, np.abs(hospital_total.total - hospital_total.p50).max())
        )  # NaN stays NaN
        largest = max(largest, _largest_adjustment(hospital_total.adjustments, hospital_total.p50))
    verification = held()
    return ExplanationFacts(
        rows=int(mask.sum()),
        verified=verification.rows,
        predictions_off=verification.predictions_off,
        additivity=additivity,
        reference_difference=float(
            np.maximum(verification.from_xgboost, verification.from_shap)
        ),  # NaN stays NaN
        largest_adjustment=largest,
    )


def _largest_adjustment(adjustments: Mapping[str, Array], p50: Array) -> float:
    """Largest mean |adjustment| as a share of the mean forecast; what is usual for a unit is none."""
    level = max(float(np.abs(p50).mean()), 1e-9)
    return max(float(np.abs(v).mean()) / level for n, v in adjustments.items() if n != "unit_offset")
