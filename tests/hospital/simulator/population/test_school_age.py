"""Who comes when schools are closed: fewer children of school age, and everybody else as ever."""

from datetime import date

import numpy as np
import pytest

from hospital.simulator import load_parameters
from hospital.simulator.population.arrivals import draw_arrivals, draw_epidemics, school_age_factors
from hospital.simulator.population.patients import case_mix, draw_patients
from hospital.simulator.simulated_time import Clock

PARAMETERS = load_parameters()


def test_school_age_children_come_less_on_holidays_and_the_year_has_as_many_visits() -> None:
    """Only the band from 2 to 14 falls; over a year holidays and term make up for each other; adults are as ever."""
    p = PARAMETERS
    clock = Clock(date(2024, 1, 1), 366, p.general.time_zone, p.general.school_zone)
    epidemics = draw_epidemics(clock, p.epidemic, 21)
    factors = school_age_factors(clock, p.arrivals)
    holiday = np.array([day.school_holiday for day in clock.days])
    assert set(factors[holiday]) == {p.arrivals.school_age_holiday_factor}
    assert factors.mean() == pytest.approx(1, abs=0.002)
    mix, usual = case_mix(p, epidemics, factors), case_mix(p, epidemics, np.ones(len(clock.days)))
    assert mix.sum() == pytest.approx(usual.sum(), rel=0.003)
    others = [0, 2, 3, 4, 5, 6]
    assert (mix[:, :, others] == usual[:, :, others]).all()
    arrivals = draw_arrivals(clock, p.arrivals, mix.sum(axis=(1, 2)), 21, 3.0, None, 0)
    age = draw_patients(p, arrivals, mix, 21).age_years
    per_day = np.bincount(arrivals.day[(age >= 2) & (age < 15)], minlength=len(holiday))
    spring = np.array([3 <= day.date.month <= 6 for day in clock.days])  # between the epidemics
    drop = per_day[spring & holiday].mean() / per_day[spring & ~holiday].mean()
    assert drop == pytest.approx(0.85 / factors[~holiday][0], abs=0.06)
