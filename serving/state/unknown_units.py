"""Units that nobody knows: named in what is received, and counted, since no forecast has them in it."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from hospital.features.demand import Demand, demand_of
from hospital.record.events import Events, Unit
from hospital.times import DAY
from registry.record.tables.record_tables import observations

__all__ = ["LATELY_DAYS", "UnknownUnit", "UnlistedUnits", "listed_units", "unknown_units", "unlisted_units"]

LATELY_DAYS = 28
"""A unit of which nothing was heard for so long counts as closed."""
_UNIT_COLUMNS = {
    "stays": "unit",
    "census": "unit",
    "operations": "unit",
    "staffing": "unit",
    "visits": "destination_unit",
}


@dataclass(frozen=True)
class UnknownUnit:
    """A unit that neither a release nor the table of units knows.

    Attributes:
        rows: that name it.
        patients: in it, or waiting for it, as these rows say; None where they say nothing of any.
    """

    unit: str
    rows: int
    patients: int | None


def listed_units(connection: Connection) -> frozenset[str]:
    """The units of the hospital's table of units, as far as it was received."""
    query = select(observations.c.row).where(
        observations.c.kind == "units", observations.c.superseded_at.is_(None)
    )
    return frozenset(_unit_of(row) for row in connection.scalars(query))


def unknown_units(
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    known: Collection[str],
    departments: Collection[str],
    now: int,
) -> tuple[UnknownUnit, ...]:
    """The units that rows of the contracts name and nobody knows, in the order of their names.

    Args:
        known: of the releases and the table of units; those that `rows` list are known besides.
        departments: emergency departments of the wait-time release; empty where it tells none apart, and then no
            visit's department and no staff of one is looked at.
        now: instant; who has left by then is no patient.
    """
    known = {*known, *departments, *(str(row["unit"]) for row in rows.get("units", ()))}
    named: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for table, column in _UNIT_COLUMNS.items():
        for row in rows.get(table, ()):
            of_department = table == "staffing" and row.get("role") != "bed"
            if row.get(column) is not None and (departments or not of_department):
                named.setdefault(str(row[column]), []).append((table, row))
    for row in rows.get("visits", ()) if departments else ():
        if row.get("department") is not None:
            named.setdefault(str(row["department"]), []).append(("visits", row))
    return tuple(
        UnknownUnit(unit, len(found), _patients(found, now))
        for unit, found in sorted(named.items())
        if unit not in known
    )


def _patients(named: Sequence[tuple[str, Mapping[str, Any]]], now: int) -> int | None:
    """Patients of a unit: those counted one by one, else the latest census."""
    single = [row for table, row in named if table in ("stays", "visits")]
    if single:
        return sum(row.get("left_at") is None or int(row["left_at"]) > now for row in single)
    census = [row for table, row in named if table == "census"]
    if not census:
        return None
    latest = max(census, key=lambda row: int(row["at"]))
    return round(float(latest["occupied"]) + float(latest.get("waiting") or 0.0))


def _unit_of(row: str) -> str:
    return str(json.loads(row)["unit"])


@dataclass(frozen=True)
class UnlistedUnits:
    """What was received of units that the hospital's table of units does not list.

    Attributes:
        events: the hospital's, with these units in place of the listed ones.
    """

    events: Events

    def patients(self, at: int) -> dict[str, float | None]:
        """Beds needed in each at an instant, as known then; None where only earlier counts are known.

        Units without patients, and those not heard of for `LATELY_DAYS`, are left out.
        """
        days = np.arange(LATELY_DAYS + 1)
        times = at - days * DAY
        out: dict[str, float | None] = {}
        for place, unit in enumerate(self.events.units):
            beds = np.full(times.size, np.nan)
            for demand in self._demands:
                beds = np.fmax(beds, demand.at(place, times, times))
            if beds[0] > 0:
                out[unit.unit] = float(beds[0])
            elif np.isnan(beds[0]) and not np.isnan(beds).all():
                out[unit.unit] = None
        return out

    @cached_property
    def _demands(self) -> list[Demand]:
        """By stays and by census: a hospital that is counted may still send a census of a new unit."""
        demands = [demand_of(self.events)]
        if self.events.counted and "census" in self.events.tables:
            tables = {name: rows for name, rows in self.events.tables.items() if name != "stays"}
            demands.append(demand_of(replace(self.events, tables=tables)))
        return demands


def unlisted_units(events: Events) -> UnlistedUnits:
    """The units that stays, census and requests for beds name and the table of units does not list."""
    named: set[str] = set()
    for table in ("stays", "census", "visits"):
        if table in events.tables:
            column = events.tables[table].columns.get(_UNIT_COLUMNS[table], ())
            named.update(unit for unit in column if unit is not None)
    unlisted = sorted(named - {u.unit for u in events.units})
    return UnlistedUnits(replace(events, units=tuple(Unit(u, u, "", "") for u in unlisted)))
