"""From the base score of a model file, which is in the units of the outcome, to the margin that trees are added to.

XGBoost computes this in float32 with the C library's ``logf``, whose rounding is in every one of its predictions.
NumPy's float32 logarithm rounds otherwise, so the same function of the same library is asked.
"""

import ctypes
import math
from collections.abc import Callable
from functools import cache

import numpy as np

__all__ = ["LINKS", "c_logarithm", "logarithm"]

Logarithm = Callable[[float], float]

# XGBoost takes the share of a training set that is all of one class to be this, or one less this.
_LEAST_SHARE = np.float32(1e-6)


@cache
def c_logarithm() -> Logarithm | None:
    """The C library's ``logf``, of the process itself; None where it cannot be asked (no such symbol: Windows)."""
    try:
        function = ctypes.CDLL(None).logf
    except (AttributeError, OSError, TypeError):
        return None
    function.argtypes, function.restype = [ctypes.c_float], ctypes.c_float
    found: Logarithm = function
    return found


def logarithm(x: np.float32, library: Callable[[], Logarithm | None] = c_logarithm) -> float:
    """Of a positive float32, by the C library; without it the float32 next to the exact value."""
    function = library()
    return float(np.float32(math.log(x))) if function is None else function(float(x))


def _log(score: np.float32) -> float:
    return logarithm(score) if 0 < score < np.inf else math.nan


def _logit(share: np.float32) -> float:
    if not 0 <= share <= 1:
        return math.nan
    one = np.float32(1)
    share = np.clip(share, _LEAST_SHARE, one - _LEAST_SHARE)
    return -logarithm(one / share - one)


def _same(score: np.float32) -> float:
    return float(score)


# Every objective of XGBoost to 3.4 (`reg:linear` is written as reg:squarederror) but reg:expectileerror, whose margins
# beyond the first are steps, and its own conversion.
LINKS: dict[str, Callable[[np.float32], float]] = {
    "reg:squarederror": _same,
    "reg:linear": _same,
    "reg:squaredlogerror": _same,
    "reg:absoluteerror": _same,
    "reg:quantileerror": _same,
    "reg:pseudohubererror": _same,
    "binary:hinge": _same,
    "binary:logitraw": _same,
    "multi:softmax": _same,
    "multi:softprob": _same,
    "rank:ndcg": _same,
    "rank:map": _same,
    "rank:pairwise": _same,
    "binary:logistic": _logit,
    "reg:logistic": _logit,
    "count:poisson": _log,
    "reg:gamma": _log,
    "reg:tweedie": _log,
    "survival:aft": _log,
    "survival:cox": _log,
}
