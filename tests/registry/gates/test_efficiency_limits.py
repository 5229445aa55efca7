"""The efficiency gate at each of its limits: budgets, multiples of the version in use, times of answers, by hand."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from hospital.arrays import Array
from registry.evidence.probe_records import EfficiencyFacts, EfficiencyFigures
from registry.evidence.records import Evidence
from registry.gates import Finding, Verdict
from registry.gates.efficiency import judge_efficiency
from registry.policy.board_policy import default_policy
from registry.statistics.verdict import undecided
from tests.support.sound_facts import waits, with_probed
from tests.support.synthetic_evidence import Hospital

POLICY = default_policy()
RULES, ALPHA = POLICY.document.efficiency, POLICY.document.alpha


@pytest.fixture(scope="module")
def sound() -> Evidence:
    """A sound wait-time model."""
    return waits(Hospital(visits=5), np.random.default_rng(1))


def figures(**changed: Any) -> EfficiencyFigures:
    """A megabyte, fifty answers of a millisecond, a hundredth and one watt-hour."""
    return replace(EfficiencyFigures(1_000_000, np.full(50, 0.001), 0.01, 1.0), **changed)


def findings(
    sound: Evidence, own: EfficiencyFigures, current: EfficiencyFigures | None = None
) -> list[Finding]:
    """The gate's findings on a first version, or beside the one in use."""
    evidence = with_probed(sound, efficiency=EfficiencyFacts(own, current))
    return list(judge_efficiency(replace(evidence, current_expected=current is not None), POLICY).findings)


def beside(sound: Evidence, own: EfficiencyFigures, current: EfficiencyFigures) -> dict[str, Finding]:
    """The multiples of the version in use, by figure."""
    return {f.group: f for f in findings(sound, own, current) if f.metric == "cost_ratio"}


def test_what_costs_exactly_its_budget_is_within_it(sound: Evidence) -> None:
    """In megabytes, milliseconds (the median answer) and watt-hours; a thousandth more is over it."""
    budgets = {
        "package_megabytes": RULES.package_megabytes,
        "answer_milliseconds": RULES.answer_milliseconds,
        "answers_watt_hours": RULES.answers_watt_hours,
        "training_watt_hours": RULES.training_watt_hours,
    }

    def costing(factor: float) -> EfficiencyFigures:
        return EfficiencyFigures(
            round(RULES.package_megabytes * 1_000_000 * factor),
            np.append(np.full(60, RULES.answer_milliseconds / 1000 * factor), 99.0),
            RULES.answers_watt_hours * factor,
            RULES.training_watt_hours * factor,
        )

    for factor, verdict, note in ((1.0, Verdict.PASS, ""), (1.001, Verdict.BLOCK, "over_budget")):
        *found, first = findings(sound, costing(factor))
        assert [f.value for f in found] == pytest.approx([b * factor for b in budgets.values()])
        assert [replace(f, value=None) for f in found] == [
            Finding(name, "all", None, None, budget, 61, verdict, note=note)
            for name, budget in budgets.items()
        ]
        assert first == Finding(
            "cost_ratio", "all", None, None, RULES.cost_ratio, 0, Verdict.NOT_APPLICABLE, note="first_release"
        )


def test_fifty_answers_are_enough_and_one_less_is_not(sound: Evidence) -> None:
    """Said once, and nothing else is judged; beside the version in use both must have as many."""
    assert len(findings(sound, figures())) == 5
    few = figures(answer_seconds=np.full(49, 0.001))
    assert findings(sound, few) == [undecided("efficiency", "all", 49, "too_few_rows")]
    assert beside(sound, figures(), figures())["answer_milliseconds"].verdict is Verdict.PASS
    assert beside(sound, figures(), few)["answer_milliseconds"] == undecided(
        "cost_ratio", "answer_milliseconds", 49, "too_few_rows", threshold=RULES.cost_ratio
    )


def test_nothing_probed_is_nothing_judged(sound: Evidence) -> None:
    """Neither of this version, nor of the one in use."""
    nothing = judge_efficiency(with_probed(sound, efficiency=None), POLICY)
    assert list(nothing.findings) == [undecided("efficiency", "all", 0, "not_probed")]
    lost = replace(with_probed(sound, efficiency=EfficiencyFacts(figures(), None)), current_expected=True)
    assert judge_efficiency(lost, POLICY).findings[-1] == undecided(
        "cost_ratio", "all", 0, "not_probed", threshold=RULES.cost_ratio
    )


def test_the_first_model_after_the_baselines_is_held_to_its_budget_alone(sound: Evidence) -> None:
    """Reported, without a bound."""
    facts = EfficiencyFacts(figures(), None, baseline_before=True)
    result = judge_efficiency(replace(with_probed(sound, efficiency=facts), current_expected=True), POLICY)
    assert result.findings[-1] == Finding(
        "cost_ratio", "all", None, None, None, 0, Verdict.PASS, required=False, note="baseline_before"
    )
    assert result.verdict is Verdict.PASS


def test_twice_the_version_in_use_is_within_and_more_is_not(sound: Evidence) -> None:
    """Size and energy as they are: their ratio, without an interval."""
    for factor, verdict, note in ((2.0, Verdict.PASS, ""), (2.001, Verdict.BLOCK, "over_cost_ratio")):
        own = figures(
            package_bytes=round(1_000_000 * factor),
            answers_watt_hours=0.01 * factor,
            training_watt_hours=factor,
        )
        found = beside(sound, own, figures())
        for name in ("package_megabytes", "answers_watt_hours", "training_watt_hours"):
            assert found[name].value == pytest.approx(factor)
            assert replace(found[name], value=None) == Finding(
                "cost_ratio", name, None, None, RULES.cost_ratio, 50, verdict, note=note
            )


def test_energy_that_was_not_measured_is_not_compared(sound: Evidence) -> None:
    """Of the version in use it keeps nothing shut; of this one its own budget says so already."""
    unknown = figures(training_watt_hours=math.nan)
    assert beside(sound, figures(), unknown)["training_watt_hours"] == undecided(
        "cost_ratio", "training_watt_hours", 50, "energy_unknown", threshold=RULES.cost_ratio, required=False
    )
    found = findings(sound, unknown, figures())
    assert "training_watt_hours" not in {f.group for f in found if f.metric == "cost_ratio"}
    assert (
        undecided("training_watt_hours", "all", 50, "energy_unknown", threshold=RULES.training_watt_hours)
        in found
    )


def test_what_costs_something_where_nothing_was_spent_is_far_more(sound: Evidence) -> None:
    """Answers that took no energy at all: the ratio is huge, not undefined; and half a watt-hour beside half is 1."""
    found = beside(sound, figures(), figures(answers_watt_hours=0.0))["answers_watt_hours"]
    assert found.verdict is Verdict.BLOCK
    assert found.value == pytest.approx(1e10)
    half = figures(training_watt_hours=0.5)
    assert beside(sound, half, half)["training_watt_hours"].value == pytest.approx(1.0)


def times(logs: Array, answers: int = 10) -> Array:
    """Ten stretches of answers, slower than a millisecond by these logarithms, with one outlier in each."""
    stretches = np.repeat(0.001 * np.exp(logs), answers).reshape(10, answers)
    stretches[:, 0] *= 50
    return stretches.ravel()


@pytest.mark.parametrize(
    ("factor", "verdict", "note"),
    [
        (1.5, Verdict.PASS, ""),
        (2.0, Verdict.INCONCLUSIVE, ""),
        (3.0, Verdict.BLOCK, "over_cost_ratio"),
    ],
)
def test_times_have_scipys_interval_of_the_log_ratio_of_ten_stretches(
    sound: Evidence, factor: float, verdict: Verdict, note: str
) -> None:
    """Medians of stretches in turn, so that one slow answer decides nothing; a geometric mean with its t bounds."""
    logs = math.log(factor) + 0.1 * np.cos(np.arange(10.0))
    low, high = stats.t.interval(1 - 2 * ALPHA, 9, logs.mean(), stats.sem(logs))
    own, theirs = figures(answer_seconds=times(logs)), figures(answer_seconds=times(np.zeros(10)))
    found = beside(sound, own, theirs)["answer_milliseconds"]
    assert found.value == pytest.approx(math.exp(logs.mean()))
    assert found.interval == pytest.approx((math.exp(low), math.exp(high)))
    assert replace(found, value=None, interval=None) == Finding(
        "cost_ratio", "answer_milliseconds", None, None, RULES.cost_ratio, 100, verdict, note=note
    )


def test_answers_that_all_take_twice_as_long_are_within(sound: Evidence) -> None:
    """The limit belongs to what is allowed."""
    own = figures(answer_seconds=np.full(50, 0.002))
    found = beside(sound, own, figures())["answer_milliseconds"]
    assert found.verdict is Verdict.PASS
    slower = figures(answer_seconds=np.full(50, 0.0021))
    assert beside(sound, slower, figures())["answer_milliseconds"].verdict is Verdict.BLOCK
    quicker = figures(answer_seconds=np.full(50, 0.0019))
    assert beside(sound, quicker, figures())["answer_milliseconds"].verdict is Verdict.PASS


def test_only_answers_that_both_gave_are_compared(sound: Evidence) -> None:
    """The version in use gave 50, this one 100 of which the later half is slow: the first 50 count."""
    own = figures(answer_seconds=np.repeat([0.001, 0.009], 50))
    found = beside(sound, own, figures())["answer_milliseconds"]
    assert found.value == pytest.approx(1.0)
    assert found.n == 50
