"""The drift gate at each of its limits: effects, error rates, power, trends, unknown seasons and days, by hand."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from hospital.arrays import Array
from registry.evidence.records import DailyInput, Evidence
from registry.gates import Finding, GateResult, Verdict
from registry.gates.drift import judge_drift
from registry.policy.board_policy import default_policy, load_policy
from registry.statistics.intervals import largest_window_mean, long_run_sd
from registry.statistics.long_run_variance import day_sd
from registry.statistics.verdict import undecided
from tests.support.sound_facts import waits
from tests.support.synthetic_evidence import Hospital

POLICY = default_policy()
ALPHA, RULES = POLICY.document.alpha, POLICY.document.drift
PASS, BLOCK, OPEN, UNSHOWN = Verdict.PASS, Verdict.BLOCK, Verdict.INCONCLUSIVE, Verdict.NOT_SHOWN
NOISE = np.random.default_rng(1).normal(size=280)
QUIET = NOISE * 1e-6
EFFECTS = {
    "count": RULES.volume_effect,
    "outcome": RULES.outcome_effect,
    "mean": RULES.effect,
    "missing": RULES.missing_effect,
    "correlation": RULES.correlation_effect,
    "bias": RULES.bias_effect,
    "loss": RULES.error_effect,
}
METRICS = {
    "count": "volume_shift",
    "outcome": "outcome_shift",
    "mean": "shift",
    "missing": "missing_shift",
    "correlation": "correlation_shift",
    "bias": "bias_shift",
    "loss": "error_rise",
}
FEW = ("count", "outcome", "bias", "loss")
HALF_WAY = (28, 42, 56)
"""The windows of these: the policy's, and the one between them."""
EVERY = tuple(EFFECTS)


@pytest.fixture(scope="module")
def sound() -> Evidence:
    """Evidence of which the daily series alone are judged."""
    return waits(Hospital(visits=5), np.random.default_rng(1))


def series(what: str, shift: float = 0.0, earlier: Array = QUIET, **more: Any) -> DailyInput:
    """A series on a level and with a spread of 1, whose last ninety days are all shifted by so much."""
    held = DailyInput("x", what, 1.0, 1.0, earlier, np.full(90, shift), np.zeros((90, 1)))
    return replace(held, **more)


def judged(sound: Evidence, *inputs: DailyInput) -> GateResult:
    """The gate on these series."""
    return judge_drift(replace(sound, inputs=inputs), POLICY)


def found(sound: Evidence, *inputs: DailyInput) -> Finding:
    """The finding on the shift of the first of these series."""
    return judged(sound, *inputs).findings[0]


@pytest.mark.parametrize("what", EVERY)
def test_a_sure_shift_blocks_beyond_its_effect_and_not_at_it(sound: Evidence, what: str) -> None:
    """In units of the effect: none, most of one, all of it, a little more; errors that fall are no drift."""
    effect = EFFECTS[what]
    names = {-1: what, 1: what} if what in ("correlation", "loss") else {-1: f"{what}_down", 1: f"{what}_up"}
    for sign in (-1, 1):
        for share, verdict, note in (
            (0.0, PASS, ""),
            (0.9, PASS, "shift_below_effect"),
            (1.0, UNSHOWN, "shift_not_bounded"),
            (1.001, BLOCK, names[sign]),
        ):
            finding = found(sound, series(what, sign * share * effect))
            value = sign * share * effect
            if what == "loss" and sign < 0:
                value, verdict, note = 0.0, PASS, ""
            assert (finding.metric, finding.verdict, finding.note) == (METRICS[what], verdict, note)
            assert finding.value == pytest.approx(value)
            assert (finding.threshold, finding.n, finding.required) == (effect, 90, True)


def test_scales_are_the_level_the_spread_or_a_twentieth_of_the_level(sound: Evidence) -> None:
    """Arrivals and errors as shares of their level, inputs in deviations, the others as they are; never of 0."""
    for what, level, spread, scale in (
        ("count", -50.0, 3.0, 50.0),
        ("loss", 0.5, 3.0, 0.5),
        ("mean", 10.0, 2.0, 2.0),
        ("mean", -100.0, 2.0, 100 * RULES.spread_floor),
        ("outcome", 4.0, 3.0, 1.0),
        ("missing", 4.0, 3.0, 1.0),
        ("correlation", 4.0, 3.0, 1.0),
        ("bias", 4.0, 3.0, 1.0),
    ):
        finding = found(sound, series(what, 0.06, level=level, spread=spread))
        assert finding.value == pytest.approx(0.06 / scale)
    for what in ("count", "mean"):  # nothing was there, and a billionth is not nothing
        finding = found(sound, series(what, 2e-9, np.zeros(280), level=0.0, spread=0.0))
        assert finding.value == pytest.approx(2.0)


@pytest.mark.parametrize("what", EVERY)
def test_without_a_whole_year_a_season_may_be_what_moved(sound: Evidence, what: str) -> None:
    """Up to twice the effect it is inconclusive, beyond it blocks; forecasts and correlations know the season."""
    effect = EFFECTS[what]
    seasonal = what in ("count", "outcome", "mean", "missing")
    assert RULES.unknown_season_factor == 2.0
    for share in (1.5, 2.0, 2.001):
        finding = found(sound, series(what, share * effect, year_known=False))
        blocks = share > 2 or not seasonal
        assert finding.verdict is (BLOCK if blocks else OPEN)
        assert (finding.note == "season_unknown") is not blocks
        assert finding.threshold == pytest.approx(effect * (2 if blocks and seasonal else 1))


@pytest.mark.parametrize("what", EVERY)
def test_a_large_shift_that_may_be_chance_keeps_the_gate_shut_where_it_would_matter(
    sound: Evidence, what: str
) -> None:
    """Beyond twice the effect and not certain: of waits and correlations it is only not shown."""
    effect = EFFECTS[what]
    wild = NOISE * 30 * effect
    for share in (1.99, 2.01):
        finding = found(sound, series(what, share * effect, wild))
        shuts = share > 2 and what not in ("outcome", "correlation")
        blind = what in ("count", "bias")
        if shuts:
            assert (finding.verdict, finding.note) == (OPEN, "uncertain_shift")
        elif blind:
            assert (finding.verdict, finding.note) == (OPEN, "no_power")
        else:
            assert (finding.verdict, finding.note, finding.required) == (UNSHOWN, "not_shown", True)
        assert finding.interval is not None
        assert finding.interval[0] < 0 < finding.interval[1]


@pytest.mark.parametrize("what", EVERY)
@pytest.mark.parametrize("lacking", ["earlier", "judged"])
def test_series_of_too_few_days_are_undecided(sound: Evidence, what: str, lacking: str) -> None:
    """A season of errors or four months of all else before, and four weeks of judged days; one less is too few.

    Required where a season could have moved it, or where a pass must have been able to see a shift.
    """
    least = RULES.minimum_outcome_days if what in ("bias", "loss") else RULES.minimum_earlier_days
    days = min(RULES.windows_days)
    whole = series(what, earlier=QUIET[:least], judged=np.zeros(days), fit_error=np.zeros((days, 1)))
    assert found(sound, whole).note in ("", "no_power", "not_shown", "not_shown_power")
    short = (
        replace(whole, earlier=QUIET[: least - 1])
        if lacking == "earlier"
        else replace(whole, judged=np.zeros(days - 1), fit_error=np.zeros((days - 1, 1)))
    )
    assert judged(sound, short).findings == (
        undecided(
            METRICS[what],
            "x",
            short.judged.size,
            "too_few_days",
            threshold=EFFECTS[what],
            required=what not in ("correlation", "loss"),
        ),
    )


@pytest.mark.parametrize("field", ["earlier", "judged", "fit_error", "spread", "level"])
def test_a_number_that_is_none_is_undecided(sound: Evidence, field: str) -> None:
    """Wherever it stands, and required."""
    fine = series("correlation")
    value = getattr(fine, field)
    broken: Any = {
        field: math.nan
        if isinstance(value, float)
        else np.where(np.arange(len(value)) == 3, np.nan, value.T).T
    }
    assert judged(sound, replace(fine, **broken)).findings == (
        undecided("correlation_shift", "x", 90, "not_a_number", threshold=EFFECTS["correlation"]),
    )


def test_nothing_to_judge_is_undecided(sound: Evidence) -> None:
    """A package whose record has no day."""
    assert judged(sound).findings == (undecided("inputs", "all", 0, "no_inputs"),)


def deviation(what: str, earlier: Array, window: int) -> float:
    """Of a window's mean: by the long-run deviation of a day for the few, by windows for the many."""
    return day_sd(earlier) / math.sqrt(window) if what in FEW else long_run_sd(earlier, window)


def reach(what: str, earlier: Array, window: int, alpha: float) -> float:
    """SciPy's two-sided t bound at alpha on a window's mean, and never under how far such means strayed before."""
    freedom = 1.5 * earlier.size / 15 if what in FEW else max(earlier.size // window, 2) - 1
    bound = float(stats.t(freedom).isf(alpha / 2)) * deviation(what, earlier, window)
    return max(bound, largest_window_mean(earlier, window))


@pytest.mark.parametrize(
    ("inputs", "few", "many"),
    [
        (("mean",), 0.0, 1 / 2),
        (("mean", "missing", "correlation"), 0.0, 1 / 6),
        (("count",), 1 / 3, 0.0),
        (("bias", "loss", "outcome"), 1 / 9, 0.0),
        (("count", "mean"), 1 / 6, 1 / 4),
        (("mean", "mean", "count", "bias"), 1 / 12, 1 / 8),
    ],
)
def test_alpha_is_shared_over_series_and_windows_half_of_it_by_the_few(
    sound: Evidence, inputs: Sequence[str], few: float, many: float
) -> None:
    """Series that say the most have half of it where inputs are tried as well; each window is a test."""
    earlier = NOISE * 0.01
    findings = judged(sound, *(series(what, 0.02, earlier) for what in inputs)).findings
    for what, finding in zip(inputs, findings, strict=True):
        alpha, windows = (ALPHA * few, HALF_WAY) if what in FEW else (ALPHA * many, RULES.windows_days)
        shortest = min(reach(what, earlier, window, alpha) for window in windows)
        longest = max(reach(what, earlier, window, alpha) for window in windows)
        assert finding.interval is not None
        half = (finding.interval[1] - finding.interval[0]) / 2
        assert half == pytest.approx(longest if finding.verdict is UNSHOWN else shortest, rel=1e-9)


def test_a_trend_that_was_fitted_is_a_test_of_its_own(sound: Evidence) -> None:
    """Three windows and a trend are four; of an input a trend is not counted among the few."""
    earlier = NOISE * 0.01
    sloped = series("count", 0.02, earlier, slope=0.0, slope_sd=1e-4)
    shift, trend = judged(sound, sloped).findings
    assert shift.interval is not None
    assert shift.interval[1] - 0.02 == pytest.approx(
        min(reach("count", earlier, w, ALPHA / 4) for w in HALF_WAY), rel=1e-9
    )
    assert trend.interval is not None
    freedom = 1.5 * (280 + 90) / 15
    assert trend.interval[1] == pytest.approx(float(stats.t(freedom).isf(ALPHA / 4 / 2)) * 1e-4, rel=1e-9)


@pytest.mark.parametrize(
    ("slope", "deviation", "known", "verdict", "note", "required"),
    [
        (0.0, 1e-6, True, PASS, "", True),
        (0.004, 1e-6, True, PASS, "", True),
        (0.006, 1e-6, True, BLOCK, "trend_up", True),
        (-0.006, 1e-6, True, BLOCK, "trend_down", True),
        (0.006, 1e-6, False, OPEN, "season_unknown", True),
        (0.005, 1e-6, True, UNSHOWN, "not_shown", False),
        (0.006, 0.1, True, UNSHOWN, "not_shown", False),
    ],
)
def test_a_trend_blocks_where_it_is_shown_and_a_year_is_known(
    sound: Evidence, slope: float, deviation: float, known: bool, verdict: Verdict, note: str, required: bool
) -> None:
    """Half a per cent of the level a week; what is not shown is for information."""
    level = 200.0
    sloped = series(
        "count",
        0.0,
        QUIET * level,
        level=level,
        slope=slope * level,
        slope_sd=deviation * level,
        year_known=known,
    )
    (trend,) = (f for f in judged(sound, sloped).findings if f.metric == "trend")
    assert trend.value == pytest.approx(slope)
    assert (trend.group, trend.threshold, trend.n) == ("x", RULES.trend_effect, 280 + 90)
    assert (trend.verdict, trend.note, trend.required) == (verdict, note, required)
    assert not [f for f in judged(sound, replace(sloped, slope_sd=math.inf)).findings if f.metric == "trend"]


@pytest.mark.parametrize("what", ["count", "bias"])
def test_the_stated_power_is_that_of_the_surer_window(sound: Evidence, what: str) -> None:
    """By the normal distribution: the chance that a shift that must be seen lies beyond effect and bound."""
    size = RULES.volume_seen if what == "count" else RULES.bias_seen
    spread = 0.6 if what == "count" else 0.7
    finding = found(sound, series(what, 0.0, NOISE * spread))
    expected = []
    for window in HALF_WAY:
        beyond = size - max(EFFECTS[what], reach(what, NOISE * spread, window, ALPHA / 3))
        expected.append(stats.norm.cdf(beyond / deviation(what, NOISE * spread, window)))
    assert 0.05 < max(expected) < 0.9
    assert finding.power == pytest.approx(max(expected), rel=1e-9)
    assert (finding.power_at, finding.verdict, finding.note) == (size, OPEN, "no_power")
    assert found(sound, series("mean")).power is None
    assert found(sound, series("mean")).power_at is None


def test_a_season_never_seen_takes_its_effect_off_what_a_pass_could_have_seen(sound: Evidence) -> None:
    """By the normal distribution again; arrivals whose whole interval lies within the effect pass all the same."""
    spread = 0.4
    unbounded, bounded = (series("count", 0.0, NOISE * s, year_known=False) for s in (spread, 0.01))
    assert found(sound, replace(unbounded, year_known=True)).verdict is UNSHOWN
    finding = found(sound, unbounded)
    seen = RULES.volume_seen - (RULES.unknown_season_factor - 1) * EFFECTS["count"]
    expected = []
    for window in HALF_WAY:
        beyond = seen - max(EFFECTS["count"], reach("count", NOISE * spread, window, ALPHA / 3))
        expected.append(stats.norm.cdf(beyond / deviation("count", NOISE * spread, window)))
    assert finding.power == pytest.approx(max(expected), rel=1e-9)
    assert (finding.verdict, finding.note) == (OPEN, "season_hides")
    assert found(sound, bounded).verdict is PASS


def test_what_a_pass_could_have_seen_is_a_pass_though_less_may_be_there(sound: Evidence) -> None:
    """Arrivals with the power there must be, whose interval reaches beyond the effect; alone without it, none."""
    seen = series("count", 0.08, NOISE * 0.1)
    finding = found(sound, seen)
    assert finding.verdict is UNSHOWN
    assert finding.note in ("not_shown_power", "shift_not_bounded")
    assert (finding.power or 0.0) >= RULES.power
    assert judged(sound, seen).verdict is PASS
    hidden = series("mean", 1.4, NOISE)
    assert found(sound, hidden).verdict is UNSHOWN
    assert judged(sound, hidden).verdict is OPEN
    assert judged(sound, seen, hidden).verdict is PASS
    assert judged(sound, seen, hidden, series("mean", 3.0)).verdict is BLOCK


def test_where_little_is_shown_the_widest_window_is(sound: Evidence) -> None:
    """Not the surest: its further end says how large a shift may be there."""
    finding = found(sound, series("missing", 0.12, NOISE * 0.1))
    assert finding.verdict is UNSHOWN
    longest = max(reach("missing", NOISE * 0.1, w, ALPHA / 2) for w in RULES.windows_days)
    assert finding.interval == pytest.approx((0.12 - longest, 0.12 + longest))


def test_a_window_is_no_longer_than_the_judged_days(sound: Evidence) -> None:
    """Forty days: four weeks, and all of them; the last four weeks are those that count first."""
    moved = np.concatenate([np.zeros(12), np.full(28, 3.0)])
    finding = found(sound, series("mean", judged=moved, fit_error=np.zeros((40, 1))))
    assert (finding.value, finding.n) == (pytest.approx(3.0), 40)
    before = np.concatenate([np.full(12, 3.0), np.zeros(28)])
    finding = found(sound, series("mean", judged=before, fit_error=np.zeros((40, 1))))
    assert finding.value == pytest.approx(3.0 * 12 / 40)


@pytest.mark.parametrize("what", EVERY)
def test_what_began_between_two_windows_is_seen_half_way(sound: Evidence, what: str) -> None:
    """Six weeks beyond the effect, of which the last four show less by chance, and eight hold a fortnight at none.

    Of the few series the six weeks are looked at, too.
    """
    assert RULES.windows_days == (28, 56)
    effect = EFFECTS[what]
    judged_days = np.concatenate([np.zeros(48), np.full(14, 1.6), np.full(28, 0.95)]) * effect
    finding = found(sound, series(what, judged=judged_days))
    last = judged_days[-42:].mean() / effect
    assert 1 < last < 1.2
    assert judged_days[-28:].mean() < effect
    assert judged_days[-56:].mean() < effect
    if what in FEW:
        assert finding.verdict is BLOCK
        assert finding.value == pytest.approx(last * effect)
    else:
        assert finding.note == "shift_below_effect"


@pytest.mark.parametrize("what", ["count", "mean"])
def test_a_board_that_asks_of_one_window_shares_alpha_with_none(sound: Evidence, what: str) -> None:
    """One series and the last four weeks: all of alpha is its own."""
    old = f"windows_days = {list(RULES.windows_days)}".encode()
    assert old in POLICY.content
    policy = load_policy(POLICY.content.replace(old, b"windows_days = [28]"))
    evidence = replace(sound, inputs=(series(what, 0.0, NOISE * 0.01),))
    interval = judge_drift(evidence, policy).findings[0].interval
    assert interval is not None
    assert interval[1] == pytest.approx(reach(what, NOISE * 0.01, 28, ALPHA), rel=1e-9)


def test_a_window_as_long_as_most_of_the_past_has_one_degree_of_freedom(sound: Evidence) -> None:
    """Ninety of 120 days: of a single window nobody knows how windows differ, and the bound is as wide as of two."""
    old = f"windows_days = {list(RULES.windows_days)}".encode()
    policy = load_policy(POLICY.content.replace(old, b"windows_days = [90]"))
    earlier = NOISE[:120] * 0.01
    interval = (
        judge_drift(replace(sound, inputs=(series("mean", 0.0, earlier),)), policy).findings[0].interval
    )
    assert interval is not None
    assert interval[1] == pytest.approx(stats.t(1).isf(ALPHA / 2) * long_run_sd(earlier, 90), rel=1e-9)


def test_a_series_that_need_not_be_judged_decides_nothing_and_a_shown_shift_does(sound: Evidence) -> None:
    """Correlations of too few days are listed beside inputs that pass; arrivals that moved block by themselves."""
    short = series("correlation", earlier=QUIET[:50])
    assert judged(sound, series("mean"), short).verdict is PASS
    assert judged(sound, series("count", 0.2)).verdict is BLOCK
