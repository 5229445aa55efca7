"""Four parts in the order of time that never mix: train | calibration | validation | test, with gaps between."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from hospital.arrays import Array
from hospital.errors import HistoryError
from hospital.times import DAY
from hospital.words.messages import Names, message

__all__ = [
    "BASELINE_FIRST_DAYS",
    "HORIZONS_HOURS",
    "PARTS",
    "UNIT_MODEL_DAYS",
    "Kind",
    "Split",
    "least_days",
    "split_history",
]

PARTS = ("train", "calibration", "validation", "test")
Kind = Literal["model", "baseline"]


@dataclass(frozen=True)
class _Plan:
    """How a history is cut.

    Attributes:
        shares: of the days; the training set has the rest.
        most_days: of a long history the rest is fitted to, old baselines judge nothing.
        least_days: under which a part says nothing.
    """

    shares: dict[str, float]
    most_days: dict[str, int]
    least_days: dict[str, int]


_PLANS: dict[Kind, _Plan] = {
    "model": _Plan(
        {"calibration": 0.16, "validation": 0.09, "test": 0.20},
        {"calibration": 180, "validation": 90},
        {"train": 60, "calibration": 21, "validation": 14, "test": 28},
    ),
    # The baselines learn a week's course and their own errors, and have no scope to choose.
    "baseline": _Plan(
        {"calibration": 0.35, "test": 0.30},
        {"calibration": 180},
        {"train": 14, "calibration": 14, "test": 14},
    ),
}

UNIT_MODEL_DAYS = 90
"""A unit with a shorter history gets the baseline."""
BASELINE_FIRST_DAYS = 183
"""A hospital with a shorter history starts with a signed release of the baseline alone: half a year."""
HORIZONS_HOURS = {1: (4.0, 8.0, 24.0, 48.0, 72.0, 168.0), 24: (24.0, 72.0, 168.0, 336.0)}
"""Horizons of bed demand where none are asked for, by the hours between two counts."""


@dataclass(frozen=True)
class Split:
    """Spans of prediction times [start, end), instants; a row's outcome lies before the next part's start.

    Attributes:
        spans: by part; of a baseline-only package the validation set is empty.
        gap: microseconds between two parts, at least the longest horizon.
    """

    spans: dict[str, tuple[int, int]]
    gap: int

    def members(self, part: str, times: Array) -> Array:
        """Which prediction times (int64 [n]) lie in a part: bool [n]."""
        start, end = self.spans[part]
        return np.asarray((times >= start) & (times < end))

    def days(self, part: str) -> float:
        """Length of a part in days."""
        start, end = self.spans[part]
        return (end - start) / DAY

    def to_json(self) -> dict[str, list[int] | int]:
        """Spans by part and the gap, in microseconds."""
        return {part: list(span) for part, span in self.spans.items()} | {"gap": self.gap}

    @classmethod
    def from_json(cls, body: dict[str, list[int] | int]) -> "Split":
        """The split that `to_json` wrote."""
        spans = {part: (span[0], span[1]) for part in PARTS if isinstance(span := body[part], list)}
        gap = body["gap"]
        if len(spans) != len(PARTS) or not isinstance(gap, int):
            raise HistoryError("errors.history.no_part")
        return cls(spans, gap)


@cache
def least_days(gap: int, kind: Kind = "model") -> int:
    """Days of prediction times that a split with this gap (microseconds) needs at least."""
    plan = _PLANS[kind]
    days = sum(plan.least_days.values())
    while _too_short(_cut(0, days * DAY, gap, None, plan), plan):
        days += 1
    return days


def split_history(
    first: int, last: int, *, gap: int, test_from: int | None = None, kind: Kind = "model"
) -> Split:
    """Splits prediction times from `first` to `last` (instants, last excluded).

    Args:
        gap: microseconds, at least the longest horizon, so that no outcome of a part falls into the next.
        test_from: start of the test set (``--test-from``); default: the last fifth, of a baseline-only
            package the last three tenths.
        kind: of the package.

    Raises:
        HistoryError: a part would be too short to say anything; the message says how much is missing.
    """
    split = _cut(first, last, gap, test_from, _PLANS[kind])
    short = _too_short(split, _PLANS[kind])
    if short:
        other = _cut(first, last, gap, test_from, _PLANS["baseline"])
        offered = kind == "model" and not _too_short(other, _PLANS["baseline"])
        have, needed = (last - first) / DAY, least_days(gap, kind)
        parts = Names(tuple(message(f"errors.history.parts.{part}") for part in short))
        if test_from is not None and have >= needed:
            raise HistoryError("errors.history.cut_short", n=round(have), parts=parts)
        key = "too_short_offer" if offered else "too_short"
        raise HistoryError(f"errors.history.{key}", n=round(have), needed=str(needed), parts=parts)
    return split


def _cut(first: int, last: int, gap: int, test_from: int | None, plan: _Plan) -> Split:
    share = plan.shares["test"]
    test = last - round((last - first) * share) // DAY * DAY if test_from is None else test_from
    before = test - first - len(plan.shares) * gap
    spans, end = {"test": (test, last)}, test - gap
    for part in ("validation", "calibration"):
        if part not in plan.shares:
            spans[part] = (end, end)
            continue
        days = round(before * plan.shares[part] / (1 - share)) // DAY
        length = min(max(days, plan.least_days[part]), plan.most_days[part]) * DAY
        spans[part] = (end - length, end)
        end -= length + gap
    spans["train"] = (first, end)
    return Split({part: spans[part] for part in PARTS}, gap)


def _too_short(split: Split, plan: _Plan) -> list[str]:
    return [part for part, least in plan.least_days.items() if split.days(part) < least]
