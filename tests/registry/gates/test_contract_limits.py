"""The contract gate at each of its limits: counts, times, weights, numbers that are none and history, by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from hospital.times import HOUR
from registry.evidence.records import Evidence, Scored
from registry.gates import Finding, Verdict
from registry.gates.contract import judge_contract
from registry.policy.board_policy import default_policy
from registry.statistics.verdict import undecided
from tests.support.scored_rows import scored
from tests.support.sound_facts import waits
from tests.support.synthetic_evidence import Hospital

POLICY = default_policy()
SECOND = 1_000_000


@pytest.fixture(scope="module")
def sound() -> Evidence:
    """A sound wait-time model, of whose rows others take the place."""
    return waits(Hospital(visits=5), np.random.default_rng(1))


def rows(n: int, prefix: str = "t") -> Scored:
    """Rows with a wait each, in the order of time."""
    return replace(
        scored([20.0 + i for i in range(n)], [20.0] * n),
        row_id=np.array([f"{prefix}{i}" for i in range(n)], object),
    )


def count(sound: Evidence, test: Scored, metric: str, validation: Scored | None = None) -> Finding:
    """The finding on one of the counts."""
    evidence = replace(sound, test=test, validation=validation or rows(4, "v"))
    return next(f for f in judge_contract(evidence, POLICY).findings if f.metric == metric)


def test_every_count_is_0_with_the_rows_that_were_judged(sound: Evidence) -> None:
    """Twelve of them, each a finding with a threshold of 0; one more of any is a block with its number."""
    evidence = replace(
        sound, test=rows(9), validation=rows(4, "v"), contract=replace(sound.contract, rows=77)
    )
    found = judge_contract(evidence, POLICY).findings[:12]
    assert {f.metric for f in found} >= {"rows_duplicated", "rows_out_of_time", "weights_wrong"}
    for finding in found:
        assert finding == Finding(finding.metric, "all", 0.0, None, 0.0, 77, Verdict.PASS)
    facts = replace(evidence.contract, rows_off=3, feature_digest_equal=False)
    other = {f.metric: f for f in judge_contract(replace(evidence, contract=facts), POLICY).findings}
    for metric, number in (("rows_differ", 3.0), ("other_feature_definitions", 1.0)):
        assert other[metric] == Finding(metric, "all", number, None, 0.0, 77, Verdict.BLOCK)


def test_rows_that_are_there_twice_or_chose_the_scope_are_counted(sound: Evidence) -> None:
    """Two of nine are copies, and one more is of the validation set: three."""
    test, before = rows(9), rows(4, "v")
    names = test.row_id.copy()
    names[[1, 2]] = names[0]
    names[8] = before.row_id[3]
    assert count(sound, test, "rows_duplicated", before).value == 0
    assert count(sound, replace(test, row_id=names), "rows_duplicated", before).value == 3


def test_rows_of_one_instant_are_in_order_and_an_earlier_one_after_a_later_is_not(sound: Evidence) -> None:
    """Two visits may be triaged in the same second; of five rows, two go back in time."""
    test = rows(5)
    for at, unordered in (([3, 3, 3, 4, 4], 0), ([3, 2, 5, 4, 4], 2)):
        times = np.array(at) * HOUR
        found = count(sound, replace(test, prediction_time=times, target_time=times), "rows_out_of_time")
        assert found.value == unordered


def test_a_wait_may_end_a_second_early_by_rounding_and_no_earlier(sound: Evidence) -> None:
    """It is written in minutes: a second before its beginning is rounding, a microsecond more is a fault."""
    test = rows(3)
    for early, wrong in ((SECOND, 0), (SECOND + 1, 3)):
        found = count(sound, replace(test, target_time=test.prediction_time - early), "rows_out_of_time")
        assert found.value == wrong


def test_beds_are_counted_at_the_horizon_to_the_microsecond(sound: Evidence) -> None:
    """Eight and a half hours ahead; later and earlier rows are each a fault, and so is disorder beside them."""
    test = replace(rows(4), counts=True, horizon_hours=np.full(4, 8.5))
    ahead = test.prediction_time + 17 * HOUR // 2
    for moved, wrong in (([0, 0, 0, 0], 0), ([1, 0, -1, 0], 2)):
        found = count(sound, replace(test, target_time=ahead + np.array(moved)), "rows_out_of_time")
        assert found.value == wrong
    back = test.prediction_time[::-1]
    disorder = replace(test, prediction_time=back, target_time=back + 17 * HOUR // 2)
    assert count(sound, disorder, "rows_out_of_time").value == 3


def test_weights_below_0_or_none_and_of_those_who_left_are_counted(sound: Evidence) -> None:
    """0 is a weight; who left unseen may have it, and no more than it."""
    weight = np.array([1.0, 0.0, -1.0, math.nan, 0.5, 0.0])
    censored = np.array([False, False, False, False, True, True])
    found = count(sound, replace(rows(6), weight=weight, censored=censored), "weights_wrong")
    assert (found.value, found.verdict) == (3.0, Verdict.BLOCK)


def test_only_rows_that_weigh_need_numbers(sound: Evidence) -> None:
    """A missing forecast or outcome of a row without weight is none that was to be judged."""
    test = rows(6)
    weight = np.array([1.0, 1.0, 0.5, 1.0, 0.0, 0.0])
    quantiles, outcome = test.quantiles.copy(), test.outcome.copy()
    quantiles[[4, 5], 7], outcome[[4, 5]] = np.nan, np.nan
    quiet = replace(test, weight=weight, quantiles=quantiles, outcome=outcome)
    for metric in ("forecasts_missing", "outcomes_missing"):
        assert count(sound, quiet, metric) == Finding(metric, "all", 0.0, None, 0.0, 6, Verdict.PASS)
    quantiles[[2, 3], 7] = np.inf
    outcome[2] = np.nan
    loud = replace(quiet, quantiles=quantiles, outcome=outcome)
    for metric, n in (("forecasts_missing", 2), ("outcomes_missing", 1)):
        assert count(sound, loud, metric) == undecided(metric, "all", n, "not_a_number", threshold=0.0)


def test_a_history_of_just_enough_days_is_not_short(sound: Evidence) -> None:
    """Reported with its days, and never required."""
    wanted = float(POLICY.document.history_days)
    for days, note in ((wanted, ""), (wanted - 1, "short_history")):
        evidence = replace(
            sound,
            history_days=days,
            contract=replace(sound.contract, rows=77),
            test=rows(3),
            validation=rows(3, "v"),
        )
        assert judge_contract(evidence, POLICY).findings[-1] == Finding(
            "history_days", "all", days, None, wanted, 77, Verdict.PASS, required=False, note=note
        )
