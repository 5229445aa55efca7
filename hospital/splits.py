"""Four parts in the order of time that never mix: fit | calibrate | scope | judge, with gaps between."""

from dataclasses import dataclass

import numpy as np

from hospital.errors import HistoryError
from hospital.events import Array
from hospital.times import DAY

__all__ = ["PARTS", "Split", "split_history"]

PARTS = ("fit", "calibrate", "scope", "judge")
_SHARES = {"calibrate": 0.16, "scope": 0.09, "judge": 0.20}
_MOST_DAYS = {
    "calibrate": 180,
    "scope": 90,
}  # of a long history the rest is fitted to: old rules judge nothing
_LEAST_DAYS = {"fit": 60, "calibrate": 21, "scope": 14, "judge": 28}


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


def split_history(first: int, last: int, *, gap: int, judge_from: int | None = None) -> Split:
    """Splits prediction times from `first` to `last` (instants, last excluded).

    Args:
        gap: microseconds, at least the longest horizon, so that no outcome of a part falls into the next.
        judge_from: start of the judge part (``--test-from``); default: the last fifth.

    Raises:
        HistoryError: a part would be too short to say anything; the message says how much is missing.
    """
    judge = last - round((last - first) * _SHARES["judge"]) // DAY * DAY if judge_from is None else judge_from
    before = judge - first - 3 * gap
    spans, end = {"judge": (judge, last)}, judge - gap
    for part in ("scope", "calibrate"):
        share = round(before * _SHARES[part] / (1 - _SHARES["judge"])) // DAY
        length = min(max(share, _LEAST_DAYS[part]), _MOST_DAYS[part]) * DAY
        spans[part] = (end - length, end)
        end -= length + gap
    spans["fit"] = (first, end)
    split = Split({part: spans[part] for part in PARTS}, gap)
    short = [part for part in PARTS if split.days(part) < _LEAST_DAYS[part]]
    if short:
        needed = sum(_LEAST_DAYS.values()) + 3 * gap / DAY
        raise HistoryError(
            f"The history is too short: {(last - first) / DAY:.0f} days can be used, at least {needed:.0f} are needed "
            f"(too short: {', '.join(short)}). Bring a longer history, shorter horizons or an earlier --test-from."
        )
    return split
