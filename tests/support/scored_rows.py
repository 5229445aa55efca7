"""Scored rows written by hand: outcomes and medians, and what else a test says of them."""

import numpy as np

from registry.evidence.records import Scored

__all__ = ["LEVELS", "scored"]

LEVELS = 19


def scored(outcome: list[float], p50: list[float], **more: list[float] | list[bool]) -> Scored:
    """Rows of wait time; levels lie 1 minute from each other but the median, 10 from p10 and p90."""
    n = len(outcome)
    middle = np.array(p50, np.float64)
    quantiles = np.repeat(middle[:, None], LEVELS, axis=1)
    quantiles[:, :9] += np.arange(-11, -2)
    quantiles[:, 10:] += np.arange(3, 12)
    hour = np.arange(n, dtype=np.int64) * 3_600_000_000
    return Scored(
        row_id=np.array([str(i) for i in range(n)], object),
        prediction_time=hour,
        target_time=hour,
        horizon_hours=np.zeros(n),
        unit_group=np.full(n, "ED", object),
        site=np.full(n, "main", object),
        local_hour=np.zeros(n, np.int64),
        outcome=np.array(outcome, np.float64),
        censored=np.array(more.get("censored", [False] * n), bool),
        waited=np.array(more.get("waited", [np.nan] * n), np.float64),
        weight=np.array(more.get("weight", [1.0] * n), np.float64),
        quantiles=quantiles,
        baselines={},
        audit={},
        counts=False,
    )
