"""Which probabilities of tension count: those whose gain lies above 0 with its whole interval, by one rule for all."""

from typing import Any

import pytest

from registry.cards.tension.tension_proof import NOTHING_PROVEN, TensionProof

BETTER, AROUND, WORSE = [0.4, 0.1, 0.7], [0.1, -0.01, 0.2], [-0.2, -0.3, -0.01]


def row(skill: Any, hours: float = 24.0, **of: Any) -> dict[str, Any]:
    """A row of a report."""
    return {"horizon_hours": hours, "skill": skill, **of}


@pytest.mark.parametrize(
    ("together", "own", "counts"),
    [
        (BETTER, None, True),  # too few events of its own: those of all units speak
        (BETTER, BETTER, True),
        (BETTER, AROUND, True),
        (BETTER, WORSE, False),
        ([0.4, 0.0, 0.7], BETTER, False),  # 0 itself is no gain
        (AROUND, BETTER, False),
        (WORSE, None, False),
        (None, BETTER, False),
        ([0.4, None, None], None, False),  # an interval that nobody knows
        (BETTER, [-0.2, -0.4, 0.0], True),
        (BETTER, [-0.2, None, None], True),
    ],
)
def test_a_unit_s_probability_counts_by_all_units_and_never_against_its_own(
    together: Any, own: Any, counts: bool
) -> None:
    """Units share a curve; one of which it is established that it misleads does not count."""
    proof = TensionProof.of({"tension": [row(together, unit="all"), row(own, unit="MED")]})
    assert proof.of_unit("MED", 24.0) is counts
    assert proof.of_unit("OTHER", 24.0) is (together == BETTER)
    assert not proof.of_unit("MED", 4.0)  # a horizon that was not judged


@pytest.mark.parametrize(
    ("skill", "counts"), [(BETTER, True), (AROUND, False), (WORSE, False), (None, False)]
)
def test_a_total_s_counts_by_its_own(skill: Any, counts: bool) -> None:
    """Of the hospital (no group) and of a unit group alike; that of units says nothing for it."""
    report = {
        "tension": [row(BETTER, unit="all")],
        "tension_totals": [row(skill, unit_group=None), row(skill, 4.0, unit_group="surgery")],
    }
    proof = TensionProof.of(report)
    assert (proof.of_total(None, 24.0), proof.of_total("surgery", 4.0)) == (counts, counts)
    assert not proof.of_total("surgery", 24.0)


@pytest.mark.parametrize("report", [{}, {"tension": [], "tension_totals": []}, {"tension_totals": None}])
def test_of_what_has_no_figures_nothing_counts(report: dict[str, Any]) -> None:
    """Reports of before, and of waits."""
    assert TensionProof.of(report) == NOTHING_PROVEN
