"""Simulated hospital years whose truth is known: 450 days before the release, 365 after, sound or shifted.

Arrivals and inputs have weeks, public-holiday dips, a yearly wave, an epidemic each winter (its own week, height and
length) and memory from day to day; what the models miss of a day has memory, a season and an epidemic of its own.
Model figures begin with the validation set: 131 days before the release, a week's gap inside. Each year is a hospital
with both models.

Shifts of size s, from one day on until the year's end:

* ``arrivals``: x (1 + s), and what follows crowding with them;
* ``waits``: everybody's x (1 + s), which no feature shows;
* ``group``: those of one half of the visits (sex = F) x (1 + s);
* ``coverage``: the share inside p10 to p90 x (1 - s): errors grow by the factor that does so, the middle stays;
* ``missing``: of one input a fraction s of the values that were known;
* ``beds``: one unit group of four needs (1 + s) times the beds, of which the forecast saw nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import numpy as np
from scipy import stats

from hospital.arrays import Array
from hospital.holidays.place import Place
from hospital.holidays.public_holidays import is_holiday
from registry.monitoring.daily_figures import DailyFigures, Figure
from registry.policy.monitor_rules import Family

__all__ = ["KINDS", "RELEASED", "YEAR", "Shift", "Year", "simulate_year"]

KINDS = ("arrivals", "waits", "group", "coverage", "missing", "beds")
RELEASED = 450
YEAR = 365
_JUDGED = 131
_DAYS = RELEASED + YEAR
_FIRST_DAY = 19_700
_VISITS = 140
_INPUTS, _WITH_GAPS, _GROUPS = 20, 5, 6
_WEEK = np.array([1.13, 1.04, 1.0, 1.0, 0.96, 0.93, 0.94])
_Z90 = float(stats.norm.ppf(0.9))
_AUDIT = (("sex=F", 0.5), ("language=other", 0.08), ("age_band=0-15", 0.23), ("age_band=80+", 0.11))
_HORIZONS = (("4h", 0.020, 0.3), ("8h", 0.028, 0.4), ("24h", 0.045, 0.6), ("72h", 0.075, 0.85))
_UNIT_GROUPS = 4
_Sizes = Callable[[str], Array]
_FRANCE = Place(ZoneInfo("Europe/Paris"))


@dataclass(frozen=True)
class Shift:
    """One change: its kind, its size s, and the day after the release from which it is true."""

    kind: str
    size: float
    after_days: int


@dataclass
class Year:
    """A hospital's figures by model, and the day of the release."""

    released_day: int
    models: dict[str, DailyFigures]


@dataclass
class _Collected:
    figures: list[Figure] = field(default_factory=list)
    columns: list[Array] = field(default_factory=list)

    def add(self, family: Family, name: str, values: Array) -> None:
        self.figures.append(Figure(family, name))
        self.columns.append(np.asarray(values, np.float64))

    def done(self, days: Array) -> DailyFigures:
        return DailyFigures(days, tuple(self.figures), np.column_stack(self.columns))


def simulate_year(rng: np.random.Generator, shift: Shift | None = None) -> Year:
    """One hospital from 450 days before its release to a year after it."""
    days = _FIRST_DAY + int(rng.integers(0, 365)) + np.arange(_DAYS)
    since = np.arange(_DAYS) >= RELEASED + shift.after_days if shift else np.zeros(_DAYS, bool)

    def of(kind: str) -> Array:
        """The size of this kind of shift, day by day."""
        return np.where(since, shift.size, 0.0) if shift and shift.kind == kind else np.zeros(_DAYS)

    epidemic = _epidemics(rng, days)
    memory = float(rng.uniform(0.45, 0.55))
    season = (
        _WEEK[days % 7]
        * np.where(is_holiday(days, _FRANCE), 0.93, 1.0)
        * (1 + 0.03 * np.cos(2 * np.pi * (days - 170) / 365.25))
        * (1 + epidemic)
    )
    crowd = season * np.exp(0.08 * _ar(rng, memory)) * (1 + of("arrivals"))
    models = {
        "wait-time": _waits(rng, days, crowd, epidemic, memory, of),
        "bed-demand": _beds(rng, days, crowd, epidemic, of),
    }
    return Year(int(days[RELEASED]), models)


def _waits(
    rng: np.random.Generator, days: Array, crowd: Array, epidemic: Array, memory: float, of: _Sizes
) -> DailyFigures:
    out = _Collected()
    arrivals = rng.poisson(_VISITS * crowd)
    out.add("arrivals", "visits", arrivals)
    _inputs(out, rng, crowd, of("missing"))
    level = 0.25 * _ar(rng, memory) + 1.5 * (crowd - 1)
    wave = np.cos(2 * np.pi * days / 365.25 + rng.uniform(0, 2 * np.pi))
    missed = 0.08 * _ar(rng, memory) + rng.uniform(0, 0.02) * wave + rng.uniform(-0.2, 0.2) * epidemic
    judged = np.arange(_DAYS) >= RELEASED - _JUDGED
    seen = np.where(judged, arrivals, 0)
    day = np.repeat(np.arange(_DAYS), seen)
    n = day.size
    triage = 0.5 * rng.standard_normal(n)
    female = rng.random(n) < 0.5
    wider = np.ones(_DAYS)
    lowered = of("coverage")
    if lowered.any():
        wider[lowered > 0] = _widening(float(lowered.max()))
    wider *= 1 + 0.03 * wave * rng.uniform(0, 1) + 0.03 * _ar(rng, 0.6)
    forecast = np.exp(3.9 + level[day] + triage)
    noise = 0.65 * rng.standard_t(8, n) / np.sqrt(8 / 6)
    factor = (1 + of("waits"))[day] * np.where(female, (1 + of("group"))[day], 1.0)
    waited = forecast * factor * np.exp(missed[day] + noise * wider[day])
    error = np.log((waited + 10) / (forecast + 10))
    inside = np.abs(np.log(waited / forecast)) < 0.66 * _Z90

    def mean(x: Array, kept: Array | None = None) -> Array:
        of_day, values = (day, x) if kept is None else (day[kept], x[kept])
        count = np.bincount(of_day, minlength=_DAYS).astype(np.float64)
        return np.divide(
            np.bincount(of_day, values, minlength=_DAYS), count, out=np.full(_DAYS, np.nan), where=count > 0
        )

    expected = mean(forecast) * 0.56  # E|X - median| over the median, of a log-normal of that width
    earlier = 3.95 + level + missed + 0.8 * rng.standard_normal(_DAYS) / np.sqrt(_VISITS)
    out.add("outcomes", "log_wait", np.where(judged, mean(np.log(waited + 10)), earlier))
    out.add("errors", "all", mean(error))
    out.add("coverage", "all", mean(inside.astype(np.float64)))
    for name, share in _AUDIT:
        member = female if name == "sex=F" else rng.random(n) < share
        out.add("fairness", name, mean(error, member) - mean(error, ~member))
    _explanations(out, rng, crowd)
    out.add("expected_error", "all", expected)
    out.add("error_ratio", "all", mean(np.abs(waited - forecast)) / expected)
    return out.done(days)


def _beds(rng: np.random.Generator, days: Array, crowd: Array, epidemic: Array, of: _Sizes) -> DailyFigures:
    out = _Collected()
    out.add("arrivals", "stays", rng.poisson(60 * crowd))
    _inputs(out, rng, crowd, of("missing"))
    judged = np.where(np.arange(_DAYS) >= RELEASED - _JUDGED, 1.0, np.nan)
    by_group = np.zeros((_UNIT_GROUPS, _DAYS))
    wave = np.cos(2 * np.pi * days / 365.25 + rng.uniform(0, 2 * np.pi))
    for name, deviation, memory in _HORIZONS:
        common = _ar(rng, memory)
        errors = []
        for group in range(_UNIT_GROUPS):
            own = deviation * (np.sqrt(0.3) * common + np.sqrt(0.7) * _ar(rng, memory))
            own = own + rng.uniform(0, 0.01) * wave + rng.uniform(-0.1, 0.1) * epidemic
            if group == 0:
                own = own + of("beds")
            errors.append(own)
            by_group[group] += own / len(_HORIZONS)
        all_groups = np.mean(errors, axis=0)
        out.add("errors", f"horizon={name}", all_groups * judged)
        off = np.abs(np.array(errors)) / deviation
        inside = 0.8 - 0.04 * (np.mean(off, axis=0) - 0.8) + 0.03 * rng.standard_normal(_DAYS)
        out.add("coverage", f"horizon={name}", np.clip(inside, 0, 1) * judged)
    for group in range(_UNIT_GROUPS):
        out.add("fairness", f"unit_group={group}", by_group[group] * judged)
    _explanations(out, rng, crowd)
    expected = np.exp(0.05 * _ar(rng, 0.7)) * (0.8 + 0.2 * crowd)
    out.add("outcomes", "demand", crowd**0.5 * np.exp(0.04 * _ar(rng, 0.84)))
    out.add("expected_error", "all", expected * judged)
    out.add("error_ratio", "all", np.exp(0.12 * _ar(rng, 0.4)) * judged)
    return out.done(days)


def _inputs(out: _Collected, rng: np.random.Generator, crowd: Array, missing: Array) -> None:
    for j in range(_INPUTS):
        power = (1.0, 2.0, 0.0)[j % 3]  # arrivals, waiting rooms (twice as steep), and what does not follow
        own = np.exp(rng.uniform(0.05, 0.3) * _ar(rng, float(rng.uniform(0, 0.85))))
        out.add("inputs", f"input_{j}", 100 * crowd**power * own)
    for j in range(_WITH_GAPS):
        usual = rng.uniform(0.01, 0.15)
        logit = np.log(usual / (1 - usual)) + rng.uniform(0.1, 0.4) * _ar(rng, float(rng.uniform(0, 0.7)))
        gone = 1 / (1 + np.exp(-logit))
        if j == 0:
            gone = gone + missing * (1 - gone)
        out.add("missing", f"input_{j}", rng.binomial(_VISITS, gone) / _VISITS)


def _explanations(out: _Collected, rng: np.random.Generator, crowd: Array) -> None:
    usual = rng.dirichlet(np.full(_GROUPS, 4.0))
    moves = [usual[g] * np.exp(0.1 * _ar(rng, 0.6)) * crowd ** (g % 2) for g in range(_GROUPS)]
    total = np.sum(moves, axis=0)
    judged = np.where(np.arange(_DAYS) >= RELEASED - _JUDGED, 1.0, np.nan)
    for g, share in enumerate(moves):
        out.add("explanations", f"group_{g}", share / total * judged)


def _epidemics(rng: np.random.Generator, days: Array) -> Array:
    """What each winter's epidemic adds: around 15 %, over some five weeks, its middle from mid December on."""
    out = np.zeros(days.size)
    for winter in range(int(days[0]) // 365 - 1, int(days[-1]) // 365 + 2):
        middle = winter * 365.25 - 15 + rng.uniform(0, 60)
        out += rng.uniform(0.12, 0.18) * np.exp(-0.5 * ((days - middle) / rng.uniform(11, 16)) ** 2)
    return out


def _widening(lowered: float) -> float:
    """By what factor errors grow for the share inside to fall from what it was to (1 - lowered) times that."""
    half_width = 0.66 * _Z90 / (0.65 / np.sqrt(8 / 6))
    was = 2 * stats.t.cdf(half_width, 8) - 1
    return float(half_width / stats.t.ppf((1 + was * (1 - lowered)) / 2, 8))


def _ar(rng: np.random.Generator, memory: float) -> Array:
    """A standardised AR(1) series over all days."""
    noise = rng.standard_normal(_DAYS)
    noise[1:] *= np.sqrt(1 - memory**2)
    out = np.empty(_DAYS)
    last = 0.0
    for i, x in enumerate(noise):
        last = memory * last + x
        out[i] = last
    return out
