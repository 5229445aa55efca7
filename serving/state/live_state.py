"""The hospital as it is known now: events of the last weeks, and what was received since they were read."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, func, select

from hospital.arrays import Array
from hospital.contracts.tables import TABLES
from hospital.features.beds import BedFeatures
from hospital.features.feature import Feature
from hospital.features.lookback import lookback_days
from hospital.features.wait import WaitFeatures
from hospital.holidays.place import Place
from hospital.record.events import FOREVER, Events
from hospital.times import DAY, MINUTE
from registry.package.manifest import Manifest
from registry.record.compiled_sql import Question
from registry.record.observations import before_present, columns_in_force, first_reception
from registry.record.tables.record_tables import observations
from registry.record.tombstones import erased_observations
from serving.state.unknown_units import UnlistedUnits, unlisted_units

__all__ = ["HospitalState", "StateCache", "state_of"]

_ERASED = select(func.coalesce(func.max(erased_observations.c.erased_by), 0)).scalar_subquery()
_NEWEST = Question(select(func.coalesce(func.max(observations.c.seq), 0), _ERASED))


@dataclass(frozen=True)
class HospitalState:
    """Events as far back as features look, and when each table was last heard of (instants).

    Attributes:
        lineage: the same object in states of which the later was made by adding to the earlier what was received since:
            what the earlier said of times before its last reception stands.
    """

    events: Events
    heard: Mapping[str, int]
    lineage: object = field(default_factory=object)

    @cached_property
    def waits(self) -> WaitFeatures:
        """The emergency departments, ready to be asked."""
        return WaitFeatures(self.events)

    @cached_property
    def unlisted(self) -> UnlistedUnits:
        """The units that were named and are in no table of units."""
        return unlisted_units(self.events)

    def oldest_input(self, at: int) -> tuple[str, float] | None:
        """The table of which nothing was received for longest before an instant, and since when (minutes); None: no
        table. Units, which are sent once and stay true, do not count."""
        heard = {table: then for table, then in self.heard.items() if table != "units"}
        if not heard:
            return None
        table = min(heard, key=lambda name: (heard[name], name))
        return table, max(at - heard[table], 0) / MINUTE

    def beds(self, features: tuple[Feature, ...]) -> BedFeatures:
        """The units, ready to be asked for a model's features."""
        if features not in self._beds:
            self._beds[features] = BedFeatures(self.events, features)
        return self._beds[features]

    @cached_property
    def _beds(self) -> dict[tuple[Feature, ...], BedFeatures]:
        return {}

    @cached_property
    def visit_rows(self) -> dict[str, int]:
        """Row number of each visit by its pseudonym."""
        visits = self.events.tables.get("visits")
        if visits is None:
            return {}
        return dict(zip(visits.columns["visit_id"].tolist(), visits.row.tolist(), strict=True))


class StateCache:
    """Keeps the state until something is received, which is then added to it, or a day has gone by: then all is read.

    Beside it stands that of one other day, the latest, until something is received: who compares a forecast with one of
    the day before asks for both in turns, and who asks of now meanwhile finds it as it was.

    Rows are stored one transaction after the other (`registry.record.database.writing`), so what is new has higher
    numbers than all that was seen. All is read, too, where rows were taken away, or news of the past was imported.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cached: dict[tuple[Place, int], tuple[_Cached, ...]] = {}

    def at(
        self, connection: Connection, now: int, manifest: Manifest, present: int | None = None
    ) -> HospitalState:
        """The state for a model's zone and cadence.

        Args:
            now: instant that is asked about.
            present: instant of the clock; None: `now`. What was received at a later one, by a clock that was wrong,
                counts as received now, in the order in which it came: else it, and all after it, would not be seen.
        """
        present = now if present is None else present
        key, day = (manifest.place, manifest.cadence_hours), now // DAY
        with self._lock:
            newest, erased = _NEWEST.first(connection) or (0, 0)
            # Where a person was erased, then from what is known here, too.
            kept = [c for c in self._cached.get(key, ()) if c.erased == erased]
            cached = next((c for c in kept if c.day == day), None)
            if cached is not None and cached.newest == newest:
                return cached.state
            columns = None
            if cached is not None and cached.newest < newest:
                columns = _added(connection, cached, newest, present)
            added = columns is not None
            if columns is None:
                columns = {
                    kind: before_present(found, present) if found else found
                    for kind, found in _read(connection, day, 0, newest, {}).items()
                }
            state = state_of(columns, manifest, first_reception(connection))
            if cached is not None and added and _only_later(cached.state, state):
                state = replace(state, lineage=cached.state.lineage)
            mark = _mark(connection, newest)
            others = [c for c in kept if c.day != day and (c.newest, c.mark) == (newest, mark)]
            latest = sorted(others, key=lambda c: c.day)[-1:]
            self._cached[key] = (_Cached(newest, day, mark, state, erased), *latest)
            return state


@dataclass(frozen=True)
class _Cached:
    """A state; newest: number of the last row in it; day: it was read for; mark: of that row; erased: last erasure."""

    newest: int
    day: int
    mark: tuple[Any, ...] | None
    state: HospitalState
    erased: int


def _mark(connection: Connection, seq: int) -> tuple[Any, ...] | None:
    """What sets a row apart from another that has its number after it was taken away; None: it is not there."""
    o = observations.c
    found = connection.execute(select(o.received_at, o.digest).where(o.seq == seq)).first()
    return None if found is None else tuple(found)


def _added(
    connection: Connection, cached: _Cached, newest: int, present: int
) -> dict[str, Mapping[str, Array]] | None:
    """The columns with what was stored since.

    None, and all is to be read: what is known was taken away, or what is new was received before it, or lies ahead.
    """
    if _mark(connection, cached.newest) != cached.mark:
        return None
    known = {kind: versions.columns for kind, versions in cached.state.events.tables.items()}
    columns = _read(connection, cached.day, cached.newest, newest, known)
    for kind, found in columns.items():
        if kind not in known and found and found["received_at"].max(initial=0) > present:
            return None
    for kind, before in known.items():
        received, size = columns[kind]["received_at"], before["received_at"].size
        if received[size:].max(initial=0) > present:
            return None
        if received[size:].min(initial=FOREVER) < before["received_at"].max(initial=0):
            return None
    return columns


def _only_later(before: HospitalState, state: HospitalState) -> bool:
    """Whether the units are the same, and all that is new was received at or after the last reception of any table."""
    last = max(before.heard.values(), default=0)
    for kind, versions in state.events.tables.items():
        known = before.events.tables.get(kind)
        earlier = int((versions.known_from < last).sum())
        if earlier != (0 if known is None else int((known.known_from < last).sum())):
            return False
    return before.events.units == state.events.units


def _read(
    connection: Connection, day: int, after: int, until: int, known: Mapping[str, Mapping[str, Array]]
) -> dict[str, Mapping[str, Array]]:
    """Each table's columns as far back as features look, those known first."""
    columns = {}
    for kind in TABLES:
        since = (day - lookback_days(kind)) * DAY
        columns[kind] = columns_in_force(
            connection, kind, since, after=after, until=until, known=known.get(kind)
        )
    return columns


def state_of(
    columns: Mapping[str, Mapping[str, Array]], manifest: Manifest, history_from: int
) -> HospitalState:
    """The state in columns (of any type, as `hospital.record.events` has them) by table; `history_from`: instant from
    which the record is whole."""
    received = {kind: dict(found) for kind, found in columns.items() if found and found["received_at"].size}
    events = Events.of(
        received,
        zone=manifest.place.zone,
        locality=manifest.place.locality,
        cadence_hours=manifest.cadence_hours,
        history_from=history_from,
    )
    return HospitalState(events, {kind: int(found["received_at"].max()) for kind, found in received.items()})
