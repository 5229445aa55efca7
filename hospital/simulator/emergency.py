"""An emergency department in discrete events: triage desk, waiting room, doctors, boxes, boarding.

Doctors are counted, not named. A free doctor takes a patient whose results are back, or calls the waiting
patient with the strongest pull: the wait so far against the target of the triage level, times a hidden
factor of the patient (doctors do not follow the list; some problems suit some doctors). Nearly every draw
is made before the run.
"""

import math
from collections import deque
from collections.abc import Generator

import numpy as np
import simpy
from numpy.typing import NDArray

from hospital.simulator.parameters.emergency_parameters import DepartmentParameters
from hospital.simulator.parameters.hospital_parameters import Parameters
from hospital.simulator.population.patients import ADMITTED, DIED, HOME
from hospital.simulator.population.visits import Population, Visit
from hospital.simulator.simulated_time import Clock
from hospital.simulator.staffing import Block
from hospital.simulator.streams import ar1_lognormal, stream
from hospital.simulator.ward_beds import EMERGENCY
from hospital.simulator.wards import Wards

__all__ = ["EmergencyDepartment"]


class EmergencyDepartment:
    """One department: its queue, its doctors, its places."""

    def __init__(
        self,
        env: simpy.Environment,
        clock: Clock,
        parameters: Parameters,
        department: DepartmentParameters,
        wards: Wards,
        population: Population,
        numbers: NDArray[np.int64],
        rota: list[Block],
        seed: int,
        scale: float,
        visits: list[Visit],
    ) -> None:
        """A department with nobody in it.

        `numbers`: the patients who come here, in order of arrival; `visits` takes their passages as they come.
        """
        self._env = env
        self._clock = clock
        self._e = parameters.emergency
        self._u = parameters.unfairness
        self._wards = wards
        self._units = [ward.unit for ward in parameters.ward]
        self._alternates = {ward.unit: ward.alternates for ward in parameters.ward}
        self._elsewhere_after_hours = parameters.destinations.elsewhere_after_hours
        self._step_down = parameters.destinations.step_down
        self._department = department.department
        self._numbers = numbers.tolist()
        self._minutes = population.arrivals.minute.tolist()
        self._patients = population.patients
        self._outcome = population.patients.outcome.tolist()
        self._ward = population.patients.ward.tolist()
        self._rota = rota
        self._hold = population.hold.tolist()
        self._draws = population.chances
        self._slow = ar1_lognormal(
            stream(seed, "slowness"), self._e.slowness_sigma, self._e.slowness_memory, len(clock.days)
        )
        self._next_ward = stream(seed, f"step down {self._department}")
        self._desk = simpy.Resource(env, max(1, round(department.triage_nurses * scale)))
        self._waiting: list[Visit] = []
        self._review: deque[tuple[float, int, simpy.Event]] = deque()
        self._doctors = 0
        self._busy = 0
        self._pace = 1.0
        self._nurses = 1.0
        self._boxes = max(2, round(department.boxes * scale))
        self._blocked = 0  # boxes held by boarders
        self._most_blocked = self._e.boarding_boxes_share * self._boxes
        self._corridor = max(1, round(department.corridor_places * scale))
        self._visits = visits

    def start(self) -> None:
        """Open the doors."""
        self._env.process(self._shifts())
        self._env.process(self._door())

    def _shifts(self) -> Generator[simpy.Event, None, None]:
        for block in self._rota:
            yield self._env.timeout(max(0.0, block.begin - self._env.now))
            self._doctors, self._pace, self._nurses = block.doctors, block.doctor_pace, block.nurses
            self._dispatch()

    def _door(self) -> Generator[simpy.Event, None, None]:
        triage = self._patients.triage.tolist()
        for number in self._numbers:
            minute = self._minutes[number]
            yield self._env.timeout(minute - self._env.now)
            pull, called = self._draws.pull[number], self._env.event()
            visit = Visit(number, self._department, minute, triage[number], pull, called)
            self._visits.append(visit)
            self._env.process(self._passage(visit))

    def _passage(self, visit: Visit) -> Generator[simpy.Event, None, None]:
        env, draws, n = self._env, self._draws, visit.number
        yield env.timeout(draws.registration[n] * (0.3 if visit.level < 2 else 1.0))
        with self._desk.request() as turn:
            yield turn
            yield env.timeout(draws.triage[n])
        visit.triaged = env.now
        if visit.level == 0 or draws.at_once[n]:
            yield env.timeout(
                self._e.immediate_minutes * draws.registration[n] / self._e.registration_minutes
            )
            if self._hold[n]:
                yield env.timeout(self._hold[n] * (env.now - visit.arrived))
            self._busy += 1
            self._boxes -= 1
        else:
            yield env.timeout(draws.placement[n])
            self._waiting.append(visit)
            if math.isfinite(draws.patience[n]):
                env.process(self._lose_patience(visit, draws.patience[n]))
            self._dispatch()
            if not (yield visit.called):
                yield env.timeout(draws.noticed[n])
                visit.left, visit.disposition = env.now, "left_unseen"
                return
        visit.seen = env.now
        yield from self._care(visit)

    def _lose_patience(self, visit: Visit, minutes: float) -> Generator[simpy.Event, None, None]:
        yield self._env.timeout(minutes)
        if not visit.called.triggered:
            self._waiting.remove(visit)
            visit.called.succeed(False)

    def _care(self, visit: Visit) -> Generator[simpy.Event, None, None]:
        """From the first contact to the door; a doctor and a box are held at the start."""
        env, draws, n = self._env, self._draws, visit.number
        outcome = self._outcome[n]
        yield env.timeout(draws.first[n] * self._pace * self._hurry())
        self._busy -= 1
        self._dispatch()
        slow = float(self._slow[self._clock.day(env.now).index]) / math.sqrt(self._nurses)
        yield env.timeout(draws.workup[n] * slow)
        ready = env.event()
        self._review.append((env.now, n, ready))
        self._dispatch()
        yield ready
        yield env.timeout(draws.second[n] * self._pace * self._hurry())
        self._busy -= 1
        if outcome == ADMITTED:
            yield from self._board(visit)
            return
        self._dispatch()
        transport = outcome not in (HOME, DIED)
        yield env.timeout(
            draws.leaving[n] * (self._e.transport_minutes if transport else self._e.leaving_minutes)
        )
        self._boxes += 1
        self._dispatch()
        visit.left = env.now
        visit.disposition = {HOME: "home", DIED: "died"}.get(outcome, "transfer")

    def _board(self, visit: Visit) -> Generator[simpy.Event, None, None]:
        """Wait for a ward bed, in the corridor while it has a place, else in the box."""
        env, draws, n = self._env, self._draws, visit.number
        wanted = self._units[self._ward[n]]
        visit.bed_requested = env.now
        critical = wanted == "REA-A"
        corridor = not critical and (self._corridor > 0 or self._blocked >= self._most_blocked)
        if corridor:
            self._corridor -= 1
            self._boxes += 1
        else:
            self._blocked += 1
        self._dispatch()
        placed = env.event()
        request = self._wards.request(wanted, EMERGENCY, placed.succeed, outlier=True)
        if not self._alternates[wanted]:
            yield placed | env.timeout(60 * self._elsewhere_after_hours)
            if not placed.triggered and self._wards.cancel(request):
                yield env.timeout(draws.leaving[n] * self._e.transport_minutes)
                self._release_place(corridor)
                visit.left, visit.disposition = env.now, "transfer"
                self._dispatch()
                return
        unit = str((yield placed))
        days = self._wards.stay_days(unit, draws.stay_age[n], 1.0)
        then = None
        if unit == "REA-A":
            names = list(self._step_down)
            then = names[int(self._next_ward.choice(len(names), p=list(self._step_down.values())))]
        self._wards.admit(unit, "emergency", n, days, then)
        self._release_place(corridor)
        visit.left, visit.disposition = env.now, "admitted"
        self._dispatch()

    def _release_place(self, corridor: bool) -> None:
        if corridor:
            self._corridor += 1
        else:
            self._blocked -= 1
            self._boxes += 1

    def _hurry(self) -> float:
        """Factor on a doctor's minutes: less when many wait."""
        load = (len(self._waiting) + len(self._review) + 0.1) / (self._doctors * self._e.crowd_reference)
        low, high = self._e.crowd_limits
        return min(high, max(low, math.pow(load, -self._e.crowd_exponent)))

    def _dispatch(self) -> None:
        """Give free doctors something to do."""
        now = self._env.now
        while self._busy < self._doctors:
            late = bool(self._review) and now - self._review[0][0] >= self._e.review_after_minutes
            visit = self._pick(now)
            if self._busy >= self._doctors:
                return  # passing someone over has cost the last free doctor
            if visit is not None and (not late or visit.level == 1):
                self._call(visit)
            elif self._review:
                self._busy += 1
                self._review.popleft()[2].succeed()
            elif visit is not None:
                self._call(visit)
            else:
                return

    def _call(self, visit: Visit) -> None:
        self._waiting.remove(visit)
        self._busy += 1
        self._boxes -= 1
        visit.called.succeed(True)

    def _pick(self, now: float) -> Visit | None:
        """The waiting patient whom a doctor would call, or None; passes over those who are held back."""
        targets = self._e.target_minutes
        while True:
            best, strongest = None, -1.0
            for visit in self._waiting:
                if visit.held_until > now or (self._boxes <= 0 and visit.level > 1):
                    continue
                share = (now - visit.arrived + 1.0) / targets[visit.level]
                pull = share * (visit.pull if share < self._e.patience_of_list else max(1.0, visit.pull))
                if visit.level == 1:
                    pull += 200.0
                if visit.held_until >= 0:
                    pull += 100.0
                if pull > strongest:
                    best, strongest = visit, pull
            if best is None or not self._hold[best.number] or best.held_until >= 0:
                return best
            longer = self._hold[best.number]
            minutes = longer * (now - best.arrived) - self._u.release_minutes
            best.held_until = now + max(0.0, minutes)
            self._env.process(self._wake(best.held_until))
            self._busy += 1
            self._env.process(self._lose_time(longer * self._u.lost_minutes))
            if self._busy >= self._doctors:
                return None

    def _lose_time(self, minutes: float) -> Generator[simpy.Event, None, None]:
        """A doctor, counted as busy, does something else than call the patient whose turn it is."""
        yield self._env.timeout(minutes)
        self._busy -= 1
        self._dispatch()

    def _wake(self, at: float) -> Generator[simpy.Event, None, None]:
        yield self._env.timeout(at - self._env.now)
        self._dispatch()
