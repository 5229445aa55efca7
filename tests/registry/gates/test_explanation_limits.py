"""The explanation gate at each of its limits: exactness, refits, the current release's reasons and proxies, by hand."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from registry.evidence.probe_records import ExplanationShift, ProxyFacts, ProxyGroup, StabilityFacts
from registry.evidence.records import Evidence, ExplanationFacts
from registry.gates import Finding, Verdict
from registry.gates.explanation import judge_explanation
from registry.gates.explanation_stability import proxy_findings, shift_findings, stability_findings
from registry.policy.board_policy import default_policy
from registry.statistics.verdict import undecided
from tests.support.sound_facts import waits, with_probed
from tests.support.synthetic_evidence import Hospital

POLICY = default_policy()
ALPHA, RULES = POLICY.document.alpha, POLICY.document.explanation
WAVE = np.cos(np.arange(20.0))


@pytest.fixture(scope="module")
def sound() -> Evidence:
    """A sound wait-time model."""
    return waits(Hospital(visits=5), np.random.default_rng(1))


def exactness(sound: Evidence, facts: ExplanationFacts) -> list[Finding]:
    """The findings on whether reasons add up."""
    exact = ("additivity", "predictions_off", "difference_from_reference", "adjustment_share")
    found = judge_explanation(replace(sound, explanation=facts), POLICY).findings
    return [f for f in found if f.metric in exact]


def test_what_lies_on_its_bound_is_within_it(sound: Evidence) -> None:
    """Each figure with the rows it is of: explained ones, or those that were held against another implementation."""
    bounds = RULES.additivity, RULES.reference_difference, RULES.adjustment_share
    assert exactness(sound, ExplanationFacts(60, 70, 0, *bounds)) == [
        Finding("additivity", "all", bounds[0], None, bounds[0], 60, Verdict.PASS),
        Finding("predictions_off", "all", 0.0, None, 0.0, 70, Verdict.PASS),
        Finding("difference_from_reference", "all", bounds[1], None, bounds[1], 70, Verdict.PASS),
        Finding("adjustment_share", "all", bounds[2], None, bounds[2], 60, Verdict.PASS),
    ]
    beyond = exactness(sound, ExplanationFacts(60, 70, 1, *(b * 1.001 for b in bounds)))
    assert {f.verdict for f in beyond} == {Verdict.BLOCK}


def test_a_figure_that_is_no_number_is_said_and_opens_nothing(sound: Evidence) -> None:
    """Neither 0 nor a pass."""
    found = exactness(sound, ExplanationFacts(60, 70, 0, math.nan, 0.0, 0.0))[0]
    assert found == Finding(
        "additivity", "all", None, None, RULES.additivity, 60, Verdict.INCONCLUSIVE, note="not_a_number"
    )


def test_fifty_rows_of_both_kinds_are_enough_and_one_less_of_either_is_not(sound: Evidence) -> None:
    """The smaller number counts, and nothing else is judged."""
    least = RULES.minimum_rows
    assert len(exactness(sound, ExplanationFacts(least, least, 0, 0.0, 0.0, 0.0))) == 4
    for rows, verified in ((least - 1, least), (least, least - 1)):
        few = replace(sound, explanation=ExplanationFacts(rows, verified, 0, 0.0, 0.0, 0.0))
        assert judge_explanation(few, POLICY).findings == (
            Finding(
                "additivity", "all", None, None, None, least - 1, Verdict.INCONCLUSIVE, note="too_few_rows"
            ),
        )


def stability(sound: Evidence, distance: Any, **more: Any) -> list[Finding]:
    """Findings on 500 rows of refits that moved so much."""
    facts = StabilityFacts(
        more.pop("failed", ""), 500, np.asarray(distance), **{"ranks": WAVE, "groups": {}, **more}
    )
    return stability_findings(with_probed(sound, stability=facts), POLICY)


def t_interval(values: Any) -> tuple[float, float]:
    """SciPy's interval of a mean: both one-sided bounds at alpha."""
    low, high = stats.t.interval(1 - 2 * ALPHA, len(values) - 1, np.mean(values), stats.sem(values))
    return float(low), float(high)


@pytest.mark.parametrize(
    ("middle", "verdict", "note"),
    [(0.5, Verdict.PASS, ""), (0.75, Verdict.INCONCLUSIVE, "unstable"), (1.0, Verdict.BLOCK, "unstable")],
)
def test_what_refits_move_has_scipys_interval(
    sound: Evidence, middle: float, verdict: Verdict, note: str
) -> None:
    """Twenty refits: the mean with its t bounds, wholly under the policy's bound, across it, wholly above."""
    distance = middle + 0.1 * WAVE
    low, high = t_interval(distance)
    found = stability(sound, distance)[0]
    assert found.interval == pytest.approx((low, high), rel=1e-9)
    assert replace(found, interval=None) == Finding(
        "stability", "all", float(distance.mean()), None, RULES.stability, 500, verdict, note=note
    )


def test_refits_that_all_move_as_much_as_is_allowed_pass(sound: Evidence) -> None:
    """The bound belongs to what is held; a hair more in each of them is wholly above it."""
    assert stability(sound, np.full(20, RULES.stability))[0].verdict is Verdict.PASS
    assert stability(sound, np.full(20, RULES.stability + 2**-20))[0].verdict is Verdict.BLOCK


def test_nineteen_refits_are_too_few(sound: Evidence) -> None:
    """As are twenty of which it is said that they failed."""
    for distance, failed in ((0.5 + 0.1 * WAVE[:19], ""), (0.5 + 0.1 * WAVE, "no memory left")):
        assert stability(sound, distance, failed=failed) == [
            undecided("stability", "all", distance.size, "refits_failed", threshold=RULES.stability)
        ]


def test_each_group_of_features_and_the_ranks_are_reported(sound: Evidence) -> None:
    """With their interval, without a bound, and not required; what is no number is left out."""
    found = stability(
        sound,
        0.5 + 0.1 * WAVE,
        groups={"staff": 0.3 + 0.1 * WAVE, "odd": np.full(20, np.nan)},
        ranks=0.9 + 0.1 * WAVE,
    )
    assert [(f.metric, f.group) for f in found] == [
        ("stability", "all"),
        ("stability", "staff"),
        ("rank_agreement", "all"),
    ]
    for finding, middle in zip(found[1:], (0.3, 0.9), strict=True):
        assert finding.interval == pytest.approx(t_interval(middle + 0.1 * WAVE))
        assert (finding.threshold, finding.n, finding.verdict, finding.required) == (
            None,
            500,
            Verdict.PASS,
            False,
        )


def shift(sound: Evidence, ours: Any, theirs: Any, rows: int = 500) -> list[Finding]:
    """Findings on two profiles, by block and group of features, beside a release in use."""
    names = tuple(f"group {i}" for i in range(np.shape(ours)[1]))
    facts = ExplanationShift(names, np.asarray(ours, float), np.asarray(theirs, float), rows)
    return shift_findings(replace(with_probed(sound, shift=facts), current_expected=True), POLICY)


def test_the_shift_of_reasons_has_the_interval_of_its_blocks(sound: Evidence) -> None:
    """Where each block carries more than the release, leaving blocks out gives the t interval of their own shares."""
    theirs = np.tile([0.3, 0.2], (12, 1))
    more = 0.1 + 0.02 * np.cos(np.arange(12.0))
    found = shift(sound, theirs + more[:, None], theirs)
    shares = 2 * more / 0.5
    assert found[0].value == pytest.approx(shares.mean())
    assert found[0].interval == pytest.approx(t_interval(shares))
    assert (found[0].verdict, found[0].threshold, found[0].note) == (
        Verdict.PASS,
        RULES.shift_reported,
        "reasons_moved",
    )
    # Of the release's 0.5 in all each group carries another 0.1 or so.
    for finding, group in zip(found[1:], ("group 0", "group 1"), strict=True):
        assert finding == Finding(
            "explanation_shift", group, finding.value, None, None, 500, Verdict.PASS, required=False
        )
        assert finding.value == pytest.approx(more.mean() / 0.5)


def test_reasons_that_moved_by_a_fifth_are_not_yet_said_to_have(sound: Evidence) -> None:
    """6 for 5 is a fifth exactly: held against the bound that blocks; more is said, and at the bound still passes."""
    for ours, bound, note, verdict in (
        (6.0, RULES.shift_block, "", Verdict.PASS),
        (6.5, RULES.shift_reported, "reasons_moved", Verdict.PASS),
        (8.0, RULES.shift_reported, "reasons_moved", Verdict.PASS),
        (8.5, RULES.shift_block, "other_reasons", Verdict.BLOCK),
    ):
        found = shift(sound, np.full((8, 1), ours), np.full((8, 1), 5.0))[0]
        value = (ours - 5) / 5
        assert found == Finding(
            "explanation_shift", "all", value, (value, value), bound, 500, verdict, note=note
        )


def test_a_shift_is_never_said_to_be_less_than_none(sound: Evidence) -> None:
    """Blocks that differ much: the lower bound ends at 0, the upper one does not."""
    ours = np.full((8, 1), 5.0)
    ours[0] = 9.0
    interval = shift(sound, ours, np.full((8, 1), 5.0))[0].interval
    assert interval is not None
    assert interval[0] == 0.0
    assert interval[1] > 0.1


def test_reasons_of_a_release_that_had_none_are_other_reasons(sound: Evidence) -> None:
    """Contributions of 0 throughout: nothing is divided by 0, and what carries now did not then."""
    found = shift(sound, np.full((8, 1), 1.0), np.zeros((8, 1)))[0]
    assert (found.verdict, found.note) == (Verdict.BLOCK, "other_reasons")
    assert found.value == pytest.approx(1e9)


@pytest.mark.parametrize(("rows", "blocks", "enough"), [(50, 8, True), (49, 8, False), (50, 7, False)])
def test_fifty_rows_in_eight_blocks_are_enough_for_a_shift(
    sound: Evidence, rows: int, blocks: int, enough: bool
) -> None:
    """One row or one block less is not."""
    found = shift(sound, np.full((blocks, 1), 5.0), np.full((blocks, 1), 5.0), rows)
    few = undecided("explanation_shift", "all", rows, "too_few_rows", threshold=RULES.shift_block)
    assert (found == [few]) is not enough
    assert (found[0].verdict is Verdict.PASS) is enough


def test_a_first_release_and_one_after_the_baselines_have_nothing_to_be_set_beside(sound: Evidence) -> None:
    """Not applicable by the chain; reported where what is in use has no reasons of its own."""
    metric, bound = "explanation_shift", RULES.shift_block
    assert shift_findings(sound, POLICY) == [
        Finding(metric, "all", None, None, bound, 0, Verdict.NOT_APPLICABLE, note="first_release")
    ]
    nothing = ExplanationShift((), np.empty((0, 0)), np.empty((0, 0)), 500)
    after = replace(with_probed(sound, shift=nothing), current_expected=True)
    assert shift_findings(after, POLICY) == [
        Finding(metric, "all", None, None, None, 500, Verdict.PASS, required=False, note="baseline_before")
    ]
    unknown = replace(with_probed(sound, shift=None), current_expected=True)
    assert shift_findings(unknown, POLICY) == [undecided(metric, "all", 0, "not_probed", threshold=bound)]


def group(alone: dict[str, float], error: float, share: float, **more: Any) -> ProxyGroup:
    """A group of twelve blocks that contributions give away so well, each feature with so much of the forecast."""
    return ProxyGroup(
        more.get("name", "sex=F"),
        2000,
        4000,
        more.get("blocks", 12),
        0.6,
        more.get("auc_error", 0.02),
        alone,
        dict.fromkeys(alone, error),
        dict.fromkeys(alone, share),
    )


def proxies(sound: Evidence, *groups: ProxyGroup) -> list[Finding]:
    """The findings on such groups."""
    return proxy_findings(with_probed(sound, proxies=ProxyFacts("", groups)), POLICY)


@pytest.mark.parametrize("features", [1, 2])
def test_a_feature_gives_a_group_away_where_scipys_bound_over_all_of_them_says_so(
    sound: Evidence, features: int
) -> None:
    """A one-sided bound at alpha over as many features as were tried, with the freedom of the blocks."""
    bound = RULES.proxy_area + 0.01 * stats.t(11).isf(ALPHA / features)
    for above, note, verdict in ((1e-9, "proxy", Verdict.BLOCK), (-1e-9, "", Verdict.PASS)):
        alone = {f"f{i}": bound + above for i in range(features)}
        found = proxies(sound, group(alone, 0.01, 0.3))
        shown = 0.3 * features if above > 0 else 0.0
        assert found[0] == Finding(
            "proxy_share", "sex=F", shown, None, RULES.proxy_share, 4000, verdict, note=note
        )
        assert found[1:-1] == [
            Finding(
                "proxy_area", f"sex=F: {f}", area, None, RULES.proxy_area, 4000, Verdict.PASS, required=False
            )
            for f, area in alone.items()
            if above > 0
        ]


def test_an_area_on_its_bound_is_no_proxy(sound: Evidence) -> None:
    """Without any error of its own it must lie above."""
    assert proxies(sound, group({"a": RULES.proxy_area}, 0.0, 0.3))[0].note == ""
    assert proxies(sound, group({"a": np.nextafter(RULES.proxy_area, 1)}, 0.0, 0.3))[0].note == "proxy"


def test_groups_that_are_no_columns_are_an_error(sound: Evidence) -> None:
    """A group without its figures is not left out in silence."""
    ours = np.full((20, 2), 5.0)
    shift = ExplanationShift(("crowding", "staff", "calendar"), ours, ours, 500)
    with pytest.raises(ValueError, match="zip"):
        shift_findings(replace(with_probed(sound, shift=shift), current_expected=True), POLICY)


def test_a_fifth_of_all_reasons_is_what_proxies_may_carry(sound: Evidence) -> None:
    """At the policy's share it is reported, beyond it blocked; of an attribute that is stated it is reported only."""
    for share, name, verdict, note in (
        (0.2, "sex=F", Verdict.PASS, "proxy_reported"),
        (0.2001, "sex=F", Verdict.BLOCK, "proxy"),
        (0.9, "age_band=80+", Verdict.PASS, "stated"),
    ):
        found = proxies(sound, group({"a": 0.9}, 0.0, share, name=name))
        assert (found[0].verdict, found[0].note, found[0].required) == (verdict, note, name == "sex=F")
        assert [f.metric for f in found[1:-1]] == (["proxy_area"] if name == "sex=F" else [])


def test_how_well_all_reasons_give_a_group_away_is_reported_with_its_interval(sound: Evidence) -> None:
    """An area of 0.6 with SciPy's bounds at alpha, whatever single features show; a group without any has only it."""
    reach = 0.02 * stats.t(11).isf(ALPHA)
    found = proxies(sound, group({}, 0.01, 0.0))
    assert (found[0].value, found[0].verdict, found[0].note) == (0.0, Verdict.PASS, "")
    area = found[-1]
    assert area.interval == pytest.approx((0.6 - reach, 0.6 + reach))
    assert replace(area, interval=None) == Finding(
        "attribute_area", "sex=F", 0.6, None, None, 4000, Verdict.PASS, required=False
    )


def test_eight_blocks_are_enough_for_a_proxy_and_seven_or_no_number_are_not(sound: Evidence) -> None:
    """Said of the group, and required where its attribute is not stated openly."""
    assert proxies(sound, group({"a": 0.5}, 0.01, 0.5, blocks=8))[0].verdict is Verdict.PASS
    for changed, name in ({"blocks": 7}, "sex=F"), ({"auc_error": math.inf}, "age_band=80+"):
        found = proxies(sound, group({"a": 0.5}, 0.01, 0.5, name=name, **changed))
        assert found == [
            undecided(
                "proxy_share",
                name,
                4000,
                "too_few_rows",
                threshold=RULES.proxy_share,
                required=name == "sex=F",
            )
        ]


@pytest.mark.parametrize(
    ("facts", "note"),
    [
        (None, "not_probed"),
        (ProxyFacts("no memory left", ()), "refits_failed"),
        (ProxyFacts("", ()), "attribute_missing"),
    ],
)
def test_proxies_that_could_not_be_sought_open_nothing(
    sound: Evidence, facts: ProxyFacts | None, note: str
) -> None:
    """Of wait time; the rows of bed demand have no patient's attribute."""
    without = with_probed(sound, proxies=facts)
    assert proxy_findings(without, POLICY) == [
        undecided("proxy_share", "all", 0, note, threshold=RULES.proxy_share)
    ]
    assert proxy_findings(replace(without, model="bed-demand"), POLICY) == []


def test_refits_that_were_not_made_open_nothing(sound: Evidence) -> None:
    """Said with the bound that they would have been held to."""
    assert stability_findings(with_probed(sound, stability=None), POLICY) == [
        undecided("stability", "all", 0, "not_probed", threshold=RULES.stability)
    ]


def test_a_group_of_features_without_a_column_is_an_error(sound: Evidence) -> None:
    """Shares that would be given to the wrong names are not given at all."""
    facts = ExplanationShift(("crowding", "staff"), np.full((8, 1), 5.0), np.full((8, 1), 5.0), 500)
    with pytest.raises(ValueError, match="zip"):
        shift_findings(replace(with_probed(sound, shift=facts), current_expected=True), POLICY)
