"""One run of the hospital: draw what is drawn before, wire the parts, let the days pass, write the tables."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
import simpy

from hospital.simulator.departments import departments_of, open_departments
from hospital.simulator.emergency import EmergencyDepartment
from hospital.simulator.parameters.hospital_parameters import Parameters
from hospital.simulator.parameters.parameter_file import load_parameters
from hospital.simulator.population.arrivals import draw_arrivals, draw_epidemics, school_age_factors
from hospital.simulator.population.chances import draw_chances
from hospital.simulator.population.patients import audit_group, case_mix, draw_patients
from hospital.simulator.population.visits import Population, Visit
from hospital.simulator.scenario import Shift, Unfair
from hospital.simulator.simulated_time import Clock
from hospital.simulator.staffing import Notice, draw_beds, draw_rota
from hospital.simulator.tables import Span, build_tables
from hospital.simulator.theatre import draw_operations, schedule_direct, schedule_operations
from hospital.simulator.wards import Wards

__all__ = ["DEFAULT_START", "Beyond", "simulate", "simulate_beyond"]

#: The first day of a run unless asked otherwise; fixed, so that digests repeat.
DEFAULT_START = date(2024, 1, 1)


def simulate(
    days: int,
    *,
    seed: int = 1,
    start: date = DEFAULT_START,
    unfair: Unfair | None = None,
    shift: Shift | None = None,
    scale: float = 1.0,
    progress: Callable[[float], None] | None = None,
    parameters: Parameters | None = None,
) -> dict[str, pd.DataFrame]:
    """Simulate `days` local days from `start` on; the tables of the data contract, by name.

    The same arguments give the same tables. The days before `start` that bring the hospital to its usual
    fullness are not written, but whoever is in the hospital at `start` is, with the true time of entry:
    count patients from `start` on only. Nothing that happens after the last day is written; visits and
    stays still open are open. Rotas, staffed beds and operations lie ahead as far as they were known by
    then.

    `scale` sizes arrivals, beds and staff (0.25 = a hospital of 150 beds, too small for a children's emergency
    department of its own: all patients go to one). `progress` is called with the share done.

    Raises:
        ValueError: `days` below 1, `scale` outside 0.1 to 3, or a seed below 0.
    """
    lived = _live(days, seed, start, unfair, shift, scale, progress, parameters)
    return lived(0, days)


@dataclass(frozen=True)
class Beyond:
    """What a hospital lives after the days of its tables.

    Attributes:
        days: how many; at least 1.
        busy: by what arrivals are multiplied in them.
        before: of the days before, how many the tables hold, too.
    """

    days: int
    busy: float
    before: int


def simulate_beyond(
    days: int,
    beyond: Beyond,
    *,
    seed: int = 1,
    start: date = DEFAULT_START,
    scale: float = 1.0,
    progress: Callable[[float], None] | None = None,
) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """The tables of `days` days, and those of one and the same hospital from `beyond.before` days earlier to its end.

    Visits and stays of the first are those of `simulate`; operations may be booked some days further ahead.

    Raises:
        ValueError: as `simulate`.
    """
    if days < 1 or beyond.days < 1:
        raise ValueError(f"days {days} and {beyond.days} beyond: simulate at least one day of each")
    shift, whole = Shift(beyond.busy, days), days + beyond.days
    lived = _live(whole, seed, start, None, shift, scale, progress, None)
    return lived(0, days), lived(max(days - beyond.before, 0), whole)


def _live(
    days: int,
    seed: int,
    start: date,
    unfair: Unfair | None,
    shift: Shift | None,
    scale: float,
    progress: Callable[[float], None] | None,
    parameters: Parameters | None,
) -> Callable[[int, int], dict[str, pd.DataFrame]]:
    """Lets the days pass; what it returns writes the tables from a day to the one before another (0: `start`)."""
    _refuse_senseless(days, seed, scale)
    p = load_parameters() if parameters is None else parameters
    burn_in = p.general.burn_in_days
    # The run ends with the last written day; the days after it exist only as plans.
    clock = Clock(
        start - timedelta(days=burn_in),
        burn_in + days + p.general.planning_days,
        p.general.time_zone,
        p.general.school_zone,
    )
    mix = case_mix(p, draw_epidemics(clock, p.epidemic, seed), school_age_factors(clock, p.arrivals))
    arrivals = draw_arrivals(clock, p.arrivals, mix.sum(axis=(1, 2)), seed, scale, shift, burn_in)
    patients = draw_patients(p, arrivals, mix, seed)
    staffed, bed_notices = draw_beds(clock, p, seed, scale)
    operations = draw_operations(clock, p, seed, scale)
    hold = np.zeros(len(arrivals.minute))
    if unfair is not None:
        hold[audit_group(patients, unfair.attribute, unfair.value)] = unfair.factor - 1

    env = simpy.Environment()
    wards = Wards(env, clock, p, staffed, seed)
    wards.start()
    schedule_operations(env, wards, p, operations, seed)
    schedule_direct(env, clock, wards, p, seed, scale)
    population = Population(arrivals, patients, draw_chances(p, patients, seed), hold)
    visits, rotas = _open_departments(env, clock, p, wards, population, seed, scale)
    for day in clock.days[: burn_in + days]:
        env.run(until=day.begin + day.length)
        if progress is not None:
            progress((day.index + 1) / (burn_in + days))

    def tables(first: int, last: int) -> dict[str, pd.DataFrame]:
        begin, end = clock.days[burn_in + first].begin, clock.days[burn_in + last].begin
        span = Span(clock.origin, float(begin), float(end))
        return build_tables(span, p, visits, patients, wards.stays, operations, rotas + bed_notices)

    return tables


def _refuse_senseless(days: int, seed: int, scale: float) -> None:
    if days < 1:
        raise ValueError(f"days {days}: simulate at least one day")
    if not 0.1 <= scale <= 3.0:
        raise ValueError(f"scale {scale:g}: must lie between 0.1 and 3")
    if seed < 0:
        raise ValueError(f"seed {seed}: must be 0 or more")


def _open_departments(
    env: simpy.Environment,
    clock: Clock,
    parameters: Parameters,
    wards: Wards,
    population: Population,
    seed: int,
    scale: float,
) -> tuple[list[Visit], list[Notice]]:
    """Opens every emergency department; their visits, which grow as the run goes, and what their rotas say."""
    visits: list[Visit] = []
    notices: list[Notice] = []
    departments = open_departments(parameters.department, scale)
    where = departments_of(departments, population.patients.age_years)
    for index, department in enumerate(departments):
        rota, published = draw_rota(clock, parameters, department, seed, scale)
        notices += published
        numbers = np.flatnonzero(where == index)
        EmergencyDepartment(
            env, clock, parameters, department, wards, population, numbers, rota, seed, scale, visits
        ).start()
    return visits, notices
