"""Efficiency: budgets, multiples of the version in use, and energy that is estimated from what was really taken."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from registry.cards.card_page import render_html
from registry.cards.report import make_report
from registry.evidence.probe_records import EfficiencyFacts, EfficiencyFigures, Probed
from registry.evidence.records import Evidence
from registry.gates import GateResult, Verdict
from registry.gates.efficiency import judge_efficiency
from registry.policy.board_policy import default_policy
from tests.support.installation import Installation
from tests.support.sound_facts import SOUND, waits, with_probed
from tests.support.synthetic_evidence import Hospital

POLICY = default_policy()
_TIMES = 0.0002 + 0.00001 * np.sin(np.arange(200.0))
FIGURES = EfficiencyFigures(1_100_000, _TIMES, 0.001, 0.1)


@pytest.fixture(scope="module")
def sound() -> Evidence:
    """A sound wait-time model."""
    return waits(Hospital(visits=30), np.random.default_rng(5))


def judged(
    sound: Evidence, own: EfficiencyFigures, current: EfficiencyFigures | None, **more: Any
) -> GateResult:
    """The gate on these figures; a version is in use where there are figures of one."""
    facts = EfficiencyFacts(own, current, **more)
    evidence = replace(
        with_probed(sound, efficiency=facts), current_expected=current is not None or bool(more)
    )
    return judge_efficiency(evidence, POLICY)


def closing(result: GateResult) -> dict[tuple[str, str], str]:
    """Notes of required findings that do not open."""
    return {(f.metric, f.group): f.note for f in result.findings if f.required and not f.verdict.opens}


def test_within_its_budget_a_first_version_passes(sound: Evidence) -> None:
    """Beside nothing it is not compared."""
    result = judged(sound, FIGURES, None)
    assert result.verdict is Verdict.PASS
    (beside,) = (f for f in result.findings if f.metric == "cost_ratio")
    assert beside.verdict is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("figure", "value", "metric"),
    [
        ("package_bytes", 2_000_000_000, "package_megabytes"),
        ("answer_seconds", np.full(200, 0.5), "answer_milliseconds"),
        ("answers_watt_hours", 5.0, "answers_watt_hours"),
        ("training_watt_hours", 90_000.0, "training_watt_hours"),
    ],
)
def test_beyond_its_budget_each_figure_blocks(sound: Evidence, figure: str, value: Any, metric: str) -> None:
    """Also where the version in use costs as much."""
    other: dict[str, Any] = {figure: value}
    heavy = replace(FIGURES, **other)
    for current in (None, heavy):
        result = judged(sound, heavy, current)
        assert result.verdict is Verdict.BLOCK
        assert closing(result) == {(metric, "all"): "over_budget"}


@pytest.mark.parametrize(
    ("figure", "value", "metric"),
    [
        ("package_bytes", 2_400_000, "package_megabytes"),
        ("answer_seconds", 3 * _TIMES, "answer_milliseconds"),
        ("answers_watt_hours", 0.003, "answers_watt_hours"),
        ("training_watt_hours", 0.3, "training_watt_hours"),
    ],
)
def test_costing_far_more_than_the_version_in_use_blocks(
    sound: Evidence, figure: str, value: Any, metric: str
) -> None:
    """Twice is the policy's limit; half as much again passes."""
    other: dict[str, Any] = {figure: value}
    result = judged(sound, replace(FIGURES, **other), FIGURES)
    assert result.verdict is Verdict.BLOCK
    assert closing(result) == {("cost_ratio", metric): "over_cost_ratio"}
    half: dict[str, Any] = {figure: 1.5 * getattr(FIGURES, figure)}
    assert judged(sound, replace(FIGURES, **half), FIGURES).verdict is Verdict.PASS


def test_times_that_do_not_decide_are_inconclusive(sound: Evidence) -> None:
    """Twice as slow now and then, on a machine that had other work."""
    slow = _TIMES * np.repeat([1.0, 3.5, 1.2, 4.0, 1.0, 3.0, 1.5, 4.5, 1.0, 3.0], 20)
    result = judged(sound, replace(FIGURES, answer_seconds=slow), FIGURES)
    assert closing(result) == {("cost_ratio", "answer_milliseconds"): ""}
    assert result.verdict is Verdict.INCONCLUSIVE


def test_what_was_not_measured_opens_nothing(sound: Evidence) -> None:
    """Nothing at all, too few answers, no energy of training, no figures of the version in use."""
    nothing = judge_efficiency(replace(sound, probed=Probed()), POLICY)
    assert closing(nothing) == {("efficiency", "all"): "not_probed"}
    few = judged(sound, replace(FIGURES, answer_seconds=_TIMES[:9]), None)
    assert closing(few) == {("efficiency", "all"): "too_few_rows"}
    unknown = replace(FIGURES, training_watt_hours=float("nan"))
    assert closing(judged(sound, unknown, None)) == {("training_watt_hours", "all"): "energy_unknown"}
    lost = replace(with_probed(sound, efficiency=EfficiencyFacts(FIGURES, None)), current_expected=True)
    assert closing(judge_efficiency(lost, POLICY)) == {("cost_ratio", "all"): "not_probed"}
    assert judged(sound, FIGURES, unknown).verdict is Verdict.PASS  # the version in use is of before
    assert judged(sound, FIGURES, None, baseline_before=True).verdict is Verdict.PASS


@pytest.mark.parametrize(("language", "said"), [("fr", "Sobriété"), ("en", "Efficiency")])
def test_the_card_shows_what_a_version_costs(
    sound: Evidence, installation: Installation, language: str, said: str
) -> None:
    """Size, time and energy, called estimated, beside the version in use."""
    facts = EfficiencyFacts(replace(FIGURES, package_bytes=2_200_000), FIGURES)
    evidence = replace(
        with_probed(sound, efficiency=facts), current_expected=True, current=sound.test.quantiles
    )
    report = make_report(evidence, POLICY).body
    found = installation.check(installation.register())
    card = json.loads((found.folder / "card.json").read_bytes()) | {"gates": report["gates"]}
    page = render_html(card, language)  # type: ignore[arg-type]
    assert f">{said}</h2>" in page
    shown = page[page.index('id="efficiency"') :]
    assert ("estimé" if language == "fr" else "estimated") in shown
    assert ("2,20" if language == "fr" else "2.20") in shown
    assert ("2,0" if language == "fr" else "2.0") in shown
    assert SOUND.efficiency is not None
