"""How exact a candidate's explanations are: made by a check, judged by the explanation gate."""

from collections.abc import Mapping

import numpy as np

from explain.verification import verify_apart
from hospital.events import Array
from registry.candidates import Candidate
from registry.evidence import ExplanationFacts
from registry.model import ForecastModel, Rows
from registry.prepared import PreparedBeds, PreparedWaits
from registry.whole_scores import explained_wholes

__all__ = ["explanation_facts"]

Prepared = PreparedBeds | PreparedWaits

_EXPLAINED_ROWS = 200


def explanation_facts(
    found: Candidate, model: ForecastModel, prepared: Prepared, judged: Prepared
) -> ExplanationFacts:
    """Judged rows explained, of the whole hospital too, and the engine held against others on the prepared rows."""
    if model.manifest.kind != "model" or judged.prediction_time.size == 0:
        return ExplanationFacts(0, 0, 0, 0.0, 0.0, 0.0)
    chosen = np.linspace(0, judged.prediction_time.size - 1, _EXPLAINED_ROWS).astype(np.int64)
    mask = np.zeros(judged.prediction_time.size, bool)
    mask[chosen] = True
    part = judged.part(mask)
    rows: Rows = (
        part.rows(model.beds_or_raise) if isinstance(part, PreparedBeds) else part.rows(model.waits_or_raise)
    )
    explained = model.explain(rows)
    total = explained.base + explained.contributions.sum(axis=1) + sum(explained.adjustments.values())
    additivity = float(np.abs(total - explained.p50).max())
    largest = _largest_adjustment(explained.adjustments, explained.p50)
    if model.whole is not None and isinstance(judged, PreparedBeds):
        whole = explained_wholes(model, model.whole, judged, _EXPLAINED_ROWS)
        additivity = float(np.maximum(additivity, np.abs(whole.total - whole.p50).max()))  # NaN stays NaN
        largest = max(largest, _largest_adjustment(whole.adjustments, whole.p50))
    verified = verify_apart((found.package / "median.ubj").read_bytes(), prepared.X)
    return ExplanationFacts(
        rows=int(mask.sum()),
        verified=verified.rows,
        predictions_off=verified.predictions_off,
        additivity=additivity,
        reference_difference=float(np.maximum(verified.from_xgboost, verified.from_shap)),  # NaN stays NaN
        largest_adjustment=largest,
    )


def _largest_adjustment(adjustments: Mapping[str, Array], p50: Array) -> float:
    """Largest mean |adjustment| as a share of the mean forecast; what is usual for a unit is none."""
    level = max(float(np.abs(p50).mean()), 1e-9)
    return max(float(np.abs(v).mean()) / level for n, v in adjustments.items() if n != "usual_departure")
