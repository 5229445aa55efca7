"""A hospital as if what came later had never come, or had been something else: what leakage probes ask features about.

A feature at a time may depend on nothing that was received after it. So it must not change, not by a bit, when that is
taken away, nor when it is shuffled among its rows (Kaufman et al. 2012, doi 10.1145/2382577.2382579, call this the
separation of what is known at the time of prediction from what is not).
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from hospital.arrays import Array
from hospital.contracts.tables import TABLES, Kind
from hospital.dataset.samples import WaitSamples, wait_samples
from hospital.record.events import FOREVER, Events, Versions
from hospital.times import DAY, HOUR, MISSING_TIME

__all__ = ["hindsight_replaced", "received_until", "recent", "shuffled_after"]

_ENDS = {
    "visits": "left_at",
    "stays": "left_at",
    "operations": "planned_at",
    "census": "at",
    "staffing": "at",
}
"""The column that says when a row has become history, by table."""


def received_until(events: Events, until: int) -> Events:
    """The events without anything received after `until` (an instant); what was revised later is as it was then."""
    tables = {}
    for name, versions in events.tables.items():
        kept = _part(versions, versions.known_from <= until)
        if kept.size:
            open_ended = np.where(kept.known_until > until, FOREVER, kept.known_until)
            tables[name] = replace(kept, known_until=open_ended)
    return replace(events, tables=tables)


def shuffled_after(events: Events, after: int, rng: np.random.Generator) -> Events:
    """The events with all that was received after `after` (an instant) shuffled among its rows, but for their keys."""
    tables = {}
    for name, versions in events.tables.items():
        late = np.flatnonzero(versions.known_from > after)
        order = rng.permutation(late)
        columns = dict(versions.columns)
        for column in set(columns) - set(TABLES[name].key):
            values = columns[column].copy()
            values[late] = columns[column][order]
            columns[column] = values
        tables[name] = replace(versions, columns=columns)
    return replace(events, tables=tables)


def recent(events: Events, since: int, until: int) -> Events:
    """The events without rows that were over before `since`, or news after `until` (instants): quicker to ask."""
    tables = {}
    for name, versions in events.tables.items():
        end = versions.columns.get(_ENDS.get(name, ""))
        keep = (versions.known_from <= until) & (versions.known_until >= since)
        if end is not None:
            keep &= (end == MISSING_TIME) | (end >= since)
        tables[name] = _part(versions, keep) if keep.any() else versions
    return replace(events, tables=tables)


def hindsight_replaced(events: Events, samples: WaitSamples, rng: np.random.Generator) -> WaitSamples:
    """The same visits, sampled again from a record in which all that is hindsight of them is another.

    What happened to them later happens a day or more later still; the words for it are shuffled among them.
    """
    visits = events.tables["visits"]
    mine = _part(visits, np.isin(visits.row, samples.query.row))
    columns = dict(mine.columns)
    for column in (c for c in TABLES["visits"].columns if c.hindsight and c.name in columns):
        values = columns[column.name]
        if column.kind is Kind.TIME:
            moved = values + DAY + rng.integers(0, 48, values.size) * HOUR
            columns[column.name] = np.where(values == MISSING_TIME, values, moved)
        else:
            columns[column.name] = rng.permutation(values)
    other = replace(events, tables={**events.tables, "visits": replace(mine, columns=columns)})
    return wait_samples(other)


def _part(versions: Versions, keep: Array) -> Versions:
    columns: Mapping[str, Array] = {name: values[keep] for name, values in versions.columns.items()}
    return Versions(columns, versions.row[keep], versions.known_from[keep], versions.known_until[keep])
