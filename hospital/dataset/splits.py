"""Four parts in the order of time that never mix: fit | calibrate | scope | judge, with gaps between."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from hospital.arrays import Array
from hospital.errors import HistoryError
from hospital.times import DAY

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

PARTS = ("fit", "calibrate", "scope", "judge")
Kind = Literal["model", "baseline"]


@dataclass(frozen=True)
class _Plan:
    """How a history is cut.

    Attributes:
        shares: of the days; the fit part has the rest. most_days: of a long history the rest is fitted to, old rules
        judge nothing. least_days: under which a part says nothing.
    """

    shares: dict[str, float]
    most_days: dict[str, int]
    least_days: dict[str, int]


_PLANS: dict[Kind, _Plan] = {
    "model": _Plan(
        {"calibrate": 0.16, "scope": 0.09, "judge": 0.20},
        {"calibrate": 180, "scope": 90},
        {"fit": 60, "calibrate": 21, "scope": 14, "judge": 28},
    ),
    # The simplest rules learn a week's course and their own errors, and have no scope to choose.
    "baseline": _Plan(
        {"calibrate": 0.35, "judge": 0.30}, {"calibrate": 180}, {"fit": 14, "calibrate": 14, "judge": 14}
    ),
}

UNIT_MODEL_DAYS = 90
"""A unit with a shorter history gets the simple rule."""
BASELINE_FIRST_DAYS = 183
"""A hospital with a shorter history starts with a signed release of the simple rule alone: half a year."""
HORIZONS_HOURS = {1: (4.0, 8.0, 24.0, 48.0, 72.0, 168.0), 24: (24.0, 72.0, 168.0, 336.0)}
"""Horizons of bed demand where none are asked for, by the hours between two counts."""


@dataclass(frozen=True)
class Split:
    """Spans of prediction times [start, end), instants; a row's outcome lies before the next part's start.

    Attributes:
        spans: by part; of a baseline-only package the scope part is empty. gap: microseconds between two parts, at
        least the longest horizon.
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
            raise HistoryError("The registration's split lacks a part: train the model again.")
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
    first: int, last: int, *, gap: int, judge_from: int | None = None, kind: Kind = "model"
) -> Split:
    """Splits prediction times from `first` to `last` (instants, last excluded).

    Args:
        gap: microseconds, at least the longest horizon, so that no outcome of a part falls into the next.
        judge_from: start of the judge part (``--test-from``); default: the last fifth, of a baseline-only package
        the last three tenths. kind: of the package.

    Raises:
        HistoryError: a part would be too short to say anything; the message says how much is missing.
    """
    split = _cut(first, last, gap, judge_from, _PLANS[kind])
    short = _too_short(split, _PLANS[kind])
    if short:
        other = _cut(first, last, gap, judge_from, _PLANS["baseline"])
        offer = (
            " The simplest rule can be released already, checked and approved like any version: add --baseline-only."
            if kind == "model" and not _too_short(other, _PLANS["baseline"])
            else ""
        )
        have, needed = (last - first) / DAY, least_days(gap, kind)
        if judge_from is not None and have >= needed:
            raise HistoryError(
                f"The {have:.0f} days that can be used are enough, but --test-from cuts them so that these parts are "
                f"too short: {', '.join(short)}. Choose another date, or leave it out: then the last fifth is judged."
            )
        raise HistoryError(
            f"The history is too short: {have:.0f} days can be used, at least {needed} are needed "
            f"(too short: {', '.join(short)}). Bring a longer history, shorter horizons or an earlier --test-from."
            + offer
        )
    return split


def _cut(first: int, last: int, gap: int, judge_from: int | None, plan: _Plan) -> Split:
    share = plan.shares["judge"]
    judge = last - round((last - first) * share) // DAY * DAY if judge_from is None else judge_from
    before = judge - first - len(plan.shares) * gap
    spans, end = {"judge": (judge, last)}, judge - gap
    for part in ("scope", "calibrate"):
        if part not in plan.shares:
            spans[part] = (end, end)
            continue
        days = round(before * plan.shares[part] / (1 - share)) // DAY
        length = min(max(days, plan.least_days[part]), plan.most_days[part]) * DAY
        spans[part] = (end - length, end)
        end -= length + gap
    spans["fit"] = (first, end)
    return Split({part: spans[part] for part in PARTS}, gap)


def _too_short(split: Split, plan: _Plan) -> list[str]:
    return [part for part, least in plan.least_days.items() if split.days(part) < least]
