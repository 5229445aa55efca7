"""How much of an outcome lies inside its forecast's interval: the one definition, for gates, cards and monitoring."""

import numpy as np

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from registry.evidence.records import Scored

__all__ = ["share_inside", "tail_shares"]

_P10, _P90 = LEVELS.index(0.1), LEVELS.index(0.9)


def tail_shares(scored: Scored) -> Array:
    """Below p10 and above p90: 1 or 0, of whole beds the share of their unit interval, NaN unknown: float64 [n, 2].

    Whole beds are spread over their unit interval (Czado, Gneiting & Held 2009,
    doi 10.1111/j.1541-0420.2009.01191.x): the share is what drawing places in it comes to.
    """
    half = 0.5 if scored.counts else 0.0
    below = scored.quantiles[:, _P10] - (scored.outcome - half)
    above = (scored.outcome + half) - scored.quantiles[:, _P90]
    beyond = np.stack([below, above], axis=1)
    shares = np.clip(beyond, 0.0, 1.0) if scored.counts else (beyond > 0).astype(np.float64)
    return np.where(np.isfinite(scored.outcome)[:, None], shares, np.nan)


def share_inside(scored: Scored) -> Array:
    """1 inside p10 to p90, 0 outside, NaN unknown; of whole beds the share of their unit interval: float64 [n]."""
    return np.clip(1.0 - tail_shares(scored).sum(axis=1), 0.0, 1.0)
