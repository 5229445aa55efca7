"""What statsmodels rejects of several hypotheses."""

import gc
from collections.abc import Sequence

from statsmodels.stats.multitest import multipletests

__all__ = ["rejections"]


def rejections(p_values: Sequence[float], alpha: float, method: str) -> list[bool]:
    """Which hypotheses are rejected, in the order given.

    statsmodels collects garbage each time, which takes a second in a large process: what is there is set aside.
    """
    gc.freeze()
    try:
        return [bool(rejected) for rejected in multipletests(p_values, alpha, method=method)[0]]
    finally:
        gc.unfreeze()
