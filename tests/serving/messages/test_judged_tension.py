"""Which probabilities hold now: none once others answer than those that a check judged."""

from dataclasses import replace

from registry.cards.tension.tension_proof import TensionProof
from serving.messages.judged_tension import NOTHING_JUDGED, JudgedTension
from tests.support.serving_fakes import loaded

JUDGED = JudgedTension(
    exceedance=TensionProof(
        frozenset({4.0}), totals=frozenset({(None, 4.0), ("medicine", 4.0), ("surgery", 4.0)})
    ),
    boarding=frozenset({4.0}),
)


def test_a_stopped_release_has_nothing_that_holds() -> None:
    """The baseline answers everywhere, and was judged nowhere."""
    model = replace(loaded("bed-demand"), judged=JUDGED)
    assert model.proven == JUDGED
    assert replace(model, halted=True).proven == NOTHING_JUDGED


def test_a_group_that_lost_its_scope_is_in_nothing_that_holds() -> None:
    """Its units, its total and the hospital's do not count; the others' do."""
    proof = replace(
        loaded("bed-demand"), judged=JUDGED, lost_groups=frozenset({"medicine"})
    ).proven.exceedance
    assert [proof.of_unit(unit, 4.0) for unit in ("U1", "U2", "U3")] == [False, True, False]
    totals = (None, "medicine", "surgery")
    assert [proof.of_total(group, 4.0) for group in totals] == [False, False, True]


def test_a_report_says_what_counts() -> None:
    """As it is loaded with a release; one of before says nothing of it."""
    report = {
        "tension": [{"unit": "all", "horizon_hours": 4.0, "skill": [0.5, 0.2, 0.8]}],
        "tension_totals": [],
        "boarding": [],
        "admission": {"in_scope": True, "announced": 0.25, "n": 8, "admitted": 2},
    }
    assert JudgedTension.of(report).exceedance.of_unit("U1", 4.0)
    assert JudgedTension.of({**report, "admission": None}).exceedance.of_unit("U1", 4.0)
    assert not JudgedTension.of({}).exceedance.of_unit("U1", 4.0)
