"""One run of the hospital: draw what is drawn before, wire the parts, let the days pass, write the tables."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pandas as pd
import simpy

from hospital.simulator.arrivals import draw_arrivals, draw_epidemics
from hospital.simulator.clock import Clock
from hospital.simulator.emergency import EmergencyDepartment
from hospital.simulator.loading import load_parameters
from hospital.simulator.parameters import Parameters
from hospital.simulator.patients import audit_group, draw_patients, epidemic_load
from hospital.simulator.scenario import Shift, Unfair
from hospital.simulator.staffing import draw_beds, draw_rota
from hospital.simulator.tables import Span, build_tables
from hospital.simulator.theatre import draw_operations, schedule_direct, schedule_operations
from hospital.simulator.wards import Wards

__all__ = ["DEFAULT_START", "simulate"]

#: The first day of a run unless told otherwise; fixed, so that digests repeat.
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

    `scale` sizes arrivals, beds and staff (0.25 = a hospital of 150 beds). `progress` is called with the
    share done.

    Raises:
        ValueError: `days` below 1, `scale` outside 0.1 to 3, or a seed below 0.
    """
    if days < 1:
        raise ValueError(f"days {days}: simulate at least one day")
    if not 0.1 <= scale <= 3.0:
        raise ValueError(f"scale {scale:g}: must lie between 0.1 and 3")
    if seed < 0:
        raise ValueError(f"seed {seed}: must be 0 or more")
    p = load_parameters() if parameters is None else parameters
    burn_in = p.general.burn_in_days
    # The run ends with the last written day; the days after it exist only as plans.
    clock = Clock(
        start - timedelta(days=burn_in), burn_in + days + p.general.planning_days, p.general.time_zone
    )
    begin, end = clock.days[burn_in].begin, clock.days[burn_in + days].begin

    epidemics = draw_epidemics(clock, p.epidemic, seed)
    arrivals = draw_arrivals(clock, p.arrivals, epidemic_load(p, epidemics), seed, scale, shift, burn_in)
    patients = draw_patients(p, arrivals, epidemics, seed)
    rota, notices = draw_rota(clock, p, seed, scale)
    staffed, bed_notices = draw_beds(clock, p, seed, scale)
    operations = draw_operations(clock, p, seed, scale)
    hold = np.zeros(len(arrivals.minute))
    if unfair is not None:
        hold[audit_group(patients, unfair.attribute, unfair.value)] = unfair.factor - 1

    env = simpy.Environment()
    wards = Wards(env, clock, p, staffed, seed)
    department = EmergencyDepartment(env, clock, p, wards, arrivals, patients, rota, seed, scale, hold)
    wards.start()
    schedule_operations(env, wards, p, operations, seed)
    schedule_direct(env, clock, wards, p, seed, scale)
    department.start()
    for day in clock.days[: burn_in + days]:
        env.run(until=day.begin + day.length)
        if progress is not None:
            progress((day.index + 1) / (burn_in + days))
    span = Span(clock.origin, float(begin), float(end))
    return build_tables(
        span, p, scale, department.visits, patients, wards.stays, operations, notices + bed_notices
    )
