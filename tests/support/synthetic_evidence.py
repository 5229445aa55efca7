"""Synthetic evidence: hospitals whose truth is known, sound or with one flaw, in a second instead of minutes.

Days depend on one another; weeks, a year and epidemics show; demand is a hidden process that forecasts see up to their
prediction time. Flaws are put into the data (waits, forecasts' quantiles, arrivals, inputs), never into a verdict.
"""

from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import numpy as np
from scipy import signal, stats

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from hospital.features.feature import Feature
from hospital.holidays.place import Place
from hospital.times import DAY, HOUR
from registry.evidence.records import ContractFacts, DailyInput, Evidence, ExplanationFacts, Scored
from registry.facts.daily_series import InputRows, daily_input, error_series, input_series
from registry.policy.board_policy import default_policy
from registry.statistics.season_trend import FRANCE

__all__ = ["Hospital", "beds", "daily_inputs", "waits", "with_judge"]

_START_DAY = 19_700  # a day of December 2023; every part counts from it
_Z = stats.norm.ppf(np.array(LEVELS))
_AGES = (("0-15", 0.23), ("16-39", 0.28), ("40-64", 0.26), ("65-79", 0.12), ("80+", 0.11))
_UTC = Place(ZoneInfo("UTC"))
_SHIFTED_DAYS = 30
_LATE_DAYS = 43
_TREND_DAYS = 140
_WEEK = np.array([1.13, 1.04, 1.0, 1.0, 0.96, 0.93, 0.94])
_SIX_HOURS = np.array([0.12, 0.27, 0.33, 0.28])
"""Share of arrivals by six hours of the day, from midnight on: between the simulator's and NHAMCS's."""
_INPUTS = 8


@dataclass(frozen=True)
class Hospital:
    """What is true of a synthetic hospital.

    Attributes:
        days: of history. visits: a day. memory: correlation of a day's level with the day before. missed: standard
        deviation of a day's level that the model does not see. noise, tail: of a wait's logarithm, its standard
        deviation and degrees of freedom. week, year: how much weeks and the year show, 1 as in the simulated hospital.
        women: share of visits.

        Sound is 1 (0 for `correlation`). unfair: factor of the waits of sex=F that no feature shows. certain: share
        inside p10-p90 of sex=F, of what it should be. shift: factor of arrivals, and of the crowding they bring, in
        the last 30 days. narrow: factor of the widths of all intervals. night: factor of the quantiles above the
        median of forecasts made between midnight and six. correlation: change of the correlation of two inputs in the
        last 60 days. gain: how much the model knows beyond the baseline. current: a release is in use, as good as this
        version. worse: factor of this version's errors at `worse_horizon`. unfair_night: factor of the waits of sex=F
        between midnight and six. certain_group: share inside p10-p90 of the unit group "group 1", of what it should
        be. late: factor of the waits of the last 43 days, whatever the inputs. trend: factor of arrivals on the last
        day, reached in equal steps over the last twenty weeks.
    """

    days: int = 560
    visits: int = 140
    memory: float = 0.5
    missed: float = 0.08
    noise: float = 0.65
    tail: float = 8.0
    week: float = 1.0
    year: float = 1.0
    women: float = 0.5
    unfair: float = 1.0
    certain: float = 1.0
    shift: float = 1.0
    narrow: float = 1.0
    night: float = 1.0
    correlation: float = 0.0
    gain: float = 1.0
    current: bool = False
    worse: float = 1.0
    worse_horizon: float = 24.0
    unfair_night: float = 1.0
    certain_group: float = 1.0
    late: float = 1.0
    trend: float = 1.0

    @property
    def test_from(self) -> int:
        """First day of the test set: the last fifth."""
        return self.days - self.days // 5

    @property
    def validation_from(self) -> int:
        """First day of the validation set: a ninth, before the test set and a week's gap."""
        return self.test_from - 7 - self.days // 11

    @property
    def calibrate_from(self) -> int:
        """First day of the calibration set: a sixth, and a week's gap."""
        return self.validation_from - 7 - self.days * 16 // 100


def waits(hospital: Hospital, rng: np.random.Generator) -> Evidence:
    """Evidence of a wait-time model."""
    volume = _volume(hospital, rng)
    level = _ar(rng, hospital.days, hospital.memory) * 0.25
    missed = _ar(rng, hospital.days, hospital.memory) * hospital.missed
    day = np.repeat(np.arange(hospital.days), rng.poisson(hospital.visits * volume))
    at = (_START_DAY + day) * DAY + _minutes(rng, day.size) * 60_000_000
    order = np.argsort(at, kind="stable")
    day, at = day[order], at[order]
    X = _inputs(hospital, rng, day, volume)
    inputs = input_series(
        InputRows(at, X, _features(), counted=True),
        (_START_DAY + hospital.test_from) * DAY,
        _UTC,
        _epidemic_months(),
    )
    kept = (day >= hospital.calibrate_from) & ~_gap(hospital, day)
    day, at, triage = day[kept], at[kept], X[kept, 0].astype(np.float64)
    n = day.size
    # Crowding shows in the waits, and the model knows it; only what it misses of a day is its error.
    middle = np.exp(3.9 + level[day] + 0.5 * triage + 1.5 * np.log(volume[day]))
    female = rng.random(n) < hospital.women
    noise = hospital.noise * rng.standard_t(hospital.tail, n) * np.sqrt((hospital.tail - 2) / hospital.tail)
    hour = (at // HOUR) % 24
    unfair = np.where(hour < 6, hospital.unfair * hospital.unfair_night, hospital.unfair)
    outcome = middle * np.where(female, unfair, 1.0) * np.exp(noise)
    outcome = outcome * np.where(day >= hospital.days - _LATE_DAYS, hospital.late, 1.0)
    # A model fitted to both learns the middle of them: forecasts are too long for the others, too short for women.
    forecast = middle * unfair**hospital.women * np.exp(missed[day] + rng.normal(0, 0.05, n))
    baseline = np.exp(
        3.9 + (0.5 * triage + level[day]) * 0.5 * hospital.gain + np.log(middle / 49.4) * (1 - hospital.gain)
    )
    baseline = baseline * np.exp(rng.normal(0, 0.2 * hospital.gain, n))
    if hospital.gain == 0:
        baseline = forecast * np.exp(rng.normal(0, 0.01, n))
    patience = rng.exponential(3000, n)
    censored = patience < outcome
    waited = np.minimum(patience, outcome)
    every = Scored(
        row_id=_names(n, "v"),
        prediction_time=at,
        target_time=at + (waited * 60e6).astype(np.int64),
        horizon_hours=np.zeros(n),
        unit_group=_filled(n, "ED"),
        site=_filled(n, ""),
        local_hour=hour,
        outcome=np.where(censored, np.nan, outcome),
        censored=censored,
        waited=waited,
        weight=np.where(censored, 0.0, np.exp(np.minimum(outcome / 3000, np.log(10.0)))),
        quantiles=_wait_quantiles(hospital, forecast, female, hour),
        baselines={"recent_median": baseline, "last_wait": baseline * np.exp(rng.normal(0, 0.6, n))},
        audit={
            "sex": np.where(female, "F", "M").astype(object),
            "language": np.where(rng.random(n) < 0.08, "other", "fr").astype(object),
            "age_band": rng.choice([a for a, _ in _AGES], n, p=[p for _, p in _AGES]).astype(object),
        },
        counts=False,
    )
    return _evidence("wait-time", hospital, every, day, inputs, rng)


def _wait_quantiles(hospital: Hospital, forecast: Array, female: Array, hour: Array) -> Array:
    """Quantiles of a log-normal forecast calibrated to the hospital's noise, with its flaws: [n, levels]."""
    spread = hospital.narrow * np.sqrt(hospital.noise**2 + hospital.missed**2)
    share = 0.8 * hospital.certain
    narrower = stats.norm.ppf((1 + share) / 2) / stats.norm.ppf(0.9)
    z = _Z[None, :] * np.where(female, narrower, 1.0)[:, None]
    quantiles = forecast[:, None] * np.exp(spread * z)
    above = (hour < 6)[:, None] & (_Z > 0)[None, :]
    lowered = np.maximum(quantiles * hospital.night, forecast[:, None])
    return np.where(above, lowered, quantiles)


def beds(hospital: Hospital, rng: np.random.Generator, *, units: int = 10) -> Evidence:
    """Evidence of a bed-demand model: the best forecast of a hidden process, beside its last value."""
    horizons = np.array([4.0, 8.0, 24.0, 72.0])
    memory = 0.84 ** (1 / 6)  # from one four-hour step to the next
    steps = hospital.days * 6 + 60
    common = _ar(rng, steps, memory)[:, None]
    own = np.column_stack([_ar(rng, steps, memory) for _ in range(units)])
    hidden = 3.0 * (np.sqrt(0.3) * common + np.sqrt(0.7) * own)
    mean = rng.uniform(15, 40, units)
    step = np.arange(hospital.calibrate_from * 6, hospital.days * 6)
    step = step[~_gap(hospital, step // 6)]
    s, u, h = (
        x.ravel() for x in np.meshgrid(step, np.arange(units), np.arange(horizons.size), indexing="ij")
    )
    ahead = (horizons[h] / 4).astype(np.int64)
    keeps = memory**ahead
    now = hidden[s, u]
    outcome = np.maximum(np.round(mean[u] + hidden[s + ahead, u]), 0)
    told = 0.18 * hospital.gain  # share of what is still to come that booked admissions and crowding tell
    expected = (keeps if hospital.gain else 1.0) * now
    forecast = mean[u] + expected + told * (hidden[s + ahead, u] - expected) + rng.normal(0, 0.1, s.size)
    # Counts are rounded, and judged spread over their unit interval: each adds a twelfth to the variance.
    spread = np.sqrt((1 - told) ** 2 * 9.0 * (1 - keeps**2) + 2 / 12 + 0.01) * hospital.narrow
    at = _START_DAY * DAY + s * 4 * HOUR
    n = s.size
    share = np.where(u % 4 == 1, 0.8 * hospital.certain_group, 0.8)
    width = spread * stats.norm.ppf((1 + share) / 2) / stats.norm.ppf(0.9)
    quantiles = forecast[:, None] + width[:, None] * _Z
    if (
        hospital.worse != 1
    ):  # errors that are larger by a factor, with intervals as wide as they should then be
        mine = (horizons[h] == hospital.worse_horizon)[:, None]
        worse = outcome + hospital.worse * (forecast - outcome)
        quantiles = np.where(mine, worse[:, None] + hospital.worse * spread[:, None] * _Z, quantiles)
    every = Scored(
        row_id=_names(n, "b"),
        prediction_time=at,
        target_time=at + (horizons[h] * HOUR).astype(np.int64),
        horizon_hours=horizons[h],
        unit_group=np.array([f"group {i % 4}" for i in range(units)], object)[u],
        site=_filled(n, ""),
        local_hour=(at // HOUR) % 24,
        outcome=outcome,
        censored=np.zeros(n, bool),
        waited=np.full(n, np.nan),
        weight=np.ones(n),
        quantiles=quantiles,
        baselines={"last_value": np.round(mean[u] + now), "usual": np.full(n, 1.0) * mean[u]},
        audit={},
        counts=True,
    )
    other = forecast[:, None] + rng.normal(0, 0.1, n)[:, None] + spread[:, None] * _Z
    return _evidence("bed-demand", hospital, every, s // 6, daily_inputs(hospital, rng), rng, other)


def daily_inputs(hospital: Hospital, rng: np.random.Generator, *, inputs: int = 20) -> tuple[DailyInput, ...]:
    """Daily inputs with weeks, a year, winter epidemics and memory; most follow the crowding of the day."""
    days = _START_DAY + np.arange(hospital.days)
    crowd = _volume(hospital, rng) * np.exp(0.08 * _ar(rng, hospital.days, hospital.memory))

    def daily(name: str, what: str, values: Array) -> DailyInput:
        test_start = _START_DAY + hospital.test_from
        return daily_input(name, what, days, values, test_start, FRANCE, _epidemic_months())

    out = []
    for j in range(inputs):
        power = (1.0, 2.0, 0.0)[j % 3]  # arrivals, waiting rooms (twice as steep), and what does not follow
        own = np.exp(rng.uniform(0.05, 0.3) * _ar(rng, hospital.days, rng.uniform(0, 0.85)))
        values = 100 * crowd**power * own
        out.append(daily(f"input_{j}", "mean", values))
    arrivals = rng.poisson(hospital.visits * crowd).astype(np.float64)
    out.append(daily("arrivals", "count", arrivals))
    return tuple(out)


def _volume(hospital: Hospital, rng: np.random.Generator) -> Array:
    """Expected arrivals by day over the usual ones: weeks, a year, an epidemic each winter, and a shift at the end."""
    days = _START_DAY + np.arange(hospital.days)
    week = 1 + hospital.week * (_WEEK[days % 7] - 1)
    year = 1 + 0.03 * hospital.year * np.cos(2 * np.pi * (days - 170) / 365.25)
    peak = rng.integers(0, 60)  # of both winters nearly the same day: a later one is what drift looks like
    epidemic = 1 + 0.15 * np.exp(-0.5 * (((days - peak) % 365 - 30) / 15) ** 2)
    late = np.arange(hospital.days) >= hospital.days - _SHIFTED_DAYS
    grown = np.clip((np.arange(hospital.days) + 1 - hospital.days + _TREND_DAYS) / _TREND_DAYS, 0, 1)
    growth = np.where(late, hospital.shift, 1.0) * (1 + (hospital.trend - 1) * grown)
    return np.asarray(week * year * epidemic * growth)


def _inputs(hospital: Hospital, rng: np.random.Generator, day: Array, volume: Array) -> Array:
    """Inputs of visits: float32 [n, 8]; the second goes with the first within a day, the others follow the crowding."""
    n = day.size
    shared = rng.normal(size=n)
    moved = day >= hospital.days - 2 * _SHIFTED_DAYS
    together = np.clip(np.where(moved, 0.5 - hospital.correlation, 0.5), -0.99, 0.99)
    X = np.empty((n, _INPUTS), np.float32)
    X[:, 0] = shared
    X[:, 1] = together * shared + np.sqrt(1 - together**2) * rng.normal(size=n)
    for j in range(2, _INPUTS):
        power = (1.0, 2.0, 0.0)[j % 3]
        own = rng.uniform(0.05, 0.25) * _ar(rng, hospital.days, rng.uniform(0, 0.85))
        X[:, j] = 20 * volume[day] ** power * np.exp(own[day] + rng.normal(0, 0.3, n))
    return X


def _epidemic_months() -> tuple[int, ...]:
    return default_policy().monitor.epidemic_months


def _features() -> tuple[Feature, ...]:
    names = ("severity", "pulse", "waiting", "boarding", "staff", "recent_wait", "arrived", "occupied")
    return tuple(Feature(name, "crowding", name, name) for name in names)


def _evidence(
    model: str,
    hospital: Hospital,
    every: Scored,
    day: Array,
    inputs: tuple[DailyInput, ...],
    rng: np.random.Generator,
    other: Array | None = None,
) -> Evidence:
    judged, chosen = day >= hospital.test_from, (day >= hospital.validation_from) & (day < hospital.test_from)
    test = every.part(judged)
    errors = error_series(every, (_START_DAY + hospital.test_from) * DAY, _UTC, _epidemic_months())
    current = None
    if hospital.current:
        noise = np.exp(rng.normal(0, 0.05, test.size))[:, None]
        current = test.quantiles * noise if other is None else other[judged]
    return Evidence(
        model=model,
        version="2" if hospital.current else "1",
        kind="model",
        package_digest="sha256:" + "0" * 64,
        validation=every.part(chosen),
        test=test,
        current=current,
        current_version="1" if hospital.current else None,
        current_expected=hospital.current,
        inputs=(*inputs, *errors),
        contract=ContractFacts(0, 0, 0, 0, 0, 0, 0, True, 0, test.size),
        explanation=ExplanationFacts(200, 900, 0, 1e-9, 1e-9, 0.02),
        history_days=float(hospital.days),
    )


def with_judge(evidence: Evidence, **columns: object) -> Evidence:
    """The same evidence with some columns of the judged rows replaced."""
    return replace(evidence, test=replace(evidence.test, **columns))  # type: ignore[arg-type]


def _minutes(rng: np.random.Generator, n: int) -> Array:
    """Minutes of the day of n arrivals, as many by six hours as everywhere: int64 [n]."""
    return np.asarray(rng.choice(4, n, p=_SIX_HOURS) * 360 + rng.integers(0, 360, n))


def _ar(rng: np.random.Generator, n: int, memory: float) -> Array:
    """A standardised AR(1) series of n steps."""
    noise = rng.normal(0, np.sqrt(1 - memory**2), n)
    noise[0] = rng.normal()
    return np.asarray(signal.lfilter([1.0], [1.0, -memory], noise))


def _gap(hospital: Hospital, day: Array) -> Array:
    """The weeks between two parts, so that no outcome of one falls into the other."""
    gaps = [(start - 7, start) for start in (hospital.test_from, hospital.validation_from)]
    return np.asarray(np.any([(day >= a) & (day < b) for a, b in gaps], axis=0))


def _names(n: int, prefix: str) -> Array:
    out = np.empty(n, object)
    out[:] = [f"{prefix}{i}" for i in range(n)]
    return out


def _filled(n: int, value: str) -> Array:
    out = np.empty(n, object)
    out[:] = value
    return out
