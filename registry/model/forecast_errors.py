"""How far forecasts were off, in the scores that gates and monitoring share."""

import numpy as np

from hospital.arrays import Array

__all__ = ["OFFSET_MINUTES", "held", "log_wait"]

OFFSET_MINUTES = 10.0
"""A wait of 2 minutes forecast as 1 is no error to speak of: logarithms of waits count from ten minutes on."""
_MOST = 1.0


def log_wait(minutes: Array) -> Array:
    """Logarithm of waits + 10 minutes; differences of two are errors as shares: float64, of any shape."""
    return np.asarray(np.log(np.maximum(minutes, 0) + OFFSET_MINUTES))


def held(log_error: Array) -> Array:
    """Log errors (float64, any shape) held within one: a single wait of hours would drown a group's hundred others."""
    return np.clip(log_error, -_MOST, _MOST)
