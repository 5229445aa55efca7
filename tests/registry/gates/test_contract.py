"""The contract and explanation gates, verdicts, and evidence that cannot be judged, broken on purpose."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from registry.errors import RegistryError
from registry.evidence.records import Evidence
from registry.gates import Finding, GateResult, Verdict, judge, worst
from registry.gates.contract import judge_contract
from registry.gates.explanation import judge_explanation
from registry.policy.board_policy import default_policy
from tests.support.sound_facts import beds, waits
from tests.support.synthetic_evidence import Hospital, with_judge

POLICY = default_policy()


@pytest.fixture(scope="module")
def sound() -> Evidence:
    """A sound wait-time model."""
    return waits(Hospital(visits=30), np.random.default_rng(5))


def broken(result: GateResult) -> set[str]:
    """Metrics whose required finding does not open."""
    return {f.metric for f in result.findings if f.required and not f.verdict.opens}


def test_sound_evidence_passes(sound: Evidence) -> None:
    """Every count is 0."""
    assert judge_contract(sound, POLICY).verdict is Verdict.PASS
    assert judge_contract(beds(Hospital(), np.random.default_rng(1)), POLICY).verdict is Verdict.PASS
    assert judge_explanation(sound, POLICY).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("fact", "metric"),
    [
        ("files_refused", "package_files_refused"),
        ("infinite_features", "infinite_features"),
        ("crossing_quantiles", "crossing_quantiles"),
        ("forecasts_off", "forecasts_differ"),
        ("outcomes_off", "outcomes_differ"),
        ("baselines_off", "baselines_differ"),
        ("rows_off", "rows_differ"),
        ("split_overlaps", "split_parts_overlap"),
    ],
)
def test_one_of_anything_blocks(sound: Evidence, fact: str, metric: str) -> None:
    """A single row or file that is not what it says blocks."""
    one: dict[str, Any] = {fact: 1}
    result = judge_contract(replace(sound, contract=replace(sound.contract, **one)), POLICY)
    assert result.verdict is Verdict.BLOCK
    assert broken(result) == {metric}


def test_other_feature_definitions_block(sound: Evidence) -> None:
    """Features that this code computes otherwise are not the package's."""
    facts = replace(sound.contract, feature_digest_equal=False)
    assert broken(judge_contract(replace(sound, contract=facts), POLICY)) == {"other_feature_definitions"}


def test_repeated_rows_block(sound: Evidence) -> None:
    """A row that is judged twice counts twice; one that chose the scope does not judge."""
    every = np.arange(sound.test.size)
    twice = sound.test.part(np.sort(np.concatenate([every, every[:1]])))
    assert broken(judge_contract(replace(sound, test=twice), POLICY)) == {"rows_duplicated"}
    names = sound.test.row_id.copy()
    names[0] = sound.validation.row_id[0]
    assert broken(judge_contract(with_judge(sound, row_id=names), POLICY)) == {"rows_duplicated"}


def test_rows_shuffled_in_time_block(sound: Evidence) -> None:
    """Times that were shuffled among the rows would make days that never were."""
    rng = np.random.default_rng(1)
    order = rng.permutation(sound.test.size)
    shuffled = with_judge(sound, prediction_time=sound.test.prediction_time[order])
    assert "rows_out_of_time" in broken(judge_contract(shuffled, POLICY))
    evidence = beds(Hospital(days=430), rng)
    shifted = with_judge(evidence, target_time=evidence.test.target_time + 3_600_000_000)
    assert broken(judge_contract(shifted, POLICY)) == {"rows_out_of_time"}


def test_the_autumn_clock_change_is_no_disorder() -> None:
    """Instants go on through the hour that the clock shows twice; horizons are elapsed hours."""
    evidence = beds(Hospital(), np.random.default_rng(1))
    clock = (evidence.test.local_hour + 1) % 24
    assert judge_contract(with_judge(evidence, local_hour=clock), POLICY).verdict is Verdict.PASS


def test_numbers_that_are_none_are_inconclusive(sound: Evidence) -> None:
    """A missing forecast or outcome of a row that counts is neither right nor wrong."""
    counted = np.flatnonzero(sound.test.weight > 0)
    quantiles, outcome = sound.test.quantiles.copy(), sound.test.outcome.copy()
    quantiles[counted[0], 2] = np.nan
    outcome[counted[1]] = np.nan
    result = judge_contract(with_judge(sound, quantiles=quantiles, outcome=outcome), POLICY)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert broken(result) == {"forecasts_missing", "outcomes_missing"}


@pytest.mark.parametrize("weight", [-1.0, float("nan")])
def test_weights_that_are_none_block(sound: Evidence, weight: float) -> None:
    """Negative and missing weights, and censored rows that count."""
    weights = sound.test.weight.copy()
    weights[3] = weight
    assert "weights_wrong" in broken(judge_contract(with_judge(sound, weight=weights), POLICY))
    counted = with_judge(sound, censored=np.ones(sound.test.size, bool))
    assert broken(judge_contract(counted, POLICY)) == {"weights_wrong"}


def test_a_short_history_is_reported(sound: Evidence) -> None:
    """It is a warning: what it cannot show, other gates leave inconclusive."""
    result = judge_contract(replace(sound, history_days=200.0), POLICY)
    assert result.verdict is Verdict.PASS
    assert "short_history" in {f.note for f in result.findings}


@pytest.mark.parametrize(
    "figure", ["additivity", "predictions_off", "reference_difference", "largest_adjustment"]
)
def test_explanations_that_are_not_exact_block(sound: Evidence, figure: str) -> None:
    """Each bound blocks by itself; a figure that is no number is inconclusive."""
    for value, verdict in ((1.0, Verdict.BLOCK), (float("nan"), Verdict.INCONCLUSIVE)):
        other: dict[str, Any] = {figure: value}
        worse = replace(sound, explanation=replace(sound.explanation, **other))
        assert judge_explanation(worse, POLICY).verdict is verdict


def test_too_few_explained_rows_are_inconclusive(sound: Evidence) -> None:
    """Ten exact rows show nothing."""
    for figure in ("rows", "verified"):
        other: dict[str, Any] = {figure: 10}
        few = replace(sound, explanation=replace(sound.explanation, **other))
        assert judge_explanation(few, POLICY).verdict is Verdict.INCONCLUSIVE


def test_evidence_that_does_not_fit_together_raises(sound: Evidence) -> None:
    """Every misfit is said; no verdict is given."""
    bad = with_judge(
        sound,
        weight=sound.test.weight[:-1],
        quantiles=sound.test.quantiles[:, :5],
        baselines={},
        horizon_hours=np.full(sound.test.size, np.nan),
    )
    with pytest.raises(RegistryError) as raised:
        judge(replace(bad, kind="wish"), POLICY)
    for said in ("weight", "quantiles", "no baseline", "horizon", "wish"):
        assert said in str(raised.value)


def test_the_worst_verdict_decides() -> None:
    """Block before inconclusive before the rest; nothing judged is inconclusive."""
    assert worst([Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.BLOCK]) is Verdict.BLOCK
    assert worst([Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE]) is Verdict.INCONCLUSIVE
    assert worst([Verdict.NOT_APPLICABLE, Verdict.PASS]) is Verdict.PASS
    assert worst([]) is Verdict.INCONCLUSIVE
    told = Finding("coverage", "all", 0.8, None, None, 9, Verdict.PASS, required=False)
    assert GateResult.of("calibration", [told]).verdict is Verdict.INCONCLUSIVE


def test_a_finding_cannot_open_on_a_number_that_is_none() -> None:
    """NaN compares false with everything: it must not slip through a comparison."""
    with pytest.raises(RegistryError):
        Finding("gain", "all", float("nan"), None, None, 9, Verdict.PASS)
    with pytest.raises(RegistryError):
        Finding("gain", "all", 0.1, (0.0, float("inf")), None, 9, Verdict.PASS)
