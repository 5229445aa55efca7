"""How far forecasts were off, in the scores that gates and monitoring share."""

import numpy as np

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from registry.evidence.records import Scored

__all__ = ["OFFSET_MINUTES", "held", "log_wait", "share_inside"]

OFFSET_MINUTES = 10.0
"""A wait of 2 minutes forecast as 1 is no error to speak of: logarithms of waits count from ten minutes on."""
_MOST = 1.0
_P10, _P90 = LEVELS.index(0.1), LEVELS.index(0.9)


def log_wait(minutes: Array) -> Array:
    """Logarithm of waits + 10 minutes; differences of two are errors as shares: float64, of any shape."""
    return np.asarray(np.log(np.maximum(minutes, 0) + OFFSET_MINUTES))


def held(log_error: Array) -> Array:
    """Log errors held within one: a single wait of hours would drown a group's hundred others."""
    return np.clip(log_error, -_MOST, _MOST)


def share_inside(scored: Scored) -> Array:
    """1 inside p10 to p90, 0 outside, NaN unknown; of whole beds the share of their unit interval: float64 [n]."""
    low, high = scored.quantiles[:, _P10], scored.quantiles[:, _P90]
    if scored.counts:
        top = np.minimum(scored.outcome + 0.5, high)
        inside = np.clip(top - np.maximum(scored.outcome - 0.5, low), 0.0, 1.0)
    else:
        inside = ((scored.outcome >= low) & (scored.outcome <= high)).astype(np.float64)
    return np.where(np.isfinite(scored.outcome), inside, np.nan)
