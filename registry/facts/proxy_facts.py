"""Which features' contributions give away an audit attribute: made by a check, judged by the explanation gate."""

import numpy as np
from scipy import stats

from hospital.arrays import Array
from registry.evidence.probe_records import ProxyFacts, ProxyGroup
from registry.facts.refit_cache import Refits
from registry.facts.stability_facts import blocks_of
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.feature_groups import centred, rows_of, spread_rows
from registry.model.forecast_model import ForecastModel
from registry.model.scoring import audit_of

__all__ = ["area_with_error", "proxy_facts"]


def proxy_facts(
    model: ForecastModel, judged: PreparedBeds | PreparedWaits, refits: Refits | None, rows: int
) -> ProxyFacts | None:
    """What contributions reveal of the audit groups that the child scored; None for bed demand, or without a child."""
    if refits is None or not isinstance(judged, PreparedWaits):
        return None
    if refits.failed:
        return ProxyFacts(refits.failed, ())
    part = judged.part(spread_rows(judged.prediction_time.size, rows))
    layout = rows_of(model, part)
    contributions = centred(layout, model.contributions(layout))
    if refits.scores.shape[1:] not in ((part.prediction_time.size,), (0,)):
        return ProxyFacts("its rows are not the judged ones", ())
    size = np.abs(contributions).sum(axis=0)
    share = {f.name: float(v) for f, v in zip(model.features, size / max(size.sum(), 1e-9), strict=True)}
    audit, block = audit_of(part.samples), blocks_of(part.prediction_time)
    return ProxyFacts(
        "",
        tuple(
            _group(name, audit[name.partition("=")[0]], scores, contributions, block, share)
            for name, scores in zip(refits.groups, refits.scores, strict=True)
        ),
    )


def _group(
    name: str, values: Array, scores: Array, contributions: Array, block: Array, share: dict[str, float]
) -> ProxyGroup:
    known = np.array([v is not None for v in values], bool) & np.isfinite(scores)
    inside = np.array([v == name.partition("=")[2] for v in values], bool)[known]
    block, sums = block[known], contributions[known]
    auc, error = area_with_error(scores[known], inside, block)
    alone = {f: area_with_error(sums[:, j], inside, block) for j, f in enumerate(share)}
    return ProxyGroup(
        name,
        int(inside.sum()),
        int(known.sum()),
        np.unique(block).size,
        auc,
        error,
        {f: max(a, 1 - a) for f, (a, _) in alone.items()},
        {f: e for f, (_, e) in alone.items()},
        share,
    )


def area_with_error(scores: Array, inside: Array, block: Array) -> tuple[float, float]:
    """Area under the ROC curve, and its standard error with the days of a block (int64 [n]) as one draw.

    The area is the chance that one inside scores above one outside, ties half (Mann & Whitney 1947). Each row's
    influence on it is its share of wins less the area (DeLong, DeLong & Clarke-Pearson 1988, doi 10.2307/2531595),
    added up by block.
    """
    n, m = int(inside.sum()), int((~inside).sum())
    if not n or not m:
        return float("nan"), float("nan")
    every = stats.rankdata(scores)
    wins = (every[inside] - stats.rankdata(scores[inside])) / m
    losses = (every[~inside] - stats.rankdata(scores[~inside])) / n
    auc = float(wins.mean())
    influence = np.empty(scores.size)
    influence[inside], influence[~inside] = (wins - auc) / n, (1 - losses - auc) / m
    sums = np.bincount(np.unique(block, return_inverse=True)[1], weights=influence)
    blocks = sums.size
    error = float(np.sqrt(blocks / (blocks - 1) * (sums @ sums))) if blocks > 1 else float("nan")
    return auc, error
