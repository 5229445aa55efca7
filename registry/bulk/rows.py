"""The rows that a hospital's tables give, chunk after chunk: those of `registry.model.dataset`, never all at once.

What a chunk costs in memory does not grow with the history: features are computed for its rows alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hospital.arrays import Array
from hospital.dataset.samples import bed_query, bed_times, wait_samples
from hospital.errors import HistoryError
from hospital.features.beds import BedFeatures
from hospital.features.wait import WaitFeatures
from hospital.holidays.place import Locality
from hospital.ingest.event_columns import events_of
from hospital.ingest.hospital_reader import HospitalTables
from hospital.record.events import Events
from hospital.words.messages import message
from registry.bulk.closed_units import closed_then
from registry.model.forecast_model import ForecastModel, Rows
from registry.model.forecast_rows import with_widths
from registry.model.interval_widths import ErrorHistory
from registry.model.model_rows import bed_rows, wait_rows
from registry.model.trust_limits import emergency_of, stale_after
from registry.package.manifest import UnitEntry
from registry.policy.trusted_scope import in_scope

__all__ = ["BedChunks", "Chunk", "Chunks", "WaitChunks", "chunks_of"]

Scope = frozenset[tuple[str, float]]


@dataclass(frozen=True)
class Chunk:
    """Some rows, ready to be forecast.

    Attributes:
        identity: what names a row, by column: texts (object [n]), instants (int64 [n]) or hours (float64 [n]).
        inside, stale: bool [n], in the trusted scope; the last reception before it too old, as served then.
        closed: bool [n], of a unit that is closed at the time forecast, by the table of units.
    """

    identity: Mapping[str, Array]
    rows: Rows
    inside: Array
    stale: Array
    closed: Array

    @property
    def size(self) -> int:
        return int(self.inside.size)


class Chunks(Protocol):
    """All rows in their order, cut where memory asks for it."""

    def __len__(self) -> int:
        """How many chunks there are; some may be empty."""

    def chunk(self, number: int) -> Chunk:
        """The chunk of a number, from 0; always the same."""


def chunks_of(model: ForecastModel, tables: HospitalTables, scope: Scope, most_rows: int) -> Chunks:
    """The rows of a model on tables, in chunks of at most `most_rows` (or one prediction time's).

    Raises:
        HistoryError: the tables do not serve for this model, or are of another zone or cadence.
    """
    _refuse_others(model, tables)
    events = events_of(tables)
    if model.name == "wait-time":
        return WaitChunks(model, events, scope, most_rows)
    return BedChunks(model, events, scope, most_rows)


class WaitChunks:
    """Visits at their prediction times, in the order of those."""

    def __init__(self, model: ForecastModel, events: Events, scope: Scope, most_rows: int) -> None:
        self._model, self._events, self._scope, self._most = model, events, scope, most_rows
        self._samples, self._computer = wait_samples(events), WaitFeatures(events)
        self._heard = np.sort(events.tables["visits"].known_from)
        self._size = self._samples.query.size

    def __len__(self) -> int:
        return -(-self._size // self._most)

    def chunk(self, number: int) -> Chunk:
        """Visits from the `number` times `most_rows`-th on."""
        mask = np.zeros(self._size, bool)
        mask[number * self._most : (number + 1) * self._most] = True
        samples = self._samples.part(mask)
        query, features = samples.query, self._model.features
        X = self._computer.compute(query, features)
        rows = wait_rows(self._model.waits_or_raise, X, query, features, self._events.place)
        groups, at = emergency_of(query.columns["department"]), query.prediction_time
        return Chunk(
            identity={"visit_id": samples.row_id, "prediction_time": at},
            rows=rows,
            inside=in_scope(self._scope, groups, np.zeros(query.size)),
            stale=at - _last_heard(self._heard, at) > stale_after(self._model.manifest),
            closed=np.zeros(query.size, bool),
        )


class BedChunks:
    """Prediction times, with every unit that the model knows and every horizon, in this order."""

    def __init__(self, model: ForecastModel, events: Events, scope: Scope, most_rows: int) -> None:
        self._model, self._events, self._scope = model, events, scope
        self._horizons, self._baselines = model.manifest.horizons_hours, model.beds_or_raise
        known: dict[str, UnitEntry] = {u.unit: u for u in model.manifest.units}
        names = [u.unit for u in events.units]
        self._units = np.flatnonzero([name in known for name in names])
        if not self._units.size:
            raise HistoryError("registry.bulk.no_unit")
        self._entries = [known.get(name) for name in names]
        self._place = np.array([self._baselines.units.index(n) if n in known else -1 for n in names])
        self._times, self._computer = bed_times(events), BedFeatures(events, model.features)
        self._heard = np.sort(events.tables["stays" if events.counted else "census"].known_from)
        self._history = ErrorHistory.of_events(
            model, events, self._computer, (0, int(self._times.max(initial=0)))
        )
        self._step = max(most_rows // (self._units.size * len(self._horizons)), 1)

    def __len__(self) -> int:
        return -(-self._times.size // self._step)

    def chunk(self, number: int) -> Chunk:
        """Prediction times from the `number` times step-th on, where the present demand is known."""
        times = self._times[number * self._step : (number + 1) * self._step]
        query, computer = bed_query(times, self._units, self._horizons), self._computer
        beds = computer.state(query)
        known = ~np.isnan(beds.now)
        query, beds = query.part(known), beds.part(known)
        X, place, events = computer.compute(query, beds), self._place[query.unit], self._events
        rows = bed_rows(
            self._baselines, X, query, place, beds.now, beds.then_before, events.place, events.cadence_hours
        )
        if self._history is not None and self._model.adaptive is not None:
            rule, at = self._model.adaptive, query.prediction_time
            widths = self._history.widths(rule, self._baselines, at, place, query.horizon_hours)
            rows = with_widths(rows, widths)
        entries = [entry for u in query.unit if (entry := self._entries[u]) is not None]
        unit = np.empty(len(entries), object)
        unit[:] = [entry.unit for entry in entries]
        at = query.prediction_time
        return Chunk(
            identity={
                "unit": unit,
                "prediction_time": at,
                "horizon_hours": query.horizon_hours,
                "target_at": query.target_time,
            },
            rows=rows,
            inside=in_scope(self._scope, [entry.group for entry in entries], query.horizon_hours),
            stale=at - _last_heard(self._heard, at) > stale_after(self._model.manifest),
            closed=closed_then(events, query),
        )


def _last_heard(received: Array, at: Array) -> Array:
    """The last of the receptions (ascending) up to each time, instants; 0 before the first."""
    before = np.searchsorted(received, at, side="right") - 1
    return np.where(before >= 0, received[np.maximum(before, 0)], 0)


def _named(locality: Locality) -> str:
    """A locality as a mapping writes it; a dash where it says nothing."""
    return ", ".join(f'{name} = "{value}"' for name, value in locality.to_json().items()) or "–"


def _refuse_others(model: ForecastModel, tables: HospitalTables) -> None:
    manifest, have = model.manifest, set(tables.tables)
    faults = []
    if model.name == "wait-time" and "visits" not in have:
        faults.append(message("registry.bulk.no_visits"))
    if model.name == "bed-demand" and not {"stays", "census"} & have:
        faults.append(message("registry.bulk.no_stays"))
    if str(tables.zone) != manifest.zone:
        faults.append(message("registry.bulk.other_zone", zone=str(tables.zone), trained=manifest.zone))
    elif tables.locality != manifest.place.locality:
        here, there = (_named(locality) for locality in (tables.locality, manifest.place.locality))
        faults.append(message("registry.bulk.other_locality", here=here, trained=there))
    cadence = 24 if tables.cadence == "daily" else 1
    if model.name == "bed-demand" and cadence != manifest.cadence_hours:
        faults.append(message("registry.bulk.other_cadence", cadence=cadence, trained=manifest.cadence_hours))
    if faults:
        raise HistoryError("registry.bulk.refused", faults=tuple(faults))
