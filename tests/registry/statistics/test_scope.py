"""The trusted scope by unit group: a group without any gain is not carried by the others, a small gain is not lost."""

from dataclasses import replace

import numpy as np
import pytest

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from hospital.times import DAY, HOUR
from registry.evidence.records import Evidence, Scored
from registry.gates.accuracy import judge_accuracy, judged_scope
from registry.policy.board_policy import default_policy
from registry.statistics.gains import best_baseline, cell_gains, losses
from registry.statistics.intervals import block_mean
from registry.statistics.scope import cell_name, choose_scope, horizon_name, served
from registry.statistics.verdict import Verdict
from tests.support.synthetic_evidence import Hospital, beds

POLICY = default_policy()


def scored(gains: list[float], days: int, rng: np.random.Generator, *, spread: float = 2.0) -> Scored:
    """Unit groups a, b, … whose model has an error smaller than the baseline's by these shares; five rows a day."""
    groups = np.array([chr(97 + i) for i in range(len(gains))], object)
    day, of, _ = (
        x.ravel() for x in np.meshgrid(np.arange(days), np.arange(len(gains)), np.arange(5), indexing="ij")
    )
    n = day.size
    busy = rng.normal(1, 0.2, days)[day]
    outcome = np.round(30 + 5 * rng.normal(size=n))
    sign = rng.choice([-1.0, 1.0], n)
    baseline = outcome + sign * np.abs(rng.normal(0, spread, n)) * busy
    off = (baseline - outcome) * (1 - np.array(gains)[of]) * np.exp(rng.normal(0, 0.3, n) - 0.045)
    p50 = outcome + off
    return Scored(
        row_id=_texts([f"r{i}" for i in range(n)]),
        prediction_time=day * DAY + (np.arange(n) % 5) * HOUR,
        target_time=day * DAY + (np.arange(n) % 5 + 8) * HOUR,
        horizon_hours=np.full(n, 8.0),
        unit_group=groups[of],
        site=_texts([""] * n),
        local_hour=np.arange(n) % 5,
        outcome=outcome,
        censored=np.zeros(n, bool),
        waited=np.full(n, np.nan),
        weight=np.ones(n),
        quantiles=p50[:, None] + np.linspace(-3, 3, len(LEVELS)),
        baselines={"last_value": baseline},
        audit={},
        counts=True,
    )


def evidence(gains: list[float], seed: int, *, later: list[float] | None = None) -> Evidence:
    """Forty days of validation and a hundred of test, in which gains may be others."""
    rng = np.random.default_rng(seed)
    sound = beds(Hospital(days=200), np.random.default_rng(1))
    return replace(
        sound, validation=scored(gains, 40, rng), test=scored(later or gains, 100, rng), current=None
    )


def trusted(found: Evidence) -> set[str]:
    """The unit groups that are left of the scope."""
    chosen = choose_scope(found.validation, POLICY)
    return {group for group, _ in judged_scope(judge_accuracy(found, POLICY, chosen), chosen)}


def test_a_cells_own_gain_is_that_of_its_rows() -> None:
    """By hand: the mean difference of the errors over the baseline's mean error; one cell's error is block_mean's."""
    part = scored([0.1, 0.3], 60, np.random.default_rng(3))
    found = cell_gains(part, "last_value", 8.0)
    for group in ("a", "b"):
        mine = part.part(part.unit_group == group)
        theirs, ours = losses(mine, mine.baselines["last_value"]), losses(mine, mine.p50)
        assert found[group].own.value == pytest.approx(
            (theirs.mean() - ours.mean()) / theirs.mean(), rel=1e-12
        )
        assert found[group].n == 300
    alone = part.part(part.unit_group == "a")
    theirs = losses(alone, alone.baselines["last_value"])
    by_blocks = block_mean(
        theirs - losses(alone, alone.p50), alone.weight, alone.prediction_time, horizon_hours=8.0
    )
    only = cell_gains(alone, "last_value", 8.0)["a"]
    assert only.own.sd == pytest.approx(by_blocks.sd / theirs.mean(), rel=1e-12)
    assert only.pooled == only.own


def test_a_group_that_loses_is_not_carried_by_groups_that_gain() -> None:
    """Critical care with −4 to −0.5 % beside three groups that gain 15 % leaves the scope; the three stay."""
    for seed, worse in enumerate((-0.04, -0.02, -0.005)):
        assert trusted(evidence([0.15, 0.15, 0.15, worse], seed)) == {"a", "b", "c"}


def test_what_the_validation_set_promised_and_the_test_set_takes_back_leaves_the_scope() -> None:
    """Eight per cent each, of which one group's are gone later: it is reported, and the gate still passes."""
    found = evidence([0.15] * 4, 1, later=[0.15, 0.15, 0.15, -0.1])
    chosen = choose_scope(found.validation, POLICY)
    assert ("d", 8.0) in chosen
    result = judge_accuracy(found, POLICY, chosen)
    cells = {f.group: f for f in result.findings if f.metric == "gain_in_cell"}
    assert (cells["d*8 h"].verdict, cells["d*8 h"].note, cells["d*8 h"].required) == (
        Verdict.INCONCLUSIVE,
        "not_confirmed",
        False,
    )
    assert cells["a*8 h"].verdict is Verdict.PASS
    assert result.verdict is Verdict.PASS
    assert judged_scope(result, chosen) == (("a", 8.0), ("b", 8.0), ("c", 8.0))


def test_small_gains_that_all_groups_share_are_not_given_up() -> None:
    """Sixteen groups of 4 % each: nearly all are trusted, though few of them could show it alone."""
    found = evidence([0.04] * 16, 5)
    alone = cell_gains(found.validation, "last_value", 12.0)
    assert sum(c.own.low(0.05) > 0.01 for c in alone.values()) < 12
    assert len(trusted(found)) >= 14


def test_a_horizon_that_is_not_confirmed_leaves_and_none_left_is_inconclusive() -> None:
    """A gain that the test set cannot show keeps nothing shut where another horizon has one, and opens nothing."""
    found = evidence([0.15, 0.15], 7, later=[0.015, 0.0])
    chosen = choose_scope(found.validation, POLICY)
    result = judge_accuracy(found, POLICY, chosen)
    assert {f.note for f in result.findings if f.metric == "gain_over_baseline"} == {"not_confirmed"}
    assert judged_scope(result, chosen) == ()
    assert (result.verdict, "nothing_confirmed" in {f.note for f in result.findings}) == (
        Verdict.INCONCLUSIVE,
        True,
    )


def test_what_is_served_is_the_model_inside_and_the_baseline_outside() -> None:
    """Row by row; without a baseline of the package the best of the validation set answers."""
    found = evidence([0.15, 0.15], 9)
    answers = served(replace(found, baseline=None), [("a", 8.0)])
    inside = found.test.unit_group == "a"
    assert np.array_equal(answers[inside], found.test.p50[inside])
    name = best_baseline(found.validation, 8.0)
    assert np.array_equal(answers[~inside], found.test.baselines[name][~inside])
    own = np.full(found.test.size, 7.0)
    assert (served(replace(found, baseline=own), [("a", 8.0)])[~inside] == 7).all()


def _texts(values: list[str]) -> Array:
    out = np.empty(len(values), object)
    out[:] = values
    return out


def test_a_gain_that_comes_one_day_and_goes_the_next_is_not_sure() -> None:
    """Twenty days of +55 % and -45 %: by the day their mean of 5 % is not sure; of +15 % and -5 % it is."""
    for swing, chosen in ((0.5, ()), (0.1, (("a", 8.0),))):
        part = scored([0.0], 20, np.random.default_rng(4))
        gain = 0.05 + np.where(part.prediction_time // DAY % 2 == 0, swing, -swing)
        assert choose_scope(_gaining(part, gain), POLICY) == chosen


def test_a_gain_of_no_more_than_the_least_useful_one_is_not_worth_a_model() -> None:
    """At one per cent of the baseline's error a unit group stays out; at two it enters."""
    part = scored([0.0], 20, np.random.default_rng(4))
    assert POLICY.document.accuracy.least_gain == 0.01
    assert choose_scope(_gaining(part, np.full(part.size, 0.01)), POLICY) == ()
    assert choose_scope(_gaining(part, np.full(part.size, 0.02)), POLICY) == (("a", 8.0),)


def test_horizons_and_cells_have_the_names_that_findings_give_them() -> None:
    """Of waits, which have no horizon, the whole and the department."""
    assert [horizon_name(hours) for hours in (0.0, 8.0, 336.0)] == ["all", "8 h", "336 h"]
    assert [cell_name(cell) for cell in (("ED", 0.0), ("ward", 24.0))] == ["ED", "ward*24 h"]


def _gaining(part: Scored, gain: Array) -> Scored:
    """Rows without a spread: the baseline is off by 100, and the model by so much less."""
    outcome = np.zeros(part.size)
    return replace(
        part,
        outcome=outcome,
        quantiles=(100 * (1 - gain))[:, None] + np.zeros(len(LEVELS)),
        baselines={"last_value": outcome + 100},
    )
