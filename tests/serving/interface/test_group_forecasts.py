"""The total of a unit group: by its own distribution, of just the units that it was learned of, or none."""

import numpy as np
import pytest

from centre.tension.answers import GroupExceedance
from centre.tension.exceedance import group_exceedances
from registry.cards.tension.tension_proof import NOTHING_PROVEN, TensionProof
from registry.components.exceedance_curve import ExceedanceCurve, share_above
from registry.components.exceedances import Exceedances
from registry.model.hospital_total import GroupTotal, HospitalTotal
from serving.interface.bed_forecasts import BedForecast, BedForecasts
from serving.interface.group_forecasts import GroupForecasts
from tests.support.even_forecasts import STEPS, forecast

HOURS = (4.0, 24.0)
GROUPS = {"U1": "medicine", "U2": "medicine", "U3": "surgery"}


def totals(curve: ExceedanceCurve | None = None) -> GroupForecasts:
    """Of medicine, whose total strays half as far as the units' intervals put together."""
    total = HospitalTotal(HOURS, np.tile(STEPS / 4, (2, 1)))
    exceedances = Exceedances({} if curve is None else {"groups": curve})
    return GroupForecasts({"medicine": GroupTotal(("U1", "U2"), total)}, exceedances)


def group(
    units: list[BedForecast], known: GroupForecasts | None, proof: TensionProof = NOTHING_PROVEN
) -> GroupExceedance:
    """Of medicine."""
    forecasts = BedForecasts([("", u) for u in units], (), proof=proof)
    return next(g for g in group_exceedances(forecasts, GROUPS, known) if g.group == "medicine")


@pytest.mark.parametrize(
    ("units", "proof", "calibrated"),
    [
        (["U1", "U2"], TensionProof(totals=frozenset({("medicine", 24.0)})), True),
        (["U1", "U2"], TensionProof(totals=frozenset({("medicine", 4.0), ("surgery", 24.0)})), False),
        (
            ["U1", "U2"],
            TensionProof(frozenset({24.0})),
            False,
        ),  # what the units' show says nothing of the total
        (["U1"], TensionProof(frozenset({24.0})), True),  # its unit's own
        (["U1"], TensionProof(totals=frozenset({("medicine", 24.0)})), False),
    ],
)
def test_a_group_s_probability_counts_by_its_own_proof(
    units: list[str], proof: TensionProof, calibrated: bool
) -> None:
    """That of the total for several units, the unit's for one."""
    found = group([forecast(u) for u in units], totals(), proof)
    assert found.calibrated is calibrated
    assert found.probability is not None


def test_a_group_s_probability_is_that_of_its_total() -> None:
    """The total's mean is the sum of the means, its spread its own: neither a product nor a sum of probabilities."""
    units = [forecast(), forecast("U2", 30.0, 31.0)]
    found = group(units, totals())
    spread = np.hypot(*[u.beds["p90"] - u.beds["p10"] for u in units])
    quantiles = 50 + spread * STEPS / 4
    assert found.units == ("U1", "U2")
    assert (found.p10, found.p50, found.p90) == pytest.approx(tuple(quantiles[[1, 9, 17]]))
    assert found.staffed == 52.0
    assert found.probability == pytest.approx(share_above(quantiles, 52.0))
    apart = [u.tension_probability or 0.0 for u in units]
    assert found.probability != pytest.approx(apart[0] * apart[1], abs=0.02)


def test_the_curve_of_groups_counts_where_one_was_learned() -> None:
    """As for units: the quantiles stay, the probability is the curve's."""
    units = [forecast(), forecast("U2", 30.0, 31.0)]
    curve = ExceedanceCurve(HOURS, np.array([-3.0, -2.0]), np.array([0.0, 0.0]), 99)
    found = group(units, totals(curve))
    assert found.probability == pytest.approx(1 / (1 + np.exp(2.0)))
    assert (found.p10, found.p50, found.p90) == (
        group(units, totals()).p10,
        group(units, totals()).p50,
        group(units, totals()).p90,
    )


@pytest.mark.parametrize(
    ("units", "known"),
    [
        ([forecast(), forecast("U2")], None),  # a package of before
        ([forecast(), forecast("U2")], GroupForecasts({}, Exceedances({}))),
        ([forecast(), forecast("U2", full=False)], totals()),  # a forecaster that hands out no distribution
        (
            [forecast(), forecast("U2")],
            GroupForecasts(
                {"medicine": GroupTotal(("U1", "U2", "U9"), totals().totals["medicine"].total)},
                Exceedances({}),
            ),
        ),
    ],
    ids=["none", "no groups", "tenths only", "a unit is missing"],
)
def test_without_a_learned_total_nothing_is_made_up(
    units: list[BedForecast], known: GroupForecasts | None
) -> None:
    """No distribution is given, and no number stands in for it."""
    found = group(units, known)
    assert found.not_computable == "no_distribution_of_the_group"
    assert (found.p10, found.p50, found.p90, found.probability) == (None, None, None, None)


def test_staffed_beds_that_are_not_known_are_not_zero() -> None:
    """The distribution stands; nothing is said of what it exceeds."""
    found = group([forecast(), forecast("U2", staffed=None)], totals())
    assert (found.staffed, found.probability, found.not_computable) == (None, None, "staffed_not_known")
    assert found.p50 == pytest.approx(40.0)


def test_a_group_of_one_unit_has_that_unit_s_distribution() -> None:
    """Whatever was learned of groups."""
    one = forecast("U3")
    found = group_exceedances(BedForecasts([("", one)], ()), GROUPS, totals())[0]
    assert (found.group, found.probability, found.not_computable) == (
        "surgery",
        one.tension_probability,
        None,
    )
    assert found.p90 == one.beds["p90"]


def test_a_group_is_trusted_no_more_than_its_least_trusted_unit() -> None:
    """Degraded before baseline before trusted."""
    for worst in ("degraded", "baseline", "trusted"):
        units = [
            forecast(trust=worst),
            forecast("U2", trust="baseline" if worst == "degraded" else "trusted"),
        ]
        assert group(units, totals()).trust == worst
