"""Harm at one hour or on one day of the week alone: too narrow to be judged with the others, and too clear to pass."""

import numpy as np
import pandas as pd
import pytest

from hospital.arrays import Array
from registry.evidence.records import Evidence
from registry.gates import Finding, Verdict
from registry.gates.fairness import judge_fairness
from registry.gates.wait_fairness import WaitFairness
from registry.policy.board_policy import default_policy
from registry.statistics.groups import group_names
from registry.statistics.hours_of_week import NARROW_HOURS
from tests.support.synthetic_evidence import Hospital, waits, with_judge

POLICY = default_policy()


@pytest.fixture(scope="module")
def sound() -> Evidence:
    """A sound wait-time model."""
    return waits(Hospital(), np.random.default_rng(3))


def shut(evidence: Evidence) -> list[Finding]:
    """The findings of the fairness gate that keep it shut."""
    cells = tuple(sorted({(group, 0.0) for group in evidence.test.unit_group}))
    result = judge_fairness(evidence, POLICY, cells)
    found = [f for f in result.findings if f.required and not f.verdict.opens]
    assert result.verdict.opens == (not found)
    return found


def women_then(evidence: Evidence, then: Array, factor: float) -> Evidence:
    """Women's waits are longer at some times (bool [n])."""
    women = group_names(evidence.test.audit["sex"]) == "F"
    return with_judge(
        evidence, outcome=np.where(women & then, evidence.test.outcome * factor, evidence.test.outcome)
    )


@pytest.mark.parametrize(("hour", "two_hours"), [(9, "08-10"), (14, "14-16"), (19, "18-20")])
def test_a_group_harmed_at_one_hour_of_the_day_keeps_the_gate_shut(
    sound: Evidence, hour: int, two_hours: str
) -> None:
    """Six times as small in a quarter of the day; never a block, for a thousand such cells are looked at."""
    found = shut(women_then(sound, sound.test.local_hour == hour, 1.8))
    quarter = f"sex=F*{hour // 6 * 6:02d}-{hour // 6 * 6 + 6:02d}"
    assert {f.group for f in found if f.note == "harm_shown"} == {f"sex=F*{two_hours}"}
    assert {f.group for f in found if f.note == "harm_certain"} <= {quarter}
    assert {f.verdict for f in found} == {Verdict.INCONCLUSIVE}
    assert all(f.value is not None and f.threshold is not None and f.value > f.threshold for f in found)


def test_a_group_harmed_on_one_weekday_keeps_the_gate_shut(sound: Evidence) -> None:
    """One of seven days, by the hospital's clock."""
    local = pd.to_datetime(sound.test.prediction_time, unit="us", utc=True).tz_convert("Europe/Paris")
    found = shut(women_then(sound, np.asarray(local.day_of_week == 1), 1.5))
    assert {f.group for f in found} == {"sex=F*tuesday"}


def test_what_is_said_of_a_group_is_not_said_again_of_its_hours(sound: Evidence) -> None:
    """Women wait longer at all hours: two of them show it, too."""
    found = shut(women_then(sound, np.ones(sound.test.size, bool), 1.3))
    assert "sex=F" in {f.group for f in found}
    blocked = {f.metric for f in found if f.group == "sex=F"}
    narrow = {(f.metric, f.group) for f in found if f.group.rpartition("*")[2] in NARROW_HOURS}
    assert not {metric for metric, _ in narrow} & blocked


def test_sound_hospitals_have_no_such_finding() -> None:
    """Of hundreds of cells in each hospital none is beyond the margin by chance."""
    for seed in range(4):
        hospital = Hospital(visits=130 + 30 * seed)
        assert shut(waits(hospital, np.random.default_rng(400 + seed))) == []


@pytest.mark.parametrize(("rows", "looked_at"), [(399, False), (400, True)])
@pytest.mark.parametrize("of", ["group", "others"])
def test_under_four_hundred_visits_are_not_looked_at(
    sound: Evidence, of: str, rows: int, looked_at: bool
) -> None:
    """Chance shows much: of a group, or of the others that a large one is held against."""
    test = sound.test
    then = np.flatnonzero(test.is_known & np.isin(test.local_hour, (14, 15)))
    assert then.size >= 2 * 400
    rare = np.full(test.size, "no", object)
    rare[then[:rows]] = "yes"
    audit = {**test.audit, "language": rare}
    waits_then = WaitFairness(with_judge(sound, audit=audit), POLICY)
    group = "yes" if of == "group" else "no"
    cells = {d.group for d in waits_then.at_narrow_hours()}
    assert (f"language={group}*14-16" in cells) == looked_at
    assert "sex=F*14-16" in cells
