"""Wards in discrete events: beds, queues, stays, rounds, bed meetings.

A bed is *held* from the moment it is given to a patient, so that two patients never get one bed; the
patient comes some time later. Patients who are ready leave when the round, the weekday and a taxi allow it.
"""

import heapq
import math
from collections.abc import Callable, Generator

import numpy as np
import simpy
from numpy.typing import NDArray

from hospital.simulator.parameters.hospital_parameters import Parameters
from hospital.simulator.simulated_time import Clock, Day
from hospital.simulator.streams import stream
from hospital.simulator.ward_beds import ELECTIVE, STEP_DOWN, Request, Stay, Ward

__all__ = ["Wards"]

_MORNING = 540.0
"""Local minute of the round, 9:00."""
_TOO_LATE = 840.0
"""Who is ready after 14:00 goes on the next day at the soonest."""
_HANDOVERS = ((390.0, 480.0), (1110.0, 1230.0))
"""Local minutes in which shifts change and moves take longer: 6:30 to 8:00, 18:30 to 20:30."""
_NIGHT, _DAY = 1320.0, 390.0
"""From 22:00 to 6:30 few people can move a patient."""
_PREPARED = 0.4
"""Of the usual time to move: a planned patient finds a prepared bed."""


class Wards:
    """All wards of the hospital."""

    def __init__(
        self,
        env: simpy.Environment,
        clock: Clock,
        parameters: Parameters,
        staffed: dict[str, NDArray[np.int64]],
        seed: int,
    ) -> None:
        """Wards, empty; the run must call `start` once."""
        self._env = env
        self._clock = clock
        self._p = parameters
        self._h = parameters.hospital
        self._staffed = staffed
        self._order = 0
        self._rounds = {
            ward.unit: np.exp(
                self._h.round_sigma * stream(seed, f"rounds {ward.unit}").standard_normal(len(clock.days))
            )
            for ward in parameters.ward
        }
        self._rng_transfer = stream(seed, "transfers")
        self._rng_stay = stream(seed, "stays")
        self._rng_leave = stream(seed, "leaving")
        self._rng_expected = stream(seed, "expected leaving")
        self.by_unit = {w.unit: Ward(w, int(staffed[w.unit][0])) for w in parameters.ward}
        self.stays: list[Stay] = []
        self._leaving_hours = np.cumsum(self._h.discharge_shares)

    def start(self) -> None:
        """Begin the daily life: bed counts at 7:00, bed meetings."""
        self._env.process(self._days())

    def request(
        self, unit: str, priority: int, given: Callable[[str], None], outlier: bool = False
    ) -> Request:
        """Ask for a bed; `given` is called with the unit once the patient is in it."""
        request = Request(unit, self._env.now, priority, given, outlier_allowed=outlier)
        self._order += 1
        heapq.heappush(self.by_unit[unit].queue, (priority, self._env.now, self._order, request))
        self._fill(self.by_unit[unit])
        return request

    def cancel(self, request: Request) -> bool:
        """Withdraw a request; False if a bed is already held for it."""
        if request.held:
            return False
        request.cancelled = True
        return True

    def admit(self, unit: str, source: str, visit: int | None, stay_days: float, then: str | None) -> Stay:
        """A patient enters a bed that is held; the stay runs by itself.

        `then` names the ward that the patient moves to afterwards (critical care), or None.
        """
        ward = self.by_unit[unit]
        ward.held -= 1
        ward.occupied += 1
        stay = Stay(len(self.stays), visit, unit, self._env.now, source)
        self.stays.append(stay)
        self._env.process(self._stay(ward, stay, stay_days, then))
        return stay

    def stay_days(self, unit: str, age_years: float, factor: float, sigma: float | None = None) -> float:
        """Days that a patient of the ward needs, drawn; older patients need longer."""
        w = self.by_unit[unit].parameters
        spread = w.stay_sigma if sigma is None else sigma
        mean = w.stay_days * factor * (1 + self._h.stay_per_year * max(0.0, min(age_years, 95.0) - 60))
        return mean * math.exp(spread * float(self._rng_stay.standard_normal()) - spread * spread / 2)

    def _fill(self, ward: Ward) -> None:
        """Gives free beds to those who wait, the first by priority and then by time."""
        while ward.queue and ward.free > 0:
            request = heapq.heappop(ward.queue)[3]
            if not request.cancelled:
                request.cancelled = True
                self._give(ward, request)

    def _give(self, ward: Ward, request: Request) -> None:
        request.held = True
        ward.held += 1
        self._env.process(self._move(ward, request))

    def _move(self, ward: Ward, request: Request) -> Generator[simpy.Event, None, None]:
        """Cleaning, handover, porter: then the patient is in the bed that is held."""
        day = self._clock.day(self._env.now)
        local = day.local_minute(self._env.now)
        minutes = self._h.transfer_minutes * math.exp(
            self._h.transfer_sigma * float(self._rng_transfer.standard_normal())
        )
        if any(begin <= local < end for begin, end in _HANDOVERS):
            minutes *= self._h.handover_factor
        elif local >= _NIGHT or local < _DAY:
            minutes *= self._h.night_factor
        if request.priority == ELECTIVE:
            minutes *= _PREPARED
        yield self._env.timeout(minutes)
        request.given(ward.parameters.unit)

    def _stay(
        self, ward: Ward, stay: Stay, days: float, then: str | None
    ) -> Generator[simpy.Event, None, None]:
        d = self._p.destinations
        rng = self._rng_leave
        critical = ward.parameters.group == "critical_care"
        deaths = d.critical_death_share if critical else d.ward_death_share
        if float(rng.random()) < deaths:
            yield self._env.timeout(1440 * days * float(rng.random()))
        elif critical:
            yield self._env.timeout(1440 * days)
            if then is not None:
                yield from self._step_down(stay, then)
        else:
            yield from self._discharge(ward, stay, self._env.now + 1440 * days)
        stay.left = self._env.now
        ward.occupied -= 1
        self._fill(ward)

    def _step_down(self, stay: Stay, unit: str) -> Generator[simpy.Event, None, None]:
        """Out of critical care as soon as the next ward has a bed."""
        moved = self._env.event()
        self.request(unit, STEP_DOWN, moved.succeed)
        where = yield moved
        days = self.stay_days(str(where), 60, 0.9)
        self.admit(str(where), "transfer", stay.visit, days, None)

    def _discharge(self, ward: Ward, stay: Stay, ready: float) -> Generator[simpy.Event, None, None]:
        """Wait for the round of the day before, then day by day until the patient goes."""
        day = self._clock.day(ready)
        if day.local_minute(ready) > _TOO_LATE:
            day = self._next(day)
        rng = self._rng_leave
        before = self._clock.days[max(0, day.index - 1)].minute(_MORNING)
        if before > self._env.now:
            yield self._env.timeout(before - self._env.now)
            today = self._clock.day(before)
            if ward.fullness >= self._h.pressure_from and float(
                rng.random()
            ) < self._h.pressure_share * self._leave_chance(ward, today):
                yield from self._go(stay, today)
                return
        while True:
            morning = day.minute(_MORNING)
            if morning > self._env.now:
                yield self._env.timeout(morning - self._env.now)
            if day.index + 1 >= len(self._clock.days) or float(rng.random()) < self._leave_chance(ward, day):
                yield from self._go(stay, day)
                return
            day = self._next(day)

    def _go(self, stay: Stay, day: Day) -> Generator[simpy.Event, None, None]:
        """Until the hour of the day at which the patient leaves."""
        draw = self._rng_leave.random(2)
        place = min(int(np.searchsorted(self._leaving_hours, draw[0])), len(self._h.discharge_hours) - 1)
        at = day.minute(60 * (self._h.discharge_hours[place] + float(draw[1])))
        self._expect(stay, at)
        yield self._env.timeout(max(1.0, at - self._env.now))

    def _expect(self, stay: Stay, leaves: float) -> None:
        """The round says when the patient will leave, if it says so: to the half hour, and not exactly."""
        share, error = float(self._rng_expected.random()), float(self._rng_expected.standard_normal())
        if share < self._h.expected_leaving_share:
            stay.expected_known = self._env.now
            halves = math.ceil((leaves + self._h.expected_leaving_minutes * error) / 30)
            stay.expected = max(self._env.now, 30.0 * halves)

    def _next(self, day: Day) -> Day:
        return self._clock.days[min(day.index + 1, len(self._clock.days) - 1)]

    def _leave_chance(self, ward: Ward, day: Day) -> float:
        """Probability that a ready patient leaves on a day: fewer on weekends, more where the ward is full."""
        h = self._h
        if day.holiday or day.weekday == 6:
            chance = h.leave_sunday
        elif day.weekday == 5:
            chance = h.leave_saturday
        else:
            chance = h.leave_friday if day.weekday == 4 else h.leave_weekday
        odds = chance / (1 - chance) * float(self._rounds[ward.parameters.unit][day.index])
        odds *= math.exp(h.pressure_strength * (ward.fullness - h.pressure_usual))
        return odds / (1 + odds)

    def _days(self) -> Generator[simpy.Event, None, None]:
        """Each day: how many beds have staff from 7:00 on, and the bed meetings."""
        marks = sorted({(7 * 60, False), *((60 * hour, True) for hour in self._h.meeting_hours)})
        for day in self._clock.days:
            for local, meeting in marks:
                at = day.minute(local)
                yield self._env.timeout(max(0.0, at - self._env.now))
                for unit, ward in self.by_unit.items():
                    ward.staffed = int(self._staffed[unit][day.index])
                    self._fill(ward)
                if meeting:
                    self._meeting()

    def _meeting(self) -> None:
        """Boarders who have waited long go where there is room."""
        for ward in self.by_unit.values():
            for entry in sorted(ward.queue, key=lambda entry: entry[1]):
                request = entry[3]
                waited = self._env.now - request.since
                if (
                    request.cancelled
                    or not request.outlier_allowed
                    or waited < 60 * self._h.outlier_after_hours
                ):
                    continue
                for unit in ward.parameters.alternates:
                    other = self.by_unit[unit]
                    if other.free > max(1.0, self._h.outlier_free_share * other.staffed):
                        request.cancelled = True
                        self._give(other, request)
                        break
            ward.queue = [entry for entry in ward.queue if not entry[3].cancelled]
            heapq.heapify(ward.queue)
