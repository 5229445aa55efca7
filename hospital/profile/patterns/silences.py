"""The longest run of rows without something that usually comes, and whether that is chance."""

from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array

__all__ = ["LEAST_EXPECTED", "Silence", "rare_silence", "silence"]

LEAST_EXPECTED = 20.0
"""Rows that four weeks of the run would have had; a Poisson stream lacks them all once in 5 * 10^8 times."""
_LEAST_DAYS = 7
_MONTH, _WEEK = 28, 7
_LEAST_ROWS = 20
_SUDDEN = 0.4
"""What ends by and by, such as an epidemic's code, was rare in the week before it ended."""
_RUNS = 3


@dataclass(frozen=True)
class Silence:
    """A run of rows without what usually comes.

    Attributes:
        start, stop: the run, as a range of rows.
        expected: rows of the first four weeks of it that would usually have it.
    """

    start: int
    stop: int
    expected: float


def silence(present: Array, day: Array) -> Silence | None:
    """The longest run of rows that lacks something, where it lasts a week and begins or ends from one day to the next.

    Args:
        present: int64 [k], ascending: the rows that have it.
        day: int64 [n], ascending: the local day of every row.
    """
    if present.size < LEAST_EXPECTED:
        return None
    edges = np.concatenate([[-1], present, [day.size]])
    lengths = np.diff(edges) - 1
    best: Silence | None = None
    for i in np.argsort(lengths, kind="stable")[::-1][:_RUNS]:
        start, stop = int(edges[i]) + 1, int(edges[i + 1])
        if stop <= start or day[stop - 1] - day[start] + 1 < _LEAST_DAYS:
            continue
        expected = min(_expected(present, day, start, stop))
        if expected >= LEAST_EXPECTED and (best is None or stop - start > best.stop - best.start):
            best = Silence(start, stop, expected)
    return best


def _expected(present: Array, day: Array, start: int, stop: int) -> list[float]:
    """Rows expected in the first four weeks of a run, as each of its two sides has them; 0 where it is not sudden."""
    out = []
    if start > 0:
        month, week = (int(np.searchsorted(day, day[start] - width)) for width in (_MONTH, _WEEK))
        rows = int(np.searchsorted(day, day[start] + _MONTH)) - start
        out.append(_usual(present, (month, start), (week, start)) * min(rows, stop - start))
    if stop < day.size:
        month, week = (int(np.searchsorted(day, day[stop - 1] + width, "right")) for width in (_MONTH, _WEEK))
        rows = stop - int(np.searchsorted(day, day[stop - 1] - _MONTH, "right"))
        out.append(_usual(present, (stop, month), (stop, week)) * min(rows, stop - start))
    return out or [0.0]


def _usual(present: Array, month: tuple[int, int], week: tuple[int, int]) -> float:
    """The share of rows that had it in the month beside a run, 0 where the week beside it hardly had any."""
    shares = []
    for low, high in (month, week):
        if high - low < (_LEAST_ROWS if (low, high) == month else 1):
            return 0.0
        count = int(np.searchsorted(present, high) - np.searchsorted(present, low))
        shares.append(count / (high - low))
    return shares[0] if shares[1] >= _SUDDEN * shares[0] else 0.0


def rare_silence(present: Array, day: Array) -> Silence | None:
    """The run of rows, up to the last one, in which what comes a few times a month comes no more; None by chance.

    The run must be so long that it would have had twenty, and the same time before it must have had them to its end.

    Args:
        present: int64 [k], ascending: the rows that have it.
        day: int64 [n], ascending: the local day of every row.
    """
    if present.size < LEAST_EXPECTED:
        return None
    start, stop = int(present[-1]) + 1, day.size
    if stop <= start or day[-1] - day[start] + 1 < _MONTH:
        return None
    width = min(stop - start, start)
    counts = [int(present.size - np.searchsorted(present, start - w)) for w in (width, width // 2)]
    expected = counts[0] / width * (stop - start)
    # The last one ends the run before: it is no chance find.
    if expected - 1 < LEAST_EXPECTED or counts[1] < _SUDDEN * counts[0]:
        return None
    return Silence(start, stop, expected)
