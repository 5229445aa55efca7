"""Synthetic evidence: hospitals whose truth is known, sound or with one flaw, in seconds instead of minutes.

Days depend on one another, weeks and seasons show, demand is a hidden process that forecasts see up to their
prediction time: what gates are judged by before they judge.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from hospital.events import Array
from hospital.quantiles import LEVELS
from hospital.times import DAY, HOUR
from registry.evidence import ContractFacts, DailyInput, Evidence, ExplanationFacts, Scored
from registry.seasonal import fit_season

__all__ = ["Hospital", "beds", "daily_inputs", "waits"]

_START_DAY = 19_700  # a day of December 2023; every part counts from it
_Z = stats.norm.ppf(np.array(LEVELS))
_AGES = (("0-15", 0.23), ("16-39", 0.28), ("40-64", 0.26), ("65-79", 0.12), ("80+", 0.11))


@dataclass(frozen=True)
class Hospital:
    """What is true of a synthetic hospital.

    Attributes:
        days: of history. visits: a day. memory: correlation of a day's level with the day before.
        unfair: factor of the waits of sex=F that no feature shows. shift: factor of arrivals and crowding in
        the last 30 days. narrow: factor of the model's interval widths. gain: how much the model knows beyond
        the baseline, 0 to 1.
    """

    days: int = 450
    visits: int = 140
    memory: float = 0.5
    unfair: float = 1.0
    shift: float = 1.0
    narrow: float = 1.0
    gain: float = 1.0

    @property
    def judge_from(self) -> int:
        """First day of the judge part: the last fifth."""
        return self.days - self.days // 5

    @property
    def scope_from(self) -> int:
        """First day of the scope part: a ninth, before the judge part and a week's gap."""
        return self.judge_from - 7 - self.days // 11


def waits(hospital: Hospital, rng: np.random.Generator) -> Evidence:
    """Evidence of a wait-time model."""
    level = _ar(rng, hospital.days, hospital.memory) * 0.25
    seen = _ar(rng, hospital.days, hospital.memory) * 0.08  # what the model misses of a day
    day = np.repeat(np.arange(hospital.days), rng.poisson(hospital.visits, hospital.days))
    day = day[(day >= hospital.scope_from) & ~_gap(hospital, day)]
    n = day.size
    at = (_START_DAY + day) * DAY + np.sort(rng.integers(0, 24 * 60, n)) * 60_000_000
    order = np.argsort(at, kind="stable")
    day, at = day[order], at[order]
    triage = rng.normal(0, 0.5, n)
    female = rng.random(n) < 0.5
    factor = np.where(female, hospital.unfair, 1.0)
    middle = np.exp(3.9 + level[day] + triage)
    outcome = middle * factor * np.exp(0.65 * rng.standard_t(8, n) / np.sqrt(8 / 6))
    forecast = middle * np.sqrt(hospital.unfair) * np.exp(seen[day] + rng.normal(0, 0.05, n))
    rule = np.exp(
        3.9 + (triage + level[day]) * 0.5 * hospital.gain + np.log(middle / 49.4) * (1 - hospital.gain)
    )
    rule = rule * np.exp(rng.normal(0, 0.2 * hospital.gain, n))
    if hospital.gain == 0:
        rule = forecast * np.exp(rng.normal(0, 0.01, n))
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
        local_hour=(at // HOUR) % 24,
        outcome=np.where(censored, np.nan, outcome),
        censored=censored,
        waited=waited,
        weight=np.where(censored, 0.0, np.minimum(np.exp(outcome / 3000), 10.0)),
        quantiles=forecast[:, None] * np.exp(0.66 * hospital.narrow * _Z),
        baselines={"recent_median": rule, "last_wait": rule * np.exp(rng.normal(0, 0.6, n))},
        audit={
            "sex": np.where(female, "F", "M").astype(object),
            "language": np.where(rng.random(n) < 0.08, "other", "fr").astype(object),
            "age_band": rng.choice([a for a, _ in _AGES], n, p=[p for _, p in _AGES]).astype(object),
        },
        counts=False,
    )
    return _evidence("wait-time", hospital, every, day, daily_inputs(hospital, rng))


def beds(hospital: Hospital, rng: np.random.Generator, *, units: int = 10) -> Evidence:
    """Evidence of a bed-demand model: the best forecast of a hidden process, beside its last value."""
    horizons = np.array([4.0, 8.0, 24.0, 72.0])
    memory = 0.84 ** (1 / 6)  # from one four-hour step to the next
    steps = hospital.days * 6 + 60
    common = _ar(rng, steps, memory)[:, None]
    hidden = 3.0 * (
        np.sqrt(0.3) * common
        + np.sqrt(0.7) * np.column_stack([_ar(rng, steps, memory) for _ in range(units)])
    )
    mean = rng.uniform(15, 40, units)
    step = np.arange(hospital.scope_from * 6, hospital.days * 6)
    step = step[~_gap(hospital, step // 6)]
    s, u, h = (
        x.ravel() for x in np.meshgrid(step, np.arange(units), np.arange(horizons.size), indexing="ij")
    )
    ahead = (horizons[h] / 4).astype(np.int64)
    keeps = memory**ahead
    now = hidden[s, u]
    outcome = np.maximum(np.round(mean[u] + hidden[s + ahead, u]), 0)
    told = 0.12 * hospital.gain  # share of what is still to come that booked admissions and crowding tell
    expected = (keeps if hospital.gain else 1.0) * now
    forecast = mean[u] + expected + told * (hidden[s + ahead, u] - expected) + rng.normal(0, 0.1, s.size)
    spread = np.sqrt((1 - told) ** 2 * 9.0 * (1 - keeps**2) + 1 / 12 + 0.01) * hospital.narrow
    at = _START_DAY * DAY + s * 4 * HOUR
    n = s.size
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
        quantiles=forecast[:, None] + spread[:, None] * _Z,
        baselines={"last_value": np.round(mean[u] + now), "usual": np.full(n, 1.0) * mean[u]},
        audit={},
        counts=True,
    )
    return _evidence("bed-demand", hospital, every, s // 6, daily_inputs(hospital, rng))


def daily_inputs(hospital: Hospital, rng: np.random.Generator, *, inputs: int = 20) -> tuple[DailyInput, ...]:
    """Daily inputs with weeks, a year, winter epidemics and memory; most follow the crowding of the day."""
    days = _START_DAY + np.arange(hospital.days)
    week = np.array([1.13, 1.04, 1.0, 1.0, 0.96, 0.93, 0.94])[days % 7]
    year = 1 + 0.03 * np.cos(2 * np.pi * (days - 170) / 365.25)
    epidemic = 1 + 0.15 * np.exp(-0.5 * (((days - rng.integers(0, 60)) % 365 - 30) / 15) ** 2)
    crowd = week * year * epidemic * np.exp(0.08 * _ar(rng, hospital.days, hospital.memory))
    late = np.arange(hospital.days) >= hospital.days - 30
    crowd = np.where(late, hospital.shift, 1.0) * crowd
    out = []
    for j in range(inputs):
        power = (1.0, 2.0, 0.0)[j % 3]  # arrivals, waiting rooms (twice as steep), and what does not follow
        own = np.exp(rng.uniform(0.05, 0.3) * _ar(rng, hospital.days, rng.uniform(0, 0.85)))
        values = 100 * crowd**power * own
        fit = fit_season(days, values, int(_START_DAY + hospital.judge_from))
        out.append(DailyInput(f"input_{j}", "mean", fit.level, fit.spread, fit.earlier, fit.judged))
    return tuple(out)


def _evidence(
    model: str, hospital: Hospital, every: Scored, day: Array, inputs: tuple[DailyInput, ...]
) -> Evidence:
    judge = every.part(day >= hospital.judge_from)
    return Evidence(
        model=model,
        version="1",
        kind="model",
        package_digest="sha256:" + "0" * 64,
        scope_part=every.part(day < hospital.judge_from),
        judge=judge,
        current=None,
        current_version=None,
        current_expected=False,
        inputs=inputs,
        contract=ContractFacts(0, 0, 0, 0, 0, 0, 0, True, 0, judge.size),
        explanation=ExplanationFacts(200, 900, 0, 1e-9, 1e-9, 0.02),
        history_days=float(hospital.days),
    )


def with_judge(evidence: Evidence, **columns: object) -> Evidence:
    """The same evidence with some columns of the judged rows replaced."""
    return replace(evidence, judge=replace(evidence.judge, **columns))  # type: ignore[arg-type]


def _ar(rng: np.random.Generator, n: int, memory: float) -> Array:
    """A standardised AR(1) series of n steps."""
    noise = rng.normal(0, np.sqrt(1 - memory**2), n)
    noise[0] = rng.normal()
    out = np.empty(n)
    last = 0.0
    for i, x in enumerate(noise):
        last = memory * last + x
        out[i] = last
    return out


def _gap(hospital: Hospital, day: Array) -> Array:
    """The week between the scope part and the judge part, so that no outcome of one falls into the other."""
    return np.asarray((day >= hospital.judge_from - 7) & (day < hospital.judge_from))


def _names(n: int, prefix: str) -> Array:
    out = np.empty(n, object)
    out[:] = [f"{prefix}{i}" for i in range(n)]
    return out


def _filled(n: int, value: str) -> Array:
    out = np.empty(n, object)
    out[:] = value
    return out
