"""The accuracy gate and the trusted scope, broken on purpose."""

from dataclasses import replace

import numpy as np
import pytest

from registry.errors import RegistryError
from registry.evidence.records import Evidence
from registry.gates import Finding, GateResult, Verdict, judge
from registry.gates.accuracy import diebold_mariano, judge_accuracy, judged_scope
from registry.policy.board_policy import default_policy
from registry.statistics.gains import best_baseline
from registry.statistics.scope import choose_scope
from tests.support.synthetic_evidence import Hospital, beds, waits, with_judge

POLICY = default_policy()


@pytest.fixture(scope="module")
def sound() -> Evidence:
    """A sound bed-demand model."""
    return beds(Hospital(), np.random.default_rng(1))


def judged(evidence: Evidence) -> GateResult:
    """The gate's result with the scope that the validation set gives."""
    return judge_accuracy(evidence, POLICY, choose_scope(evidence.validation, POLICY))


def gains(result: GateResult) -> dict[str, Finding]:
    """Findings of the gain over the baseline by horizon."""
    return {f.group: f for f in result.findings if f.metric == "gain_over_baseline"}


def with_current(evidence: Evidence, factor: float) -> Evidence:
    """Beside a current release whose error is `factor` times the version's."""
    part = evidence.test
    current = part.outcome[:, None] + factor * (part.quantiles - part.outcome[:, None])
    return replace(evidence, current=current, current_version="1", current_expected=True)


def test_a_sound_model_passes(sound: Evidence) -> None:
    """A model that knows more than the last value beats it, with the figures to show for it."""
    result = judged(sound)
    assert result.verdict is Verdict.PASS
    for finding in gains(result).values():
        assert finding.interval is not None
        assert finding.value is not None
        assert 0 < finding.interval[0] < finding.value < finding.interval[1]


def test_a_model_that_knows_nothing_has_an_empty_scope_and_is_blocked() -> None:
    """Nothing better than the baseline: nothing to serve."""
    evidence = beds(Hospital(gain=0.0), np.random.default_rng(1))
    assert choose_scope(evidence.validation, POLICY) == ()
    result = judged(evidence)
    assert result.verdict is Verdict.BLOCK
    assert result.findings[0].note == "empty_scope"


def test_a_gain_that_is_not_sure_stays_out_of_the_scope(sound: Evidence) -> None:
    """One good day promises nothing, however large its gain."""
    part = sound.validation
    day = part.part(part.prediction_time < part.prediction_time.min() + 86_400_000_000)
    assert choose_scope(part, POLICY)
    assert choose_scope(day, POLICY) == ()


def test_a_gain_of_the_validation_set_that_is_gone_is_blocked(sound: Evidence) -> None:
    """The test set decides: a model worse than the baseline there is blocked whatever the validation set said."""
    part = sound.test
    worse = part.outcome[:, None] + 1.5 * (part.quantiles - part.outcome[:, None])
    assert judged(with_judge(sound, quantiles=worse)).verdict is Verdict.BLOCK


def test_few_blocks_take_a_horizon_out_of_the_scope(sound: Evidence) -> None:
    """A month holds too few independent stretches of three-day forecasts: not promised, not required."""
    start = sound.test.prediction_time.max() - 45 * 86_400_000_000
    short = replace(sound, test=sound.test.part(sound.test.prediction_time > start))
    scope = choose_scope(short.validation, POLICY)
    result = judge_accuracy(short, POLICY, scope)
    assert not gains(result)["72 h"].required
    assert {h for _, h in judged_scope(result, scope)} <= {4.0, 8.0, 24.0}


def test_no_horizon_left_blocks(sound: Evidence) -> None:
    """When the only horizons of the scope cannot be judged, there is nothing to release."""
    start = sound.test.prediction_time.max() - 45 * 86_400_000_000
    short = replace(sound, test=sound.test.part(sound.test.prediction_time > start))
    result = judge_accuracy(short, POLICY, tuple((f"group {i}", 72.0) for i in range(4)))
    assert result.verdict is Verdict.BLOCK
    assert "no_horizon_left" in {f.note for f in result.findings}


def test_a_nan_forecast_is_inconclusive(sound: Evidence) -> None:
    """A row without a forecast is not a row to leave out."""
    quantiles = sound.test.quantiles.copy()
    quantiles[::50] = np.nan
    result = judged(with_judge(sound, quantiles=quantiles))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "not_a_number" in {f.note for f in result.findings}


def test_a_constant_outcome_is_inconclusive(sound: Evidence) -> None:
    """Where the baseline is always right there is no gain to measure."""
    n = sound.test.size
    same = with_judge(
        sound, outcome=np.full(n, 9.0), baselines={k: np.full(n, 9.0) for k in sound.test.baselines}
    )
    assert judged(same).verdict is Verdict.INCONCLUSIVE


def test_no_judged_row_is_inconclusive(sound: Evidence) -> None:
    """Rows that all weigh nothing decide nothing."""
    assert judged(with_judge(sound, weight=np.zeros(sound.test.size))).verdict is Verdict.INCONCLUSIVE


def test_the_baseline_is_the_best_of_the_validation_set(sound: Evidence) -> None:
    """Which baseline to beat is settled before the test set is seen, NaN baselines aside."""
    assert best_baseline(sound.validation, 24.0) == "last_value"
    nans = {
        "last_value": np.full(sound.validation.size, np.nan),
        "usual": sound.validation.baselines["usual"],
    }
    assert best_baseline(replace(sound.validation, baselines=nans), 24.0) == "usual"


@pytest.mark.parametrize(
    ("factor", "verdict"), [(1.1, Verdict.PASS), (1.0, Verdict.PASS), (0.7, Verdict.BLOCK)]
)
def test_beside_the_current_release(sound: Evidence, factor: float, verdict: Verdict) -> None:
    """As good or better passes; clearly worse than what is served today blocks."""
    result = judged(with_current(sound, factor))
    assert next(f for f in result.findings if f.metric == "against_current").verdict is verdict


def test_a_current_release_with_gaps_is_inconclusive(sound: Evidence) -> None:
    """Its missing forecasts are not left out of the comparison."""
    evidence = with_current(sound, 1.1)
    assert evidence.current is not None
    evidence.current[::7] = np.nan
    result = judged(evidence)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert next(f for f in result.findings if f.metric == "against_current").note == "not_a_number"


def test_without_an_earlier_release_it_is_not_applicable(sound: Evidence) -> None:
    """Only where the chain shows none."""
    finding = next(f for f in judged(sound).findings if f.metric == "against_current")
    assert finding.verdict is Verdict.NOT_APPLICABLE


def test_a_current_release_that_is_named_and_missing_raises(sound: Evidence) -> None:
    """A gate that cannot run raises; it does not say not applicable."""
    with pytest.raises(RegistryError, match="current release"):
        judge(replace(sound, current_expected=True), POLICY)
    with pytest.raises(RegistryError, match="current release"):
        judge(replace(sound, current=np.zeros((3, 19)), current_expected=True), POLICY)


def test_wait_time_has_one_horizon() -> None:
    """The department is the unit group, and it is in the scope when it beats the baseline."""
    evidence = waits(Hospital(), np.random.default_rng(1))
    assert choose_scope(evidence.validation, POLICY) == (("ED", 0.0),)
    assert set(gains(judged(evidence))) == {"all"}


def against(result: GateResult) -> dict[str, Finding]:
    """Findings beside the current release, by horizon."""
    return {f.group: f for f in result.findings if f.metric == "against_current"}


def test_one_horizon_worse_than_what_is_served_blocks_though_the_others_are_better(sound: Evidence) -> None:
    """All horizons together may hide it: each is judged by itself."""
    part = sound.test
    factor = np.where(part.horizon_hours == 8, 0.75, 1.15)[:, None]
    current = part.outcome[:, None] + factor * (part.quantiles - part.outcome[:, None])
    result = judged(replace(sound, current=current, current_version="1", current_expected=True))
    found = against(result)
    assert found["all"].verdict is Verdict.PASS
    assert (found["8 h"].verdict, found["8 h"].required) == (Verdict.BLOCK, True)
    assert result.verdict is Verdict.BLOCK


def test_a_horizon_that_leaves_the_scope_is_judged_by_the_rule_that_answers_then(sound: Evidence) -> None:
    """Not speaking is no way around the comparison: what would be served is the baseline."""
    evidence = with_current(sound, 1.0)
    scope = tuple(c for c in choose_scope(sound.validation, POLICY) if c[1] != 24)
    found = against(judge_accuracy(evidence, POLICY, scope))
    assert found["24 h"].verdict is Verdict.BLOCK
    assert found["8 h"].verdict is Verdict.PASS
    baseline = np.where(sound.test.horizon_hours == 24, sound.test.p50, np.nan)
    baseline = np.where(np.isnan(baseline), sound.test.baselines["last_value"], baseline)
    assert (
        against(judge_accuracy(replace(evidence, baseline=baseline), POLICY, scope))["24 h"].verdict
        is Verdict.PASS
    )


def test_more_attempts_make_a_pass_dearer_and_a_block_no_cheaper(sound: Evidence) -> None:
    """Of many versions on the same rows one passes by luck; registering dummies disarms nothing."""
    part, scope = sound.test, choose_scope(sound.validation, POLICY)
    seen = set()
    for step in np.arange(0, 0.4, 0.01):
        worse = part.outcome[:, None] + (1 + step) * (part.quantiles - part.outcome[:, None])
        tried = with_judge(sound, quantiles=worse)
        one, many = (gains(judge_accuracy(replace(tried, attempts=n), POLICY, scope))["8 h"] for n in (1, 40))
        assert one.interval is not None
        assert many.interval is not None
        assert many.interval[0] < one.interval[0]
        assert (one.verdict is Verdict.BLOCK) == (many.verdict is Verdict.BLOCK)
        seen.add((one.verdict, many.verdict))
    assert {
        (Verdict.PASS, Verdict.PASS),
        (Verdict.PASS, Verdict.INCONCLUSIVE),
        (Verdict.BLOCK, Verdict.BLOCK),
    } <= seen


def test_diebold_and_marianos_statistic_is_standard_normal_where_both_are_as_good() -> None:
    """And far from it where one is better; a difference that never varies has none."""
    rng = np.random.default_rng(8)
    times = np.repeat(np.arange(120), 5) * 86_400_000_000
    found = [diebold_mariano(rng.normal(size=600), np.ones(600), times, 24.0) for _ in range(400)]
    assert np.mean(np.abs(found) > 1.96) == pytest.approx(0.05, abs=0.03)
    assert diebold_mariano(rng.normal(0.5, 1, 600), np.ones(600), times, 24.0) > 5
    assert np.isnan(diebold_mariano(np.zeros(600), np.ones(600), times, 24.0))
    assert np.isnan(diebold_mariano(np.ones(9), np.ones(9), np.arange(9) * 86_400_000_000, 24.0))


def test_it_is_reported_beside_the_gain(sound: Evidence) -> None:
    """By horizon, never required."""
    told = [f for f in judged(sound).findings if f.metric == "diebold_mariano"]
    assert {f.group for f in told} == set(gains(judged(sound)))
    assert all(f.value is not None and f.value > 1.645 and not f.required for f in told)
