"""Leakage and features at each of their limits: exact probes, excess correlations beside SciPy, ranges, by hand."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from hospital.arrays import Array
from registry.evidence.probe_records import Alignment, Aspect, FeatureFacts, LeakageFacts
from registry.evidence.records import Evidence
from registry.gates import Finding, Verdict
from registry.gates.leakage import feature_findings, leakage_findings
from registry.policy.board_policy import default_policy
from registry.statistics.verdict import undecided
from tests.support.sound_facts import waits, with_probed
from tests.support.synthetic_evidence import Hospital

POLICY = default_policy()
ALPHA, RULES = POLICY.document.alpha, POLICY.document.contract
USUAL = RULES.excess_correlation
STEADY = np.zeros(12)
PASS, BLOCK, OPEN = Verdict.PASS, Verdict.BLOCK, Verdict.INCONCLUSIVE


@pytest.fixture(scope="module")
def sound() -> Evidence:
    """A sound wait-time model."""
    return waits(Hospital(visits=5), np.random.default_rng(1))


def exact(sound: Evidence, **facts: Any) -> list[Finding]:
    """The findings of the exact probes on six hundred rows."""
    probed = LeakageFacts(
        **{
            "rows": 600,
            "times": 6,
            "dropped_off": 0,
            "shuffled_off": 0,
            "hindsight_off": 0,
            "alignments": (),
            **facts,
        }
    )
    return leakage_findings(with_probed(sound, leakage=probed), POLICY)


def aligned(sound: Evidence, *alignments: Alignment) -> list[Finding]:
    """The findings on how features go with their own outcome."""
    return exact(sound, alignments=alignments)[3:]


def alignment(
    feature: str, own: float, blocks: Array = STEADY, aspect: Aspect = "value", shifted: float = 0.0
) -> Alignment:
    """A feature of a thousand rows whose excess hardly varies between blocks unless they are given."""
    return Alignment(feature, own, shifted, 1000, blocks, aspect)


def test_two_hundred_probed_rows_are_enough_and_one_less_is_not(sound: Evidence) -> None:
    """Each of the three counts must be 0; one row that knows what comes later blocks, and is counted."""
    least = RULES.probe_rows
    names = ("later_rows_dropped", "later_rows_shuffled", "hindsight_changed")
    assert exact(sound, rows=least) == [Finding(n, "all", 0.0, None, 0.0, least, PASS) for n in names]
    assert exact(sound, rows=least - 1) == [
        undecided("leakage", "all", least - 1, "too_few_rows", threshold=float(least))
    ]
    for name, fact in zip(names, ("dropped_off", "shuffled_off", "hindsight_off"), strict=True):
        (one,) = (f for f in exact(sound, **{fact: 2}) if f.verdict is not PASS)
        assert one == Finding(name, "all", 2.0, None, 0.0, 600, BLOCK, note="looks_ahead")


def test_what_was_not_probed_is_undecided_and_a_baseline_reads_no_value(sound: Evidence) -> None:
    """Of a baseline the exact probes alone are judged, and of its features whether they are there."""
    unknown = with_probed(sound, leakage=None, features=None)
    assert leakage_findings(unknown, POLICY) == [undecided("leakage", "all", 0, "not_probed")]
    assert feature_findings(unknown, POLICY) == [undecided("features", "all", 0, "not_probed")]
    leaking = LeakageFacts(600, 6, 0, 0, 0, (alignment("pain_0_10", 0.5),))
    beyond = FeatureFacts((), (), {"age_years": 1.0}, (), 500)
    simple = replace(with_probed(sound, leakage=leaking, features=beyond), kind="baseline")
    assert {f.verdict for f in leakage_findings(simple, POLICY)} == {PASS}
    assert [f.metric for f in feature_findings(simple, POLICY)] == [
        "files_executable",
        "features_undefined",
        "features_absent",
    ]


@pytest.mark.parametrize(
    ("aspect", "feature", "metric", "margin", "verdict", "note"),
    [
        ("value", "pain_0_10", "excess_correlation", USUAL, BLOCK, "leak"),
        ("value", "reason", "excess_correlation", USUAL, BLOCK, "leak_reason"),
        ("value", "admissions_24h", "excess_correlation", 0.25, BLOCK, "leak"),
        ("value", "discharges_24h", "excess_correlation", 0.25, BLOCK, "leak"),
        ("known", "pain_0_10", "excess_correlation_known", USUAL, BLOCK, "leak_known"),
        ("digits", "pain_0_10", "excess_correlation_digits", USUAL, BLOCK, "leak_digits"),
        ("entry", "visits", "excess_correlation_entry", USUAL, BLOCK, "leak_entry"),
        ("order", "visits", "excess_correlation_order", 0.10, BLOCK, "leak_order"),
        ("rounding", "heart_rate", "excess_correlation_rounding", 0.10, BLOCK, "leak_rounding"),
        ("spread", "heart_rate", "excess_correlation_spread", 0.10, BLOCK, "leak_spread"),
        ("value_spread", "heart_rate", "excess_correlation_extremes", 0.10, BLOCK, "leak_spread"),
        ("delay", "heart_rate", "excess_correlation_delay", 0.15, BLOCK, "leak_delay"),
        ("after", "ed_doctors", "excess_correlation_after", 0.15, BLOCK, "leak_after"),
        ("others", "triage", "excess_correlation_others", 0.10, OPEN, "leak_others"),
        ("exactness", "expected_departures", "expected_exactly", 0.15, BLOCK, "leak_exactness"),
    ],
)
def test_each_aspect_has_its_margin_and_its_question(
    sound: Evidence, aspect: Aspect, feature: str, metric: str, margin: float, verdict: Verdict, note: str
) -> None:
    """At the margin an input is as sound ones may be; surely beyond it the gate stays shut, and asks what happened."""
    (at,) = aligned(sound, alignment(feature, margin, aspect=aspect))
    assert at == Finding(metric, feature, margin, (margin, margin), margin, 1000, PASS)
    (beyond,) = aligned(sound, alignment(feature, -margin * 1.01, aspect=aspect))
    value = margin * 1.01
    assert beyond == Finding(metric, feature, value, (value, value), margin, 1000, verdict, note=note)


@pytest.mark.parametrize(
    ("aspect", "feature", "note"),
    [
        ("value", "pain_0_10", "possible_leak"),
        ("known", "pain_0_10", "possible_leak"),
        ("spread", "pain_0_10", "possible_leak"),
        ("value", "reason", "leak_reason"),
        ("delay", "pain_0_10", "leak_delay"),
        ("after", "ed_doctors", "leak_after"),
        ("others", "triage", "leak_others"),
        ("exactness", "expected_departures", "leak_exactness"),
    ],
)
def test_an_excess_that_may_be_chance_is_inconclusive_and_asks(
    sound: Evidence, aspect: Aspect, feature: str, note: str
) -> None:
    """Beyond the margin with an interval that reaches back over it."""
    (found,) = aligned(sound, alignment(feature, 0.3, np.cos(np.arange(12.0)), aspect))
    assert (found.verdict, found.note, found.required) == (OPEN, note, True)


@pytest.mark.parametrize("others", [0, 1, 3])
def test_the_bound_is_scipys_over_all_inputs_that_must_not_know(sound: Evidence, others: int) -> None:
    """t at alpha over their number, with the freedom of the blocks; what may go with the wait is not counted."""
    blocks = 0.05 * np.cos(np.arange(12.0))
    reach = float(stats.t(11).isf(ALPHA / (1 + others)) * stats.sem(blocks))
    allowed = alignment("arrival_mode", 0.5)
    for above, verdict in ((1e-9, BLOCK), (-1e-9, OPEN)):
        own = USUAL + reach + above + 0.2
        one = alignment("pain_0_10", own, blocks, shifted=-0.2)
        found = aligned(sound, one, allowed, *(alignment("heart_rate", 0.0) for _ in range(others)))[0]
        assert found.verdict is verdict
        assert found.value == pytest.approx(own - 0.2)
        assert found.interval == pytest.approx((own - 0.2 - reach, own - 0.2 + reach))


@pytest.mark.parametrize("feature", ["arrival_mode", "age_years"])
def test_what_is_settled_before_the_wait_may_go_with_it(sound: Evidence, feature: str) -> None:
    """Its value and how far that lies from the middle are reported; whether somebody wrote it down is judged."""
    assert feature in RULES.settled_before
    for aspect, margin in (("value", USUAL), ("value_spread", 0.10)):
        aspects: Any = aspect
        (found,) = aligned(sound, alignment(feature, 0.5, aspect=aspects))
        assert (found.verdict, found.note, found.required, found.threshold) == (
            PASS,
            "settled_before",
            False,
            margin,
        )
        (quiet,) = aligned(sound, alignment(feature, margin, aspect=aspects))
        assert (quiet.verdict, quiet.note, quiet.required) == (PASS, "", False)
    (known,) = aligned(sound, alignment(feature, 0.5, aspect="known"))
    assert (known.verdict, known.note, known.required) == (BLOCK, "leak_known", True)


def test_alone_by_right_it_has_a_bound_at_alpha(sound: Evidence) -> None:
    """Where nothing else is tried, alpha is not shared."""
    blocks = 0.05 * np.cos(np.arange(12.0))
    (found,) = aligned(sound, alignment("arrival_mode", 0.2, blocks))
    reach = float(stats.t(11).isf(ALPHA) * stats.sem(blocks))
    assert found.interval == pytest.approx((0.2 - reach, 0.2 + reach))


def test_eight_blocks_are_enough_and_seven_or_no_number_are_not(sound: Evidence) -> None:
    """Undecided by feature; what may go with the wait keeps nothing shut."""
    assert aligned(sound, alignment("pain_0_10", 0.0, STEADY[:8]))[0].verdict is PASS
    for feature in ("pain_0_10", "age_years"):
        required = feature == "pain_0_10"
        metric = "excess_correlation"
        for one, note in (
            (alignment(feature, 0.0, STEADY[:7]), "too_few_blocks"),
            (alignment(feature, math.nan), "not_a_number"),
            (alignment(feature, 0.0, np.append(STEADY, np.nan)), "not_a_number"),
        ):
            assert aligned(sound, one) == [undecided(metric, feature, 1000, note, required=required)]


def test_a_spread_that_a_leaking_mean_explains_is_not_said_twice(sound: Evidence) -> None:
    """Only of the same feature, and only where its other finding keeps the gate shut."""
    leak, spread = alignment("heart_rate", 0.5), alignment("heart_rate", 0.5, aspect="spread")
    elsewhere = alignment("pain_0_10", 0.5, aspect="spread")
    assert [(f.metric, f.group) for f in aligned(sound, leak, spread, elsewhere)] == [
        ("excess_correlation", "heart_rate"),
        ("excess_correlation_spread", "pain_0_10"),
    ]
    assert len(aligned(sound, replace(leak, own=0.0), spread)) == 2
    allowed = alignment("age_years", 0.5), alignment("age_years", 0.5, aspect="spread")
    assert len(aligned(sound, *allowed)) == 2
    assert len(aligned(sound, spread)) == 1


def features(sound: Evidence, **facts: Any) -> list[Finding]:
    """The findings on five hundred rows' features."""
    probed = FeatureFacts(
        **{"undefined": (), "absent": (), "beyond": {}, "executable": (), "rows": 500, **facts}
    )
    return feature_findings(with_probed(sound, features=probed), POLICY)


def test_features_and_files_are_counted_and_named(sound: Evidence) -> None:
    """None is all, 0 and a pass; of two both names stand, and what people are to do."""
    metrics = ("files_executable", "features_undefined", "features_absent")
    assert features(sound) == [Finding(m, "all", 0.0, None, 0.0, 500, PASS) for m in metrics]
    for metric, fact, note in zip(
        metrics, ("executable", "undefined", "absent"), ("executable", "", "feature_absent"), strict=True
    ):
        (found,) = (f for f in features(sound, **{fact: ("a", "b")}) if f.metric == metric)
        assert found == Finding(metric, "a, b", 2.0, None, 0.0, 500, BLOCK, note=note)


def test_half_of_the_values_may_lie_beyond_what_training_saw(sound: Evidence) -> None:
    """The nearest is shown; beyond half each is, worst first: what Vigie counts is demand, all else another unit."""
    most = RULES.beyond_share

    def beyond(**shares: float) -> list[Finding]:
        return features(sound, beyond=shares)[3:]

    assert beyond(age_years=0.1, ed_waiting=most, heart_rate=0.2) == [
        Finding("beyond_training", "ed_waiting", most, None, most, 500, PASS)
    ]
    assert beyond(age_years=0.6, heart_rate=0.2, ed_waiting=0.7) == [
        Finding("beyond_training", "ed_waiting", 0.7, None, most, 500, BLOCK, note="demand_beyond"),
        Finding("beyond_training", "age_years", 0.6, None, most, 500, BLOCK, note="other_unit"),
    ]
