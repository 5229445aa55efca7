"""The fairness gate of waits at each of its limits: groups, hours, pairs, the nameless and the few, by hand."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy import stats

from hospital.arrays import Array
from hospital.times import DAY, HOUR
from registry.evidence.records import EarlierGap, Evidence, Scored
from registry.gates import Finding, Verdict
from registry.gates.fairness import judge_fairness, small_gaps
from registry.policy.board_policy import default_policy, load_policy
from registry.statistics.verdict import undecided
from tests.support.scored_rows import scored
from tests.support.sound_facts import waits
from tests.support.synthetic_evidence import Hospital

POLICY = default_policy()
RULES = POLICY.document.fairness
PASS, BLOCK, OPEN = Verdict.PASS, Verdict.BLOCK, Verdict.INCONCLUSIVE
SCORES = ("share_above_p50", "log_error", "outside_interval")
OVER, UNDER = 26.0, 16.0
"""Waits above and below a p50 of 20, both inside their interval of 13 to 31."""


@dataclass(frozen=True)
class Kind:
    """So many visits every day, of whom so many waited longer than the median that was forecast."""

    a_day: int
    above: int
    sex: str | None = "M"
    language: str | None = None
    hour: int = 12
    department: str = "ED"
    outcome: float | None = None


@pytest.fixture(scope="module")
def sound() -> Evidence:
    """All that a fairness gate does not look at."""
    return waits(Hospital(visits=5), np.random.default_rng(1))


def visits(kinds: Sequence[Kind], days: int = 40) -> Scored:
    """The same visits each day, so that no day differs from another; languages where one is given."""
    day = [(d, kind, i < kind.above) for d in range(days) for kind in kinds for i in range(kind.a_day)]
    waited = [(OVER if above else UNDER) if k.outcome is None else k.outcome for _, k, above in day]
    part = scored(waited, [20.0] * len(day))
    at = np.array([d * DAY + k.hour * HOUR for d, k, _ in day], np.int64)
    audit = {"sex": _texts([k.sex for _, k, _ in day])}
    if any(k.language for k in kinds):
        audit["language"] = _texts([k.language for _, k, _ in day])
    return replace(
        part,
        prediction_time=at,
        target_time=at,
        local_hour=np.array([k.hour for _, k, _ in day]),
        unit_group=_texts([k.department for _, k, _ in day]),
        audit=audit,
    )


def judged(
    sound: Evidence, test: Scored, validation: Scored | None = None, **more: object
) -> dict[tuple[str, str], Finding]:
    """The gate's findings by metric and group."""
    evidence = replace(sound, test=test, validation=validation or test, **more)  # type: ignore[arg-type]
    return {(f.metric, f.group): f for f in judge_fairness(evidence, POLICY, ()).findings}


def half(a_day: int = 50, **more: object) -> Kind:
    """A group of whom half waited longer."""
    return Kind(a_day, a_day // 2, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("above", "verdict"), [(25, PASS), (27, PASS), (29, BLOCK)])
def test_a_group_is_held_against_the_others_by_three_scores(
    sound: Evidence, above: int, verdict: Verdict
) -> None:
    """Of fifty women a day 54 or 58 % waited longer than was said, of the men half: 4 points pass, 8 do not."""
    found = judged(sound, visits([Kind(50, above, "F"), half()]))
    gap = above / 50 - 0.5
    for group, sign in (("sex=F", 1), ("sex=M", -1)):
        one = found["share_above_p50", group]
        assert one.value == pytest.approx(sign * gap)
        assert one.interval == pytest.approx((sign * gap, sign * gap))
        assert replace(one, value=0.0, interval=None) == Finding(
            "share_above_p50", group, 0.0, None, RULES.margin_share_above, 2000, verdict if sign > 0 else PASS
        )
        error = found["log_error", group]
        assert error.value == pytest.approx(sign * gap * math.log(36 / 26))
        assert error.threshold == RULES.margin_log_error
        outside = found["outside_interval", group]
        assert (outside.value, outside.threshold) == (0.0, RULES.margin_outside)


def test_a_wait_as_long_as_was_said_is_not_longer(sound: Evidence) -> None:
    """Of the women a fifth waited exactly the median, of the men a fifth less: neither counts as above."""
    kinds = [Kind(40, 20, "F"), Kind(10, 0, "F", outcome=20.0), Kind(40, 20), Kind(10, 0, outcome=UNDER)]
    assert judged(sound, visits(kinds))["share_above_p50", "sex=F"].value == pytest.approx(0.0)


def test_intervals_that_hold_less_often_for_one_group_block(sound: Evidence) -> None:
    """A wait of 40 lies beyond p90: a tenth of the women's do, and none of the men's."""
    kinds = [Kind(45, 20, "F"), Kind(5, 0, "F", outcome=40.0), half()]
    found = judged(sound, visits(kinds))["outside_interval", "sex=F"]
    assert found.value == pytest.approx(0.1)
    assert found.verdict is BLOCK


def test_a_group_that_waits_all_alike_and_days_that_are_too_few_are_undecided(sound: Evidence) -> None:
    """Nothing was measured, or nobody knows how days differ; what can only block is not mentioned."""
    constant = judged(sound, visits([Kind(50, 0, "F"), half()]))
    for metric in SCORES:
        assert constant[metric, "sex=F"] == undecided(metric, "sex=F", 2000, "constant_outcome")
        assert (metric, "sex=F*12-18") not in constant
    few = judged(sound, visits([half(600, sex="F"), half(600)], 3))
    for metric in SCORES:
        assert few[metric, "sex=F"] == undecided(metric, "sex=F", 1800, "too_few_days")
        assert (metric, "sex=F*12-18") not in few


def test_attributes_that_are_missing_or_have_one_group_are_said(sound: Evidence) -> None:
    """Not required where another is there; with none at all they are."""
    found = judged(sound, visits([half(50, sex="F")]))
    assert found["attribute", "sex"] == undecided("attribute", "sex", 2000, "only_one_group", required=False)
    for attribute in ("age_band", "language"):
        assert found["attribute", attribute] == undecided(
            "attribute", attribute, 0, "attribute_missing", required=False
        )
    # Where an earlier part had another group, that one has gone missing.
    gone = judged(sound, visits([half(60, sex="F")]), visits([half(10, sex="F"), half()]))
    assert ("attribute", "sex") not in gone
    assert gone["share_above_p50", "sex=M"].note == "missing_group"
    nothing = judged(sound, replace(visits([half()]), audit={}))
    assert nothing["attribute", "sex"] == undecided("attribute", "sex", 0, "attribute_missing")


def _without(test: Scored, which: Array) -> Scored:
    """The rows without the first of those that are meant."""
    mask = np.ones(test.size, bool)
    mask[np.flatnonzero(which)[0]] = False
    return test.part(mask)


def test_two_hundred_nameless_are_a_group_and_one_less_is_not(sound: Evidence) -> None:
    """Nobody knows who they are: that they wait longer is known; it can only block."""
    test = visits([half(50, sex="F"), half(), Kind(5, 5, None), Kind(1, 0, None)])
    nameless = test.audit["sex"] == None  # noqa: E711
    whole = test.part(~nameless | (np.cumsum(nameless) <= 200))
    found = judged(sound, whole)
    assert (found["share_above_p50", "sex=unknown"].n, found["share_above_p50", "sex=unknown"].verdict) == (
        200,
        BLOCK,
    )
    one_less = judged(sound, test.part(~nameless | (np.cumsum(nameless) <= 199)))
    assert ("share_above_p50", "sex=unknown") not in one_less
    well = judged(sound, visits([half(50, sex="F"), half(), half(6, sex=None)]))[
        "share_above_p50", "sex=unknown"
    ]
    assert (well.verdict, well.required) == (PASS, False)
    nobody = judged(sound, test.part(nameless))
    assert ("share_above_p50", "sex=unknown") not in nobody
    assert ("attribute", "sex") not in nobody
    assert nobody["unknown_share", "sex"].value == 1.0


def test_two_hundred_visits_at_some_hours_are_a_group_and_one_less_is_not(sound: Evidence) -> None:
    """Five women a day between midnight and six, beside men: named by quarter and by night, also by department."""
    kinds = [half(60, sex="F"), half(60), Kind(5, 4, "F", hour=3), Kind(20, 10, hour=3, department="B")]
    test = visits(kinds)
    night_women = (test.audit["sex"] == "F") & (test.local_hour == 3)
    found = judged(sound, test)
    for hours in ("00-06", "night"):
        one = found["share_above_p50", f"sex=F*{hours}"]
        assert (one.n, one.verdict, one.value) == (200, BLOCK, pytest.approx(0.3))
        assert found["share_above_p50", f"department=ED*{hours}"].n == 200
        assert found["share_above_p50", f"sex=M*{hours}"].verdict is PASS
        assert not found["share_above_p50", f"sex=M*{hours}"].required
    less = judged(sound, _without(test, night_women))
    assert ("share_above_p50", "sex=F*00-06") not in less
    # Where all of a part of the day are of one group, there is nobody at those hours to be held against.
    assert ("share_above_p50", "sex=F*06-12") not in found
    alone = judged(sound, visits([half(60, sex="F"), half(60), half(10, sex="F", hour=8)]))
    assert ("share_above_p50", "sex=F*06-12") not in alone


def test_two_hundred_of_two_groups_at_once_are_a_group_and_one_less_is_not(sound: Evidence) -> None:
    """Named in the order of the alphabet; who is unknown in either is in none of them."""
    kinds = [
        half(60, sex="F", language="fr"),
        half(60, language="fr"),
        Kind(5, 4, "F", "other"),
        half(20, language="other"),
        half(6, sex=None, language="other"),
    ]
    test = visits(kinds)
    both = (test.audit["sex"] == "F") & (test.audit["language"] == "other")
    found = judged(sound, test)
    one = found["share_above_p50", "language=other*sex=F"]
    assert (one.n, one.verdict) == (200, BLOCK)
    assert found["share_above_p50", "language=fr*sex=F"].verdict is PASS
    assert not [
        group for _, group in found if "*" in group and "unknown" in group and "=unknown*" not in group
    ]
    assert ("share_above_p50", "language=other*sex=unknown") not in found
    less = judged(sound, _without(test, both))
    assert ("share_above_p50", "language=other*sex=F") not in less
    assert ("share_above_p50", "language=other*sex=M") in less


def small(above: int, n: int) -> Scored:
    """Visits of which a language has few: about eight a day of whom so many of eight waited longer."""
    test = visits([half(60, language="fr"), half(60, sex="F", language="fr"), Kind(8, above, "F", "other")])
    other = test.audit["language"] == "other"
    return test.part(~other | (np.cumsum(other) <= n))


def test_a_small_group_is_listed_with_what_it_lacks(sound: Evidence) -> None:
    """With its figure from thirty rows on, and without one under them; it keeps nothing shut."""
    found = judged(sound, small(4, 320))
    for metric in SCORES:
        one = found[metric, "language=other"]
        assert (one.verdict, one.required, one.note) == (OPEN, False, "needs_more_rows")
        assert (one.n, one.lacking) == (320, RULES.minimum_rows - 320)
        assert one.value == pytest.approx(0.0, abs=1e-9)
    spread = small(4, 320)
    other = np.flatnonzero(spread.audit["language"] == "other")
    for n, shown in ((30, True), (29, False)):
        few = spread.part(
            np.isin(
                np.arange(spread.size),
                np.append(other[:: 320 // n][:n], np.flatnonzero(spread.audit["language"] == "fr")),
            )
        )
        assert (few.audit["language"] == "other").sum() == n
        one = judged(sound, few)["log_error", "language=other"]
        assert (one.value is not None) is shown
        assert (one.n, one.lacking, one.note) == (n, RULES.minimum_rows - n, "needs_more_rows")


def test_a_small_group_that_waits_all_alike_is_listed_without_a_figure(sound: Evidence) -> None:
    """Nothing was measured; nor does it end the list of others."""
    found = judged(sound, small(0, 320))
    for metric in SCORES:
        assert found[metric, "language=other"].value is None
        assert found[metric, "language=other"].note == "needs_more_rows"


def test_a_small_group_whose_waits_differ_by_a_minute_has_a_figure(sound: Evidence) -> None:
    """Nineteen and a half and twenty and a half: little, and not nothing."""
    kinds = [half(60, language="fr"), *(Kind(4, 0, "F", "other", outcome=20 + d) for d in (-0.5, 0.5))]
    assert judged(sound, visits(kinds))["log_error", "language=other"].value is not None


def test_what_earlier_versions_showed_of_a_small_group_is_pooled_by_rows(sound: Evidence) -> None:
    """320 rows without a gap and 1280 of 0.05: 1600 with 0.04, and 150 are lacking; 150 more, and it is judged."""
    test = small(4, 320)
    past = EarlierGap("language=other", "share_above_p50", 0.05, 0.01, 60, 1280)
    others = (
        replace(past, group="language=fr", value=9.0),
        replace(past, metric="log_error", value=0.0, n=10),
    )
    one = judged(sound, test, earlier_gaps=(past, *others))["share_above_p50", "language=other"]
    assert one.value == pytest.approx(0.04)
    assert (one.n, one.lacking, one.note, one.required) == (1600, 150, "needs_more_rows", False)
    reach = stats.t(40 + 60 - 1).isf(POLICY.document.alpha) * 0.01 * 1280 / 1600
    assert one.interval == pytest.approx((0.04 - reach, 0.04 + reach))
    more = (past, *others, replace(past, value=0.0, sd=0.0, n=150))
    enough = judged(sound, test, earlier_gaps=more)["share_above_p50", "language=other"]
    assert (enough.n, enough.lacking, enough.note, enough.required) == (1750, 0, "", True)
    assert enough.value == pytest.approx(0.05 * 1280 / 1750)
    assert judged(sound, test, earlier_gaps=more)["log_error", "language=other"].lacking == 1750 - 330
    beyond = (*more, replace(past, value=0.0, sd=0.0, n=250))
    plenty = judged(sound, test, earlier_gaps=beyond)["share_above_p50", "language=other"]
    assert (plenty.n, plenty.lacking, plenty.note, plenty.required) == (2000, 0, "", True)


def test_what_this_version_shows_of_small_groups_is_kept(sound: Evidence) -> None:
    """By score, with its days and rows, whatever earlier versions showed; of beds and baselines nothing is."""
    evidence = replace(sound, test=small(4, 320), validation=small(4, 320))
    past = EarlierGap("language=other", "share_above_p50", 0.05, 0.01, 60, 1280)
    for found in (small_gaps(evidence, POLICY), small_gaps(replace(evidence, earlier_gaps=(past,)), POLICY)):
        assert [(g.group, g.metric, g.blocks, g.n) for g in found] == [
            ("language=other", metric, 40, 320) for metric in SCORES
        ]
        assert [g.value for g in found] == pytest.approx([0.0] * 3, abs=1e-9)
    assert small_gaps(replace(evidence, kind="baseline"), POLICY) == ()
    assert small_gaps(replace(evidence, test=replace(evidence.test, counts=True)), POLICY) == ()


def _texts(values: Sequence[str | None]) -> Array:
    out = np.empty(len(values), object)
    out[:] = values
    return out


def test_an_attribute_whose_groups_the_board_demands_must_be_there(sound: Evidence) -> None:
    """A hospital without it gets no pass; without such a demand it does."""
    old = b"required_groups = {}"
    assert old in POLICY.content
    demanding = load_policy(POLICY.content.replace(old, b'required_groups = {language = ["fr"]}'))
    test = visits([half(50, sex="F"), half()])
    evidence = replace(sound, test=test, validation=test)
    found = {f.group: f for f in judge_fairness(evidence, demanding, ()).findings if f.metric == "attribute"}
    assert (found["language"].required, found["age_band"].required) == (True, False)


def test_an_error_counts_beyond_what_its_own_forecast_lets_expect(sound: Evidence) -> None:
    """Women's forecasts are skewed: waits like the men's are then shorter than theirs let expect, by just so much."""
    test = visits([half(50, sex="F"), half()])
    above = np.clip(np.arange(19) - 9, 0, None)
    skewed = np.where(above > 0, 20.0 + 2 * above**1.5, test.quantiles[0])
    women = test.audit["sex"] == "F"
    quantiles = np.where(women[:, None], skewed, test.quantiles)

    def expected(levels: Array) -> float:
        return float(np.clip(np.log((levels + 10) / 30), -1, 1).mean())

    found = judged(sound, replace(test, quantiles=quantiles))["log_error", "sex=F"]
    assert found.value == pytest.approx(expected(test.quantiles[0]) - expected(skewed))
    assert (found.value or 0.0) < -0.1
