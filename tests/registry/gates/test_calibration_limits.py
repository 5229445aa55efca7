"""The calibration gate at each of its limits: shares inside and beyond, parts of the day, cells, by hand."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from hospital.times import DAY, HOUR
from registry.evidence.records import Evidence, Scored
from registry.gates import Finding, Verdict
from registry.gates.calibration import judge_calibration, randomised_pit
from registry.gates.coverage_by_cell import ABOVE_SHOWN, SHOWN, coverage_by_cell
from registry.policy.board_policy import default_policy
from registry.statistics.error_rates import Levels
from registry.statistics.verdict import undecided
from tests.support.sound_facts import waits
from tests.support.synthetic_evidence import Hospital

POLICY = default_policy()
RULES, ALPHA = POLICY.document.calibration, POLICY.document.alpha
PASS, BLOCK, OPEN = Verdict.PASS, Verdict.BLOCK, Verdict.INCONCLUSIVE
FAR = 50.0


@pytest.fixture(scope="module")
def sound() -> Evidence:
    """All that a calibration gate does not look at."""
    return waits(Hospital(visits=5), np.random.default_rng(1))


def rows(
    days: int,
    below: int | Sequence[int],
    inside: int,
    above: int | Sequence[int],
    *,
    horizon: float = 8.0,
    hour: int = 12,
    group: str = "ED",
    size: int = 0,
) -> Scored:
    """Rows with quantiles 1 to 19: each day so many outcomes under p10, inside and above p90 (`size` rows at least).

    Where the numbers differ from day to day, what is missing is inside.
    """
    low, high = (np.resize(np.atleast_1d(x), days) for x in (below, above))
    a_day = max(size, int((low + high).max()) + inside)
    day, place = (x.ravel() for x in np.meshgrid(np.arange(days), np.arange(a_day), indexing="ij"))
    outcome = np.where(place < low[day], -FAR, np.where(place < low[day] + high[day], FAR, 10.0))
    # Inside, waits differ a little: outcomes that never change are not calibrated.
    outcome = np.where(outcome == 10.0, 10.0 + place % 2, outcome)
    n = day.size
    return Scored(
        row_id=np.arange(n).astype(str).astype(object),
        prediction_time=day * DAY,
        target_time=day * DAY + int(horizon * HOUR),
        horizon_hours=np.full(n, horizon),
        unit_group=np.full(n, group, object),
        site=np.full(n, "", object),
        local_hour=np.full(n, hour),
        outcome=outcome,
        censored=np.zeros(n, bool),
        waited=np.full(n, np.nan),
        weight=np.ones(n),
        quantiles=np.tile(np.arange(1.0, 20.0), (n, 1)),
        baselines={"last": np.zeros(n)},
        audit={},
        counts=False,
    )


def together(*parts: Scored) -> Scored:
    """The rows of all of them, in the order of time."""
    arrays = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name, value in vars(parts[0]).items()
        if isinstance(value, np.ndarray)
    }
    found = replace(parts[0], baselines={}, **arrays)
    return found.part(np.argsort(found.prediction_time, kind="stable"))


def judged(
    sound: Evidence, test: Scored, hospital_total: Scored | None = None
) -> dict[tuple[str, str], Finding]:
    """The gate's findings by metric and group, with all rows in the scope."""
    cells = tuple(sorted(set(zip(test.unit_group, map(float, test.horizon_hours), strict=True))))
    evidence = replace(sound, test=test, hospital=hospital_total)
    return {(f.metric, f.group): f for f in judge_calibration(evidence, POLICY, cells).findings}


def test_the_place_of_an_outcome_is_read_off_between_the_quantiles() -> None:
    """As NumPy interpolates levels over quantiles: 0 under the lowest, 1 from the highest on."""
    outcome = np.array([0.0, 0.999, 1.0, 1.5, 7.25, 18.75, 19.0, 25.0])
    part = replace(rows(8, 0, 1, 0), outcome=outcome)
    expected = np.interp(outcome, np.arange(1.0, 20.0), LEVELS)
    expected[[0, 1, 6, 7]] = 0.0, 0.0, 1.0, 1.0
    assert randomised_pit(part) == pytest.approx(expected)
    drawn = np.random.default_rng(0).uniform(-0.5, 0.5, 8)
    assert randomised_pit(replace(part, counts=True)) == pytest.approx(
        randomised_pit(replace(part, outcome=outcome + drawn))
    )
    assert (randomised_pit(replace(part, counts=True), 1) != randomised_pit(replace(part, counts=True))).any()


def test_quantiles_that_coincide_give_the_level_of_the_upper_one() -> None:
    """Nothing is divided by a width of 0: five equal quantiles, and an outcome on them and a little beside."""
    part = rows(3, 0, 1, 0)
    part.quantiles[:, 5:10] = 6.0
    found = randomised_pit(replace(part, outcome=np.array([6.0, 5.5, 8.5])))
    # 6 is reached by the tenth quantile; from there to 11 the next level lies five units further.
    assert found == pytest.approx([LEVELS[9], LEVELS[4] + 0.5 * 0.05, LEVELS[9] + 0.05 * 2.5 / 5])


@pytest.mark.parametrize(
    ("below", "above", "verdict"),
    [(1, 1, PASS), (3, 4, PASS), (4, 5, BLOCK), (1, 2, PASS), (1, 0, BLOCK), (0, 0, BLOCK)],
)
def test_short_intervals_hold_four_in_five_within_twelve_points(
    sound: Evidence, below: int, above: int, verdict: Verdict
) -> None:
    """Of 25 a day 18 to 23 are within, 16 too few, 24 too many; the finding says limits and weight."""
    found = judged(sound, rows(40, below, 25 - below - above, above))
    share = (25 - below - above) / 25
    one = found["coverage", "short"]
    assert one.value == pytest.approx(share)
    assert one.interval == pytest.approx((share, share))
    limits = (0.8 - RULES.tolerance_short, 0.8 + RULES.tolerance_short)
    assert one.limits == pytest.approx(limits)
    assert replace(one, value=0.0, interval=None, limits=None) == Finding(
        "coverage", "short", 0.0, None, 0.8, 1000, verdict, True, "", weight=1000.0
    )


@pytest.mark.parametrize(("outside", "verdict"), [(10, PASS), (11, PASS), (12, BLOCK)])
def test_long_intervals_hold_four_in_five_within_sixteen_points(
    sound: Evidence, outside: int, verdict: Verdict
) -> None:
    """A day ahead is short; from there on 21 of 32 are enough, and 20 are not."""
    test = rows(80, outside - 4, 32 - outside, 4, horizon=48.0)
    found = judged(sound, test)
    assert (found["coverage", "long"].verdict, found["coverage", "long"].required) == (verdict, True)
    assert ("coverage", "short") not in found
    short = judged(sound, replace(test, horizon_hours=np.full(test.size, 24.0)))
    assert short["coverage", "short"].limits == pytest.approx((0.68, 0.92))
    assert ("coverage", "long") not in short
    assert short["coverage", "24 h"].limits == pytest.approx((0.64, 0.96))
    beyond = judged(sound, replace(test, horizon_hours=np.full(test.size, 24.5)))
    assert ("coverage", "long") in beyond
    assert ("coverage", "short") not in beyond


def test_horizons_and_groups_are_reported_with_their_tails(sound: Evidence) -> None:
    """By the wider tolerance, not required, beside the shares on either side of the interval."""
    found = judged(sound, rows(40, 2, 20, 3))
    for group in ("8 h", "ED"):
        one = found["coverage", group]
        assert (one.verdict, one.required, one.n, one.weight) == (PASS, False, 1000, 1000.0)
        assert one.limits == pytest.approx((0.64, 0.96))
        for side, share in (("below_p10", 0.08), ("above_p90", 0.12)):
            tail = found[side, group]
            assert tail.value == pytest.approx(share)
            assert replace(tail, value=0.0) == Finding(
                side, group, 0.0, None, 0.2, 1000, PASS, required=False, weight=1000.0
            )


def test_a_tail_of_twice_its_share_is_reported_and_beyond_it_questioned(sound: Evidence) -> None:
    """A fifth above is not yet lopsided."""
    for above, verdict in ((5, PASS), (6, OPEN)):
        tail = judged(sound, rows(40, 0, 25 - above, above))["above_p90", "8 h"]
        assert (tail.verdict, tail.required) == (verdict, False)


def test_intervals_of_few_blocks_are_not_said_to_be_wrong(sound: Evidence) -> None:
    """All inside over nine blocks: inconclusive, for so few weeks; over ten it blocks."""
    for days, verdict, note in ((36, OPEN, "too_few_weeks"), (40, BLOCK, "")):
        found = judged(sound, rows(days, 0, 12, 0, horizon=48.0))["coverage", "long"]
        assert (found.verdict, found.note, found.required) == (verdict, note, True)


def test_three_hundred_rows_are_enough_and_one_less_is_not(sound: Evidence) -> None:
    """Said of short and long, and required; by part of the day the tails alone are left."""
    assert RULES.minimum_rows == 300
    test = rows(30, 1, 8, 1)
    assert judged(sound, test)["coverage", "short"].verdict is PASS
    few = judged(sound, test.part(np.arange(299)))
    assert few["coverage", "short"] == undecided("coverage", "short", 299, "too_few_rows")
    assert few["coverage", "8 h"] == undecided("coverage", "8 h", 299, "too_few_rows", required=False)
    assert few["above_p90", "hours=12-18"].threshold == 0.2
    assert judged(sound, test)["above_p90", "hours=12-18"].threshold == pytest.approx(0.14)


def test_what_cannot_be_judged_is_said_with_its_rows(sound: Evidence) -> None:
    """Forecasts that are missing, by their number; no row at all; outcomes that never change."""
    test = rows(40, 1, 8, 1)
    lost = replace(test, quantiles=np.where(np.arange(400)[:, None] < 3, np.nan, test.quantiles))
    assert list(judged(sound, lost).values()) == [undecided("coverage", "all", 3, "not_a_number")]
    weightless = replace(lost, weight=np.where(np.arange(400) < 3, 0.0, 1.0))
    assert judged(sound, weightless)["coverage", "short"].n == 397
    both = replace(lost, weight=np.where(np.arange(400) >= 395, 0.0, 1.0))
    assert list(judged(sound, both).values()) == [undecided("coverage", "all", 3, "not_a_number")]
    nothing = replace(test, weight=np.zeros(400))
    assert list(judged(sound, nothing).values()) == [undecided("coverage", "all", 0, "too_few_rows")]
    constant = replace(test, outcome=np.full(400, 5.0))
    assert list(judged(sound, constant).values()) == [undecided("coverage", "all", 400, "constant_outcome")]


@pytest.mark.parametrize(
    ("hour", "name", "most"),
    [
        (0, "00-06", 0.13), (5, "00-06", 0.13), (6, "06-12", 0.14), (11, "06-12", 0.14), (12, "12-18", 0.14),
        (18, "18-24", 0.14), (23, "18-24", 0.14),
    ],
)  # fmt: skip
def test_each_part_of_the_day_may_have_so_many_above_p90(
    sound: Evidence, hour: int, name: str, most: float
) -> None:
    """13.5 % are too many between midnight and six and not at other hours; 15 % are at all."""
    for above, share in ((27, 0.135), (30, 0.15)):
        found = judged(sound, rows(20, 20, 180 - above, above, hour=hour))
        one = found["above_p90", f"hours={name}"]
        assert one.value == pytest.approx(share)
        assert one.threshold == pytest.approx(most)
        assert (one.verdict is BLOCK) == (share > most)
        assert (one.required, one.n) == (True, 4000)
        assert found["below_p10", f"hours={name}"].value == pytest.approx(0.1)
        assert {g for m, g in found if m == "above_p90" and g.startswith("hours")} == {f"hours={name}"}


def test_further_than_a_day_ahead_the_part_of_the_day_is_not_judged(sound: Evidence) -> None:
    """Nor is a share above p90 that never varied without blocks given an interval."""
    assert not [g for _, g in judged(sound, rows(80, 2, 20, 3, horizon=48.0)) if g.startswith("hours")]
    one_day = judged(sound, rows(1, 30, 240, 30))
    assert one_day["above_p90", "hours=12-18"].interval is None
    assert (one_day["above_p90", "hours=12-18"].verdict, one_day["above_p90", "hours=12-18"].required) == (
        OPEN,
        False,
    )


@pytest.mark.parametrize(
    ("days", "middle", "swing", "hour", "required"),
    [
        (30, 10, 7, 12, True),  # 0.07 / sqrt(29) of deviation by 1.70 + 1.28 is 0.039, within 0.04
        (30, 10, 8, 12, False),  # and 0.044 is not
        (30, 10, 5, 2, True),  # at night within 0.03
        (30, 10, 6, 2, False),
        (30, 5, 3, 2, True),  # of a share of 5 % a sound tenth would vary 1.38 times as much: 0.023
        (30, 5, 4, 2, False),  # 0.0305
        (18, 2, 2, 2, True),  # of the least shares twice as much and no more: 0.0293
    ],
)
def test_a_part_of_the_day_is_required_where_a_sound_one_would_pass(
    sound: Evidence, days: int, middle: int, swing: int, hour: int, required: bool
) -> None:
    """One day more above p90, one day fewer: with the policy's power a tenth would pass within the tolerance."""
    above = [middle - swing, middle + swing]
    test = rows(days, 0, 0, above, hour=hour, size=100)
    name = f"hours={'00-06' if hour < 6 else '12-18'}"
    one = judged(sound, test)["above_p90", name]
    assert (one.verdict, one.required) == (PASS, required)
    reach = stats.t(days - 1).isf(ALPHA) * swing / 100 / math.sqrt(days - 1)
    assert one.interval == pytest.approx((middle / 100 - reach, middle / 100 + reach))
    beds = replace(test, counts=True)
    assert not judged(sound, beds)["above_p90", name].required


def test_the_hospital_total_is_judged_by_horizon_and_only_blocks(sound: Evidence) -> None:
    """Its short and long tolerances are those of its units; what is not wrong is reported."""
    units = rows(40, 2, 20, 3)
    for horizon, outside, verdict, tolerance in (
        (24.0, 10, PASS, RULES.tolerance_short),
        (24.0, 11, BLOCK, RULES.tolerance_short),
        (48.0, 11, PASS, RULES.tolerance_long),
        (48.0, 12, BLOCK, RULES.tolerance_long),
    ):
        total = rows(80, 4, 32 - outside, outside - 4, horizon=horizon)
        found = judged(sound, units, total)
        name = f"hospital={horizon:g} h"
        one = found["coverage", name]
        assert (one.verdict, one.required) == (verdict, verdict is BLOCK)
        assert one.limits == pytest.approx((0.8 - tolerance, 0.8 + tolerance))
        assert found["below_p10", name].value == pytest.approx(4 / 32)
        assert found["above_p90", name].value == pytest.approx((outside - 4) / 32)
    unknown = replace(rows(40, 2, 20, 3), weight=np.zeros(1000))
    found = judged(sound, units, unknown)
    assert found["coverage", "hospital=8 h"] == undecided(
        "coverage", "hospital=8 h", 0, "too_few_rows", required=False
    )
    assert ("above_p90", "hospital=8 h") not in found


def test_a_hospital_total_shown_to_hold_too_little_keeps_the_gate_shut(sound: Evidence) -> None:
    """A week ahead twelve weeks are six blocks: too few to say that intervals are too wide, and no excuse for those
    that hold nothing. Each block counts as one outcome, so chance alone is not taken for it.
    """
    units = rows(40, 2, 20, 3)
    others = (rows(84, 2, 16, 2), rows(84, 2, 16, 2, horizon=24.0))
    for inside, verdict, required, note in (
        (0, BLOCK, True, ""),
        (3, OPEN, True, SHOWN),
        (4, OPEN, False, "too_few_weeks"),
        (20, OPEN, False, "too_few_weeks"),
    ):
        week = rows(84, (20 - inside) // 2, inside, 20 - inside - (20 - inside) // 2, horizon=168.0)
        found = judged(sound, units, together(*others, week))
        one = found["coverage", "hospital=168 h"]
        assert (one.verdict, one.required, one.note) == (verdict, required, note)
        assert one.value == pytest.approx(inside / 20)
        assert one.limits == pytest.approx((0.64, 0.96))
        assert not found["coverage", "hospital=24 h"].required
    shown = judged(sound, units, together(*others, rows(84, 8, 3, 9, horizon=168.0)))
    low, high = stats.beta.ppf([ALPHA, 1 - ALPHA], [0.9, 1.9], [6.1, 5.1])
    assert shown["coverage", "hospital=168 h"].interval == pytest.approx((low, high))


def test_a_daily_census_of_the_hospital_is_looked_at_for_what_it_shows(sound: Evidence) -> None:
    """84 rows are too few to be judged; 30 of which none is inside show it, and 29 are too few."""
    units = rows(40, 2, 20, 3)
    for test, n, verdict, required in (
        (rows(84, 1, 0, 0, horizon=24.0), 84, BLOCK, True),
        (rows(30, 1, 0, 0, horizon=24.0), 30, BLOCK, True),
        (rows(29, 1, 0, 0, horizon=24.0), 29, OPEN, False),
        (rows(84, 0, 1, 0, horizon=24.0), 84, OPEN, False),
    ):
        one = judged(sound, units, test)["coverage", "hospital=24 h"]
        assert (one.n, one.verdict, one.required) == (n, verdict, required)
        assert one.note == ("" if required else "too_few_rows")


def test_a_tail_of_few_rows_that_is_shown_to_be_too_large_keeps_the_gate_shut(sound: Evidence) -> None:
    """Twenty days: by a quarter of alpha among four parts of the day, by its own 95 % interval, or as reported."""
    for inside, above, verdict, required, note in (
        (5, [5], BLOCK, True, ""),
        (6, [3, 4], OPEN, True, ABOVE_SHOWN),
        (7, [3], OPEN, False, ""),
        (9, [1], PASS, False, ""),
    ):
        one = judged(sound, rows(20, 0, inside, above))["above_p90", "hours=12-18"]
        assert (one.verdict, one.required, one.note) == (verdict, required, note)
        assert one.threshold == pytest.approx(0.14 if required else 0.2)
    few = rows(20, 0, 1, 1).part(np.arange(29))
    assert not judged(sound, few)["above_p90", "hours=12-18"].required


def cell(inside: float | Array, part: Scored) -> list[Finding]:
    """Findings by cell, of rows whose share inside is given."""
    return coverage_by_cell(
        part, np.broadcast_to(np.asarray(inside, float), part.size), POLICY, Levels(ALPHA, ALPHA)
    )


def test_horizons_groups_and_both_are_cells(sound: Evidence) -> None:
    """Both where there are several of each; a group at a horizon only then."""
    part = rows(40, 0, 2, 0)
    names = [f.group for f in cell(0.8, part)]
    assert names == ["8 h", "ED"]
    groups = together(part, replace(part, unit_group=np.full(80, "B", object)))
    assert {f.group for f in cell(0.8, groups)} == {"8 h", "ED", "B"}
    both = together(groups, replace(groups, horizon_hours=np.full(160, 24.0)))
    assert {f.group for f in cell(0.8, both)} == {
        "8 h", "24 h", "ED", "B", "ED*8 h", "ED*24 h", "B*8 h", "B*24 h",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("days", "a_day", "known"), [(4, 8, True), (3, 10, False), (30, 1, True), (29, 1, False)]
)
def test_thirty_rows_in_four_blocks_are_a_cell(days: int, a_day: int, known: bool) -> None:
    """One block or one row less is too little to say anything of; rows without weight are none."""
    part = rows(days, 0, a_day, 0)
    assert bool(cell(0.8, part)) is known
    assert cell(0.8, replace(part, weight=np.zeros(part.size))) == []


def test_a_share_that_never_varied_has_the_error_of_its_blocks() -> None:
    """Twenty blocks of one share: as of twenty outcomes of which four in five are inside."""
    found = cell(0.75, rows(40, 0, 10, 0))[0]
    reach = stats.t(19).isf(ALPHA) * math.sqrt(0.16 / 20)
    assert found.value == pytest.approx(0.75)
    assert found.interval == pytest.approx((0.75 - reach, 0.75 + reach))
    assert replace(found, value=0.0, interval=None, threshold=0.0) == Finding(
        "coverage", "8 h", 0.0, None, 0.0, 400, PASS if 0.75 - reach >= 0.72 else OPEN, required=False
    )
    assert found.threshold == pytest.approx(0.8 - RULES.margin_cell)


def test_a_share_that_hardly_varied_has_at_least_the_error_of_its_rows() -> None:
    """A thousandth up, a thousandth down: as of four hundred outcomes; what varies more has its own error."""
    part = rows(30, 0, 20, 0)
    day = part.prediction_time // DAY
    for swing, error in ((0.001, math.sqrt(0.16 / 600)), (0.2, 0.2 / math.sqrt(29))):
        inside = 0.75 + np.where(day % 2 == 0, swing, -swing)
        reach = stats.t(29).isf(ALPHA) * error
        found = cell(inside, part)[0]
        assert found.interval == pytest.approx((0.75 - reach, 0.75 + reach))


def test_what_is_shown_to_hold_too_little_stands_in_the_place_of_what_is_reported(sound: Evidence) -> None:
    """Five in eight inside, of one group of two: with the weight of its rows, so that means still make up the whole."""
    good, bad = rows(30, 3, 0, [2, 4], size=32), rows(30, 6, 0, [5, 7], size=32, group="B")
    found = judged(sound, together(good, bad))
    one = found["coverage", "B"]
    assert (one.verdict, one.required, one.weight, one.n) == (BLOCK, True, 960.0, 960)
    assert one.threshold == pytest.approx(0.72)
    assert one.value == pytest.approx(0.625)
    assert (found["coverage", "ED"].required, found["coverage", "ED"].threshold) == (False, 0.8)
    assert found["coverage", "8 h"].threshold == 0.8  # 71.9 % of both together are not shown to be under 72 %
    assert found["coverage", "short"].threshold == 0.8


def test_an_own_interval_under_the_margin_is_said_with_its_note() -> None:
    """Too little for Holm's step-down over two findings of the same rows, and under 72 % by its own 95 % interval."""
    part = rows(5, 0, 10, 0)
    levels = Levels(ALPHA, 0.001)
    found = coverage_by_cell(part, np.full(50, 0.2), POLICY, levels)[0]
    assert (found.verdict, found.note, found.required) == (OPEN, SHOWN, True)
    sure = coverage_by_cell(part, np.full(50, 0.0), POLICY, Levels(ALPHA, ALPHA))[0]
    assert (sure.verdict, sure.note) == (BLOCK, "")


def test_what_a_row_weighs_is_a_matter_of_units(sound: Evidence) -> None:
    """Weights of a two-thousandth: the same findings, of the same shares, but for the weight they are of."""
    whole, small = rows(40, 2, 20, 3), replace(rows(40, 2, 20, 3), weight=np.full(1000, 1 / 2048))
    found, other = judged(sound, whole, whole), judged(sound, small, small)
    assert list(other) == list(found)
    for key, one in found.items():
        assert (other[key].value, other[key].verdict) == (pytest.approx(one.value), one.verdict)
