"""What came of a recommendation, measured: beside what people say, once, with its entry, and unknown where it is."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import text

from centre.flows.answers import FlowsAnswer
from centre.recommendations.measured_outcomes import measured_outcome
from registry.record.journal import entries
from serving.interface.recommendations.audit import edited
from serving.interface.recommendations.store import StoredAct, StoredRecommendation
from tests.centre.recommendations.situations import Hospital

TARGET = "2026-03-02T08:00:00+00:00"
ANSWER = {"verdict": "rejected", "person": "Head nurse A", "two_people": False}


def recommended(place: str = "U1") -> StoredRecommendation:
    """One that was rejected."""
    content = {"forecast": {"target_at": TARGET}}
    return StoredRecommendation("r", place, "tense", 0, 10, content, None, 5, 1)


def acts(verdict: str = "rejected") -> list[StoredAct]:
    """An answer."""
    return [StoredAct("r", "answered", "a", 5, {**ANSWER, "verdict": verdict}, 2)]


def beds(*units: tuple[str, float | None, float | None, float | None]) -> FlowsAnswer:
    """(unit, occupied, waiting, staffed) of each."""
    rows = [SimpleNamespace(unit=u, occupied=o, waiting=w, staffed=s) for u, o, w, s in units]
    return cast(FlowsAnswer, SimpleNamespace(beds=SimpleNamespace(units=rows)))


def boarding(boarders: int | None) -> FlowsAnswer:
    """As many patients wait for a bed."""
    total = SimpleNamespace(boarding=boarders)
    return cast(FlowsAnswer, SimpleNamespace(emergency=SimpleNamespace(total=total)))


@pytest.mark.parametrize(
    ("unit", "exceeded"),
    [
        (("U1", 28.0, 1.0, 28.0), True),
        (("U1", 27.0, 1.0, 28.0), False),  # just as many as have staff
        (("U1", None, 1.0, 28.0), None),
        (("U1", 28.0, None, 28.0), None),
        (("U1", 28.0, 1.0, None), None),
        (("U2", 90.0, 1.0, 28.0), None),
    ],
)
def test_whether_demand_exceeded_the_staffed_beds(unit: Any, exceeded: bool | None) -> None:
    """What one of its parts does not say is not known, and never 0."""
    found = measured_outcome(recommended(), acts(), beds(unit))
    assert found["exceeded"] is exceeded
    assert found["right"] is (None if exceeded is None else not exceeded)
    assert found["target_at"] == TARGET


@pytest.mark.parametrize("verdict", ["accepted", "overridden"])
def test_who_acted_is_not_judged_by_the_census(verdict: str) -> None:
    """It may be as it is because of what was done."""
    found = measured_outcome(recommended(), acts(verdict), beds(("U1", 20.0, 0.0, 28.0)))
    assert (found["exceeded"], found["right"]) == (False, None)


@pytest.mark.parametrize(
    ("boarders", "verdict", "exceeded", "right"),
    [
        (3, "rejected", True, False),
        (2, "rejected", False, True),  # just as many as the threshold
        (0, "rejected", False, True),
        (3, "accepted", True, None),
        (None, "rejected", None, None),
    ],
)
def test_of_boarding_those_who_waited_are_held_against_the_threshold(
    boarders: int | None, verdict: str, exceeded: bool | None, right: bool | None
) -> None:
    """Beds are not asked: they are not what was foreseen; who waited is not known where nobody notes it."""
    content = {"forecast": None, "boarding": {"target_at": TARGET, "threshold": 2.0}}
    one = StoredRecommendation("r", "*", "tense", 0, 10, content, None, 5, 1)
    found = measured_outcome(one, acts(verdict), boarding(boarders))
    assert found == {
        "target_at": TARGET,
        "boarders": boarders,
        "threshold": 2.0,
        "exceeded": exceeded,
        "right": right,
    }


@pytest.mark.parametrize(
    ("indicator", "right"),
    [
        ("beds_needed_above_staffed", True),
        ("beds_needed_share_of_staffed", True),
        ("NEDOCS", None),
        ("boarders", None),
    ],
)
def test_beds_judge_no_decision_that_something_else_called(indicator: str, right: bool | None) -> None:
    """A crowded emergency department is not put right by a ward that had beds enough; what was measured stands."""
    content = {"forecast": {"target_at": TARGET}, "evidence": [{"indicator": indicator}]}
    one = StoredRecommendation("r", "U1", "tense", 0, 10, content, None, 5, 1)
    found = measured_outcome(one, acts(), beds(("U1", 20.0, 0.0, 28.0)))
    assert (found["exceeded"], found["right"]) == (False, right)


def test_of_a_hospital_s_level_the_hospital_is_measured_wherever_it_is_applied() -> None:
    """What was forecast is the total's: the unit that the protocol names says nothing of it."""
    flows = beds(("U1", 30.0, 1.0, 28.0), ("U2", 10.0, 0.0, 20.0))
    one = recommended()
    for called_by, needed in ((None, 41.0), ("U1", 31.0)):
        of = replace(one, content={**one.content, "called_by": called_by})
        assert measured_outcome(of, acts(), flows)["needed"] == needed


def test_the_hospital_is_the_sum_of_its_units_or_not_known() -> None:
    """One that says nothing leaves the sum unknown."""
    known = beds(("U1", 28.0, 2.0, 28.0), ("U2", 10.0, 0.0, 11.0))
    assert measured_outcome(recommended("*"), acts(), known)["needed"] == 40.0
    assert measured_outcome(recommended("*"), acts(), known)["exceeded"] is True
    one_silent = beds(("U1", 28.0, 2.0, 28.0), ("U2", None, 0.0, 11.0))
    assert measured_outcome(recommended("*"), acts(), one_silent)["exceeded"] is None
    assert measured_outcome(recommended("*"), acts(), beds())["needed"] is None


def test_it_is_written_once_a_day_after_the_target_with_its_entry(quick_path: Path) -> None:
    """Not before; of what nobody decided nothing is measured; a row that is edited shows."""
    hospital = Hospital(quick_path)
    found = hospital.listed()[0]["recommendation_id"]
    assert hospital.decide(found, "reject").status_code == 201

    def measured() -> int:
        with hospital.parts.engine.connect() as connection:
            return sum(e.action == "recommendation measured" for e in entries(connection))

    hospital.later(16)
    hospital.listed()
    assert measured() == 0
    hospital.later(60 * 24 * 5)
    hospital.listed()
    assert measured() == 1
    hospital.later(16)
    hospital.listed()
    assert measured() == 1
    with hospital.parts.engine.connect() as connection:
        assert edited(connection) == []
        changed = "UPDATE recommendation_acts SET content = replace(content, 'exceeded', 'x') WHERE act = 'measured'"
        connection.execute(text(changed))
        assert len(edited(connection)) == 1
        connection.rollback()
