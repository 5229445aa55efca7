"""The trusted scope by horizon: a quarter of a year says little of a week ahead, and horizons speak for one another."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from hospital.dataset.quantiles import LEVELS
from hospital.times import DAY, HOUR
from registry.evidence.records import Evidence, Scored
from registry.gates.accuracy import judge_accuracy, judged_scope
from registry.policy.board_policy import default_policy
from registry.policy.trusted_scope import Cell
from registry.statistics.gains import Gain, cell_gains, horizon_gains
from registry.statistics.intervals import block_mean
from registry.statistics.partial_pooling import partially_pooled
from registry.statistics.scope import choose_scope
from registry.statistics.verdict import Verdict
from tests.support.synthetic_evidence import Hospital, beds

POLICY = default_policy()
HORIZONS = (24.0, 72.0, 168.0, 336.0)
GROUPS = 16
BASELINE = "last_value"


def daily(
    gains: Mapping[float, Sequence[float]],
    days: int,
    rng: np.random.Generator,
    *,
    swing: Mapping[float, float] | None = None,
) -> Scored:
    """One row a day of each unit group and horizon, as a daily census has them.

    Args:
        gains: by horizon, of each group, by what share the model's error is smaller than the baseline's.
        swing: by horizon, the standard deviation of the logarithm of the model's error from one fortnight to another,
            the same in all groups: 0 where none is given.
    """
    horizons = np.array(list(gains))
    day, group, of = (
        x.ravel()
        for x in np.meshgrid(
            np.arange(days), np.arange(len(gains[horizons[0]])), np.arange(horizons.size), indexing="ij"
        )
    )
    n = day.size
    outcome = 100.0 + np.round(10 * rng.normal(size=n))
    off = rng.normal(0, 5, n) * (1 + of)
    gain = np.array([list(gains[h]) for h in horizons])[of, group]
    wide = np.array([(swing or {}).get(h, 0.0) for h in horizons])
    fortnight = rng.normal(size=(horizons.size, days // 14 + 1))[of, day // 14]
    noise = rng.normal(0, 0.2, n)
    factor = (1 - gain) * np.exp(noise - 0.02 + wide[of] * fortnight - wide[of] ** 2 / 2)
    names = np.array([f"ward {chr(97 + g)}" for g in range(group.max() + 1)], object)
    return Scored(
        row_id=np.array([f"r{i}" for i in range(n)], object),
        prediction_time=day * DAY,
        target_time=day * DAY + (horizons[of] * HOUR).astype(np.int64),
        horizon_hours=horizons[of],
        unit_group=names[group],
        site=np.full(n, "", object),
        local_hour=np.zeros(n, np.int64),
        outcome=outcome,
        censored=np.zeros(n, bool),
        waited=np.full(n, np.nan),
        weight=np.ones(n),
        quantiles=(outcome + off * factor)[:, None] + np.linspace(-8, 8, len(LEVELS)),
        baselines={BASELINE: outcome + off},
        audit={},
        counts=True,
    )


def with_overlap(validation: Scored, spread: float, rng: np.random.Generator) -> Scored:
    """The same, where each unit group's error swings by itself at each horizon as errors of overlapping forecasts do.

    Args:
        spread: standard deviation of the error's logarithm, a moving mean over as many days as the horizon has.
    """
    p50, day = validation.p50, validation.prediction_time // DAY
    off = np.zeros(validation.size)
    for horizon in HORIZONS:
        length = int(horizon / 24)
        for group in sorted(set(validation.unit_group.tolist())):
            mine = (validation.unit_group == group) & (validation.horizon_hours == horizon)
            news = rng.normal(size=int(day.max()) + length)
            swing = np.convolve(news, np.full(length, length**-0.5), "valid")[day[mine]]
            factor = np.exp(spread * swing - spread**2 / 2)
            off[mine] = (p50 - validation.outcome)[mine] * (factor - 1)
    return replace(validation, quantiles=validation.quantiles + off[:, None])


@pytest.fixture(scope="module")
def sound() -> Evidence:
    """All else that an accuracy gate asks for."""
    return beds(Hospital(days=200), np.random.default_rng(1))


def alike(gain: float, groups: int = GROUPS) -> dict[float, list[float]]:
    """The same gain everywhere."""
    return {h: [gain] * groups for h in HORIZONS}


def gains_of(validation: Scored) -> dict[float, Gain]:
    """Each horizon's gain as the scope sees it."""
    return horizon_gains(validation.known(), dict.fromkeys(HORIZONS, BASELINE), 12.0)


def trusted(sound: Evidence, validation: Scored, test: Scored) -> tuple[Cell, ...]:
    """What is left of the scope when the test set has judged it; nothing where the gate stays shut."""
    chosen = choose_scope(validation, POLICY)
    found = replace(sound, validation=validation, test=test, current=None)
    result = judge_accuracy(found, POLICY, chosen)
    return judged_scope(result, chosen) if result.verdict is Verdict.PASS else ()


def at(cells: Sequence[Cell], horizon: float) -> int:
    """How many unit groups a horizon has in a scope."""
    return sum(h == horizon for _, h in cells)


def test_a_daily_census_of_seven_weeks_chooses_a_scope(sound: Evidence) -> None:
    """Forty-eight rows of a unit group at a horizon are all that seven weeks of a daily census have: its days count."""
    rng = np.random.default_rng(1)
    validation, test = daily(alike(0.08), 48, rng), daily(alike(0.08), 365, rng)
    assert len(choose_scope(validation, POLICY)) == GROUPS * len(HORIZONS)
    assert len(trusted(sound, validation, test)) >= 0.95 * GROUPS * len(HORIZONS)


def test_three_months_that_say_nothing_of_a_week_ahead_do_not_decide_for_a_year(sound: Evidence) -> None:
    """A fortnight ahead the season hides a gain that the year shows; what is seen a day and three days ahead speaks for
    it."""
    rng = np.random.default_rng(0)
    swing = {336.0: 0.15}
    validation = daily(alike(0.09), 90, rng, swing=swing)
    own = {h: gain.own for h, gain in gains_of(validation).items()}
    level = 1 - POLICY.document.scope.confidence
    assert own[24.0].low(level) > 0
    assert own[72.0].low(level) > 0
    assert own[336.0].value < 0  # by itself a fortnight ahead stayed out
    chosen = choose_scope(validation, POLICY)
    assert at(chosen, 336.0) == GROUPS
    year = daily(alike(0.09), 365, rng, swing=swing)
    assert at(trusted(sound, validation, year), 336.0) >= GROUPS - 1


def test_a_model_that_gains_nothing_is_not_trusted(sound: Evidence) -> None:
    """Of forty that are no better than the baseline at any horizon, at most two are trusted anywhere: by chance."""
    lucky = 0
    for seed in range(40):
        rng = np.random.default_rng(1000 + seed)
        swing = dict.fromkeys(HORIZONS, 0.05)
        validation, test = (daily(alike(0.0, 4), days, rng, swing=swing) for days in (90, 365))
        lucky += bool(trusted(sound, validation, test))
    assert lucky <= 2


@pytest.mark.parametrize("seed", [42, 52])
def test_how_sure_a_group_is_of_its_own_gain_is_asked_of_long_blocks_and_of_the_others(seed: int) -> None:
    """A fortnight ahead three months are six pieces of news of a unit group. All sixteen gain 8 % and are in the scope:
    by shorter blocks two or three stay out, and, of the first, four where each group's variance stands by itself."""
    rng = np.random.default_rng(seed)
    validation = daily(alike(0.08), 90, rng, swing=dict.fromkeys(HORIZONS, 0.05))
    validation = with_overlap(validation, 0.3, rng)
    assert at(choose_scope(validation, POLICY), 336.0) == GROUPS


def test_groups_that_lose_are_not_carried_by_longer_blocks() -> None:
    """Ten hospitals whose sixteen groups lose 3 % everywhere: a fortnight ahead at most a tenth of cells gets in."""
    entered = 0
    for seed in range(900, 910):
        rng = np.random.default_rng(seed)
        validation = daily(alike(-0.03), 90, rng, swing=dict.fromkeys(HORIZONS, 0.05))
        chosen = choose_scope(with_overlap(validation, 0.3, rng), POLICY)
        entered += at(chosen, 336.0)
        assert sum(at(chosen, h) for h in (72.0, 168.0)) <= 1
    assert entered <= 16


def test_a_horizon_that_loses_is_not_carried_by_horizons_that_gain() -> None:
    """Where the validation set does show it, what other horizons gain lets nothing in."""
    for seed, worse in enumerate((-0.05, -0.02)):
        gains = {**alike(0.12), 336.0: [worse] * GROUPS}
        chosen = choose_scope(daily(gains, 90, np.random.default_rng(seed)), POLICY)
        assert at(chosen, 336.0) == 0
        assert at(chosen, 24.0) == GROUPS


def test_a_horizon_that_loses_does_not_end_the_search() -> None:
    """A day ahead without a gain: the horizons after it are looked at as they are before it."""
    gains = {24.0: [-0.3] * GROUPS, 72.0: [0.3] * GROUPS, 168.0: [0.3] * GROUPS}
    found = choose_scope(daily(gains, 120, np.random.default_rng(8)), POLICY)
    assert {horizon for _, horizon in found} == {72.0, 168.0}


def test_a_unit_group_that_loses_everywhere_stays_out_at_every_horizon(sound: Evidence) -> None:
    """Nor is it carried by the other groups, however much these gain at all horizons."""
    for seed, worse in enumerate((-0.04, -0.02, -0.005)):
        gains = {h: [0.12] * 7 + [worse] for h in HORIZONS}
        rng = np.random.default_rng(40 + seed)
        left = trusted(sound, daily(gains, 90, rng), daily(gains, 365, rng))
        assert {group for group, _ in left} == {f"ward {chr(97 + g)}" for g in range(7)}


@pytest.mark.parametrize("worse", [-0.05, -0.02])
@pytest.mark.parametrize("place", [1, 2])
def test_a_unit_group_that_loses_at_one_horizon_alone_leaves_that_cell(
    sound: Evidence, worse: float, place: int
) -> None:
    """It gains as the others do at all other horizons, and they gain at this one: the cell alone is not trusted."""
    gains = {h: list(own) for h, own in alike(0.12).items()}
    horizon = list(gains)[place]
    gains[horizon][1] = worse
    rng = np.random.default_rng(60 + place)
    left = trusted(sound, daily(gains, 90, rng), daily(gains, 365, rng))
    everything = {(f"ward {chr(97 + g)}", h) for h in HORIZONS for g in range(GROUPS)}
    assert everything - set(left) == {("ward b", horizon)}


def test_a_unit_group_of_a_few_days_has_no_spread_to_be_pooled_by() -> None:
    """Under ten days it stays out; with ten of them the other groups speak for it."""
    every = daily(alike(0.1), 90, np.random.default_rng(5))
    for days, enters in ((9, False), (10, True)):
        few = every.part((every.unit_group != "ward a") | (every.prediction_time >= (90 - days) * DAY))
        assert ("ward a" in {group for group, _ in choose_scope(few, POLICY)}) is enters


def test_a_horizons_own_gain_is_that_of_its_rows() -> None:
    """By hand: the mean difference of errors over the baseline's mean error; of one horizon alone as by blocks."""
    validation = daily(alike(0.1), 90, np.random.default_rng(7), swing={168.0: 0.1})
    found = gains_of(validation)
    for horizon, gain in found.items():
        part = validation.part(validation.horizon_hours == horizon)
        theirs, ours = (np.abs(part.outcome - x) for x in (part.baselines[BASELINE], part.p50))
        assert gain.own.value == pytest.approx((theirs.mean() - ours.mean()) / theirs.mean(), rel=1e-12)
        assert (gain.n, gain.days) == (90 * GROUPS, 90)
        alone = horizon_gains(part, {horizon: BASELINE}, 12.0)[horizon]
        error = block_mean((theirs - ours), part.weight, part.prediction_time, horizon_hours=12.0)
        assert alone.own.sd == pytest.approx(error.sd / theirs.mean(), rel=1e-12)
        assert alone.pooled.value == pytest.approx(alone.own.value, rel=1e-12)
        assert alone.pooled.sd == pytest.approx(alone.own.sd, rel=1e-12)
    low, high = (f(g.own.value for g in found.values()) for f in (min, max))
    assert all(low <= gain.pooled.value <= high for gain in found.values())


def test_horizons_that_share_their_days_are_not_surer_together() -> None:
    """The same days four times over say no more than once: what horizons have in common is not averaged away."""
    once = daily({24.0: [0.1] * 4}, 90, np.random.default_rng(11), swing={24.0: 0.1})
    horizons = np.repeat(np.array(HORIZONS), once.size)
    four = replace(once.part(np.tile(np.arange(once.size), len(HORIZONS))), horizon_hours=horizons)
    for gain in gains_of(four).values():
        assert 0.9 * gain.own.sd < gain.pooled.sd < 1.1 * gain.own.sd


def test_a_horizon_whose_baseline_is_always_right_has_no_gain() -> None:
    """Nothing is divided by its error of 0, and the other horizons keep theirs."""
    validation = daily(alike(0.1), 60, np.random.default_rng(8))
    right = np.where(validation.horizon_hours == 72, validation.outcome, validation.baselines[BASELINE])
    assert set(gains_of(replace(validation, baselines={BASELINE: right}))) == {24.0, 168.0, 336.0}
    assert gains_of(validation.part(np.zeros(validation.size, bool))) == {}


def test_the_groups_are_drawn_towards_what_the_other_horizons_say() -> None:
    """What a horizon lacks of the others moves its groups as far as they are drawn, and no further."""
    part = daily({24.0: [0.1, 0.3]}, 60, np.random.default_rng(9))
    before = cell_gains(part, BASELINE, 12.0)
    after = cell_gains(part, BASELINE, 12.0, correction=0.05)
    own = [gain.own for gain in before.values()]
    assert [gain.own for gain in after.values()] == own
    pool = partially_pooled(own)
    for gain, moved in zip(before.values(), after.values(), strict=True):
        assert 0 < moved.pooled.value - gain.pooled.value < 0.05
    assert pool.between > 0
