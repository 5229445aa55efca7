"""Settled demand: what was known of an hour some while later, counted and reported, by hand and beside the outcome."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from hospital.dataset.samples import WARM_UP_DAYS, error_times
from hospital.features.demand import SettledDemand, TrueDemand
from hospital.record.events import Events, columns_from_rows
from hospital.times import DAY, HOUR, moment

ZONE = ZoneInfo("Europe/Paris")
UNITS = [{"unit": "A", "label": "A", "received_at": 0}]


def events(table: str, rows: list[dict[str, object]], cadence: int = 1) -> Events:
    """A hospital of one unit."""
    tables = {"units": columns_from_rows("units", UNITS), table: columns_from_rows(table, rows)}
    return Events.of(tables, zone=ZONE, cadence_hours=cadence, history_from=0)


def stay(name: str, entered: int, received: int, left: int | None = None) -> dict[str, object]:
    """One version of a stay."""
    return {"stay_id": name, "unit": "A", "entered_at": entered, "left_at": left, "received_at": received}


def test_late_news_is_in_and_later_news_is_not() -> None:
    """At hour 10 two are there; one became known 20 hours late, one's end 30 hours late: known a day later are both."""
    rows = [
        stay("one", 5 * HOUR, 30 * HOUR),
        stay("two", 4 * HOUR, 4 * HOUR),
        stay("two", 4 * HOUR, 40 * HOUR, left=9 * HOUR),
    ]
    at = np.array([10 * HOUR])
    assert SettledDemand(events("stays", rows), 24 * HOUR).at(0, at).tolist() == [2]
    assert SettledDemand(events("stays", rows), 12 * HOUR).at(0, at).tolist() == [1]
    assert SettledDemand(events("stays", rows), 48 * HOUR).at(0, at).tolist() == [1]
    assert TrueDemand(events("stays", rows)).at(0, at).tolist() == [1]
    # A day later what was received since does not matter.
    assert SettledDemand(events("stays", rows[:2]), 24 * HOUR).at(0, at).tolist() == [2]


def test_where_all_is_received_at_once_it_is_the_outcome() -> None:
    """300 stays whose ends are received when they happen."""
    rng = np.random.default_rng(1)
    rows = []
    for i in range(300):
        entered = int(rng.integers(0, 60 * DAY))
        left = entered + int(rng.integers(HOUR, 9 * DAY))
        rows += [stay(f"s{i}", entered, entered), stay(f"s{i}", entered, left, left)]
    record = events("stays", rows)
    at = np.arange(DAY, 50 * DAY, 7 * HOUR)
    assert np.array_equal(SettledDemand(record, DAY).at(0, at), TrueDemand(record).at(0, at))


def test_a_census_counts_as_it_was_corrected_by_then() -> None:
    """A row of day 5, corrected 30 hours after it and again a week later; a day without a row is unknown."""
    rows = [{"unit": "A", "at": d * DAY, "occupied": 20 + d, "received_at": d * DAY} for d in (4, 5, 7)]
    rows += [{"unit": "A", "at": 5 * DAY, "occupied": 30, "received_at": 5 * DAY + 30 * HOUR}]
    rows += [{"unit": "A", "at": 5 * DAY, "occupied": 40, "received_at": 12 * DAY}]
    record = events("census", rows, cadence=24)
    at = np.array([4, 5, 6, 7]) * DAY
    for delay, corrected in ((24 * HOUR, 25.0), (48 * HOUR, 30.0)):
        found = SettledDemand(record, delay).at(0, at)
        assert np.array_equal(found, [24, corrected, np.nan, 27], equal_nan=True)
    assert TrueDemand(record).at(0, at)[1] == 40


def test_hours_come_round_where_they_are_counted() -> None:
    """One each 25 hours, from the warm-up on, up to the very end; the same whatever else is asked for."""
    record = events("stays", [stay("one", 0, 0)])
    found = error_times(record, 0, 100 * DAY)
    assert (np.diff(found) == 25 * HOUR).all()
    assert found[0] >= WARM_UP_DAYS * DAY
    assert np.unique(found // HOUR % 24).size == 24
    assert error_times(record, 60 * DAY, 80 * DAY).tolist() == [
        t for t in found.tolist() if 60 * DAY <= t <= 80 * DAY
    ]


@pytest.mark.parametrize("missing", [(), (50, 51, 88)])
def test_a_daily_census_has_a_slot_each_local_day(missing: tuple[int, ...]) -> None:
    """When the day's first row came; a day without any has one too, so that as many always reach as far back."""
    rows = [
        {"unit": "A", "at": d * DAY, "occupied": 20, "received_at": d * DAY + 7 * HOUR}
        for d in range(20, 120)
        if d not in missing
    ]
    rows.append({"unit": "A", "at": 60 * DAY, "occupied": 21, "received_at": 60 * DAY + 9 * HOUR})
    record = events("census", rows, cadence=24)
    found = error_times(record, 0, 110 * DAY)
    assert np.array_equal(found // DAY, np.arange(WARM_UP_DAYS, 110))
    hours = {int(t // DAY): moment(int(t)).hour for t in found}
    assert {h for d, h in hours.items() if d not in missing} == {7}
    assert [hours[d] for d in missing] == [11 for _ in missing]  # noon by the local clock
