"""Whether answers with and without reasons say the same of trust, by clocks that are a little apart."""

import re
from typing import Any

__all__ = ["same_trust"]


def same_trust(one: dict[str, Any], other: dict[str, Any], minutes_apart: float) -> bool:
    """Whether two answers say the same of trust; minutes that somebody has waited are rounded, each by its clock."""
    words = [[re.split(r"(\d+)", warning) for warning in trust["warnings"]] for trust in (one, other)]
    if one["status"] != other["status"] or [len(w) for w in words[0]] != [len(w) for w in words[1]]:
        return False
    return all(
        a == b or (a.isdigit() and b.isdigit() and abs(int(a) - int(b)) <= 1 + minutes_apart)
        for ours, theirs in zip(*words, strict=True)
        for a, b in zip(ours, theirs, strict=True)
    )
