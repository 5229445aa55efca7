"""The fairness gate of wait times, broken on purpose."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from hospital.arrays import Array
from registry.evidence.records import EarlierGap, Evidence
from registry.gates import Finding, Verdict
from registry.gates.fairness import judge_fairness, small_gaps
from registry.policy.board_policy import Policy, load_policy
from registry.statistics.groups import group_names, reported_figures
from tests.support.judged_fairness import POLICY, judged, of
from tests.support.synthetic_evidence import Hospital, waits, with_judge


@pytest.fixture(scope="module")
def sound() -> Evidence:
    """A sound wait-time model."""
    return waits(Hospital(), np.random.default_rng(3))


def with_audit(evidence: Evidence, attribute: str, values: Array | None) -> Evidence:
    """With other values of an audit attribute of the judged rows; without it for None."""
    audit = {k: v for k, v in evidence.test.audit.items() if k != attribute}
    return with_judge(evidence, audit=audit if values is None else {**audit, attribute: values})


def test_a_sound_model_passes_and_says_which_groups_it_judged(sound: Evidence) -> None:
    """Large groups are judged, each with its figures."""
    result = judged(sound)
    assert result.verdict is Verdict.PASS
    for group in ("sex=F", "sex=M", "language=fr"):
        finding = of(result, group)
        assert finding.required
        assert finding.interval is not None
        assert finding.n >= POLICY.document.fairness.minimum_rows


def test_a_group_that_waits_longer_unseen_is_blocked_and_named() -> None:
    """1.4 times the wait for reasons no feature shows: women's waits are under-predicted, men's are not."""
    result = judged(waits(Hospital(unfair=1.4), np.random.default_rng(3)))
    assert result.verdict is Verdict.BLOCK
    assert of(result, "sex=F").verdict is Verdict.BLOCK
    assert of(result, "sex=F", "log_error").verdict is Verdict.BLOCK
    assert of(result, "sex=M").verdict is Verdict.PASS


def test_an_interval_across_the_margin_is_inconclusive() -> None:
    """A disparity that may lie on either side of the margin neither passes nor blocks."""
    result = judged(waits(Hospital(unfair=1.11), np.random.default_rng(3)))
    finding = of(result, "sex=F")
    assert finding.interval is not None
    assert finding.threshold is not None
    assert finding.interval[0] < finding.threshold < finding.interval[1]
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert result.verdict is Verdict.INCONCLUSIVE


def test_small_groups_are_listed_and_not_required(sound: Evidence) -> None:
    """They are named with what they would need, and never dropped."""
    finding = of(judged(sound), "language=other")
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert not finding.required
    assert finding.note == "needs_more_rows"
    least = POLICY.document.fairness.minimum_rows
    assert finding.lacking == least - finding.n > 0


def test_a_group_with_a_nan_is_inconclusive(sound: Evidence) -> None:
    """fairlearn would drop it from a difference; here it stops the gate."""
    quantiles = sound.test.quantiles.copy()
    quantiles[np.flatnonzero(sound.test.audit["sex"] == "F")[:3]] = np.nan
    result = judged(with_judge(sound, quantiles=quantiles))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert of(result, "sex=F").note == "not_a_number"


def test_a_group_that_went_missing_is_inconclusive(sound: Evidence) -> None:
    """Women were there before the test set and are not in it."""
    women = sound.test.audit["sex"] == "F"
    result = judged(replace(sound, test=sound.test.part(~women)))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert of(result, "sex=F").note == "missing_group"
    assert of(result, "sex=F").n == 0


def test_a_group_of_whom_none_was_seen_is_inconclusive(sound: Evidence) -> None:
    """A group whose visits are all censored has rows and no outcome."""
    women = sound.test.audit["sex"] == "F"
    part = sound.test
    result = judged(
        with_judge(
            sound,
            censored=part.censored | women,
            outcome=np.where(women, np.nan, part.outcome),
            weight=np.where(women, 0.0, part.weight),
        )
    )
    assert result.verdict is Verdict.INCONCLUSIVE
    assert of(result, "sex=F").note == "missing_group"


def test_a_constant_outcome_is_inconclusive(sound: Evidence) -> None:
    """A group whose waits never differ was not measured."""
    women = sound.test.audit["sex"] == "F"
    constant = np.where(women & ~sound.test.censored, 30.0, sound.test.outcome)
    result = judged(with_judge(sound, outcome=constant))
    assert not result.verdict.opens
    assert of(result, "sex=F").note == "constant_outcome"


def test_an_attribute_mostly_unknown_is_inconclusive(sound: Evidence) -> None:
    """A third of the visits without it could hide a group."""
    values = sound.test.audit["sex"].copy()
    values[::3] = None
    result = judged(with_audit(sound, "sex", values))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert of(result, "sex", "unknown_share").value == pytest.approx(1 / 3, abs=0.01)


def test_ages_that_no_row_has_are_an_attribute_that_is_lacking(sound: Evidence) -> None:
    """Age bands are made of the ages in every hospital; one that records none is not asked for them for ever."""
    nobody = np.full(sound.test.size, None, object)
    before = np.full(sound.validation.size, None, object)
    lacking = with_audit(sound, "age_band", nobody)
    lacking = replace(
        lacking,
        validation=replace(lacking.validation, audit={**lacking.validation.audit, "age_band": before}),
    )
    result = judged(lacking)
    finding = of(result, "age_band", "attribute")
    assert (finding.note, finding.required) == ("attribute_missing", False)
    assert result.verdict is Verdict.PASS
    demanded = with_policy(required_groups='{age_band = ["adult"]}')
    assert not judge_fairness(lacking, demanded, ()).verdict.opens
    # Known on the days before, they are no longer sent: that is not known to be fair.
    gone = judged(replace(lacking, validation=sound.validation))
    assert gone.verdict is Verdict.INCONCLUSIVE
    assert of(gone, "age_band", "unknown_share").value == 1.0


def test_an_attribute_that_the_data_lack_is_reported_and_required_where_the_policy_says_so(
    sound: Evidence,
) -> None:
    """Not judged, and not inconclusive for ever; a board that demands the attribute's groups gets no pass without."""
    lacking = with_audit(sound, "language", None)
    finding = of(judged(lacking), "language", "attribute")
    assert (finding.note, finding.required) == ("attribute_missing", False)
    assert judged(lacking).verdict is Verdict.PASS
    demanded = with_policy(required_groups='{language = ["fr"]}')
    assert judge_fairness(lacking, demanded, ()).verdict is Verdict.INCONCLUSIVE


def test_an_attribute_that_only_the_mapping_declares_is_judged(sound: Evidence) -> None:
    """The policy does not name it; the group that waits longer is found all the same."""
    test = sound.test
    insured = np.where(np.random.default_rng(6).random(test.size) < 0.5, "none", "full").astype(object)
    longer = np.where(insured == "none", test.outcome * 1.4, test.outcome)
    result = judged(with_judge(sound, audit={**test.audit, "insurance": insured}, outcome=longer))
    assert of(result, "insurance=none").verdict is Verdict.BLOCK


def test_without_any_attribute_nothing_is_judged(sound: Evidence) -> None:
    """A hospital that brings no audit attribute at all gets no pass."""
    nothing = with_judge(sound, audit={})
    assert judged(nothing).verdict is Verdict.INCONCLUSIVE


def test_the_gap_in_the_process_is_kept_apart_from_the_models_error(sound: Evidence) -> None:
    """How long each group waits, and how far forecasts are off, weighted for those who left unseen."""
    result = judged(sound)
    part = sound.test.known()
    women = part.audit["sex"] == "F"
    weight = part.weight[women]
    waited = np.average(part.outcome[women], weights=weight)
    assert of(result, "sex=F", "mean_outcome").value == pytest.approx(waited)
    off = np.average((part.outcome - part.p50)[women], weights=weight)
    assert of(result, "sex=F", "bias").value == pytest.approx(off)
    assert {f.metric for f in result.findings if f.group == "sex=F" and not f.required} >= {
        "mean_outcome",
        "bias",
        "absolute_error",
        "coverage",
        "share_above_p50_worst_case",
    }


def test_the_worst_case_of_the_censored_bounds_what_was_measured(sound: Evidence) -> None:
    """Between none and all of those who left unseen."""
    finding = of(judged(sound), "sex=F", "share_above_p50_worst_case")
    assert finding.interval is not None
    assert 0 < finding.interval[0] < finding.interval[1] == finding.value
    assert not finding.required


def test_what_is_reported_is_looked_at_before_it_is_averaged() -> None:
    """A NaN in one group leaves the others' figures and says so of this one."""
    evidence = waits(Hospital(days=430, visits=20), np.random.default_rng(1)).test.known()
    outcome = evidence.outcome.copy()
    names = group_names(evidence.audit["sex"])
    outcome[np.flatnonzero(names == "F")[0]] = np.nan
    found = reported_figures(replace(evidence, outcome=outcome), "sex", names)
    bad = {f.group for f in found if f.verdict is Verdict.INCONCLUSIVE}
    assert bad == {"sex=F"}
    assert len(found) == 8


def test_unknown_has_one_name() -> None:
    """None, an empty text and NaN are the same unknown."""
    values = np.array([None, "", float("nan"), "F", 3], object)
    assert list(group_names(values)) == ["unknown", "unknown", "unknown", "F", "3"]


def with_policy(**edits: str) -> Policy:
    """The shipped policy with keys of the fairness section written otherwise."""
    text = POLICY.content.decode()
    for key, value in edits.items():
        text, count = re.subn(rf"^{key} = [^#]*", f"{key} = {value} ", text, count=1, flags=re.MULTILINE)
        assert count == 1, key
    return load_policy(text.encode())


def test_intervals_that_hold_less_often_for_one_group_are_blocked() -> None:
    """Women's intervals a third too sure: the waits' middle is right, the promise is not."""
    result = judged(waits(Hospital(certain=0.8), np.random.default_rng(3)))
    assert of(result, "sex=F", "outside_interval").verdict is Verdict.BLOCK
    assert of(result, "sex=F", "log_error").verdict is Verdict.PASS
    assert of(result, "sex=M", "outside_interval").verdict is Verdict.PASS


def test_a_disparity_of_both_at_once_is_found_in_the_intersection(sound: Evidence) -> None:
    """Women of 80 and more wait half as long again; sound intersections hold nothing up."""
    part = sound.test
    mine = (part.audit["sex"] == "F") & (part.audit["age_band"] == "80+")
    result = judged(with_judge(sound, outcome=np.where(mine, part.outcome * 1.6, part.outcome)))
    finding = of(result, "sex=F*age_band=80+", "log_error")
    assert (finding.verdict, finding.required) == (Verdict.BLOCK, True)
    assert not of(result, "sex=M*age_band=16-39", "log_error").required


def test_a_disparity_of_any_two_attributes_at_once_keeps_the_gate_shut(sound: Evidence) -> None:
    """The policy names one pair; the few who are of two groups of another are harmed all the same."""
    audit, outcome = sound.test.audit, sound.test.outcome
    both = (audit["age_band"] == "0-15") & (audit["language"] == "other")
    twice = with_judge(sound, outcome=np.where(both, outcome * 2.5, outcome))
    assert judged(sound).verdict is Verdict.PASS
    result = judged(twice)
    assert "age_band*language" not in POLICY.document.fairness.intersections
    finding = of(result, "age_band=0-15*language=other", "log_error")
    assert 200 <= finding.n < POLICY.document.fairness.minimum_rows_to_block
    assert finding.verdict is Verdict.BLOCK


def test_people_whose_group_is_unknown_are_a_group_too(sound: Evidence) -> None:
    """A sex that is not on file, for a seventh of the visits: theirs may be the waits that are under-predicted."""
    nameless = np.random.default_rng(9).random(sound.test.size) < 0.15
    without = with_audit(sound, "sex", np.where(nameless, None, sound.test.audit["sex"]))
    assert judged(without).verdict is Verdict.PASS
    longer = np.where(nameless, without.test.outcome * 1.4, without.test.outcome)
    result = judged(with_judge(without, outcome=longer))
    assert of(result, "sex=unknown", "log_error").verdict is Verdict.BLOCK


def test_a_group_that_the_policy_names_must_be_judged(sound: Evidence) -> None:
    """Whatever its size: too small, or absent from the judged rows, is inconclusive."""
    policy = with_policy(required_groups='{language = ["other"]}')
    cells = (("ED", 0.0),)
    small = judge_fairness(sound, policy, cells)
    assert small.verdict is Verdict.INCONCLUSIVE
    assert of(small, "language=other").required
    absent = with_policy(required_groups='{language = ["ar"]}')
    gone = judge_fairness(sound, absent, cells)
    assert gone.verdict is Verdict.INCONCLUSIVE
    assert of(gone, "language=ar").note == "missing_group"


def test_a_small_group_is_pooled_over_versions_until_it_can_be_judged(sound: Evidence) -> None:
    """What earlier versions' rows showed is not forgotten: enough of it together, and the group is judged."""
    own = {(g.group, g.metric): g for g in small_gaps(sound, POLICY)}
    gap = own["language=other", "log_error"]
    assert gap.n < POLICY.document.fairness.minimum_rows
    # The same again from a version before: still the same gap, with twice the rows and less to chance.
    pooled = judged(replace(sound, earlier_gaps=tuple(own.values())))
    finding = of(pooled, "language=other", "log_error")
    assert (finding.n, finding.required, finding.verdict) == (2 * gap.n, True, Verdict.PASS)
    assert finding.value == pytest.approx(gap.value)
    disadvantaged = tuple(replace(g, value=0.4) for g in own.values())
    assert (
        of(judged(replace(sound, earlier_gaps=disadvantaged)), "language=other", "log_error").verdict
        is Verdict.BLOCK
    )
    elsewhere = EarlierGap("language=xx", "log_error", 0.4, 0.01, 90, 9000)
    assert not of(judged(replace(sound, earlier_gaps=(elsewhere,))), "language=other", "log_error").required


def test_pooled_groups_are_not_written_down_as_this_versions_own(sound: Evidence) -> None:
    """Else a third version would count the first one's visits twice."""
    own = small_gaps(sound, POLICY)
    assert own
    assert small_gaps(replace(sound, earlier_gaps=own), POLICY) == own


def test_one_group_alone_has_nobody_to_be_compared_with(sound: Evidence) -> None:
    """A hospital that records one language: said, and the other attributes are judged."""
    names = np.full(sound.test.size, "fr", object)
    before = np.full(sound.validation.size, "fr", object)
    evidence = with_audit(sound, "language", names)
    evidence = replace(
        evidence, validation=replace(sound.validation, audit={**sound.validation.audit, "language": before})
    )
    result = judged(evidence)
    assert of(result, "language", "attribute").note == "only_one_group"
    assert result.verdict is Verdict.PASS


def test_rows_that_are_there_twice_do_not_make_a_disparity_surer(sound: Evidence) -> None:
    """Days are resampled, not visits: the interval of doubled rows is as wide."""
    twice = np.repeat(np.arange(sound.test.size), 2)
    once, doubled = (
        of(judged(sound), "sex=F"),
        of(judged(replace(sound, test=sound.test.part(twice))), "sex=F"),
    )
    assert once.interval is not None
    assert doubled.interval is not None
    assert doubled.interval == pytest.approx(once.interval, abs=1e-9)


def test_a_small_group_that_is_shown_to_fare_worse_keeps_the_gate_shut(sound: Evidence) -> None:
    """Too few rows to pass are no excuse for what their own interval shows; without the disparity they are listed."""
    test = sound.test
    rng = np.random.default_rng(8)
    rare = np.where(rng.random(test.size) < 700 / test.size, "yes", "no").astype(object)
    assert (rare == "yes").sum() < POLICY.document.fairness.minimum_rows
    listed = of(judged(with_audit(sound, "language", rare)), "language=yes", "log_error")
    assert (listed.required, listed.note) == (False, "needs_more_rows")
    longer = np.where(rare == "yes", test.outcome * 1.35, test.outcome)
    harmed = judged(with_judge(sound, audit={**test.audit, "language": rare}, outcome=longer))
    shown = of(harmed, "language=yes", "log_error")
    assert shown.interval is not None
    assert shown.interval[0] > POLICY.document.fairness.margin_log_error
    assert shown.required
    assert not shown.verdict.opens
    assert not harmed.verdict.opens


def test_a_group_that_is_harmed_at_night_alone_is_found(sound: Evidence) -> None:
    """Over all hours the disparity is under the margin; among the visits of the night it is not."""
    test = sound.test
    women = group_names(test.audit["sex"]) == "F"
    night = (test.local_hour >= 20) | (test.local_hour < 8)
    longer = np.where(women & night, test.outcome * 1.4, test.outcome)
    result = judged(with_judge(sound, outcome=longer))
    shut = {f.group for f in result.findings if f.required and not f.verdict.opens}
    assert "sex=F*night" in shut
    assert "sex=M*night" not in shut


@pytest.mark.parametrize(("begin", "hours"), [(0, "00-06"), (6, "06-12"), (12, "12-18"), (18, "18-24")])
def test_a_group_that_is_harmed_in_a_quarter_of_the_day_is_found(
    sound: Evidence, begin: int, hours: str
) -> None:
    """Harm between midnight and six is diluted in a night of twelve hours, and named by its own."""
    test = sound.test
    women = group_names(test.audit["sex"]) == "F"
    then = (test.local_hour >= begin) & (test.local_hour < begin + 6)
    longer = np.where(women & then, test.outcome * 1.5, test.outcome)
    shut = {f.group for f in judged(with_judge(sound, outcome=longer)).findings if _keeps_shut(f)}
    assert f"sex=F*{hours}" in shut
    assert f"sex=M*{hours}" not in shut


def _keeps_shut(finding: Finding) -> bool:
    return finding.required and not finding.verdict.opens


def test_weekends_are_those_of_the_hospital(sound: Evidence) -> None:
    """A disparity on Saturdays and Sundays by the local clock is named as such."""
    test = sound.test
    women = group_names(test.audit["sex"]) == "F"
    local = pd.to_datetime(test.prediction_time, unit="us", utc=True).tz_convert("Europe/Paris")
    longer = np.where(women & (local.day_of_week >= 5), test.outcome * 1.6, test.outcome)
    result = judged(with_judge(sound, outcome=longer))
    assert "sex=F*weekend" in {f.group for f in result.findings if f.required and not f.verdict.opens}


def test_a_groups_figures_are_weighted_like_the_headline() -> None:
    """The whole department as one group has the error that the report's first row has, censored waits made up for."""
    evidence = waits(Hospital(days=430, visits=20), np.random.default_rng(1)).test.known()
    error = np.abs(evidence.outcome - evidence.p50)
    weight = np.where(error > np.median(error), 3.0, 1.0)
    everybody = np.full(evidence.size, "everybody", object)
    found = reported_figures(replace(evidence, weight=weight), "department", everybody)
    figures = {f.metric: f.value for f in found}
    assert figures["absolute_error"] == pytest.approx(np.average(error, weights=weight), rel=1e-12)
    assert abs(float(np.average(error, weights=weight)) - float(error.mean())) > 1.0
