"""Which features' contributions tell an audit attribute: made by a check, judged by the explanation gate."""

import numpy as np
from scipy import stats

from hospital.events import Array
from registry.explained import centred, rows_of, spread_rows
from registry.model import ForecastModel
from registry.prepared import PreparedBeds, PreparedWaits
from registry.probed import ProxyFacts, ProxyGroup
from registry.refitting import Refits
from registry.scoring import audit_of
from registry.stability_facts import blocks_of

__all__ = ["area", "proxy_facts"]


def proxy_facts(
    model: ForecastModel, judged: PreparedBeds | PreparedWaits, refits: Refits | None, rows: int
) -> ProxyFacts | None:
    """What contributions tell of the audit groups that the child scored; None for bed demand, or without a child."""
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
    block, told = block[known], contributions[known]
    blocks = np.unique(block)
    kept = [block != b for b in blocks]
    alone = {f: area(told[:, j], inside) for j, f in enumerate(share)}
    error = {f: _jackknife([area(told[k, j], inside[k]) for k in kept]) for j, f in enumerate(share)}
    return ProxyGroup(
        name,
        int(inside.sum()),
        int(known.sum()),
        area(scores[known], inside),
        np.array([area(scores[known][k], inside[k]) for k in kept]),
        {f: max(a, 1 - a) for f, a in alone.items()},
        error,
        share,
    )


def area(scores: Array, inside: Array) -> float:
    """Area under the ROC curve (Mann-Whitney): the chance that one inside scores above one outside; ties half."""
    ranks = stats.rankdata(scores)
    n, m = int(inside.sum()), int((~inside).sum())
    return float("nan") if not n or not m else float((ranks[inside].sum() - n * (n + 1) / 2) / (n * m))


def _jackknife(without: list[float]) -> float:
    """Standard error from values without each block (Efron & Stein 1981, doi 10.1214/aos/1176345462)."""
    values = np.array(without)
    return float(np.sqrt((values.size - 1) * values.var())) if values.size > 1 else float("nan")
