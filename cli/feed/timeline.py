"""The rows of a replay in the order of their receptions, moved to the service's time."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from cli.feed.feed_source import FeedSource
from hospital.arrays import Array
from hospital.contracts.tables import TABLES, Kind
from hospital.times import DAY, moment
from serving.state.history_import import rows_of, rows_since

__all__ = ["News", "Timeline", "begin_of"]

_LOOKBACK = 7 * DAY
"""What was over longer than this before the replay begins is not sent."""
_IDS = ("visit_id", "stay_id", "operation_id")
_TIMES = {name: {c.name for c in table.columns if c.kind is Kind.TIME} for name, table in TABLES.items()}
_PART = 5_000  # rows that are made at a time


@dataclass(frozen=True)
class News:
    """A version of a row.

    Attributes:
        at: instant of its reception, in the source's time.
        row: as it is sent.
        key: which row it is.
    """

    at: int
    table: str
    row: dict[str, Any]
    key: tuple[Any, ...]


def begin_of(source: FeedSource, now: int) -> int:
    """The instant of the source that a replay begins at where it is `now` for the service.

    The same hour of the same weekday where the source is long enough, else the same hour, else its beginning; now
    itself where the source has it.
    """
    if source.begin is None and source.first <= now < source.last:
        return now
    begin = source.begin
    if begin is None:
        begin = source.first + min(_LOOKBACK, (source.last - source.first) // 2)
    for step in (7 * DAY, DAY):
        at = begin + (now - begin) % step
        if at < source.last:
            return at
    return begin


class Timeline:
    """What is sent.

    Args:
        begin: instant of the source.
        shift: microseconds that are added to every time.
    """

    def __init__(self, source: FeedSource, begin: int, shift: int) -> None:
        self._source, self._begin, self._shift = source, begin, shift

    def before(self) -> Iterator[News]:
        """What was known at the beginning of all that still mattered, a row once."""
        for table, columns in self._source.columns.items():
            known = columns["received_at"] <= self._begin
            past = {name: values[known] for name, values in columns.items()}
            last = {}
            for row in sorted(
                rows_since(table, past, self._begin - _LOOKBACK, self._source.audit),
                key=lambda r: int(r["received_at"]),
            ):
                last[tuple(row[name] for name in TABLES[table].key)] = row
            yield from (self._news(table, row) for row in last.values())

    def after(self) -> Iterator[News]:
        """Everything later, in the order of its receptions; of one instant the tables in their order."""
        streams = [self._table(number, name) for number, name in enumerate(self._source.columns)]
        for _, _, _, news in heapq.merge(*streams, key=lambda entry: entry[:3]):
            yield news

    def size(self, until: int) -> int:
        """How many rows `after` gives until an instant."""
        received = [c["received_at"] for c in self._source.columns.values()]
        return sum(int(((r > self._begin) & (r <= until)).sum()) for r in received)

    def _table(self, number: int, table: str) -> Iterator[tuple[int, int, int, News]]:
        columns = self._source.columns[table]
        received = columns["received_at"]
        order: Array = np.argsort(received, kind="stable")
        order = order[np.searchsorted(received[order], self._begin, side="right") :]
        for start in range(0, order.size, _PART):
            part = {name: values[order[start : start + _PART]] for name, values in columns.items()}
            for place, row in enumerate(rows_of(part, self._source.audit)):
                yield int(row["received_at"]), number, start + place, self._news(table, row)

    def _news(self, table: str, row: dict[str, Any]) -> News:
        key = tuple(row[name] for name in TABLES[table].key)
        sent: dict[str, Any] = {}
        for name, value in row.items():
            if name in _TIMES[table]:
                sent[name] = moment(value + self._shift).isoformat()
            elif name in _IDS:
                sent[name] = self._source.sent_ids.get(value, value)
            elif name in TABLES[table].by_name or name == "audit":
                sent[name] = value
            elif name != "received_at":
                sent.setdefault("covariates", {})[name] = value
        return News(int(row["received_at"]), table, sent, key)
