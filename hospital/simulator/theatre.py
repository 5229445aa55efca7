"""Admissions that do not come through the emergency department: theatre lists, planned and direct ones.

Lists are drawn up before the run: each operation is booked days or weeks ahead, some are cancelled, some
put off on the day for want of a bed. Most of the week-to-week swing of surgical wards is in these lists.
"""

import math
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import simpy

from hospital.simulator.parameters.hospital_parameters import Parameters
from hospital.simulator.parameters.ward_parameters import TheatreParameters, WardParameters
from hospital.simulator.simulated_time import Clock, Day, in_month_days
from hospital.simulator.streams import stream
from hospital.simulator.ward_beds import ELECTIVE, EMERGENCY
from hospital.simulator.wards import Wards

__all__ = ["Operation", "draw_operations", "schedule_direct", "schedule_operations"]


@dataclass
class Operation:
    """One booked operation, in simulated minutes.

    Attributes:
        arrives: when the patient comes to the ward.
        minutes: planned length in theatre.
        delay: minutes later than planned that the patient comes into the room, if nothing else is late.
        lasting: minutes that the patient is really there.
        started, ended: into and out of the room; None: not yet, or never.
    """

    number: int
    unit: str
    booked: float
    planned: float
    arrives: float
    minutes: int
    cancelled: float | None
    room: str = ""
    urgent: bool = False
    delay: float = 0.0
    lasting: float = 0.0
    started: float | None = None
    ended: float | None = None


def draw_operations(clock: Clock, parameters: Parameters, seed: int, scale: float) -> list[Operation]:
    """All lists of the run, in order of planned time."""
    operations: list[Operation] = []
    for ward in parameters.ward:
        if not any(ward.operations_weekday):
            continue
        rng = stream(seed, f"operations {ward.unit}")
        weeks = np.exp(
            parameters.theatre.week_sigma
            * stream(seed, f"operation weeks {ward.unit}").standard_normal(len(clock.days) // 7 + 2)
        )
        days = np.exp(
            parameters.theatre.day_sigma
            * stream(seed, f"operation days {ward.unit}").standard_normal(len(clock.days))
        )
        for day in clock.days:
            if not day.working:
                continue
            mean = ward.operations_weekday[day.weekday] * scale * programme(parameters.theatre, day)
            mean *= float(weeks[day.index // 7]) * float(days[day.index])
            # Lists are filled, not random: half the variance of a Poisson count.
            cases = int(rng.binomial(max(1, round(2 * mean)), min(1.0, mean / max(1, round(2 * mean)))))
            operations += [_operation(rng, clock, day, ward, parameters.theatre) for _ in range(cases)]
    operations.sort(key=lambda operation: operation.planned)
    for number, operation in enumerate(operations):
        operation.number = number
    _draw_courses(operations, parameters.theatre, seed, scale)
    return operations


def _draw_courses(operations: list[Operation], t: TheatreParameters, seed: int, scale: float) -> None:
    """Rooms, and how each operation will go: by streams of their own, so that lists and patients stay as they were."""
    urgent = stream(seed, "urgent operations").random(len(operations))
    late = stream(seed, "operations late").exponential(t.delay_minutes, len(operations))
    longer = stream(seed, "operations longer").standard_normal(len(operations))
    rooms = max(1, round(t.rooms * scale))
    for operation in operations:
        number = operation.number
        operation.room = f"T{1 + number % rooms}"
        operation.urgent = bool(urgent[number] < t.urgent_share)
        operation.delay = float(late[number])
        operation.lasting = operation.minutes * math.exp(t.lasting_sigma * float(longer[number]))


def programme(parameters: TheatreParameters, day: Day) -> float:
    """Share of the usual theatre programme that runs on a day."""
    factors = [r.factor for r in parameters.reduced if in_month_days(day.date, r.first, r.last)]
    if day.school_holiday:
        factors.append(parameters.school_holiday_factor)
    return min(factors, default=1.0)


def _operation(
    rng: np.random.Generator, clock: Clock, day: Day, ward: WardParameters, t: TheatreParameters
) -> Operation:
    draw = rng.random(6)
    normal = rng.standard_normal(2)
    planned = day.minute(480 + 5 * round(480 * float(draw[0]) / 5))
    booked = planned - 1440 * max(0.6, t.booked_days * math.exp(t.booked_sigma * float(normal[0])))
    minutes = round(t.minutes * math.exp(t.minutes_sigma * float(normal[1]) - t.minutes_sigma**2 / 2))
    if draw[1] < t.evening_before_share and day.index:
        arrives = clock.days[day.index - 1].minute(930 + 150 * float(draw[2]))
    else:
        arrives = min(planned - 45, day.minute(405 + 120 * float(draw[2])))
    cancelled = None
    if draw[3] < t.cancelled_share:
        # Most are announced in the last days; square of a uniform draw of the time between booking and plan.
        cancelled = planned - max(60.0, (planned - booked) * 0.8 * float(draw[4]) ** 3)
    return Operation(0, ward.unit, booked, planned, arrives, max(15, minutes), cancelled)


def schedule_operations(
    env: simpy.Environment, wards: Wards, parameters: Parameters, operations: list[Operation], seed: int
) -> None:
    """Let the patients of the lists come."""
    rng = stream(seed, "operation ages")
    for operation in operations:
        age = 40 + 45 * float(rng.random())
        env.process(_elective(env, wards, parameters.theatre, operation, age))


def _elective(
    env: simpy.Environment, wards: Wards, t: TheatreParameters, operation: Operation, age: float
) -> Generator[simpy.Event, None, None]:
    yield env.timeout(max(0.0, operation.arrives - env.now))
    if operation.cancelled is not None and operation.cancelled <= operation.arrives:
        return
    operation.cancelled = None
    placed = env.event()
    request = wards.request(operation.unit, ELECTIVE, placed.succeed)
    latest = max(operation.planned, env.now + 60 * t.bed_wait_hours)
    yield placed | env.timeout(latest - env.now)
    if not placed.triggered:
        if wards.cancel(request):
            operation.cancelled = env.now
            return
        yield placed
    unit = str(placed.value)
    operation.started = max(operation.planned + operation.delay, env.now)
    operation.ended = operation.started + operation.lasting
    days = wards.stay_days(unit, age, t.stay_factor, t.stay_sigma)
    then = "CHI-B" if unit == "REA-A" else None
    wards.admit(unit, "elective", None, max(days, 0.6), then)


def schedule_direct(
    env: simpy.Environment, clock: Clock, wards: Wards, parameters: Parameters, seed: int, scale: float
) -> None:
    """Planned admissions without an operation on working mornings, and unplanned direct ones at any hour."""
    for ward in parameters.ward:
        env.process(_direct(env, wards, ward, parameters.hospital.direct_transfer_share, seed, scale))
        env.process(_planned(env, clock, wards, ward, parameters.theatre, seed, scale))


def _direct(
    env: simpy.Environment, wards: Wards, ward: WardParameters, transfer_share: float, seed: int, scale: float
) -> Generator[simpy.Event, None, None]:
    """Births, and patients sent by their doctor or another hospital straight to the ward."""
    rng = stream(seed, f"direct {ward.unit}")
    while ward.direct > 0:
        yield env.timeout(float(rng.exponential(1440 / (ward.direct * scale))))
        source = "transfer" if rng.random() < transfer_share else "emergency"
        env.process(_place(env, wards, ward, EMERGENCY, source, 30 + 50 * float(rng.random())))


def _planned(
    env: simpy.Environment,
    clock: Clock,
    wards: Wards,
    ward: WardParameters,
    t: TheatreParameters,
    seed: int,
    scale: float,
) -> Generator[simpy.Event, None, None]:
    rng = stream(seed, f"planned {ward.unit}")
    for day in clock.days:
        mean = ward.planned_weekday * scale * programme(t, day)
        if not day.working or mean <= 0:
            continue
        minutes = np.sort(540 + 300 * rng.random(int(rng.poisson(mean))))
        ages = 35 + 50 * rng.random(len(minutes))
        for local, age in zip(minutes, ages, strict=True):
            yield env.timeout(max(0.0, day.minute(float(local)) - env.now))
            env.process(_place(env, wards, ward, ELECTIVE, "elective", float(age)))


def _place(
    env: simpy.Environment, wards: Wards, ward: WardParameters, priority: int, source: str, age: float
) -> Generator[simpy.Event, None, None]:
    placed = env.event()
    request = wards.request(ward.unit, priority, placed.succeed)
    if priority == ELECTIVE:
        # A planned patient without a bed by the evening is sent home and comes another day.
        yield placed | env.timeout(600)
        if not placed.triggered and wards.cancel(request):
            return
    unit = str((yield placed))
    then = "MED-A" if unit == "REA-A" else None
    wards.admit(unit, source, None, wards.stay_days(unit, age, 1.0), then)
