"""What a model gains: which baseline it is held against, and each horizon's and unit group's share, by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from hospital.arrays import Array
from hospital.times import DAY
from registry.evidence.records import Scored
from registry.statistics.gains import best_baseline, cell_gains, horizon_gains
from registry.statistics.intervals import block_mean
from tests.support.scored_rows import scored

NONE = math.nan


def rows(errors: dict[str, list[float]], ours: float | list[float] = 0.0, horizon: float = 8.0) -> Scored:
    """One row a day, whose outcome is 100 and whose baselines are off by these errors; NaN: it has no value."""
    n = len(next(iter(errors.values())))
    off = np.broadcast_to(np.array(ours, np.float64), n)
    part = scored([100.0] * n, (100 + off).tolist())
    return replace(
        part,
        prediction_time=np.arange(n, dtype=np.int64) * DAY,
        horizon_hours=np.full(n, horizon),
        baselines={name: 100 + np.array(values) for name, values in errors.items()},
    )


def together(*parts: Scored) -> Scored:
    """The rows of all of them."""
    arrays = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name, value in vars(parts[0]).items()
        if isinstance(value, np.ndarray)
    }
    baselines = {
        name: np.concatenate([part.baselines[name] for part in parts]) for name in parts[0].baselines
    }
    return replace(parts[0], baselines=baselines, **arrays)


def test_baselines_are_held_against_each_other_on_the_same_rows() -> None:
    """The first has a value on the hardest day, the second none: it must not look better for having been silent.

    On the 99 other days 1 is less than 1.2; over its own days the first has (60 + 99) / 100 = 1.59.
    """
    assert best_baseline(rows({"first": [60.0] + [1.0] * 99, "second": [NONE] + [1.2] * 99}), 8.0) == "first"


def test_a_baseline_that_is_often_silent_is_not_the_one_to_beat() -> None:
    """With a value on 98 of 100 days it is left out, however good it is there; with 99 it is compared."""
    usual = [1.0] * 100
    assert best_baseline(rows({"often": usual, "rarely": [NONE] * 2 + [0.5] * 98}), 8.0) == "often"
    assert best_baseline(rows({"often": usual, "rarely": [NONE] + [0.5] * 99}), 8.0) == "rarely"


def test_baselines_that_share_no_row_are_compared_each_on_its_own() -> None:
    """Each knows half of the days: the one with the smaller error there. None knows any: the first by name."""
    halves = {"a": [2.0] * 5 + [NONE] * 5, "b": [NONE] * 5 + [1.0] * 5}
    assert best_baseline(rows(halves), 8.0) == "b"
    assert best_baseline(rows({"b": [NONE] * 3, "a": [NONE] * 3}), 8.0) == "a"
    assert best_baseline(rows({"b": [NONE] * 3, "a": [NONE] * 3, "c": [NONE, 9.0, 9.0]}), 8.0) == "c"
    assert best_baseline(rows({"b": [1.0] * 3, "a": [1.0] * 3}), 8.0) == "a"


def test_the_baseline_is_that_of_its_own_horizon_and_of_the_weight_of_rows() -> None:
    """Another horizon's errors do not count; a row that counts ten times does."""
    near, far = rows({"a": [1.0] * 3, "b": [2.0] * 3}), rows({"a": [9.0] * 9, "b": [1.0] * 9}, horizon=24.0)
    both = together(near, far)
    assert [best_baseline(both, horizon) for horizon in (8.0, 24.0)] == ["a", "b"]
    weighed = replace(rows({"a": [1.0, 10.0], "b": [4.0, 4.0]}), weight=np.array([10.0, 1.0]))
    assert best_baseline(weighed, 8.0) == "a"  # 20 / 11 under 4; unweighted 5.5


def test_a_gain_is_a_share_of_the_baselines_error_however_small_that_is() -> None:
    """Off by half a bed, and ours by two fifths of one: a fifth is gained, by horizon and by unit group."""
    part = rows({"last": [0.5] * 12}, ours=0.4)
    for found in (horizon_gains(part, {8.0: "last"}, 8.0)[8.0], cell_gains(part, "last", 8.0)["ED"]):
        assert found.own.value == pytest.approx(0.2, rel=1e-9)
        assert (found.n, found.days) == (12, 12)


def test_rows_on_which_the_baseline_has_no_value_are_not_gained_on() -> None:
    """Two of six days without one: four days, of which the model wins 1 of 2 on the even and nothing on the odd."""
    part = rows({"last": [NONE, NONE, 2.0, 2.0, 2.0, 2.0]}, ours=[9.0, 9.0, 1.0, 2.0, 1.0, 2.0])
    for found in (horizon_gains(part, {8.0: "last"}, 8.0)[8.0], cell_gains(part, "last", 8.0)["ED"]):
        assert found.own.value == pytest.approx(0.25, rel=1e-9)
        assert (found.n, found.days) == (4, 4)


def test_a_horizon_without_a_baseline_does_not_take_the_others_along() -> None:
    """A day ahead the baseline never has a value; three days ahead it has, and its gain is reported."""
    parts = rows({"last": [NONE] * 8}, horizon=24.0), rows({"last": [2.0] * 8}, ours=1.0, horizon=72.0)
    found = horizon_gains(together(*parts), {24.0: "last", 72.0: "last"}, 12.0)
    assert list(found) == [72.0]
    assert found[72.0].own.value == pytest.approx(0.5)


def test_a_unit_group_whose_baseline_is_always_right_has_no_gain() -> None:
    """Nothing is divided by 0, and the other group keeps its own."""
    part = rows({"last": [0.0, 2.0] * 6}, ours=1.0)
    part = replace(part, unit_group=np.array(["closed", "open"] * 6, object))
    assert list(cell_gains(part, "last", 8.0)) == ["open"]
    assert cell_gains(part.part(np.zeros(12, bool)), "last", 8.0) == {}


@pytest.mark.parametrize(("days", "blocks"), [(1, 1), (2, 2), (3, 3)])
def test_one_day_says_nothing_of_how_days_differ_and_two_do(days: int, blocks: int) -> None:
    """Gains of 1, 0, … of 2: with one block nothing bounds the gain."""
    part = rows({"last": [2.0] * days}, ours=[1.0, 2.0, 1.0][:days])
    own = cell_gains(part, "last", 8.0)["ED"].own
    assert own.blocks == blocks
    assert math.isfinite(own.sd) == (blocks > 1)
    if days == 2:  # 1/2 and 0 about 1/4: a variance of 1/8, over two days
        assert own.sd == pytest.approx(math.sqrt(1 / 8 / 2))


def test_a_weighted_cells_deviation_is_that_of_its_blocks() -> None:
    """Rows of any weight, three a day: value and deviation of `block_mean`, as a share of the baseline's error."""
    rng = np.random.default_rng(1)
    n = 120
    part = rows({"last": rng.normal(0, 3, n).tolist()}, ours=rng.normal(0, 2, n).tolist())
    part = replace(part, prediction_time=np.arange(n) // 3 * DAY, weight=rng.uniform(0.2, 4, n))
    difference = np.abs(part.baselines["last"] - 100) - np.abs(part.p50 - 100)
    level = float(np.average(np.abs(part.baselines["last"] - 100), weights=part.weight))
    expected = block_mean(difference, part.weight, part.prediction_time, horizon_hours=24.0).over(level)
    for found in (horizon_gains(part, {8.0: "last"}, 24.0)[8.0], cell_gains(part, "last", 24.0)["ED"]):
        assert found.own.value == pytest.approx(expected.value, rel=1e-9)
        assert found.own.sd == pytest.approx(expected.sd, rel=1e-9)
        assert found.own.blocks == expected.blocks


def test_groups_that_have_the_same_good_and_bad_days_are_not_surer_together() -> None:
    """Two groups with the same gain each day share nine tenths of their variance; their mean is no surer than one."""
    n = 30
    gains = np.where(np.arange(n) % 2 == 0, 1.5, 0.5)
    one = rows({"last": [2.0] * n}, ours=(2 - gains).tolist())
    other = replace(one, unit_group=_named("other", n))
    found = cell_gains(together(one, other), "last", 8.0)
    alone = cell_gains(one, "last", 8.0)["ED"].own.sd
    # What is each group's own is at least a tenth of its variance: 1/10 over two groups, and 9/10 or all shared.
    assert found["ED"].own.sd == pytest.approx(alone)
    assert found["ED"].pooled.sd > 0.95 * alone


def _named(name: str, n: int) -> Array:
    out = np.empty(n, object)
    out[:] = name
    return out
