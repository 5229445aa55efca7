"""Times as a file writes them: some with their zone and some without is a file put together from two."""

import pandas as pd

__all__ = ["without_zone"]


def without_zone(cells: pd.Series) -> tuple[int, int]:
    """How many times of a text column are written with a zone, and how many with an hour but without one."""
    texts = [c for c in cells.dropna() if isinstance(c, str) and ":" in c]
    zoned = sum(c[-1] in "Zz" or "+" in c[10:] or "-" in c[10:] for c in texts)
    return zoned, len(texts) - zoned
