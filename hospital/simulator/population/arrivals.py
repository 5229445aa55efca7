"""When patients come to the emergency department.

A Poisson process whose hourly intensity follows the clock, the week, holidays, epidemics and a hidden
intensity of the day and of the hour. The hidden part makes counts more variable than a Poisson process, as
they are.
"""

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from hospital.simulator.parameters.emergency_parameters import ArrivalParameters, EpidemicParameters
from hospital.simulator.scenario import Shift
from hospital.simulator.simulated_time import Clock, Day
from hospital.simulator.streams import ar1_lognormal, stream

__all__ = ["Arrivals", "Epidemics", "draw_arrivals", "draw_epidemics", "school_age_factors"]


@dataclass(frozen=True)
class Epidemics:
    """Factors on visits by day of the run.

    Attributes:
        respiratory: on respiratory and fever visits of all ages.
        infant: on respiratory visits of children under two, besides.
    """

    respiratory: NDArray[np.float64]
    infant: NDArray[np.float64]


@dataclass(frozen=True)
class Arrivals:
    """Patients in order of arrival.

    Attributes:
        minute: simulated minute of arrival.
        day: index of the local day.
        hour: local hour, 0 to 23.
    """

    minute: NDArray[np.float64]
    day: NDArray[np.int64]
    hour: NDArray[np.int64]


def draw_epidemics(clock: Clock, parameters: EpidemicParameters, seed: int) -> Epidemics:
    """Each winter its own top and height, hidden from everyone until it comes."""
    respiratory = np.ones(len(clock.days))
    infant = np.ones(len(clock.days))
    first_year = clock.days[0].date.year
    ordinals = np.array([day.date.toordinal() for day in clock.days], dtype=np.float64)
    for year in range(first_year - 1, clock.days[-1].date.year + 2):
        rng = stream(seed, f"epidemic {year}")
        january = _ordinal(year)
        top = january + parameters.peak_day + parameters.peak_spread_days * rng.standard_normal()
        height = parameters.height_mean * math.exp(parameters.height_cv * rng.standard_normal())
        respiratory += height * np.exp(-(((ordinals - top) / parameters.width_days) ** 2) / 2)
        top = january + parameters.infant_peak_day + parameters.peak_spread_days / 2 * rng.standard_normal()
        height = parameters.infant_height * math.exp(parameters.height_cv / 2 * rng.standard_normal())
        infant += height * np.exp(-(((ordinals - top) / parameters.infant_width_days) ** 2) / 2)
    return Epidemics(respiratory, infant)


def school_age_factors(clock: Clock, parameters: ArrivalParameters) -> NDArray[np.float64]:
    """Factor on visits of school-age children by day; its mean over a year is 1, holidays and term together."""
    holidays = np.array([day.school_holiday for day in clock.days])
    factor, share = parameters.school_age_holiday_factor, parameters.school_holiday_share
    return np.where(holidays, factor, (1 - share * factor) / (1 - share))


def _ordinal(year: int) -> int:
    return date(year, 1, 1).toordinal()


def draw_arrivals(
    clock: Clock,
    parameters: ArrivalParameters,
    load: NDArray[np.float64],
    seed: int,
    scale: float,
    shift: Shift | None,
    first_written_day: int,
) -> Arrivals:
    """Arrival minutes of the whole run.

    `load` is the factor of epidemics and school holidays on a day's total. With a shift, days before it are the same
    as without.
    """
    days = clock.days
    intensity = ar1_lognormal(
        stream(seed, "day intensity"), parameters.day_cv, parameters.day_memory, len(days)
    )
    hours = ar1_lognormal(
        stream(seed, "hour intensity"), parameters.hour_cv, parameters.hour_memory, 24 * len(days)
    )
    counts_rng, minutes_rng = stream(seed, "arrival counts"), stream(seed, "arrival minutes")
    minutes: list[NDArray[np.float64]] = []
    indexes: list[NDArray[np.int64]] = []
    hours_of_day: list[NDArray[np.int64]] = []
    shares = np.array(parameters.hour_shares)
    for day in days:
        level = parameters.visits_per_day * scale * _day_factor(day, days, parameters)
        level *= float(load[day.index]) * float(intensity[day.index])
        if shift is not None and day.index >= first_written_day + shift.day:
            level *= shift.factor
        # Elapsed hours, 23 to 25 of them, each with what its local hour brings; the skipped one brings
        # nobody.
        elapsed = np.arange(day.length // 60)
        local = np.array([int(day.local_minute(day.begin + 60.0 * hour)) // 60 for hour in elapsed])
        counts = counts_rng.poisson(level * shares[local] * hours[24 * day.index + local])
        drawn = day.begin + 60 * (np.repeat(elapsed, counts) + minutes_rng.random(int(counts.sum())))
        minutes.append(np.sort(drawn))
        indexes.append(np.full(len(drawn), day.index))
        hours_of_day.append(
            np.repeat(local, counts)
        )  # in the order of the sorted minutes: hours do not overlap
    return Arrivals(np.concatenate(minutes), np.concatenate(indexes), np.concatenate(hours_of_day))


def _day_factor(day: Day, days: list[Day], parameters: ArrivalParameters) -> float:
    """What the calendar alone says of a day."""
    factor = parameters.weekday_factors[day.weekday]
    phase = 2 * math.pi * (day.date.timetuple().tm_yday - parameters.season_peak_day) / 365.25
    factor *= 1 + parameters.season_amplitude * math.cos(phase)
    if day.special:
        factor *= parameters.special_holiday_factor
    elif day.holiday:
        factor *= parameters.holiday_factor
    if day.index and days[day.index - 1].holiday and not day.holiday:
        factor *= parameters.after_holiday_factor
    return factor
