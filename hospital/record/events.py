"""Rows as they were received, as arrays: what every feature is computed from.

The same hospital is read from files (years, for training) and from the service's database (weeks, for one
answer). Both become `Events`, and from here on there is one code. A row may arrive several times (a
revision): each arrival is a *version*, known from its reception until the next one of the same row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from hospital.arrays import Array
from hospital.contracts.tables import TABLES, Kind
from hospital.grouping import rows_of_groups
from hospital.holidays.place import OF_THE_ZONE, Locality, Place
from hospital.record.column_values import array_of_kind, same_values
from hospital.record.row_order import numbers_of_keys, order_of_versions
from hospital.times import DAY
from hospital.words.names import NO_NAMES, OwnNames

__all__ = [
    "FOREVER",
    "Columns",
    "Events",
    "Facts",
    "Unit",
    "Versions",
    "columns_from_rows",
    "record_start",
]

Columns = Mapping[str, Array]

FOREVER = int(np.iinfo(np.int64).max)
"""The end of what has not ended, as an instant."""
_RECORDS = ("visits", "stays", "census")


@dataclass(frozen=True)
class Unit:
    """A ward with staffed beds.

    Attributes:
        unit: its id.
        label: its name for people.
        group: the policy's unit group.
        site: FINESS number or "".
        label_fr, label_en: its name on pages of a language; "": `label`.
    """

    unit: str
    label: str
    group: str
    site: str
    label_fr: str = ""
    label_en: str = ""


@dataclass(frozen=True)
class Versions:
    """One table: its columns [n], one entry a version, sorted by row and reception.

    Attributes:
        columns: times int64 microseconds (`MISSING_TIME`), numbers float64 (NaN), texts object (None).
        row: int64 [n], a number for each row's key.
        known_from: int64 [n], reception.
        known_until: int64 [n], the next version's reception, or `FOREVER`.
    """

    columns: Columns
    row: Array
    known_from: Array
    known_until: Array

    @property
    def size(self) -> int:
        return int(self.row.size)


@dataclass(frozen=True)
class Facts:
    """Values that stayed the same over consecutive versions of a row, with the span in which they were known."""

    columns: Columns
    row: Array
    known_from: Array
    known_until: Array

    def __getitem__(self, name: str) -> Array:
        return self.columns[name]

    def where(self, mask: Array) -> "Facts":
        """The facts of which `mask` (bool [n]) is true; or those in the rows given (int64)."""
        return Facts(
            {name: values[mask] for name, values in self.columns.items()},
            self.row[mask],
            self.known_from[mask],
            self.known_until[mask],
        )

    def divided(self, part: Array, parts: int) -> list["Facts"]:
        """The facts of each of the parts 0 to `parts` - 1; `part`: int64 [n], negative: of none."""
        return [self.where(rows) for rows in rows_of_groups(part, parts)]


@dataclass(frozen=True)
class Events:
    """All that has been received of one hospital.

    Attributes:
        zone: the hospital's zone; local clock features are read in it.
        cadence_hours: hours between two rows of a census given directly; 1 where it is counted from stays.
        units: the hospital's units in their order.
        tables: versions by table name; a table the hospital does not have is absent.
        history_from: instant from which the record is whole; earlier is unknown, not 0.
        locality: whose holidays count.
        names: what the hospital calls its groups, departments, covariates and attributes.
    """

    zone: ZoneInfo
    cadence_hours: int
    units: tuple[Unit, ...]
    tables: Mapping[str, Versions]
    history_from: int
    locality: Locality = OF_THE_ZONE
    names: OwnNames = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        tables: Mapping[str, Columns],
        *,
        zone: ZoneInfo,
        cadence_hours: int = 1,
        history_from: int | None = None,
        locality: Locality = OF_THE_ZONE,
        names: OwnNames = NO_NAMES,
        row_numbers: Mapping[str, Array] | None = None,
    ) -> "Events":
        """Events from the columns of each table (every table with ``received_at``).

        Args:
            row_numbers: by table, a number for each row's key (int64 [n]) in the order in which keys first appear;
                None: they are counted here.
        """
        numbers = row_numbers or {}
        versions = {
            name: _versions(name, columns, numbers.get(name))
            for name, columns in tables.items()
            if columns["received_at"].size
        }
        known = [record_start(v.known_from) for name, v in versions.items() if name in _RECORDS]
        return cls(
            zone=zone,
            cadence_hours=cadence_hours,
            units=_units(versions["units"]) if "units" in versions else (),
            tables=versions,
            history_from=max(known, default=0) if history_from is None else history_from,
            locality=locality,
            names=names,
        )

    @property
    def place(self) -> Place:
        """The zone, and whose holidays count."""
        return Place(self.zone, self.locality)

    @property
    def counted(self) -> bool:
        """Whether the census is counted from stays (else it is given directly)."""
        return "stays" in self.tables

    @property
    def history_days(self) -> float:
        """Days from the record's start to the last reception of a visit, stay or census."""
        last = [v.known_from.max() for name, v in self.tables.items() if name in _RECORDS]
        return (max(last, default=self.history_from) - self.history_from) / DAY

    def unit_index(self, values: Array) -> Array:
        """Position in `units` of each id (int64 [n]); -1 for an unknown or missing one."""
        at = {u.unit: i for i, u in enumerate(self.units)}
        return np.fromiter(map(at.get, values.tolist(), repeat(-1)), np.int64, len(values))

    def facts(self, table: str, names: Sequence[str]) -> Facts:
        """The facts of these columns of a table; empty where the hospital does not have it."""
        versions = self.tables.get(table)
        if versions is None:
            return _no_facts(table, names)
        n = versions.size
        new = np.ones(n, bool)
        new[1:] = versions.row[1:] != versions.row[:-1]
        for name in names:
            values = _column(versions, table, name)
            new[1:] |= ~same_values(values[1:], values[:-1])
        starts = np.flatnonzero(new)
        ends = np.append(starts[1:], n) - 1
        return Facts(
            {name: _column(versions, table, name)[starts] for name in names},
            versions.row[starts],
            versions.known_from[starts],
            versions.known_until[ends],
        )


def columns_from_rows(table: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Array]:
    """Columns of a table from rows as the contracts return them (times as instants, missing None): int64 of times,
    float64 of numbers, else of any type its kind has."""
    names: dict[str, Kind] = {c.name: c.kind for c in TABLES[table].columns}
    names["received_at"] = Kind.TIME
    out: dict[str, Array] = {}
    for name, kind in names.items():
        values = [row.get(name) for row in rows]
        out[name] = array_of_kind(values, kind)
    if TABLES[table].extra == "covariates":
        for name in sorted({key for row in rows for key in row} - set(names)):
            out[name] = array_of_kind([row.get(name) for row in rows], Kind.NUMBER)
    return out


def record_start(times: Array) -> int:
    """When a record really begins: the first day with at least half the usual number of times (int64 [n], n > 0).

    A table often holds stays that began weeks before anybody kept it; counts from then would be too low.
    """
    days, counts = np.unique(times // DAY, return_counts=True)
    begun = int(days[np.argmax(counts >= np.median(counts) / 2)]) * DAY
    return int(times[times >= begun].min())


def _versions(table: str, columns: Columns, row: Array | None) -> Versions:
    received = columns["received_at"]
    row = numbers_of_keys([columns[name] for name in TABLES[table].key]) if row is None else row
    order = order_of_versions(row, received)
    if order is not None:
        row, received = row[order], received[order]
        columns = {
            name: received if name == "received_at" else values[order] for name, values in columns.items()
        }
    until = np.full(row.size, FOREVER, np.int64)
    same = row[1:] == row[:-1]
    until[:-1][same] = received[1:][same]
    return Versions(columns, row, received, until)


_OF_UNITS = ("label", "group", "site", "label_fr", "label_en")


def _units(versions: Versions) -> tuple[Unit, ...]:
    last = np.append(versions.row[1:] != versions.row[:-1], True)
    columns = {name: values[last] for name, values in versions.columns.items()}
    units = []
    for i, unit in enumerate(columns["unit"]):
        said = {name: columns[name][i] or "" if name in columns else "" for name in _OF_UNITS}
        units.append(
            Unit(**{**said, "unit": unit, "label": said["label"] or unit, "group": said["group"] or unit})
        )
    return tuple(sorted(units, key=lambda u: u.unit))


def _column(versions: Versions, table: str, name: str) -> Array:
    if name in versions.columns:
        return versions.columns[name]
    return np.repeat(_missing(table, name), versions.size)


def _missing(table: str, name: str) -> Array:
    kind = {c.name: c.kind for c in TABLES[table].columns}.get(name, Kind.NUMBER)
    return array_of_kind([None], kind)


def _no_facts(table: str, names: Sequence[str]) -> Facts:
    empty = np.empty(0, np.int64)
    return Facts({name: _missing(table, name)[:0] for name in names}, empty, empty, empty)
