"""The check's figures of totals that exceed their staffed beds: recomputed, by the total's own distribution."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hospital.arrays import Array
from hospital.calendar import local_clock
from hospital.dataset.quantiles import LEVELS
from hospital.times import DAY, HOUR
from registry.cards.tension.total_figures import total_figures
from registry.check.total_exceedance_evidence import total_exceedance_rows
from registry.evidence.records import UNIT, Scored
from registry.evidence.total_exceedance_rows import TotalExceedanceRows
from registry.model.forecast_model import ForecastModel
from registry.model.hospital_total import HospitalTotal
from tests.support.quick_beds import QuickBeds, quick_beds

HORIZONS = (4.0, 24.0)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> QuickBeds:
    """A small hospital's package of beds, and its rows."""
    return quick_beds(tmp_path_factory.mktemp("totals"), HORIZONS)


@pytest.fixture(scope="module")
def rows(made: QuickBeds) -> tuple[TotalExceedanceRows, ...]:
    """What the check knows of its totals."""
    return total_exceedance_rows(made.model, made.prepared, made.split, made.test)


def test_the_hospital_stands_first_then_each_group_of_several_units(
    made: QuickBeds, rows: tuple[TotalExceedanceRows, ...]
) -> None:
    """A group of one unit has that unit's distribution, and no row of its own."""
    names = [one.unit_group for one in rows]
    assert names == [None, *sorted(made.model.group_totals)]
    assert len(names) > 1


@pytest.mark.parametrize("trusted", ["all", "none", "one unit"])
def test_a_total_is_judged_as_it_is_served(
    made: QuickBeds, rows: tuple[TotalExceedanceRows, ...], trusted: str
) -> None:
    """By hand, time after time: sums of what is answered for units, the total's own spread and curve, and what came."""
    test, unit = made.test, made.test.audit[UNIT].astype(str)
    inside = {"all": np.ones(test.size, bool), "none": np.zeros(test.size, bool), "one unit": unit == unit[0]}
    served = np.where(inside[trusted][:, None], test.quantiles, made.baseline)
    figures = {
        (f["unit_group"], f["horizon_hours"]): f for f in total_figures(rows, test, inside[trusted], 0.05)
    }
    wanted: dict[str | None, tuple[HospitalTotal, Array]] = {
        name: (group.total, np.isin(unit, group.units)) for name, group in made.model.group_totals.items()
    }
    assert made.model.hospital_total is not None
    wanted[None] = made.model.hospital_total, np.ones(test.size, bool)
    for name, (learned, mine) in wanted.items():
        for i, hours in enumerate(HORIZONS):
            at = mine & (test.horizon_hours == hours)
            found = figures[name, hours]
            announced, n, events = by_hand(
                made.model, name, learned.quantiles[i], test, served, made.staffed, at
            )
            assert found["announced"] == pytest.approx(announced)
            assert (found["n"], found["events"]) == (n, events)
            by_model = inside[trusted][at]
            assert found["in_scope"] == ("all" if by_model.all() else "some" if by_model.any() else "none")


def by_hand(
    model: ForecastModel,
    name: str | None,
    spread: Array,
    test: Scored,
    served: Array,
    staffed: Array,
    at: Array,
) -> tuple[float, int, int]:
    """(mean probability, times, events) of a total at one horizon."""
    kind: Any = "hospital" if name is None else "groups"
    probabilities, events = [], 0
    units = np.unique(test.audit[UNIT][at].astype(str)).size
    for time in np.unique(test.prediction_time[at]):
        mine = at & (test.prediction_time == time)
        if np.isnan(test.outcome[mine]).any() or np.isnan(staffed[mine]).any() or mine.sum() < units:
            continue
        width = served[mine][:, LEVELS.index(0.9)] - served[mine][:, LEVELS.index(0.1)]
        own = served[mine].mean(axis=1).sum() + max(0.5, float(np.sqrt((width**2).sum()))) * spread
        beds = np.array([staffed[mine].sum()])
        hours = test.horizon_hours[mine][:1]
        probabilities.append(model.exceedances.probability(kind, np.maximum(own, 0)[None], beds, hours)[0])
        events += int(test.outcome[mine].sum() > beds[0])
    return float(np.mean(probabilities)), len(probabilities), events


def test_how_often_it_was_before_knows_nothing_of_the_judged_days(
    made: QuickBeds, rows: tuple[TotalExceedanceRows, ...]
) -> None:
    """By hand for one hour of the week, of the hospital: totals whose target lies before the first judged time."""
    whole, prepared = rows[0], made.prepared
    begin = int(made.test.prediction_time.min())
    clock = local_clock(
        whole.prediction_time + (whole.horizon_hours * HOUR).astype(np.int64), prepared.events.zone
    )
    week = 7 * DAY
    chosen = int(clock[0] % week // HOUR)
    known = np.isfinite(prepared.outcome) & np.isfinite(made.all_staffed)
    counted, exceeded, every = 0, 0, []
    for time in np.unique(prepared.prediction_time):
        for hours in HORIZONS:
            mine = (prepared.prediction_time == time) & (prepared.samples.query.horizon_hours == hours)
            if not mine.any() or not known[mine].all() or prepared.target_time[mine][0] >= begin:
                continue
            event = bool(prepared.outcome[mine].sum() > made.all_staffed[mine].sum())
            every.append(event)
            local = int(local_clock(prepared.target_time[mine][:1], prepared.events.zone)[0])
            if local % week // HOUR == chosen:
                counted, exceeded = counted + 1, exceeded + event
    same = clock % week // HOUR == chosen
    assert np.unique(whole.by_hour[same]) == pytest.approx([exceeded / counted])
    assert np.unique(whole.overall) == pytest.approx([np.mean(every)])


def test_of_a_package_without_totals_and_of_rows_without_staffed_beds_there_is_none(made: QuickBeds) -> None:
    """Unknown is missing."""
    before: Any = replace_totals(made.model)
    assert total_exceedance_rows(before, made.prepared, made.split, made.test) == ()
    renamed = [replace(f, name="other") if f.name == "staffed_then" else f for f in made.prepared.features]
    without = replace(made.prepared, features=tuple(renamed))
    assert total_exceedance_rows(made.model, without, made.split, made.test) == ()


def replace_totals(model: ForecastModel) -> Any:
    """The model of a package that has learned no total."""

    class Before:
        hospital_total = None
        group_totals: dict[str, Any] = {}  # noqa: RUF012 - stands in for a package made before

        def __getattr__(self, name: str) -> Any:
            return getattr(model, name)

    return Before()
