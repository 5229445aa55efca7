"""The accuracy gate at each of its limits: rows, blocks, gains, cells, and the version in use, by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from hospital.times import DAY, HOUR
from registry.evidence.records import Evidence, Scored
from registry.gates import Finding, GateResult, Verdict
from registry.gates.accuracy import judge_accuracy, judged_scope
from registry.policy.board_policy import default_policy
from registry.statistics.verdict import undecided
from tests.support.sound_facts import waits
from tests.support.synthetic_evidence import Hospital

POLICY = default_policy()
RULES = POLICY.document.accuracy
PASS, BLOCK, OPEN = Verdict.PASS, Verdict.BLOCK, Verdict.INCONCLUSIVE
FIRST = Finding("against_current", "all", None, None, None, 0, Verdict.NOT_APPLICABLE, note="first_release")


@pytest.fixture(scope="module")
def sound() -> Evidence:
    """All that an accuracy gate does not look at."""
    return waits(Hospital(visits=5), np.random.default_rng(1))


def rows(gains: Mapping[str, float | Sequence[float] | Array], days: int, horizon: float = 8.0) -> Scored:
    """One row a day of each unit group: the baseline is off by 10, the model by less by these shares of it."""
    names = list(gains)
    day, of = (x.ravel() for x in np.meshgrid(np.arange(days), np.arange(len(names)), indexing="ij"))
    gain = np.column_stack([np.broadcast_to(np.array(gains[name], np.float64), days) for name in names])
    n = day.size
    return Scored(
        row_id=np.arange(n).astype(str).astype(object),
        prediction_time=day * DAY,
        target_time=day * DAY + int(horizon * HOUR),
        horizon_hours=np.full(n, horizon),
        unit_group=np.array(names, object)[of],
        site=np.full(n, "", object),
        local_hour=np.zeros(n, np.int64),
        outcome=np.zeros(n),
        censored=np.zeros(n, bool),
        waited=np.full(n, np.nan),
        weight=np.ones(n),
        quantiles=10 * (1 - gain[day, of])[:, None] + np.zeros(len(LEVELS)),
        baselines={"last": np.full(n, 10.0)},
        audit={},
        counts=True,
    )


def together(*parts: Scored) -> Scored:
    """The rows of all of them, in the order of time."""
    arrays = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name, value in vars(parts[0]).items()
        if isinstance(value, np.ndarray)
    }
    baselines = {"last": np.concatenate([part.baselines["last"] for part in parts])}
    found = replace(parts[0], baselines=baselines, **arrays)
    return found.part(np.argsort(found.prediction_time, kind="stable"))


def judged(
    sound: Evidence,
    test: Scored,
    scope: Sequence[tuple[str, float]] | None = None,
    current: Array | None = None,
    **more: object,
) -> GateResult:
    """The gate on these rows, all of them in the scope where nothing else is said; what is in use says the median."""
    cells = tuple(sorted(set(zip(test.unit_group, map(float, test.horizon_hours), strict=True))))
    levels = None if current is None else current[:, None] + np.arange(-9.0, 10.0)
    evidence = replace(sound, test=test, validation=test, current=levels, **more)  # type: ignore[arg-type]
    return judge_accuracy(evidence, POLICY, cells if scope is None else tuple(scope))


def test_an_empty_scope_is_closed(sound: Evidence) -> None:
    """Nothing is served: said once, and nothing else is judged."""
    assert judged(sound, rows({"a": 0.2}, 200), ()).findings == (
        Finding("scope", "all", 0.0, None, None, 0, BLOCK, note="empty_scope"),
    )


@pytest.mark.parametrize(("gain", "verdict"), [(0.5, PASS), (2**-8, PASS), (0.0, BLOCK), (-0.25, BLOCK)])
def test_a_gain_that_never_varies_passes_above_0_and_blocks_otherwise(
    sound: Evidence, gain: float, verdict: Verdict
) -> None:
    """Two hundred days: the finding names the baseline, and of the first release nothing is set beside it."""
    found, *others, beside = judged(sound, rows({"a": gain}, 200)).findings
    assert found.value == pytest.approx(gain)
    assert found.interval == pytest.approx((gain, gain))
    assert replace(found, value=0.0, interval=None) == Finding(
        "gain_over_baseline", "8 h", 0.0, None, 0.0, 200, verdict, note="last"
    )
    assert others == []
    assert beside == FIRST


def test_a_gain_across_the_least_useful_one_is_not_confirmed(sound: Evidence) -> None:
    """A mean of nothing that strays: neither passes nor blocks, keeps nothing shut by itself, and opens nothing."""
    swing = np.where(np.arange(210) // 7 % 2 == 0, 0.4, -0.4)
    result = judged(sound, rows({"a": swing}, 210))
    found = result.findings[0]
    assert (found.verdict, found.note, found.required) == (OPEN, "not_confirmed", False)
    assert undecided("scope", "all", 0, "nothing_confirmed") in result.findings
    assert judged_scope(result, (("a", 8.0),)) == ()


def test_two_hundred_rows_are_enough_and_one_less_is_not(sound: Evidence) -> None:
    """Whatever they show."""
    assert RULES.minimum_rows == 200
    assert judged(sound, rows({"a": 0.2}, 199)).findings[0] == undecided(
        "gain_over_baseline", "8 h", 199, "too_few_rows"
    )


def test_rows_that_weigh_need_a_forecast_and_others_do_not(sound: Evidence) -> None:
    """Three of 240 without one are said, and how many; the same three without weight are none to be judged."""
    test = rows({"a": 0.2}, 240)
    quantiles, weight = test.quantiles.copy(), test.weight.copy()
    quantiles[:3, 4], weight[:3] = np.nan, 0.0
    assert judged(sound, replace(test, quantiles=quantiles)).findings[0] == undecided(
        "gain_over_baseline", "8 h", 3, "not_a_number"
    )
    found = judged(sound, replace(test, quantiles=quantiles, weight=weight)).findings[0]
    assert (found.n, found.verdict) == (237, PASS)


def test_the_baseline_may_lack_one_row_in_a_hundred(sound: Evidence) -> None:
    """After a gap in the data it has no value: 297 of 300 are compared, 296 are too few of them."""
    for lost in (3, 4):
        test = rows({"a": 0.2}, 300)
        test.baselines["last"][:lost] = np.nan
        found = judged(sound, test).findings[0]
        if lost == 3:
            assert (found.n, found.verdict) == (297, PASS)
        else:
            assert found == undecided("gain_over_baseline", "8 h", 4, "not_a_number")


def test_a_baseline_that_is_always_right_leaves_nothing_to_gain(sound: Evidence) -> None:
    """Its error is 0, and nothing is a share of that."""
    test = replace(rows({"a": 0.2}, 200), outcome=np.full(200, 10.0))
    assert judged(sound, test).findings[0] == undecided("gain_over_baseline", "8 h", 200, "constant_outcome")


@pytest.mark.parametrize(("days", "enough"), [(60, True), (59, False)])
def test_ten_blocks_are_enough_and_nine_are_not(sound: Evidence, days: int, enough: bool) -> None:
    """Three days ahead a block is six days: a horizon of fewer is not required, and without it nothing is left."""
    result = judged(sound, rows(dict.fromkeys("abcd", 0.2), days, 72.0))
    found = result.findings[0]
    assert found.value == pytest.approx(0.2)
    if enough:
        assert (found.verdict, found.note, found.required) == (PASS, "last", True)
        return
    assert replace(found, value=0.2) == Finding(
        "gain_over_baseline", "72 h", 0.2, None, 0.0, 236, OPEN, required=False, note="too_few_blocks"
    )
    assert result.findings[1] == Finding("scope", "all", 0.0, None, None, 0, BLOCK, note="no_horizon_left")
    assert result.verdict is BLOCK
    assert judged_scope(result, (("a", 72.0),)) == ()


def test_diebold_and_marianos_statistic_stands_beside_the_normal_quantile(sound: Evidence) -> None:
    """Reported, with the rows it is of, beside the 95 % that it is usually held against."""
    swing = 0.2 + 0.1 * np.cos(np.arange(200.0))
    result = judged(sound, rows({"a": swing}, 200))
    (found,) = (f for f in result.findings if f.metric == "diebold_mariano")
    assert judged_scope(result, (("a", 8.0),)) == (("a", 8.0),)  # what is reported takes nothing out
    assert found.threshold == pytest.approx(stats.norm.ppf(0.95), abs=5e-4)
    assert found.value is not None
    assert found.value > 10
    assert replace(found, value=0.0, threshold=None) == Finding(
        "diebold_mariano", "8 h", 0.0, None, None, 200, PASS, required=False, note="reported"
    )


def test_cells_are_confirmed_one_by_one_and_reported(sound: Evidence) -> None:
    """Three groups gain, one loses as surely: it leaves the scope, with its interval, and keeps nothing shut."""
    result = judged(sound, rows({"a": 0.25, "b": 0.125, "c": -0.125, "d": 0.25}, 200))
    cells = {f.group: f for f in result.findings if f.metric == "gain_in_cell"}
    for name, gain, verdict, note in (
        ("a", 0.25, PASS, ""), ("b", 0.125, PASS, ""), ("c", -0.125, OPEN, "not_confirmed"),
    ):  # fmt: skip
        cell = cells[f"{name}*8 h"]
        assert cell.value == pytest.approx(gain)
        assert cell.interval == pytest.approx((gain, gain))
        assert replace(cell, value=0.0, interval=None) == Finding(
            "gain_in_cell", f"{name}*8 h", 0.0, None, 0.0, 200, verdict, required=False, note=note
        )
    assert judged_scope(result, (("a", 8.0), ("c", 8.0))) == (("a", 8.0),)
    assert result.verdict is PASS


def test_one_group_alone_is_its_horizon_and_a_horizon_that_blocks_has_no_cells(sound: Evidence) -> None:
    """Neither is said twice."""
    for gains in ({"a": 0.2}, {"a": -0.2, "b": -0.3}):
        assert not [f for f in judged(sound, rows(gains, 200)).findings if f.metric == "gain_in_cell"]


def test_groups_that_gain_only_together_leave_nothing_confirmed(sound: Evidence) -> None:
    """One is good in the weeks in which the other is bad: together a tenth is sure, and of neither anything is."""
    swing = np.where(np.arange(210) // 7 % 2 == 0, 0.8, -0.8)
    result = judged(sound, rows({"a": 0.1 + swing, "b": 0.1 - swing}, 210))
    assert result.findings[0].verdict is PASS
    assert {f.verdict for f in result.findings if f.metric == "gain_in_cell"} == {OPEN}
    assert undecided("scope", "all", 0, "nothing_confirmed") in result.findings
    assert result.verdict is OPEN


def test_a_group_that_significantly_loses_is_not_carried_by_a_hundred_that_gain(sound: Evidence) -> None:
    """Pooled it would be served: by its own 95 % interval it is worse than the baseline, whatever it shares."""
    rng, days, k = np.random.default_rng(3), 30, 120
    noise = rng.normal(size=(days, k))
    noise = (
        (noise - noise.mean(axis=0)) / noise.std(axis=0, ddof=1) * 0.1 * np.sqrt(days)
    )  # a mean's error of 0.1
    for own, confirmed in ((-0.215, False), (-0.19, True)):  # t at 2.5 % and 29 degrees of freedom: 2.045
        middle = np.where(np.arange(k) == 0, own, 0.12)
        gains = {f"g{i:03}": middle[i] + noise[:, i] for i in range(k)}
        result = judged(sound, rows(gains, days))
        first = next(f for f in result.findings if f.group == "g000*8 h")
        assert first.interval is not None
        assert first.interval[0] > 0
        assert first.verdict is (PASS if confirmed else OPEN)


def beside(result: GateResult) -> dict[str, Finding]:
    """The findings beside the version in use."""
    return {f.group: f for f in result.findings if f.metric == "against_current"}


@pytest.mark.parametrize(("ours", "verdict"), [(10.0, PASS), (10.375, PASS), (10.625, BLOCK)])
def test_a_version_may_be_a_twentieth_worse_than_the_one_in_use(
    sound: Evidence, ours: float, verdict: Verdict
) -> None:
    """Whose median is off by 10: a share of its error, without an interval to stray in."""
    test = rows({"a": (20 - ours) / 20}, 200)
    test = replace(test, baselines={"last": np.full(200, 20.0)}, quantiles=ours + np.zeros((200, 19)))
    found = beside(judged(sound, test, current=np.full(200, 10.0)))
    gain = (10 - ours) / 10
    assert found["all"].value == pytest.approx(gain)
    assert found["all"].interval == pytest.approx((gain, gain))
    assert set(found) == {"all"}
    assert replace(found["all"], value=0.0, interval=None) == Finding(
        "against_current", "all", 0.0, None, -RULES.noninferiority_margin, 200, verdict
    )


def test_one_horizon_may_be_a_tenth_worse_where_all_together_are_not(sound: Evidence) -> None:
    """Of two horizons one is 9 or 11 % worse, and the other makes up for it."""
    parts = rows({"a": 0.5}, 200, 8.0), rows({"a": 0.5}, 200, 24.0)
    test = together(*parts)
    for worse, verdict in ((10.875, PASS), (11.125, BLOCK)):
        median = np.where(test.horizon_hours == 8.0, worse, 5.0)
        test = replace(test, quantiles=median[:, None] + np.zeros(19), baselines={"last": np.full(400, 20.0)})
        found = beside(judged(sound, test, current=np.full(400, 10.0)))
        assert list(found) == ["all", "8 h", "24 h"]
        assert (found["all"].verdict, found["all"].threshold) == (PASS, -RULES.noninferiority_margin)
        assert (found["8 h"].verdict, found["8 h"].threshold) == (
            verdict,
            -RULES.noninferiority_margin_horizon,
        )
        assert (found["8 h"].n, found["all"].n) == (200, 400)


def test_what_is_in_use_needs_a_forecast_of_every_row_it_speaks_of(sound: Evidence) -> None:
    """A gap within a horizon is said; a horizon that it never speaks of is left out."""
    test = together(rows({"a": 0.5}, 200, 8.0), rows({"a": 0.5}, 200, 24.0))
    silent = np.where(test.horizon_hours == 24.0, np.nan, 10.0)
    found = beside(judged(sound, test, current=silent))
    assert {name: f.n for name, f in found.items()} == {"all": 200}
    gap = silent.copy()
    gap[np.flatnonzero(np.isfinite(gap))[0]] = np.nan
    assert beside(judged(sound, test, current=gap)) == {
        "all": undecided("against_current", "all", 200, "not_a_number")
    }


def test_what_would_be_served_may_lack_one_row_in_a_hundred(sound: Evidence) -> None:
    """Outside the scope the baseline is served, and after a gap it has no value."""
    for lost in (3, 4):
        test = rows({"a": 0.2, "b": 0.2}, 300)
        outside = np.flatnonzero(test.unit_group == "b")
        test.baselines["last"][outside[: 2 * lost]] = np.nan
        found = beside(judged(sound, test, [("a", 8.0)], current=np.full(600, 10.0)))["all"]
        if lost == 3:
            assert (found.n, found.verdict) == (594, PASS)
        else:
            assert found == undecided("against_current", "all", 600, "not_a_number")


def test_rows_that_do_not_weigh_are_not_set_beside_the_version_in_use(sound: Evidence) -> None:
    """Nor do they need a forecast of either."""
    test = rows({"a": 0.2}, 230)
    weight, quantiles, outcome = test.weight.copy(), test.quantiles.copy(), test.outcome.copy()
    weight[:10], quantiles[10:20, 3], outcome[20:30] = 0.0, np.nan, np.nan
    current = np.full(230, 10.0)
    current[:30] = np.nan
    sparse = replace(test, weight=weight, quantiles=quantiles, outcome=outcome)
    assert beside(judged(sound, sparse, current=current))["all"].n == 200


def test_too_few_rows_and_a_version_that_is_always_right_are_undecided(sound: Evidence) -> None:
    """At 199 rows, and where the error to be a share of is 0."""
    few = judged(sound, rows({"a": 0.2}, 199), current=np.full(199, 10.0))
    assert beside(few)["all"] == undecided("against_current", "all", 199, "too_few_rows")
    assert beside(judged(sound, rows({"a": 0.2}, 200), current=np.full(200, 10.0)))["all"].verdict is PASS
    right = judged(sound, rows({"a": 0.2}, 200), current=np.zeros(200))
    assert beside(right)["all"] == undecided("against_current", "all", 200, "constant_outcome")


@pytest.mark.parametrize(("worse", "verdict", "required"), [(9.0, OPEN, False), (12.0, BLOCK, True)])
def test_a_horizon_of_few_blocks_keeps_nothing_shut_but_blocks_where_it_is_worse(
    sound: Evidence, worse: float, verdict: Verdict, required: bool
) -> None:
    """Nine blocks of six days beside two hundred days of another horizon; all together of nine are required."""
    long, short = rows(dict.fromkeys("abcd", 0.5), 59, 72.0), rows({"a": 0.5}, 400, 8.0)
    test = together(long, short)
    # A horizon that cannot be judged leaves the scope: what would be served is the baseline.
    test = replace(test, baselines={"last": np.where(test.horizon_hours == 72.0, worse, 20.0)})
    found = beside(judged(sound, test, current=np.full(test.size, 10.0)))
    one = found["72 h"]
    assert (one.verdict, one.required, one.note, one.n) == (verdict, required, "too_few_blocks", 236)
    assert (found["8 h"].note, found["8 h"].verdict) == ("", PASS)
    alone = replace(long, baselines={"last": np.full(long.size, worse)})
    every = beside(judged(sound, alone, current=np.full(long.size, 10.0)))["all"]
    assert (every.verdict, every.required, every.note) == (verdict, True, "too_few_blocks")


def test_a_version_in_use_that_never_spoke_of_these_rows_is_undecided(sound: Evidence) -> None:
    """It knew none of these horizons: there is no row to be set beside."""
    silent = judged(sound, rows({"a": 0.25}, 200), current=np.full(200, np.nan))
    assert beside(silent)["all"] == undecided("against_current", "all", 0, "too_few_rows")


def test_a_department_of_any_name_stays_in_the_scope_that_it_earned(sound: Evidence) -> None:
    """Even one called as the findings on everybody are, of a first release."""
    result = judged(sound, rows({"all": 0.25}, 200, 0.0))
    assert judged_scope(result, (("all", 0.0),)) == (("all", 0.0),)
