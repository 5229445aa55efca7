"""Which horizons pages show: those of which a probability counts, then a few up to the farthest."""

from dataclasses import replace

import pytest

from registry.cards.tension.tension_proof import TensionProof
from serving.messages.judged_tension import JudgedTension
from serving.pages.forecast_sets import shown_horizons
from tests.support.serving_fakes import loaded

DEMO = (4.0, 8.0, 24.0, 48.0, 72.0, 168.0)


@pytest.mark.parametrize(
    ("horizons", "units", "totals", "boarding", "shown"),
    [
        (DEMO, (), (), (), (4.0, 24.0, 48.0, 168.0)),
        (DEMO, (4.0, 8.0), (), (), (4.0, 8.0, 24.0, 168.0)),
        (DEMO, (), (8.0,), (), (4.0, 8.0, 48.0, 168.0)),
        (DEMO, (8.0,), (24.0,), (48.0,), (8.0, 24.0, 48.0, 168.0)),
        (DEMO, DEMO, (), (), (4.0, 8.0, 24.0, 48.0)),
        (DEMO[:4], (8.0,), (), (), DEMO[:4]),
        (DEMO[:1], (), (), (), DEMO[:1]),
    ],
)
def test_what_counts_is_shown_first(
    horizons: tuple[float, ...],
    units: tuple[float, ...],
    totals: tuple[float, ...],
    boarding: tuple[float, ...],
    shown: tuple[float, ...],
) -> None:
    """A level that is reached at a horizon is on the page, of units, of the hospital total and of boarding alike."""
    proof = TensionProof(frozenset(units), totals=frozenset((None, hours) for hours in totals))
    judged = JudgedTension(boarding=frozenset(boarding), exceedance=proof)
    assert shown_horizons(replace(loaded("bed-demand"), horizons_hours=horizons, judged=judged)) == shown
