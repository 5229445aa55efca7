"""The flaws that synthetic hospitals get, each of a size s that was fixed before any of them was judged."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from registry.evidence.records import Evidence
from tests.support.synthetic_evidence import Hospital, beds, waits

__all__ = ["FLAWS", "JUDGED_SIZE", "SIZES", "Flaw"]

SIZES = (0.05, 0.10, 0.20, 0.40)
JUDGED_SIZE = 0.2


@dataclass(frozen=True)
class Flaw:
    """A flaw of a size s.

    Attributes:
        name: in words.
        make: which model's evidence it is put into.
        put: how.
        gate: the one that should see it.
    """

    name: str
    make: Callable[[Hospital, np.random.Generator], Evidence]
    put: Callable[[Hospital, float], Hospital]
    gate: str


FLAWS = (
    Flaw("a group's waits x (1 + s), unseen", waits, lambda h, s: replace(h, unfair=1 + s), "fairness"),
    Flaw(
        "a group's share inside p10-p90 x (1 - s)", waits, lambda h, s: replace(h, certain=1 - s), "fairness"
    ),
    Flaw(
        "errors of one horizon x (1 + s), beside the current release",
        beds,
        lambda h, s: replace(h, worse=1 + s, current=True),
        "accuracy",
    ),
    Flaw("arrivals x (1 + s) in the last 30 days", waits, lambda h, s: replace(h, shift=1 + s), "drift"),
    Flaw(
        "correlation of two inputs less s, in the last 60 days",
        waits,
        lambda h, s: replace(h, correlation=s),
        "drift",
    ),
    Flaw(
        "p90 x (1 - s) between midnight and six", waits, lambda h, s: replace(h, night=1 - s), "calibration"
    ),
    Flaw(
        "a group's waits x (1 + s) between midnight and six, unseen",
        waits,
        lambda h, s: replace(h, unfair_night=1 + s),
        "fairness",
    ),
    Flaw(
        "a unit group's share inside p10-p90 x (1 - s)",
        beds,
        lambda h, s: replace(h, certain_group=1 - s),
        "calibration",
    ),
    Flaw("waits x (1 + s) in the last 43 days", waits, lambda h, s: replace(h, late=1 + s), "drift"),
    Flaw(
        "arrivals that grow to x (1 + s) over the last 20 weeks",
        waits,
        lambda h, s: replace(h, trend=1 + s),
        "drift",
    ),
)
"""Numbers of flaws are part of their seeds: a new one comes last."""
