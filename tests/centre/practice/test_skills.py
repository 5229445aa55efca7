"""Skills by day, and where those on shift are fewer than demand asks for."""

from datetime import date, timedelta

import numpy as np
import pytest
from scipy import stats

from centre.practice.skill_coverage import SkillNeed, coverage, p_above
from centre.practice.skill_register import Held, Opening, SkillRegister

DAY = date(2026, 3, 10)
REGISTER = SkillRegister(
    [
        Held("p1", "ventilation", DAY, "ICU"),
        Held("p2", "ventilation", DAY - timedelta(1), "ICU"),
        Held("p3", "ventilation", None, "MED"),
        Held("p3", "dialysis", DAY + timedelta(20), "MED"),
        Held("p1", "dialysis", DAY + timedelta(5), "ICU"),
        Held("p1", "dialysis", DAY + timedelta(400), "ICU"),
    ],
    [
        Opening("training", "ventilation", "Ventilation, day 1", "ICU", DAY + timedelta(7), 2),
        Opening("training", "ventilation", "Full", "ICU", DAY, 0),
        Opening("mobility", "ventilation", "A month in intensive care", "ICU", DAY, 1),
        Opening("training", "ventilation", "Past", "ICU", DAY - timedelta(1), 5),
        Opening("training", "dialysis", "Dialysis", "NEPH", DAY, 5),
    ],
)
LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])


def test_a_skill_is_held_until_its_last_day() -> None:
    """That day still, the day after no more; without an end for ever."""
    assert REGISTER.holders("ventilation", DAY) == ("p1", "p3")
    assert REGISTER.holders("ventilation", DAY + timedelta(1)) == ("p3",)
    assert REGISTER.lacking("p1", ("dialysis", "ventilation"), DAY + timedelta(1)) == ("ventilation",)
    assert REGISTER.lacking("nobody", ("dialysis",), DAY) == ("dialysis",)


def test_what_lapses_soon_and_was_not_renewed_is_named() -> None:
    """p1's dialysis was renewed; p3's lapses in twenty days."""
    assert [(h.person, h.skill) for h in REGISTER.lapsing(DAY, 21)] == [
        ("p1", "ventilation"),
        ("p3", "dialysis"),
    ]
    assert [(h.person, h.skill) for h in REGISTER.lapsing(DAY, 20)] == [("p1", "ventilation")]
    assert REGISTER.lapsing(DAY + timedelta(1), 1) == ()


def test_openings_have_room_and_are_still_to_come() -> None:
    """The first first."""
    assert [o.title for o in REGISTER.openings("ventilation", DAY)] == [
        "A month in intensive care",
        "Ventilation, day 1",
    ]


def test_a_units_shortage_is_a_probability() -> None:
    """Demand of 9 to 15 patients, 4 each, one holder on shift: more than 4 are certain to the outermost level."""
    demand = {"ICU": (LEVELS, np.array([9.0, 11.0, 12.0, 13.0, 15.0]))}
    (found,) = coverage([SkillNeed("ICU", "ventilation", 4.0)], REGISTER, demand, {"ICU": ["p1", "p2"]}, DAY)
    assert (found.needed, found.on_shift) == (3, 1)
    assert found.p_short == pytest.approx(0.95)
    assert [o.title for o in found.openings] == ["A month in intensive care", "Ventilation, day 1"]


def test_enough_holders_leave_no_gap_to_fill() -> None:
    """Three for the median of twelve: half of the time more are needed, and no training is offered."""
    register = SkillRegister([Held(f"p{i}", "s", None, "ICU") for i in range(3)])
    demand = {"ICU": (LEVELS, np.array([9.0, 11.0, 12.0, 13.0, 15.0]))}
    (found,) = coverage([SkillNeed("ICU", "s", 4.0)], register, demand, {"ICU": ["p0", "p1", "p2"]}, DAY)
    assert (found.needed, found.on_shift, found.openings) == (3, 3, ())
    assert found.p_short == pytest.approx(0.5)


def test_what_is_not_known_is_none_and_comes_last() -> None:
    """No shift, no demand: never 0."""
    needs = [
        SkillNeed("A", "ventilation", 4.0),
        SkillNeed("B", "ventilation", 4.0),
        SkillNeed("ICU", "ventilation", 4.0),
    ]
    demand = {"A": (LEVELS, np.arange(5.0)), "ICU": (LEVELS, np.arange(5.0))}
    found = coverage(needs, REGISTER, demand, {"B": ["p3"], "ICU": ["p3"]}, DAY)
    assert [(c.unit, c.needed, c.on_shift, c.p_short is None) for c in found] == [
        ("ICU", 1, 1, False),
        ("A", 1, None, True),
        ("B", None, 1, True),
    ]


def test_the_least_number_holds_whatever_the_demand() -> None:
    """Nobody in need: one holder of two that must be there is short for certain."""
    demand = {"ICU": (LEVELS, np.zeros(5))}
    (found,) = coverage([SkillNeed("ICU", "ventilation", 4.0, 2)], REGISTER, demand, {"ICU": ["p1"]}, DAY)
    assert (found.needed, found.p_short) == (2, 1.0)


def test_the_probability_is_that_of_the_distribution() -> None:
    """Quantiles of a normal law, against scipy, within what nineteen levels can say; never surer than the last."""
    levels = np.arange(0.05, 1.0, 0.05)
    law = stats.norm(40, 6)
    for patients in np.arange(31, 49, 0.5):
        expected = min(max(float(law.sf(patients)), 0.05), 0.95)
        assert p_above(float(patients), levels, law.ppf(levels)) == pytest.approx(expected, abs=0.006)
    assert p_above(1000, levels, law.ppf(levels)) == pytest.approx(0.05)
    assert p_above(0, levels, law.ppf(levels)) == pytest.approx(0.95)


def test_counts_that_stand_for_several_levels_are_not_above_themselves() -> None:
    """Quantiles 2, 3, 3, 3, 4: more than 3 only above the level 0.75."""
    assert p_above(3.0, LEVELS, np.array([2.0, 3.0, 3.0, 3.0, 4.0])) == pytest.approx(0.25)
    assert p_above(3.5, LEVELS, np.array([2.0, 3.0, 3.0, 3.0, 4.0])) == pytest.approx(0.15)
