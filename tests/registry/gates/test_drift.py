"""The drift gate and the season model it stands on, broken on purpose."""

import os
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from hospital.arrays import Array
from hospital.features.feature import Feature
from hospital.holidays.place import Place
from hospital.times import DAY
from registry.evidence.records import DailyInput, Evidence
from registry.facts.daily_series import InputRows, daily_input, error_series, input_series, outcome_series
from registry.gates import GateResult, Verdict
from registry.gates.drift import judge_drift
from registry.policy.board_policy import default_policy
from registry.statistics.season_trend import FRANCE
from tests.support.synthetic_evidence import Hospital, daily_inputs, waits

POLICY = default_policy()
MONTHS = POLICY.monitor.epidemic_months


@pytest.fixture(scope="module")
def sound() -> Evidence:
    """A sound hospital."""
    return waits(Hospital(visits=20), np.random.default_rng(4))


def judged(sound: Evidence, *inputs: DailyInput) -> GateResult:
    """The gate's result on other inputs."""
    return judge_drift(replace(sound, inputs=inputs), POLICY)


def daily(values: Array, judged_days: int = 90, what: str = "mean", *, year_known: bool = True) -> DailyInput:
    """An input from its daily values."""
    days = 19_700 + np.arange(values.size)
    held = daily_input("input", what, days, values, 19_700 + values.size - judged_days, FRANCE, MONTHS)
    return replace(held, year_known=year_known)


def test_sound_hospitals_rarely_alarm(sound: Evidence) -> None:
    """Weeks, a year, epidemics and memory are not drift: 20 inputs each of 40 hospitals."""
    verdicts = [
        judged(sound, *daily_inputs(Hospital(days=500), np.random.default_rng(seed))).verdict
        for seed in range(40)
    ]
    assert sum(v is not Verdict.PASS for v in verdicts) <= 2


@pytest.mark.parametrize("hospital", [Hospital(days=365), Hospital(days=365, trend=1.2), Hospital(days=490)])
def test_without_thirteen_months_what_arrivals_may_hide_keeps_the_gate_shut(
    sound: Evidence, hospital: Hospital
) -> None:
    """A season that was never seen may hide a fifth more patients: that they are not shown opens nothing."""
    for seed in range(10):
        result = judged(sound, *daily_inputs(hospital, np.random.default_rng(seed)))
        (arrivals,) = (f for f in result.findings if f.metric == "volume_shift")
        assert result.verdict is not Verdict.PASS
        assert (arrivals.verdict, arrivals.note) == (Verdict.INCONCLUSIVE, "season_hides") or (
            arrivals.verdict is Verdict.BLOCK or arrivals.note == "season_unknown"
        )


@pytest.mark.parametrize("memory", [0.3, 0.6])
def test_arrivals_times_1_6_in_the_last_month_are_always_found(sound: Evidence, memory: float) -> None:
    """The flaw that anyone can try: all of 40 hospitals are blocked."""
    hospital = Hospital(days=490, memory=memory, shift=1.6)
    for seed in range(40):
        assert judged(sound, *daily_inputs(hospital, np.random.default_rng(seed))).verdict is Verdict.BLOCK


def test_a_small_real_shift_passes_with_a_warning(sound: Evidence) -> None:
    """Certain and below the policy's effect: said, not blocked."""
    values = np.random.default_rng(1).normal(100, 10, 450)
    values[-60:] += 5
    result = judged(sound, daily(values))
    assert result.verdict is Verdict.PASS
    assert result.findings[0].note == "shift_below_effect"


def test_a_figure_that_hardly_varied_does_not_alarm_at_nothing(sound: Evidence) -> None:
    """Constant inputs, and one that moved by 1 %, are no drift; one that moved by a fifth is."""
    constant, moved, drifted = (np.full(450, 37.0) for _ in range(3))
    moved[-60:] *= 1.01
    drifted[-60:] *= 1.2
    assert judged(sound, daily(constant)).findings[0].note == ""
    assert judged(sound, daily(moved)).verdict is Verdict.PASS
    assert judged(sound, daily(drifted)).verdict is Verdict.BLOCK


def test_values_that_go_missing_are_blocked(sound: Evidence) -> None:
    """A monitor that was unplugged: 30 points more missing."""
    share = np.random.default_rng(2).uniform(0.05, 0.1, 450)
    assert judged(sound, daily(share, what="missing")).verdict is Verdict.PASS
    share[-40:] += 0.3
    result = judged(sound, daily(share, what="missing"))
    assert result.verdict is Verdict.BLOCK
    assert result.findings[0].metric == "missing_shift"


def test_what_happened_before_is_not_new(sound: Evidence) -> None:
    """A wave as high as last year's does not block."""
    values = np.random.default_rng(3).normal(100, 5, 450)
    values[40:70] += 20
    values[-30:] += 15
    quiet = np.random.default_rng(4).normal(100, 5, 450)
    result = judged(sound, daily(values), daily(quiet))
    assert [f.verdict for f in result.findings] == [Verdict.NOT_SHOWN, Verdict.PASS]
    assert result.verdict is Verdict.PASS


def test_one_sound_input_does_not_excuse_another(sound: Evidence) -> None:
    """The worst input decides."""
    values = np.random.default_rng(5).normal(100, 10, 450)
    shifted = values.copy()
    shifted[-60:] += 60
    assert judged(sound, daily(values), daily(shifted)).verdict is Verdict.BLOCK


def test_too_few_days_nans_or_no_input_are_inconclusive(sound: Evidence) -> None:
    """A short past, a number that is none, nothing at all: none of them passes."""
    values = np.random.default_rng(6).normal(100, 10, 450)
    fine = daily(values)
    assert judged(sound, daily(values[:150])).verdict is Verdict.INCONCLUSIVE
    assert judged(sound, daily(values, judged_days=20)).verdict is Verdict.INCONCLUSIVE
    assert judged(sound, replace(fine, judged=np.full(90, np.nan))).verdict is Verdict.INCONCLUSIVE
    assert judged(sound, replace(fine, spread=float("nan"))).verdict is Verdict.INCONCLUSIVE
    unknown = np.full_like(fine.fit_error, np.nan)
    assert judged(sound, replace(fine, fit_error=unknown)).verdict is Verdict.INCONCLUSIVE
    assert judged(sound, daily(np.full(450, np.nan))).verdict is Verdict.INCONCLUSIVE
    assert judged(sound).verdict is Verdict.INCONCLUSIVE


def test_the_season_model_takes_out_weeks_and_holidays() -> None:
    """Monday is not drift, and neither is 14 July."""
    days = 19_700 + np.arange(450)
    week = np.where(days % 7 < 2, 60.0, 100.0)
    fit = daily_input("x", "mean", days, week, 19_700 + 360, FRANCE, MONTHS)
    assert np.abs(fit.judged).max() < 1e-3
    assert fit.earlier.size == 360
    assert fit.level == pytest.approx(float(week[:360].mean()))


def test_the_yearly_wave_needs_thirteen_months() -> None:
    """With less it is left in the residuals; with more it is taken out."""
    days = 19_700 + np.arange(520)
    wave = 100 + 20 * np.cos(2 * np.pi * days / 365.25)
    short = daily_input("x", "mean", days[:450], wave[:450], 19_700 + 360, FRANCE, MONTHS)
    long = daily_input("x", "mean", days, wave, 19_700 + 430, FRANCE, MONTHS)
    assert np.abs(short.judged).max() > 5
    assert np.abs(long.judged).max() < 0.5


def test_the_bound_is_wider_by_what_the_season_model_itself_does_not_know(sound: Evidence) -> None:
    """By hand: four weeks of a fit error of length 0.5 add 28 x 0.25 variances of their mean to the one it has."""
    earlier = np.tile([1.0, -1.0], 14 * 16)
    exact = DailyInput("x", "bias", 0.0, 1.0, earlier, np.full(28, 0.5), np.zeros((28, 2)))
    uncertain = replace(exact, fit_error=np.tile([0.3, 0.4], (28, 1)))

    def half_width(series: DailyInput) -> float:
        finding = judged(sound, series).findings[0]
        assert finding.interval is not None
        return finding.interval[1] - finding.value

    assert half_width(uncertain) / half_width(exact) == pytest.approx(np.sqrt(8), rel=1e-12)


def test_days_without_a_value_are_left_out() -> None:
    """A gap is not a zero."""
    days = 19_700 + np.arange(450)
    values = np.full(450, 50.0)
    values[100:110] = np.nan
    fit = daily_input("x", "mean", days, values, 19_700 + 360, FRANCE, MONTHS)
    assert fit.earlier.size == 350
    assert np.abs(fit.judged).max() < 1e-3


@pytest.mark.parametrize(
    ("what", "level", "noise", "small", "large", "metric", "shown"),
    [
        ("count", 170.0, 8.0, 12.0, 34.0, "volume_shift", "count_up"),
        ("outcome", 4.0, 0.05, 0.06, -0.3, "outcome_shift", "outcome_down"),
        ("correlation", 0.5, 0.05, 0.05, -0.2, "correlation_shift", "correlation"),
        ("bias", 0.0, 0.05, 0.05, 0.2, "bias_shift", "bias_up"),
        ("loss", 0.5, 0.04, 0.06, 0.2, "error_rise", "loss"),
    ],
)
def test_each_family_has_an_effect_of_its_own(
    sound: Evidence,
    what: str,
    level: float,
    noise: float,
    small: float,
    large: float,
    metric: str,
    shown: str,
) -> None:
    """Nothing passes, a little passes with a warning, a fifth blocks."""
    values = np.random.default_rng(7).normal(level, noise, 500)
    assert judged(sound, daily(values, what=what)).findings[0].note == ""
    for moved, verdict, note in ((small, Verdict.PASS, "shift_below_effect"), (large, Verdict.BLOCK, shown)):
        shifted = values.copy()
        shifted[-60:] += moved
        finding = judged(sound, daily(shifted, what=what)).findings[0]
        assert (finding.metric, finding.verdict, finding.note) == (metric, verdict, note)


def test_errors_that_got_smaller_are_no_drift(sound: Evidence) -> None:
    """Only a rise of the error counts; a bias does, either way."""
    values = np.random.default_rng(7).normal(0.5, 0.04, 500)
    values[-60:] -= 0.3
    assert judged(sound, daily(values, what="loss")).verdict is Verdict.PASS
    assert judged(sound, daily(values, what="bias")).verdict is Verdict.BLOCK


def test_without_a_whole_year_a_shift_may_be_a_season(sound: Evidence) -> None:
    """Six to thirteen months of history: inconclusive, unless it is twice the effect."""
    values = np.random.default_rng(3).normal(170, 6, 300)
    for moved, known, verdict in (
        (30.0, True, Verdict.BLOCK),
        (30.0, False, Verdict.INCONCLUSIVE),
        (80.0, False, Verdict.BLOCK),
        (0.0, False, Verdict.PASS),
    ):
        shifted = values.copy()
        shifted[-60:] += moved
        assert judged(sound, daily(shifted, what="count", year_known=known)).verdict is verdict


def test_two_inputs_that_no_longer_go_together_are_found() -> None:
    """Each of them is as it was; only how they go together has changed."""
    changed = waits(Hospital(correlation=0.3), np.random.default_rng(4))
    result = judge_drift(changed, POLICY)
    blocked = {f.group for f in result.findings if f.verdict is Verdict.BLOCK}
    assert blocked == {"severity ~ pulse"}
    as_before = waits(Hospital(), np.random.default_rng(4))
    assert "severity ~ pulse" in {f.group for f in judge_drift(as_before, POLICY).findings}
    assert judge_drift(as_before, POLICY).verdict is Verdict.PASS


def test_a_busy_winter_does_not_change_how_inputs_go_together() -> None:
    """Correlations are within a day: what moves both from day to day is no part of them."""
    rng = np.random.default_rng(5)
    day = np.repeat(np.arange(500), 60)
    busy = np.where((day > 400) & (day < 440), 3.0, 0.0) + rng.normal(size=500)[day]
    X = np.column_stack([busy + rng.normal(size=day.size), busy + rng.normal(size=day.size)])
    both = Feature("a", "crowding", "a", "a"), Feature("b", "crowding", "b", "b")
    rows = InputRows((19_700 + day) * DAY, X, both, counted=False)
    found = input_series(rows, (19_700 + 400) * DAY, Place(ZoneInfo("UTC")), MONTHS)
    assert {d.what for d in found} == {"mean"}  # within a day they do not go together at all


def test_rows_in_any_order_make_the_same_series() -> None:
    """Two inputs that go together within a day and have holes, by the order of time and shuffled."""
    rng, zone = np.random.default_rng(8), Place(ZoneInfo("Europe/Paris"))
    at = (19_700 * DAY + np.sort(rng.integers(0, 450 * DAY, 22_000))).astype(np.int64)
    a = rng.normal(size=at.size)
    X = np.column_stack([a, a + rng.normal(size=at.size)])
    X[rng.random(at.size) < 0.05, 1] = np.nan
    both = Feature("a", "crowding", "a", "a"), Feature("b", "crowding", "b", "b")
    order = rng.permutation(at.size)
    one, other = (
        input_series(InputRows(at[i], X[i], both, counted=True), 20_050 * DAY, zone, MONTHS)
        for i in (np.arange(at.size), order)
    )
    assert [d.what for d in one] == ["count", "mean", "mean", "missing", "correlation"]
    for first, second in zip(one, other, strict=True):
        assert (first.name, first.what) == (second.name, second.what)
        np.testing.assert_allclose(second.earlier, first.earlier, atol=1e-9)
        np.testing.assert_allclose(second.judged, first.judged, atol=1e-9)


def test_errors_are_those_of_days_that_no_tree_was_fitted_to() -> None:
    """Signed and absolute, by day, with the first and last day left out."""
    evidence = waits(Hospital(), np.random.default_rng(6))
    bias, loss = (d for d in evidence.inputs if d.name == "forecast_error")
    assert (bias.what, loss.what) == ("bias", "loss")
    assert abs(bias.level) < 0.1 < loss.level
    assert (
        error_series(
            evidence.test.part(np.zeros(evidence.test.size, bool)), 0, Place(ZoneInfo("UTC")), MONTHS
        )
        == ()
    )


def test_the_days_of_a_clock_change_are_days_like_any_other() -> None:
    """A visit every half hour for a year and a half of Paris: 46, 48 or 50 a day, and no day twice or missing."""
    zone = Place(ZoneInfo("Europe/Paris"))
    at = np.arange(19_700 * DAY, 20_200 * DAY, 1_800_000_000)
    features = (Feature("a", "crowding", "a", "a"),)
    rows = InputRows(at, np.ones((at.size, 1)), features, counted=True)
    arrivals = input_series(rows, 20_100 * DAY, zone, MONTHS)[0]
    assert (arrivals.name, arrivals.what) == ("arrivals", "count")
    assert arrivals.earlier.size + arrivals.judged.size in (498, 499)
    assert np.abs(arrivals.judged).max() < 3
    assert arrivals.level == pytest.approx(48, abs=0.1)


def _wide(size: int = 450) -> Array:
    """An input whose days depend on one another: a mean of four weeks strays by more than its effect."""
    rng, values = np.random.default_rng(11), np.zeros(size)
    for day in range(1, size):
        values[day] = 0.95 * values[day - 1] + rng.normal()
    return 100 + 5 * values


@pytest.mark.parametrize("what", ["mean", "missing", "correlation", "outcome", "loss"])
def test_an_interval_that_reaches_beyond_the_limit_is_no_pass(sound: Evidence, what: str) -> None:
    """Neither a shift nor its absence is shown: its own verdict, which by itself opens nothing."""
    values = _wide() / {"mean": 1, "loss": 0.25}.get(what, 50) - (300 if what == "loss" else 0)
    result = judged(sound, daily(values, what=what))
    finding = result.findings[0]
    assert finding.interval is not None
    assert finding.threshold is not None
    assert max(abs(bound) for bound in finding.interval) > finding.threshold
    assert (finding.verdict, finding.note, finding.power) == (Verdict.NOT_SHOWN, "not_shown", None)
    assert what == "outcome" or result.verdict is Verdict.INCONCLUSIVE  # which has a trend beside it
    assert not finding.verdict.opens


@pytest.mark.parametrize("what", ["count", "mean", "missing", "correlation", "outcome", "bias", "loss"])
def test_whatever_passes_lies_wholly_within_its_limit(sound: Evidence, what: str) -> None:
    """For quiet and restless series alike, with and without a shift."""
    seen = set()
    for seed in range(25):
        rng = np.random.default_rng(seed)
        level = {"count": 100.0, "loss": 1.0}.get(what, 0.5)
        values = (
            level + rng.normal(0, level * rng.uniform(0.01, 0.6), 480) + _wide(480) * rng.uniform(0, 0.002)
        )
        values[-50:] += level * rng.uniform(-0.1, 0.1)
        finding = judged(sound, daily(values, what=what)).findings[0]
        seen.add(finding.verdict)
        if finding.verdict is Verdict.PASS:
            assert finding.interval is not None
            assert finding.threshold is not None
            low, high = finding.interval
            assert high <= finding.threshold
            assert what == "loss" or low >= -finding.threshold
    assert Verdict.PASS in seen


@pytest.mark.parametrize(("what", "level", "noise"), [("count", 100.0, 60.0), ("bias", 0.0, 0.6)])
def test_what_could_not_have_been_seen_is_no_pass(
    sound: Evidence, what: str, level: float, noise: float
) -> None:
    """Days that vary so much that a shift that matters would be missed: inconclusive, and says so."""
    rng = np.random.default_rng(12)
    blind = judged(sound, daily(rng.normal(level, noise, 480), what=what))
    finding = blind.findings[0]
    assert (finding.verdict, finding.note, blind.verdict) == (
        Verdict.INCONCLUSIVE,
        "no_power",
        Verdict.INCONCLUSIVE,
    )
    assert (finding.power or 0.0) < POLICY.document.drift.power
    seeing = judged(sound, daily(rng.normal(level, noise / 12, 480), what=what)).findings[0]
    assert seeing.verdict is Verdict.PASS
    assert (seeing.power or 0.0) > 0.99


def test_the_power_that_is_stated_is_the_power_there_is(sound: Evidence) -> None:
    """Shifts of the stated size put into a hundred series: about as many are seen as was said."""
    at, stated, seen = POLICY.document.drift.volume_seen, [], 0
    for seed in range(100):
        values = np.random.default_rng(seed).normal(100, 32, 480)
        stated.append(judged(sound, daily(values, what="count")).findings[0].power or 0.0)
        values[-56:] += 100 * at
        seen += judged(sound, daily(values, what="count")).findings[0].verdict is Verdict.BLOCK
    assert 0.5 < np.mean(stated) < 0.99
    assert seen / 100 == pytest.approx(float(np.mean(stated)), abs=0.1)


def test_arrivals_that_are_seen_well_carry_inputs_of_which_little_is_shown(sound: Evidence) -> None:
    """With the power a pass must have the gate passes beside inputs that are for information; else not."""
    rng = np.random.default_rng(13)
    seen = daily(rng.normal(100, 6, 450), what="count")
    blind = daily(rng.normal(100, 60, 450), what="count")
    restless = daily(_wide())
    assert judged(sound, seen, restless).verdict is Verdict.PASS
    assert judged(sound, blind, restless).verdict is Verdict.INCONCLUSIVE


def _department(seed: int, days: int = 560) -> tuple[Array, Array]:
    """(arrivals a day, mean log wait) of a department with weeks, a year and days that depend on one another."""
    rng, day = np.random.default_rng(seed), np.arange(days)
    season = 1 + 0.05 * np.cos(2 * np.pi * (day - 20) / 365.25) + 0.05 * (day % 7 == 0)
    level = np.zeros(days)
    for d in range(1, days):
        level[d] = 0.4 * level[d - 1] + rng.normal(0, 0.08)
    return rng.poisson(150 * season * np.exp(0.3 * level)).astype(float), 4.3 + season + level


@pytest.mark.parametrize("seed", range(4))
def test_longer_waits_trends_and_epidemics_are_seen(sound: Evidence, seed: int) -> None:
    """Waits x 1.4 in the last 43 days; 1 % more a week, all along or for twenty weeks; an epidemic."""
    arrivals, waited = _department(seed)

    def notes(arrivals: Array, waited: Array) -> set[str]:
        result = judged(sound, daily(arrivals, 112, "count"), daily(waited, 112, "outcome"))
        shown = {f.note for f in result.findings if f.verdict is Verdict.BLOCK}
        assert (result.verdict is Verdict.BLOCK) == bool(shown)
        assert shown or result.verdict is Verdict.PASS
        return shown

    assert notes(arrivals, waited) == set()
    longer = waited.copy()
    longer[-43:] += np.log(1.4) * 0.85  # what ten minutes more leave of it
    assert notes(arrivals, longer) == {"outcome_up"}
    weeks = np.arange(arrivals.size) / 7
    assert "trend_up" in notes(arrivals * 1.01**weeks, waited)
    assert "trend_down" in notes(arrivals * 0.99**weeks, waited)
    assert "trend_up" in notes(arrivals, waited + 0.01 * weeks)
    late = np.clip(weeks - weeks[-1] + 20, 0, None)
    assert notes(arrivals * 1.01**late, waited) == {"count_up"}
    epidemic = arrivals.copy()
    epidemic[-28:] += 4.4 * arrivals.std()
    assert "count_up" in notes(epidemic, waited)


@pytest.mark.real_data
def test_longer_waits_are_seen_in_dated_visits() -> None:
    """Waits x 1.4 over the last 43 days of a department of which there are dated records."""
    folder = os.environ.get("VIGIE_REAL_DATA")
    if not folder:
        pytest.skip("VIGIE_REAL_DATA is not set: the real data sets are not on this machine")
    frame = pd.read_parquet(Path(folder) / "sem_synthetic_ed_visits_2017.parquet")
    arrived = frame["arrival_at_hospital"]
    wait = ((frame["resolve"] - arrived).dt.total_seconds() / 60).to_numpy()
    at = ((arrived - pd.Timestamp("1970-01-01")) // pd.Timedelta(microseconds=1)).to_numpy(np.int64)
    order = np.argsort(at, kind="stable")
    at, wait = at[order], wait[order]
    start = int(np.quantile(at, 0.8))
    late = at >= at.max() - 43 * DAY
    verdicts = []
    for factor in (1.0, 1.4):
        longer = np.where(late, wait * factor, wait)
        found = outcome_series(at, longer, np.ones(at.size), start, Place(ZoneInfo("UTC")), MONTHS)
        (shift, *_) = judge_drift(
            replace(waits(Hospital(visits=5), np.random.default_rng(1)), inputs=(found,)), POLICY
        ).findings
        verdicts.append((shift.verdict, shift.note))
    assert verdicts[0][0] is Verdict.NOT_SHOWN
    assert verdicts[1] == (Verdict.INCONCLUSIVE, "season_unknown")
