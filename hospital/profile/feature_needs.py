"""Which columns each feature needs, found by taking them away from a hospital that records everything.

What drops a feature is decided by `bed_features_of` and `wait_features_of` alone. Here a little hospital that has
every table and column, for long enough, loses them one after the other: what then is no longer there, needs it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np

from hospital.contracts.tables import TABLES, Kind
from hospital.features.beds import bed_features_of
from hospital.features.feature import SEASON_DAYS, Feature, lacking_school_features
from hospital.features.wait import wait_features_of
from hospital.holidays.place import Locality
from hospital.holidays.public_holidays import holidays_known
from hospital.holidays.school_holidays import first_school_day
from hospital.record.column_values import is_filled
from hospital.record.events import Events, Versions, columns_from_rows
from hospital.times import DAY, MISSING_TIME, instant

__all__ = [
    "CADENCE",
    "CONDITIONS",
    "HISTORY",
    "HOLIDAYS",
    "MODELS",
    "NEEDED_AT_ALL",
    "SCHOOL_ZONE",
    "STEP",
    "conditions",
    "features_of",
    "has_values",
    "lost_without",
]

MODELS = ("bed-demand", "wait-time")
HISTORY = "history"
"""What a feature of the season lacks where there are not two years."""
HOLIDAYS = "public_holidays"
"""What a feature of public holidays lacks where those of the country are not known."""
SCHOOL_ZONE = "school_zone"
"""What a feature of school holidays lacks where no zone is named whose calendar reaches the record."""
CONDITIONS = frozenset((HISTORY, HOLIDAYS, SCHOOL_ZONE))
"""What is no table and no column."""
CADENCE = "cadence"
"""What a feature of the hour lacks where there is one count a day."""
STEP = "census_step"
"""What a model lacks where a census has a row every few hours."""
NEEDED_AT_ALL: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "bed-demand": (("stays", "census"),),
    "wait-time": (("visits",), ("visits.seen_at",)),
}
"""Of each model, what it cannot do without: one of each."""


def features_of(model: str, events: Events, covariates: tuple[str, ...] = ()) -> tuple[Feature, ...]:
    """The features that a hospital's tables give a model; none where it has not the tables at all."""
    if not all(any(has_values(events, name) for name in names) for names in NEEDED_AT_ALL[model]):
        return ()
    return wait_features_of(events) if model == "wait-time" else bed_features_of(events, covariates)


def has_values(events: Events, name: str) -> bool:
    """Whether a table, or ``table.column``, is filled anywhere."""
    table, _, column = name.partition(".")
    versions = events.tables.get(table)
    if versions is None or not column:
        return versions is not None
    return is_filled(versions.columns.get(column))


@cache
def lost_without(counted: bool, daily: bool) -> Mapping[str, frozenset[tuple[str, str]]]:
    """(model, feature) lost without each table, ``table.column``, `HISTORY`, `HOLIDAYS` or `SCHOOL_ZONE`.

    Args:
        counted: whether beds are counted from stays, else a census gives them.
        daily: the census's cadence.
    """
    whole = _whole(counted, daily)
    everything = _features(whole)
    without = {name: _features(_less(whole, name)) for name in _names(whole)}
    lost = {name: frozenset(everything - left) for name, left in without.items()}
    lost[HISTORY] = frozenset(everything - _features(_shorter(whole)))
    lost[HOLIDAYS] = frozenset(everything - _features(replace(whole, zone=ZoneInfo("UTC"))))
    lost[SCHOOL_ZONE] = frozenset(everything - _features(replace(whole, locality=Locality())))
    return lost


def conditions(events: Events) -> frozenset[str]:
    """Which of `HISTORY`, `HOLIDAYS` and `SCHOOL_ZONE` a hospital lacks; of a daily census `CADENCE` is no lack."""
    lacks = {HISTORY: events.history_days < SEASON_DAYS, HOLIDAYS: not holidays_known(events.place)}
    lacks[SCHOOL_ZONE] = bool(lacking_school_features(events))
    return frozenset(name for name, is_lacking in lacks.items() if is_lacking)


def _features(events: Events) -> set[tuple[str, str]]:
    return {(model, f.name) for model in MODELS for f in features_of(model, events)}


def _names(events: Events) -> Iterable[str]:
    for table in events.tables:
        if table not in ("units", "stays", "census"):
            yield table
        optional = [c.name for c in TABLES[table].columns if not c.required]
        yield from (f"{table}.{name}" for name in optional)


def _less(events: Events, name: str) -> Events:
    table, _, column = name.partition(".")
    tables = dict(events.tables)
    if not column:
        del tables[table]
        return replace(events, tables=tables)
    versions = tables[table]
    values = versions.columns[column]
    nothing = {"f": np.nan, "i": MISSING_TIME}.get(values.dtype.kind)
    columns = {**versions.columns, column: np.full(values.size, nothing, values.dtype)}
    tables[table] = replace(versions, columns=columns)
    return replace(events, tables=tables)


def _shorter(events: Events) -> Events:
    return replace(events, history_from=max(_last(v) for v in events.tables.values()) - DAY)


def _last(versions: Versions) -> int:
    return int(versions.known_from.max())


def _whole(counted: bool, daily: bool) -> Events:
    """A hospital that records everything, at two instants more than two years apart, and whose holidays are known."""
    begun = int(instant(datetime(first_school_day().year + 1, 1, 1, tzinfo=UTC)))
    instants = (begun, begun + (SEASON_DAYS + 1) * DAY)
    names = [n for n in TABLES if n != ("census" if counted else "stays")]
    columns = {name: columns_from_rows(name, [_row(name, at) for at in instants]) for name in names}
    return Events.of(
        columns,
        zone=ZoneInfo("Europe/Paris"),
        cadence_hours=24 if daily else 1,
        history_from=begun,
        locality=Locality(school_zone="A"),
    )


def _row(table: str, at: int) -> dict[str, object]:
    value: dict[Kind, object] = {Kind.TIME: at, Kind.NUMBER: 1.0, Kind.INTEGER: 1.0}
    row = {c.name: c.choices[0] if c.choices else value.get(c.kind, "bed") for c in TABLES[table].columns}
    return {**row, "received_at": at}
