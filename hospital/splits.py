"""Four parts in the order of time that never mix: fit | calibrate | scope | judge, with gaps between."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from hospital.errors import HistoryError
from hospital.events import Array
from hospital.times import DAY

__all__ = [
    "BASELINE_FIRST_DAYS",
    "HORIZONS_HOURS",
    "PARTS",
    "UNIT_MODEL_DAYS",
    "Split",
    "least_days",
    "split_history",
]

PARTS = ("fit", "calibrate", "scope", "judge")
_SHARES = {"calibrate": 0.16, "scope": 0.09, "judge": 0.20}
_MOST_DAYS = {
    "calibrate": 180,
    "scope": 90,
}  # of a long history the rest is fitted to: old rules judge nothing
_LEAST_DAYS = {"fit": 60, "calibrate": 21, "scope": 14, "judge": 28}

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
        spans: by part. gap: microseconds between two parts, at least the longest horizon.
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
def least_days(gap: int) -> int:
    """Days of prediction times that a split with this gap (microseconds) needs at least."""
    days = sum(_LEAST_DAYS.values())
    while _too_short(_parts(0, days * DAY, gap, None)):
        days += 1
    return days


def split_history(first: int, last: int, *, gap: int, judge_from: int | None = None) -> Split:
    """Splits prediction times from `first` to `last` (instants, last excluded).

    Args:
        gap: microseconds, at least the longest horizon, so that no outcome of a part falls into the next.
        judge_from: start of the judge part (``--test-from``); default: the last fifth.

    Raises:
        HistoryError: a part would be too short to say anything; the message says how much is missing.
    """
    split = _parts(first, last, gap, judge_from)
    short = _too_short(split)
    if short:
        raise HistoryError(
            f"The history is too short: {(last - first) / DAY:.0f} days can be used, at least {least_days(gap)} are "
            f"needed (too short: {', '.join(short)}). Bring a longer history, shorter horizons or an earlier "
            "--test-from."
        )
    return split


def _parts(first: int, last: int, gap: int, judge_from: int | None) -> Split:
    judge = last - round((last - first) * _SHARES["judge"]) // DAY * DAY if judge_from is None else judge_from
    before = judge - first - 3 * gap
    spans, end = {"judge": (judge, last)}, judge - gap
    for part in ("scope", "calibrate"):
        share = round(before * _SHARES[part] / (1 - _SHARES["judge"])) // DAY
        length = min(max(share, _LEAST_DAYS[part]), _MOST_DAYS[part]) * DAY
        spans[part] = (end - length, end)
        end -= length + gap
    spans["fit"] = (first, end)
    return Split({part: spans[part] for part in PARTS}, gap)


def _too_short(split: Split) -> list[str]:
    return [part for part in PARTS if split.days(part) < _LEAST_DAYS[part]]
