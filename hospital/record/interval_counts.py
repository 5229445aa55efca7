"""Exact counts over known spans, for one time or a million, by binary search.

Everything a feature counts ("patients waiting", "arrivals of the last hour") is a set of spans
[start, end); the count at t is the starts up to t less the ends up to t. Counts and sums are integers, so
that one time and a million give the same bits whatever the order of summation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hospital.arrays import Array
from hospital.record.events import FOREVER, Facts
from hospital.times import MISSING_TIME

__all__ = ["Counter", "LastOnes", "Own", "Series", "Spans", "Together", "later", "or_forever"]


def or_forever(times: Array) -> Array:
    """The times (int64), with those missing as `FOREVER`: what has not happened has not ended anything."""
    return np.where(times == MISSING_TIME, FOREVER, times)


def later(times: Array, microseconds: int) -> Array:
    """The times (int64) moved on; what is missing or forever stays so."""
    fixed = (times == MISSING_TIME) | (times == FOREVER)
    return np.where(fixed, times, np.where(fixed, 0, times) + microseconds)


@dataclass(frozen=True)
class Spans:
    """Spans in which something holds and is known to hold.

    Attributes:
        start, end: int64 [n] instants; only spans with start < end are kept.
        row: int64 [n], the row of each span.
        weight: int64 [n], what is summed; None: each counts as one, and nothing is kept for it.
    """

    start: Array
    end: Array
    row: Array
    weight: Array | None = None

    @classmethod
    def of(cls, facts: Facts, start: Array, end: Array, weight: Array | None = None) -> "Spans":
        """Spans [start, end) of facts (int64 [n]), cut to when each was known; a missing start never begins."""
        begin = np.maximum(start, facts.known_from)
        stop = np.minimum(end, facts.known_until)
        keep = (start != MISSING_TIME) & (begin < stop)
        return cls(begin[keep], stop[keep], facts.row[keep], None if weight is None else weight[keep])

    def and_also(self, others: "Spans") -> "Spans":
        """These spans and others, counted together; neither has weights."""
        return Spans(
            np.concatenate([self.start, others.start]),
            np.concatenate([self.end, others.end]),
            np.concatenate([self.row, others.row]),
        )

    def counter(self) -> "Counter":
        """A counter over these spans."""
        return Counter(self)


class Counter:
    """Counts (and sums of weights) of the spans that hold at given times."""

    def __init__(self, spans: Spans) -> None:
        self._starts, self._start_sums = _sorted_sums(spans.start, spans.weight)
        self._ends, self._end_sums = _sorted_sums(spans.end, spans.weight)

    def count(self, times: Array) -> Array:
        """How many hold at each time: int64 [n]."""
        if not self._starts.size:
            return np.zeros(times.size, np.int64)
        return self._starts.searchsorted(times, "right") - self._ends.searchsorted(times, "right")

    def sum(self, times: Array) -> Array:
        """The summed weight of those that hold at each time: int64 [n]."""
        if self._start_sums is None or self._end_sums is None:
            return self.count(times)
        return (
            self._start_sums[self._starts.searchsorted(times, "right")]
            - self._end_sums[self._ends.searchsorted(times, "right")]
        )

    def changes(self, since: int) -> Array:
        """The times after `since` at which the count changes: int64 [m], not in order."""
        return np.concatenate(
            [times[times.searchsorted(since, "right") :] for times in (self._starts, self._ends)]
        )


class Together:
    """Several counters asked at once: a live request asks all of them for the same few recent times.

    From `since` on, what they count between two changes of any of them stands in one table, so that one search
    answers all; earlier times are asked of each. The counts are whole numbers: both ways give the same.
    """

    def __init__(
        self, counters: Sequence[Counter], counts: Sequence[Callable[[Array], Array]], since: int
    ) -> None:
        """`counts`: each is a counter's `count` or `sum`. since: instant."""
        self._counters, self._counts, self._since = counters, counts, since

    def at(self, times: Array) -> Array:
        """What each counts at each time: int64 [counts, n]."""
        if times.size and times.min() >= self._since:
            changes, table = self._recent
            return table[:, changes.searchsorted(times, "right") - 1]
        return np.array([count(times) for count in self._counts], np.int64)

    @cached_property
    def _recent(self) -> tuple[Array, Array]:
        """The times of the changes, `since` the first, and what is counted from each on: made when first asked."""
        found = [np.array([self._since], np.int64), *(c.changes(self._since) for c in self._counters)]
        changes = np.unique(np.concatenate(found))
        return changes, np.array([count(changes) for count in self._counts], np.int64)


def _sorted_sums(times: Array, weight: Array | None) -> tuple[Array, Array | None]:
    if weight is None:
        return np.sort(times), None
    order = np.argsort(times, kind="stable")
    return times[order], np.concatenate([np.zeros(1, np.int64), np.cumsum(weight[order])])


class Own:
    """Looks up the spans of one's own row, to leave oneself out of a count."""

    def __init__(self, spans: Spans) -> None:
        order = np.lexsort((spans.start, spans.row))
        self._row, self._start = spans.row[order], spans.start[order]
        self._end = spans.end[order]
        self._weight = None if spans.weight is None else spans.weight[order]

    def at(self, row: Array, times: Array) -> tuple[Array, Array]:
        """(count, sum) of the spans of each row (int64 [n]; -1: none) that hold at each time."""
        if row.max(initial=-1) < 0 or not self._row.size:
            return np.zeros(row.size, np.int64), np.zeros(row.size, np.int64)
        low, high = self._row.searchsorted(row, "left"), self._row.searchsorted(row, "right")
        count, total = np.zeros(row.size, np.int64), np.zeros(row.size, np.int64)
        for step in range(int((high - low).max(initial=0))):
            at = np.minimum(low + step, self._row.size - 1)
            holds = (low + step < high) & (self._start[at] <= times) & (times < self._end[at])
            count += holds
            total += holds if self._weight is None else np.where(holds, self._weight[at], 0)
        return count, total


class LastOnes:
    """The last k values that became known, newest first, within a window of time."""

    def __init__(self, facts: Facts, at: Array, value: Array, window: int) -> None:
        """`at` int64 [n]: when the value's event happened; `value` float64 [n]; `window` microseconds."""
        known = np.maximum(at, facts.known_from)
        keep = (at != MISSING_TIME) & (known < facts.known_until)
        order = np.lexsort((facts.row[keep], at[keep], known[keep]))
        self._known, self._until = known[keep][order], facts.known_until[keep][order]
        self._value, self._window = value[keep][order], window

    def last(self, times: Array, k: int) -> Array:
        """Float64 [n, k]: the values, newest first, NaN where there are fewer."""
        out, complete = self._look_back(times, k + 4, k)
        todo, slack = np.flatnonzero(~complete), 4 * (k + 4)
        while todo.size:
            out[todo], complete = self._look_back(times[todo], slack, k)
            todo, slack = todo[~complete], slack * 4
        return out

    def _look_back(self, times: Array, depth: int, k: int) -> tuple[Array, Array]:
        values = np.full((times.size, k), np.nan)
        if not self._known.size:
            return values, np.ones(times.size, bool)
        top = self._known.searchsorted(times, "right")
        at = top[:, None] - 1 - np.arange(depth)
        exists, at = at >= 0, np.maximum(at, 0)
        recent = exists & (self._known[at] > times[:, None] - self._window)
        valid = recent & (self._until[at] > times[:, None])
        rank = np.cumsum(valid, axis=1) - 1
        row, column = np.nonzero(valid & (rank < k))
        values[row, rank[row, column]] = self._value[at[row, column]]
        return values, (valid.sum(axis=1) >= k) | ~recent[:, -1]


class Series:
    """Values valid at moments (a census row, a shift): the latest one known."""

    def __init__(self, at: Array, facts: Facts, value: Array, max_age: int) -> None:
        """`at` int64 [n] the moments; `value` float64 [n]; older than `max_age` (microseconds) is unknown."""
        keep = (at != MISSING_TIME) & ~np.isnan(value)
        order = np.lexsort((facts.known_from[keep], at[keep]))
        self._at, self._value = at[keep][order], value[keep][order]
        self._from, self._until = facts.known_from[keep][order], facts.known_until[keep][order]
        self._max_age = max_age

    def value(self, at: Array, known_at: Array) -> Array:
        """Float64 [n]: the value at `at` as it was known at `known_at`; NaN where unknown or too old."""
        if not self._at.size:
            return np.full(at.size, np.nan)
        index = self._find(at, known_at)
        found = index >= 0
        safe = np.maximum(index, 0)
        fresh = found & (at - self._at[safe] <= self._max_age)
        return np.where(fresh, self._value[safe], np.nan)

    def _find(self, at: Array, known_at: Array) -> Array:
        index = self._at.searchsorted(at, "right") - 1
        while True:
            safe = np.maximum(index, 0)
            hidden = (index >= 0) & ~((self._from[safe] <= known_at) & (known_at < self._until[safe]))
            if not hidden.any():
                return index
            index = index - hidden
