"""What is planned to move in a unit within a horizon, as it was known then: operations, and patients who are to leave.

A plan counts from the moment at which it was made and received. What became of it later is never asked.
"""

from dataclasses import replace
from functools import cached_property

import numpy as np

from hospital.arrays import Array
from hospital.record.events import FOREVER, Events, Facts
from hospital.record.interval_counts import Counter, Spans, later, or_forever
from hospital.times import DAY, HOUR, MISSING_TIME

__all__ = ["PlannedMoves"]

_SILENCE = 28 * DAY
"""A unit that has given no expected departure for so long does not say when patients leave: unknown, not none."""


class PlannedMoves:
    """Counts by unit (its position in `Events.units`), horizon in hours, and prediction times (int64 [n] instants)."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._counters: dict[tuple[str, int, float], Counter] = {}

    def operations(self, unit: int, horizon_hours: float, times: Array) -> Array:
        """Operations planned until the target and not called off: float64 [n]."""
        key = ("operations", unit, horizon_hours)
        if key not in self._counters:
            facts = self._operations[unit]
            # Planned in (t, t + h] and not called off by t, exactly for t in [planned - h, planned).
            start = later(facts["planned_at"], -int(horizon_hours * HOUR))
            end = np.minimum(facts["planned_at"], or_forever(facts["cancelled_at"]))
            self._counters[key] = Spans.of(facts, start, end).counter()
        return self._counters[key].count(times).astype(np.float64)

    def departures(self, unit: int, horizon_hours: float, times: Array) -> Array:
        """Patients present who are expected to have left by the target: float64 [n]; NaN where the unit does not say.

        Who was to have left before the prediction time and is still there counts: that bed is the next to be free.
        """
        key = ("departures", unit, horizon_hours)
        if key not in self._counters:
            facts = self._stays[unit]
            # Expected by t + h, said by t, and in the unit at t.
            start = np.maximum(_said_at(facts), facts["entered_at"])
            start = np.maximum(start, later(facts["expected_left_at"], -int(horizon_hours * HOUR)))
            self._counters[key] = Spans.of(facts, start, or_forever(facts["left_at"])).counter()
        counted = self._counters[key].count(times).astype(np.float64)
        return np.where(self._says(unit).count(times) > 0, counted, np.nan)

    def _says(self, unit: int) -> Counter:
        """The expected departures that the unit gave lately."""
        key = ("said", unit, 0.0)
        if key not in self._counters:
            # A plan that was withdrawn was said all the same.
            facts = replace(self._plans[unit], known_until=np.full(self._plans[unit].row.size, FOREVER))
            start = _said_at(facts)
            self._counters[key] = Spans.of(facts, start, later(start, _SILENCE)).counter()
        return self._counters[key]

    @cached_property
    def _operations(self) -> list[Facts]:
        return self._of_units(self._events.facts("operations", ("unit", "planned_at", "cancelled_at")))

    @cached_property
    def _stays(self) -> list[Facts]:
        return self._expected("entered_at", "left_at")

    @cached_property
    def _plans(self) -> list[Facts]:
        # Without the other columns: that a patient left is not news of a plan.
        return self._expected()

    def _expected(self, *names: str) -> list[Facts]:
        """Stays with an expected departure: of many hospitals few have one."""
        facts = self._events.facts("stays", ("unit", "expected_left_at", "expected_known_at", *names))
        return self._of_units(facts.where(facts["expected_left_at"] != MISSING_TIME))

    def _of_units(self, facts: Facts) -> list[Facts]:
        return facts.divided(self._events.unit_index(facts["unit"]), len(self._events.units))


def _said_at(facts: Facts) -> Array:
    """When an expected departure was said (int64 [n]): a row without `expected_known_at` says it by its reception."""
    return np.maximum(facts["expected_known_at"], facts.known_from)
