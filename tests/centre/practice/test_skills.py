"""Skills by day, and where those on shift are fewer than demand asks for."""

from datetime import date, timedelta

import numpy as np
import pytest
from scipy import stats

from centre.practice.skill_coverage import SkillNeed, coverage
from centre.practice.skill_register import Held, Opening, SkillRegister
from hospital.dataset.quantiles import LEVELS

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
TWELVE = stats.norm(12, 1.8).ppf(LEVELS)
"""Quantiles of a demand of about 9 to 15 patients."""


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
    """Demand of 9 to 15 patients, 4 each, one holder on shift: more than 4 are certain."""
    demand = {"ICU": TWELVE}
    (found,) = coverage([SkillNeed("ICU", "ventilation", 4.0)], REGISTER, demand, {"ICU": ["p1", "p2"]}, DAY)
    assert (found.needed, found.on_shift) == (3, 1)
    assert found.p_short == pytest.approx(1.0)
    assert [o.title for o in found.openings] == ["A month in intensive care", "Ventilation, day 1"]


def test_enough_holders_leave_no_gap_to_fill() -> None:
    """Three for the median of twelve: more than twelve come four times in ten, and no training is offered."""
    register = SkillRegister([Held(f"p{i}", "s", None, "ICU") for i in range(3)])
    demand = {"ICU": TWELVE}
    (found,) = coverage([SkillNeed("ICU", "s", 4.0)], register, demand, {"ICU": ["p0", "p1", "p2"]}, DAY)
    assert (found.needed, found.on_shift, found.openings) == (3, 3, ())
    assert found.p_short == pytest.approx(float(stats.norm(12, 1.8).sf(12.5)), abs=0.02)


def test_what_is_not_known_is_none_and_comes_last() -> None:
    """No shift, no demand: never 0."""
    needs = [
        SkillNeed("A", "ventilation", 4.0),
        SkillNeed("B", "ventilation", 4.0),
        SkillNeed("ICU", "ventilation", 4.0),
    ]
    demand = {"A": np.full(19, 2.0), "ICU": np.full(19, 2.0)}
    found = coverage(needs, REGISTER, demand, {"B": ["p3"], "ICU": ["p3"]}, DAY)
    assert [(c.unit, c.needed, c.on_shift, c.p_short is None) for c in found] == [
        ("ICU", 1, 1, False),
        ("A", 1, None, True),
        ("B", None, 1, True),
    ]


def test_the_least_number_holds_whatever_the_demand() -> None:
    """Nobody in need: one holder of two that must be there is short for certain."""
    demand = {"ICU": np.zeros(19)}
    (found,) = coverage([SkillNeed("ICU", "ventilation", 4.0, 2)], REGISTER, demand, {"ICU": ["p1"]}, DAY)
    assert (found.needed, found.p_short) == (2, 1.0)


def test_the_probability_is_that_of_the_distribution() -> None:
    """Of a normal demand of 40 and 6, one holder more at a time, against scipy within what nineteen levels can say."""
    law = stats.norm(40, 6)
    demand = {"ICU": law.ppf(LEVELS)}
    for holders in range(8, 13):
        register = SkillRegister([Held(f"p{i}", "s", None, "ICU") for i in range(holders)])
        shift = {"ICU": [f"p{i}" for i in range(holders)]}
        (found,) = coverage([SkillNeed("ICU", "s", 4.0)], register, demand, shift, DAY)
        assert found.p_short == pytest.approx(float(law.sf(4 * holders + 0.5)), abs=0.02)
