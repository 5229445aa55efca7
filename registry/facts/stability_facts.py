"""What refits and the current release make of a candidate's reasons: facts for the explanation gate."""

import numpy as np
from scipy import stats

from hospital.arrays import Array
from hospital.times import DAY
from registry.evidence.probe_records import ExplanationShift, StabilityFacts
from registry.facts.refit_cache import EXPLAINED_ROWS, Refits
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.feature_groups import feature_groups, group_contributions, spread_rows
from registry.model.forecast_model import ForecastModel

__all__ = ["blocks_of", "explanation_shift", "stability_facts"]

Prepared = PreparedBeds | PreparedWaits

_BLOCKS = 20
_LEAST = 1e-9


def stability_facts(model: ForecastModel, judged: Prepared, refits: Refits | None) -> StabilityFacts | None:
    """How far refits move the reasons of judged rows; None where none were asked for."""
    if refits is None:
        return None
    none = np.empty(0)
    part = judged.part(spread_rows(judged.prediction_time.size, EXPLAINED_ROWS))
    rows, names = part.prediction_time.size, feature_groups(model.features)
    if refits.failed:
        return StabilityFacts(refits.failed, rows, none, none, {})
    found = refits.contributions
    if not rows or found.shape[1:] != (rows, len(names)):
        return StabilityFacts("its rows are not the judged ones", rows, none, none, {})
    served = group_contributions(model, part)
    moved, size = np.abs(found - served), np.abs(served)
    total = max(float(size.sum()), _LEAST)
    by_group = moved.sum(axis=1) / np.maximum(size.sum(axis=0), _LEAST)
    ranks = [float(stats.spearmanr(np.abs(one).mean(axis=0), size.mean(axis=0)).statistic) for one in found]
    return StabilityFacts(
        "",
        rows,
        moved.sum(axis=(1, 2)) / total,
        np.array(ranks),
        {name: by_group[:, g] for g, name in enumerate(names)},
    )


def explanation_shift(
    model: ForecastModel, judged: Prepared, current: ForecastModel, theirs: Prepared
) -> ExplanationShift:
    """What carries the forecasts of this version and of the current release on the same judged rows."""
    mask = spread_rows(judged.prediction_time.size, EXPLAINED_ROWS)
    if isinstance(judged, PreparedBeds):
        mask &= np.isin(judged.samples.query.horizon_hours, current.manifest.horizons_hours)
        mask &= np.isin(judged.samples.query.horizon_hours, model.manifest.horizons_hours)
    mine, others = judged.part(mask), theirs.part(mask)
    names = feature_groups((*model.features, *current.features))
    block = blocks_of(mine.prediction_time)
    return ExplanationShift(
        names,
        _means(model, mine, names, block),
        _means(current, others, names, block),
        int(mask.sum()),
    )


def blocks_of(at: Array) -> Array:
    """Which of at most 20 blocks of consecutive days each prediction time (int64 [n]) lies in: int64 [n]."""
    days, of = np.unique(at // DAY, return_inverse=True)
    return of * min(_BLOCKS, max(days.size, 1)) // max(days.size, 1)


def _means(model: ForecastModel, part: Prepared, names: tuple[str, ...], block: Array) -> Array:
    own = dict(zip(feature_groups(model.features), np.abs(group_contributions(model, part)).T, strict=True))
    counts = np.maximum(np.bincount(block), 1)
    none = np.zeros(block.size)
    return np.column_stack([np.bincount(block, weights=own.get(n, none)) / counts for n in names])
