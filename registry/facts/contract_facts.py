"""What the contract gate counts: files, rows, forecasts and days that are not what training reported."""

import itertools

import numpy as np

from hospital.arrays import Array
from hospital.dataset.splits import PARTS, Split
from hospital.features.definition_digest import feature_digest
from registry.candidates.candidates import Candidate
from registry.evidence.records import ContractFacts, Scored
from registry.model.dataset import PreparedBeds, PreparedWaits, fitted_until, history_days
from registry.model.forecast_model import ForecastModel
from registry.package.manifest import ALLOWED_FILES

__all__ = ["contract_facts", "history_off"]

Prepared = PreparedBeds | PreparedWaits


def contract_facts(
    found: Candidate,
    model: ForecastModel,
    judged: Prepared,
    test: Scored,
    reported: dict[str, Array] | None,
    again: dict[str, Array],
    split: Split,
    *,
    same_split: bool,
    felt: tuple[Array, Array | None] | None = None,
) -> ContractFacts:
    """What the contract gate counts.

    Args:
        judged, test: the judged rows with their inputs, and scored.
        reported: what training reported of them (as `registry.model.scoring.reported_arrays`: float64 and text [n]);
            None where nobody reported anything (rows of later days).
        again: the same as recomputed.
        felt: bool [n] each: judged rows, and rows of the hospital total, that may be others since a person was erased
            from the snapshot: these are not compared. None: nobody was.
    """
    reported = again if reported is None else reported
    same_rows = np.array_equal(reported["row_id"], again["row_id"])
    forecasts = outcomes = baselines = 0
    if same_rows and felt is not None:
        reported, again = _unfelt(reported, felt), _unfelt(again, felt)
    if same_rows:
        none = np.empty(0)
        forecasts = sum(_off(reported.get(n, none), again[n]) for n in ("p50", "hospital_p50") if n in again)
        outcomes = sum(
            _different(reported.get(n, none), again[n]) for n in ("outcome", "hospital_outcome") if n in again
        )
        names = [n for n in again if n.startswith("baseline_")]
        baselines = sum(_different(reported.get(n, none), again[n]) for n in names)
    spans = [split.spans[part] for part in PARTS if split.days(part) > 0]
    overlaps = sum(b[0] - a[1] < split.gap for a, b in itertools.pairwise(spans)) + int(not same_split)
    return ContractFacts(
        files_refused=len({p.name for p in found.package.iterdir()} - ALLOWED_FILES - {"manifest.json"}),
        infinite_features=int(np.isinf(judged.X).sum()),
        crossing_quantiles=int((np.diff(test.quantiles, axis=1) < 0).any(axis=1).sum()),
        forecasts_off=forecasts,
        outcomes_off=outcomes,
        baselines_off=baselines,
        rows_off=0 if same_rows else abs(len(reported["row_id"]) - test.size) or test.size,
        feature_digest_equal=model.manifest.feature_digest == feature_digest(model.name),
        split_overlaps=overlaps,
        rows=test.size,
    )


def _unfelt(arrays: dict[str, Array], felt: tuple[Array, Array | None]) -> dict[str, Array]:
    """Arrays without the rows that are not compared; those of another length as they are."""
    rows, whole = felt
    out = {}
    for name, values in arrays.items():
        mask = whole if name.startswith("hospital_") else rows
        out[name] = values if mask is None or values.shape[:1] != mask.shape else values[~mask]
    return out


def history_off(model: ForecastModel, prepared: Prepared, split: Split) -> int:
    """Units whose days of history, which say whether the model may answer for them, are not what the data say."""
    if not isinstance(prepared, PreparedBeds):
        return 0
    baselines = model.beds_or_raise
    start = split.spans["train"][0]
    mine = fitted_until(prepared, split, model.fitted_part) & (prepared.prediction_time >= start)
    days = history_days(prepared.part(mine), len(baselines.units))
    return int((~np.isclose(days, baselines.days, rtol=0, atol=1e-6)).sum())


def _off(a: Array, b: Array) -> int:
    """Forecasts that differ by more than an ulp; all where there are not as many."""
    if a.shape != b.shape:
        return int(b.size)
    both = np.isnan(a) & np.isnan(b)
    return int((~(both | (np.abs(a - b) <= np.spacing(np.maximum(np.abs(a), np.abs(b)))))).sum())


def _different(a: Array, b: Array) -> int:
    if a.shape != b.shape:
        return int(b.size)
    return int((~((a == b) | (np.isnan(a) & np.isnan(b)))).sum())
