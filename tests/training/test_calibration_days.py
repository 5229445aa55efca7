"""The curve of exceeding staffed beds: fitted on later days, calibrated where wards refill, or none."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from hospital.times import HOUR
from registry.components.exceedance_curve import ExceedanceCurve, margins, share_above
from registry.components.exceedances import Exceedances
from registry.model.hospital_total import group_totals, group_totals_of
from training import calibration_days
from training.calibration_days import learn_curve

HORIZONS = (4.0, 24.0)
Z = np.array([-1.645, -1.282, -1.036, -0.842, -0.674, -0.524, -0.385, -0.253, -0.126])
STEPS = np.concatenate([Z, [0.0], -Z[::-1]])


def wards(n: int, seed: int = 3) -> tuple[Array, Array, Array, Array, Array]:
    """Rows of wards whose demand beyond the last staffed bed mostly goes elsewhere: it piles up at the staffed beds.

    Returns:
        Quantiles, staffed beds, outcomes, prediction times, horizons.
    """
    rng = np.random.default_rng(seed)
    middle, staffed = rng.uniform(14, 26, n), np.full(n, 22.0)
    free = np.rint(middle + 3 * rng.normal(size=n))
    stays = rng.random(n) < 0.3
    outcome = np.where((free > staffed) & ~stays, staffed, free)
    at = (np.arange(n) // 2) * 24 * HOUR
    return middle[:, None] + 3 * STEPS, staffed, outcome, at, np.tile(HORIZONS, n // 2)


def slope(p: Array, event: Array) -> float:
    """Of events on probabilities."""
    centred = p - p.mean()
    return float((centred * event).sum() / (centred**2).sum())


def test_where_wards_refill_the_curve_is_calibrated_and_the_tail_is_not() -> None:
    """On other days: events as probable as said, better than by quantiles, which exceed far too often."""
    curve = learn_curve(*wards(4000), HORIZONS)
    assert curve is not None
    quantiles, staffed, outcome, _, hours = wards(4000, seed=4)
    event = outcome > staffed
    learned = curve.probability(quantiles, staffed, hours)
    read = np.array([share_above(q, b) for q, b in zip(quantiles, staffed, strict=True)])
    assert learned.mean() == pytest.approx(event.mean(), abs=0.02)
    assert read.mean() > event.mean() + 0.1
    assert 0.9 <= slope(learned, event) <= 1.15
    assert slope(read, event) < 0.5
    assert ((learned - event) ** 2).mean() < 0.8 * ((read - event) ** 2).mean()


def test_the_curve_of_all_is_that_of_scikit_learn_and_each_horizon_s_leans_towards_it_as_scipy_has_it() -> (
    None
):
    """A horizon of few events has that of all as it is; another is pulled by as much as fifty rows."""
    quantiles, staffed, outcome, at, hours = wards(1200)
    outcome = np.where((hours == 4) & (np.arange(1200) % 8 > 0), np.minimum(outcome, staffed), outcome)
    curve = learn_curve(quantiles, staffed, outcome, at, hours, HORIZONS)
    assert curve is not None
    margin, event = margins(quantiles, staffed), outcome > staffed
    assert 0 < event[hours == 4].sum() < 30
    outside = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit(-margin[:, None], event)
    common = np.array([outside.intercept_[0], outside.coef_[0, 0]])
    assert [curve.intercept[0], curve.slope[0]] == pytest.approx(common, abs=1e-5)

    def loss(ab: Array) -> float:
        odds = ab[0] - ab[1] * margin[hours == 24]
        likelihood = (event[hours == 24] * odds - np.logaddexp(0, odds)).sum()
        return float(25 * ((ab - common) ** 2).sum() - likelihood)

    found = minimize(loss, common, tol=1e-10).x
    assert [curve.intercept[1], curve.slope[1]] == pytest.approx(found, abs=1e-4)
    assert np.abs(found - common).max() > 0.05


def test_days_that_say_little_follow_what_all_horizons_say() -> None:
    """Of 480 days the slope of a horizon by itself strays farther than the one that leans on all."""
    alone, leaning = [], []
    for seed in range(30):
        quantiles, staffed, outcome, at, hours = wards(960, seed)
        curve = learn_curve(quantiles, staffed, outcome, at, hours, HORIZONS)
        mine, event = hours == 24, outcome > staffed
        if curve is None or event[mine].sum() < 30:
            continue
        outside = LogisticRegression(C=1.0).fit(-margins(quantiles, staffed)[mine, None], event[mine])
        alone.append(outside.coef_[0, 0])
        leaning.append(curve.slope[1])
    assert len(alone) >= 10
    assert np.std(leaning) < 0.85 * np.std(alone)


def test_forecasts_that_overlap_are_one_piece_of_news() -> None:
    """The same days asked four times as often have nearly the curve of the days, and not a surer one."""
    rows = wards(1000)
    copies = [np.repeat(a, 4, axis=0) for a in rows]
    copies[3] = copies[3] + np.tile(np.arange(4) * 6 * HOUR, 1000)

    def slope_of(asked: Any, horizon: float) -> float:
        mine = asked[4] == horizon
        curve = learn_curve(*(a[mine] for a in asked), (horizon,))
        assert curve is not None
        return float(curve.slope[0])

    assert slope_of(copies, 24.0) == pytest.approx(slope_of(rows, 24.0), rel=0.02)
    assert slope_of(copies, 4.0) > 1.005 * slope_of(
        rows, 4.0
    )  # forecasts of 4 h that lie 6 h apart do not overlap


@pytest.mark.parametrize("events", [0, 29])
def test_too_few_exceedances_are_no_curve(events: int) -> None:
    """Nor are too few rows without one."""
    quantiles, staffed, _, at, hours = wards(400)
    outcome = np.where(np.arange(400) < events, 30.0, 10.0)
    assert learn_curve(quantiles, staffed, outcome, at, hours, HORIZONS) is None
    assert learn_curve(quantiles, staffed, 40.0 - outcome, at, hours, HORIZONS) is None


def test_a_horizon_of_few_events_has_everybody_s_curve() -> None:
    """It is not left without."""
    quantiles, staffed, outcome, at, hours = wards(2000)
    rare = np.where((hours == 24) & (np.cumsum((hours == 24) & (outcome > staffed)) > 10), 10.0, outcome)
    curve = learn_curve(quantiles, staffed, rare, at, hours, HORIZONS)
    assert curve is not None
    assert np.isfinite([curve.intercept, curve.slope]).all()
    event = rare > staffed
    assert curve.probability(quantiles, staffed, hours).mean() < 1.6 * event.mean()


def test_what_is_not_known_is_left_out_and_stays_unknown() -> None:
    """Neither an outcome nor staffed beds are taken as none."""
    quantiles, staffed, outcome, at, hours = wards(800)
    curve = learn_curve(quantiles, staffed, outcome, at, hours, HORIZONS)
    more = [np.concatenate([a, a[:200]]) for a in (quantiles, staffed, outcome, at, hours)]
    more[1][800:900], more[2][900:] = np.nan, np.nan
    again = learn_curve(*cast(Any, more), HORIZONS)
    assert curve is not None
    assert again is not None
    assert again == ExceedanceCurve(HORIZONS, again.intercept, again.slope, curve.events)
    assert again.slope == pytest.approx(curve.slope)
    assert np.isnan(curve.probability(quantiles[:1], np.array([np.nan]), hours[:1])).all()


def test_demand_that_lies_lower_is_never_more_probable_to_exceed() -> None:
    """Whatever the calibration days say: more beds are exceeded more rarely, and no probability leaves 0 to 1."""
    quantiles, staffed, outcome, at, hours = wards(2000)
    odd = np.where(quantiles[:, 9] > 20, 10.0, 30.0)  # the emptier, the fuller
    curve = learn_curve(quantiles, staffed, odd, at, hours, HORIZONS)
    assert curve is not None
    assert (curve.slope >= 0).all()
    curve = learn_curve(quantiles, staffed, outcome, at, hours, HORIZONS)
    assert curve is not None
    beds = np.arange(0.0, 60.0)
    p = curve.probability(np.tile(quantiles[:1], (60, 1)), beds, np.full(60, 24.0))
    assert (np.diff(p) <= 0).all()
    assert (p >= 0).all()
    assert (p <= 1).all()


def test_a_curve_is_read_back_exactly_and_another_is_refused() -> None:
    """As ``exceedance.json`` holds it."""
    curve = learn_curve(*wards(800), HORIZONS)
    assert curve is not None
    body = Exceedances({"model": curve}).to_json()
    again = Exceedances.from_json(body).curves["model"]
    assert (again.intercept.tolist(), again.slope.tolist(), again.horizons) == (
        curve.intercept.tolist(),
        curve.slope.tolist(),
        HORIZONS,
    )
    one = body["model"]
    for wrong in (
        {"other": one},
        {"model": one | {"slope": [-1.0, 1.0]}},
        {"model": one | {"slope": [1.0]}},
        {"model": one | {"intercept": [float("nan"), 0.0]}},
        {"model": one | {"horizons_hours": []}},
    ):
        with pytest.raises(ValueError):
            Exceedances.from_json(wrong)


def test_without_a_curve_quantiles_are_read() -> None:
    """As packages of before are."""
    quantiles, staffed, _, _, hours = wards(20)
    found = Exceedances({}).of_units(np.tile([True, False], 10), quantiles, staffed, hours)
    assert found.tolist() == [share_above(q, b) for q, b in zip(quantiles, staffed, strict=True)]


def test_units_that_the_baseline_answers_have_its_curve() -> None:
    """Each row by what answers it."""
    flat = [ExceedanceCurve(HORIZONS, np.full(2, v), np.zeros(2), 50) for v in (-2.0, 1.0)]
    both = Exceedances({"model": flat[0], "baseline": flat[1]})
    quantiles, staffed, _, _, hours = wards(4)
    found = both.of_units(np.array([True, False, False, True]), quantiles, staffed, hours)
    assert found == pytest.approx(1 / (1 + np.exp([2.0, -1.0, -1.0, 2.0])))


def history(groups: list[str], days: int, *, together: float) -> tuple[Any, Array, Array]:
    """(rows, quantiles, staffed) of units asked once a day at both horizons, whose errors go together."""
    rng = np.random.default_rng(11)
    shape = (days, len(HORIZONS), len(groups))
    at = np.broadcast_to(np.arange(days)[:, None, None] * 24 * HOUR, shape).ravel()
    hours = np.broadcast_to(np.array(HORIZONS)[None, :, None], shape).ravel()
    unit = np.broadcast_to(np.arange(len(groups)), shape).ravel()
    errors = np.sqrt(together) * rng.normal(size=(*shape[:2], 1)) + np.sqrt(1 - together) * rng.normal(
        size=shape
    )
    outcome = (20 + 3 * errors).ravel()
    units = [SimpleNamespace(unit=f"U{i}", group=g) for i, g in enumerate(groups)]

    def part(mask: Array) -> Any:
        query = SimpleNamespace(unit=unit[mask], horizon_hours=hours[mask])
        return SimpleNamespace(
            prediction_time=at[mask],
            outcome=outcome[mask],
            samples=SimpleNamespace(query=query),
            events=SimpleNamespace(units=units),
            part=lambda again: part(np.flatnonzero(np.ones(at.size, bool) if mask is ALL else mask)[again]),
        )

    ALL = np.ones(at.size, bool)
    return part(ALL), np.tile(20 + 3 * STEPS, (at.size, 1)), np.full(at.size, 22.0)


@pytest.mark.parametrize("together", [0.0, 0.6])
def test_a_group_s_interval_holds_however_its_units_go_together(together: float) -> None:
    """Eight in ten of its totals lie within; a group of one unit has no total of its own, and horizons go round."""
    rows, quantiles, staffed = history(
        ["medicine", "surgery", "medicine", "medicine"], 900, together=together
    )
    totals, curve = calibration_days._groups(rows, quantiles, staffed, HORIZONS)
    assert list(totals) == ["medicine"]
    assert totals["medicine"].units == ("U0", "U2", "U3")
    assert curve is not None
    found = totals["medicine"].quantiles(quantiles[:3], 24.0)
    later, _, _ = history(["medicine", "surgery", "medicine", "medicine"], 900, together=together)
    sums = later.outcome.reshape(-1, 4)[:, [0, 2, 3]].sum(axis=1)
    low, high = found[LEVELS.index(0.1)], found[LEVELS.index(0.9)]
    assert ((sums >= low) & (sums <= high)).mean() == pytest.approx(0.8, abs=0.03)
    again = group_totals(group_totals_of(totals), HORIZONS)["medicine"]
    assert again.units == totals["medicine"].units
    assert again.total.quantiles.tolist() == totals["medicine"].total.quantiles.tolist()
    for horizons, units in (((4.0,), ["U0", "U2"]), (HORIZONS, ["U0"]), (HORIZONS, ["U0", "U0"])):
        body = group_totals_of(totals)
        body["medicine"]["units"] = units
        with pytest.raises(ValueError):
            group_totals(body, horizons)
