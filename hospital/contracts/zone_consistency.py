"""Times as a file writes them: some with their zone and some without is a file put together from two."""

import pandas as pd
import pyarrow.compute

__all__ = ["without_zone"]

_ZONED = r"(?s)(?:[Zz]|UTC|GMT)$|^.{10}.*[+-]"


def without_zone(cells: pd.Series) -> tuple[int, int]:
    """How many times of a text column are written with a zone, and how many with an hour but without one."""
    if cells.dtype.kind == "M":
        return 0, 0
    if isinstance(cells.dtype, pd.StringDtype):
        written = pyarrow.array(cells.array)
        timed = written.filter(pyarrow.compute.match_substring(written, ":"))
        with_zone = pyarrow.compute.match_substring_regex(timed, _ZONED)
        zoned = pyarrow.compute.sum(with_zone, min_count=0).as_py()
        return zoned, len(timed) - zoned
    texts = [c for c in cells.dropna() if isinstance(c, str) and ":" in c]
    zoned = sum(c.endswith(("Z", "z", "UTC", "GMT")) or "+" in c[10:] or "-" in c[10:] for c in texts)
    return zoned, len(texts) - zoned
