"""The demand for beds of each unit at a time: counted from stays, or as a hospital's census gave it.

Bed demand = patients in the unit + patients waiting elsewhere for one of its beds. Where it is counted, what
was so at an hour is what was known at that hour: late news corrects outcomes, never a feature of the past.
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from hospital.arrays import Array
from hospital.record.events import FOREVER, Events, Facts
from hospital.record.interval_counts import Counter, Series, Spans, later, or_forever
from hospital.times import DAY, HOUR, MISSING_TIME

__all__ = ["BED_WAIT_LIMIT", "Demand", "SettledDemand", "TrueDemand", "demand_of"]

BED_WAIT_LIMIT = 7 * DAY
"""A request for a bed that nobody closed counts no longer than this."""
_STAFFED_AGE = 14 * DAY
_CENSUS_AGES = {1: 6 * HOUR, 24: 2 * DAY}
_DAILY_TOLERANCE = 2 * HOUR  # 24 elapsed hours from a local midnight miss the next by one on two days a year


class Demand(Protocol):
    """Demand of units at times as it was known; unit: position in `Events.units`."""

    def at(self, unit: int, times: Array, known_at: Array) -> Array:
        """Beds needed (float64 [n]) at `times` as known at `known_at`; NaN unknown."""

    def occupied(self, unit: int, times: Array, known_at: Array) -> Array:
        """Those of them that patients are in (float64 [n]), as known at `known_at`; NaN unknown."""

    def waiting(self, unit: int, times: Array) -> Array:
        """Patients waiting elsewhere for a bed of the unit (float64 [n]); NaN unknown."""

    def moved_in(self, unit: int, times: Array) -> Array:
        """Admissions of the last 24 hours (float64 [n]); NaN unknown."""

    def moved_out(self, unit: int, times: Array) -> Array:
        """Discharges of the last 24 hours (float64 [n]); NaN unknown."""

    def staffed(self, unit: int, times: Array, known_at: Array) -> Array:
        """Staffed beds planned for `times` as known at `known_at` (float64 [n]); NaN unknown."""

    def covariate(self, name: str, unit: int, times: Array, known_at: Array) -> Array:
        """A census's own column at `times` as known at `known_at` (float64 [n]); NaN unknown."""

    def changes(self, unit: int, since: int) -> Array | None:
        """Instants (int64 [n], in no order) after `since` at which patients of the unit were known as come or gone;
        None: a census is sent, and an old one is no demand."""


def demand_of(events: Events) -> Demand:
    """The demand as it was known, counted where there are stays."""
    return _Counted(events) if events.counted else _Reported(events)


@dataclass(frozen=True)
class _Ward:
    needed: Counter  # occupied beds, and patients waiting elsewhere for one
    occupied: Counter
    waiting: Counter
    moved_in: Counter
    moved_out: Counter


class _Counted:
    def __init__(self, events: Events) -> None:
        self._from = events.history_from
        self._staffed = _staffed(events)
        stays = events.facts("stays", ("unit", "entered_at", "left_at"))
        of_stay = events.unit_index(stays["unit"])
        requests = events.facts("visits", ("destination_unit", "bed_requested_at", "left_at"))
        of_request = events.unit_index(requests["destination_unit"])
        self._wards = [
            _ward(*stays)
            for stays in zip(
                stays.divided(of_stay, len(events.units)),
                requests.divided(of_request, len(events.units)),
                strict=True,
            )
        ]

    def at(self, unit: int, times: Array, known_at: Array) -> Array:
        return self._counted(self._wards[unit].needed, times, known_at)

    def occupied(self, unit: int, times: Array, known_at: Array) -> Array:
        return self._counted(self._wards[unit].occupied, times, known_at)

    def _counted(self, beds: Counter, times: Array, known_at: Array) -> Array:
        known = (times >= self._from) & (times <= known_at)
        return np.where(known, beds.count(times).astype(np.float64), np.nan)

    def waiting(self, unit: int, times: Array) -> Array:
        return self._wards[unit].waiting.count(times).astype(np.float64)

    def moved_in(self, unit: int, times: Array) -> Array:
        return self._wards[unit].moved_in.count(times).astype(np.float64)

    def moved_out(self, unit: int, times: Array) -> Array:
        return self._wards[unit].moved_out.count(times).astype(np.float64)

    def staffed(self, unit: int, times: Array, known_at: Array) -> Array:
        return self._staffed[unit].value(times, known_at)

    def covariate(self, name: str, unit: int, times: Array, known_at: Array) -> Array:
        return np.full(times.size, np.nan)  # a census that is counted has no columns of its own

    def changes(self, unit: int, since: int) -> Array | None:
        return self._wards[unit].occupied.changes(since)


def _ward(stays: Facts, requests: Facts) -> _Ward:
    left, waiting = stays["left_at"], _bed_requests(requests)
    inside = Spans.of(stays, stays["entered_at"], or_forever(left))
    return _Ward(
        inside.and_also(waiting).counter(),
        inside.counter(),
        waiting.counter(),
        Spans.of(stays, stays["entered_at"], later(stays["entered_at"], DAY)).counter(),
        Spans.of(stays, left, later(left, DAY)).counter(),
    )


def _bed_requests(requests: Facts) -> Spans:
    end = np.minimum(or_forever(requests["left_at"]), later(requests["bed_requested_at"], BED_WAIT_LIMIT))
    return Spans.of(requests, requests["bed_requested_at"], end)


def _staffed(events: Events) -> list[Series]:
    facts = events.facts("staffing", ("unit", "role", "at", "count"))
    facts = facts.where(facts["role"] == "bed")
    parts = facts.divided(events.unit_index(facts["unit"]), len(events.units))
    return [Series(part["at"], part, part["count"], _STAFFED_AGE) for part in parts]


class _Reported:
    def __init__(self, events: Events) -> None:
        self._events = events
        daily = events.cadence_hours >= 24
        self._tolerance = _DAILY_TOLERANCE if daily else 0
        self._age = _CENSUS_AGES[24 if daily else 1]
        self._series: dict[str, list[Series]] = {}
        self._demand = _reported_demand(events, self._age)

    def changes(self, unit: int, since: int) -> None:
        del unit, since

    def at(self, unit: int, times: Array, known_at: Array) -> Array:
        return self._demand[unit].value(times + self._tolerance, known_at)

    def occupied(self, unit: int, times: Array, known_at: Array) -> Array:
        return self.covariate("occupied", unit, times, known_at)

    def waiting(self, unit: int, times: Array) -> Array:
        return self.covariate("waiting", unit, times, times)

    def moved_in(self, unit: int, times: Array) -> Array:
        return self.covariate("admissions", unit, times, times)

    def moved_out(self, unit: int, times: Array) -> Array:
        return self.covariate("discharges", unit, times, times)

    def staffed(self, unit: int, times: Array, known_at: Array) -> Array:
        return self.covariate("staffed", unit, times, known_at)

    def covariate(self, name: str, unit: int, times: Array, known_at: Array) -> Array:
        if name not in self._series:
            facts = self._events.facts("census", ("unit", "at", name))
            age = _STAFFED_AGE if name == "staffed" else self._age
            self._series[name] = _by_unit(self._events, facts, facts[name], age)
        return self._series[name][unit].value(times + self._tolerance, known_at)


def _reported_demand(events: Events, max_age: int) -> list[Series]:
    facts = events.facts("census", ("unit", "at", "occupied", "waiting"))
    # A hospital without waiting patients in its tables has a census, and its census is the demand we know.
    never_reported = bool(np.isnan(facts["waiting"]).all())
    return _by_unit(events, facts, facts["occupied"] + (0.0 if never_reported else facts["waiting"]), max_age)


def _by_unit(events: Events, facts: Facts, value: Array, max_age: int) -> list[Series]:
    counted = replace(facts, columns={"at": facts["at"], "value": value})
    parts = counted.divided(events.unit_index(facts["unit"]), len(events.units))
    return [Series(part["at"], part, part["value"], max_age) for part in parts]


class TrueDemand:
    """What the demand turned out to be, by all that is known now.

    For outcomes only: it knows the future of every prediction time.
    """

    def __init__(self, events: Events) -> None:
        self._events = events
        if not events.counted:
            self._half = events.cadence_hours * HOUR // 2
            self._reported = _reported_demand(events, 2 * self._half - 1)
            return
        stays = _final(events.facts("stays", ("unit", "entered_at", "left_at")))
        requests = _final(events.facts("visits", ("destination_unit", "bed_requested_at", "left_at")))
        of_stay, of_request = (
            events.unit_index(stays["unit"]),
            events.unit_index(requests["destination_unit"]),
        )
        self._wards = [
            _ward(*parts)
            for parts in zip(
                stays.divided(of_stay, len(events.units)),
                requests.divided(of_request, len(events.units)),
                strict=True,
            )
        ]
        received = [v.known_from.max() for name, v in events.tables.items() if name in ("stays", "visits")]
        self._until = max(received)

    def at(self, unit: int, times: Array) -> Array:
        """Beds needed (float64 [n]) at `times`; NaN where nothing is known of them (yet)."""
        if not self._events.counted:
            nearest = times + self._half - 1  # the census row within half a step either side
            return self._reported[unit].value(nearest, np.full(times.size, FOREVER - 1))
        ward = self._wards[unit]
        beds = ward.needed.count(times).astype(np.float64)
        return np.where((times >= self._events.history_from) & (times <= self._until), beds, np.nan)


class SettledDemand:
    """What the demand was, as it was known a while later: late news of an hour is in, the future is not.

    A pure function of what had been received by then, so that it says the same of a past hour for ever.
    """

    def __init__(self, events: Events, delay: int) -> None:
        """`delay`: microseconds from an hour until what was received of it is taken for settled."""
        self._events, self._delay = events, delay
        if not events.counted:
            self._half = events.cadence_hours * HOUR // 2
            self._reported = _reported_demand(events, 2 * self._half - 1)
            return
        stays = _moved(events.facts("stays", ("unit", "entered_at", "left_at")), -delay)
        requests = _moved(events.facts("visits", ("destination_unit", "bed_requested_at", "left_at")), -delay)
        inside = stays.divided(events.unit_index(stays["unit"]), len(events.units))
        waiting = requests.divided(events.unit_index(requests["destination_unit"]), len(events.units))
        self._needed = [_needed(*parts).counter() for parts in zip(inside, waiting, strict=True)]

    def at(self, unit: int, times: Array) -> Array:
        """Beds needed (float64 [n]) at `times` as known the delay later; NaN where nothing is known of them."""
        if not self._events.counted:
            return self._reported[unit].value(times + self._half - 1, times + self._delay)
        beds = self._needed[unit].count(times).astype(np.float64)
        return np.where(times >= self._events.history_from, beds, np.nan)


def _needed(stays: Facts, requests: Facts) -> Spans:
    """Occupied beds, and patients waiting elsewhere for one."""
    inside = Spans.of(stays, stays["entered_at"], or_forever(stays["left_at"]))
    return inside.and_also(_bed_requests(requests))


def _moved(facts: Facts, microseconds: int) -> Facts:
    """The same, known so much later; earlier where negative."""
    return replace(
        facts, known_from=facts.known_from + microseconds, known_until=later(facts.known_until, microseconds)
    )


def _final(facts: Facts) -> Facts:
    """Each row's last version, as if it had been known since ever."""
    last = facts.where(facts.known_until == FOREVER)
    since_ever = np.full(last.row.size, MISSING_TIME + 1)
    return Facts(last.columns, last.row, since_ever, last.known_until)
