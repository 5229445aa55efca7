"""Features of public and school holidays: by the hospital's place, missing where unknown, live as in training."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from hospital.arrays import Array
from hospital.features.bed_query import BedQuery
from hospital.features.beds import BedFeatures, bed_features_of
from hospital.features.feature import SCHOOL_FEATURES, Feature, with_levels
from hospital.features.wait import WaitFeatures, WaitQuery, wait_features_of
from hospital.holidays.place import OF_THE_ZONE, Locality
from hospital.profile.feature_needs import HOLIDAYS, SCHOOL_ZONE, conditions
from hospital.record.events import Events, columns_from_rows
from hospital.times import DAY, HOUR

_EPOCH = date(1970, 1, 1)


def _events(first: date, days: int, zone: str = "Europe/Paris", locality: Locality = OF_THE_ZONE) -> Events:
    """A ward with a count at noon each day, and a visit then."""
    at = [((first - _EPOCH).days + n) * DAY + 12 * HOUR for n in range(days)]
    tables = {
        "census": [{"unit": "A", "at": t, "occupied": 10.0, "received_at": t} for t in at],
        "visits": [{"visit_id": f"v{t}", "arrived_at": t, "seen_at": t + HOUR, "received_at": t} for t in at],
        "units": [{"unit": "A", "label": "A", "received_at": 0}],
    }
    columns = {name: columns_from_rows(name, rows) for name, rows in tables.items()}
    return Events.of(columns, zone=ZoneInfo(zone), cadence_hours=24, locality=locality)


def _beds(events: Events, at: date, *ahead: int) -> dict[str, list[float]]:
    """The features of forecasts for so many days ahead, by name."""
    features = with_levels(bed_features_of(events), {"unit": ("A",)})
    n = len(ahead)
    times = np.full(n, (at - _EPOCH).days * DAY + 13 * HOUR, np.int64)
    query = BedQuery(np.zeros(n, np.int64), times, np.array(ahead) * 24.0, np.full(n, np.nan))
    X = BedFeatures(events, features).compute(query)
    return {f.name: X[:, i].tolist() for i, f in enumerate(features)}


def _names(features: tuple[Feature, ...]) -> set[str]:
    return {f.name for f in features}


def test_school_holidays_are_features_where_a_zone_is_named() -> None:
    """Zone C in February 2024: from the 10th to the 25th, and the next on 6 April."""
    found = _beds(
        _events(date(2024, 1, 1), 60, locality=Locality(school_zone="C")), date(2024, 2, 9), 0, 1, 16, 17
    )
    assert found["school_holiday"] == [0, 0, 0, 0]
    assert found["target_school_holiday"] == [0, 1, 1, 0]
    assert found["days_to_school_holiday_then"] == [1, 0, 0, 40]


def test_without_a_zone_nothing_is_other_than_before() -> None:
    """No school feature, and the same bits of all others."""
    plain, zoned = (
        _events(date(2024, 1, 1), 60, locality=locality)
        for locality in (Locality(), Locality(school_zone="B"))
    )
    assert not SCHOOL_FEATURES & _names(bed_features_of(plain))
    assert "school_holiday" not in _names(wait_features_of(plain))
    without, with_zone = (_beds(events, date(2024, 3, 29), 1, 3, 14) for events in (plain, zoned))
    assert set(with_zone) - set(without) == SCHOOL_FEATURES
    for name, values in without.items():
        assert np.array_equal(values, with_zone[name], equal_nan=True), name


def test_beyond_the_calendar_school_holidays_are_missing() -> None:
    """A forecast that looks past the last known day has no value, whatever is known on the day it is made."""
    found = _beds(
        _events(date(2028, 8, 1), 40, locality=Locality(school_zone="A")), date(2028, 8, 30), 1, 2, 14
    )
    assert found["school_holiday"] == [1, 1, 1]
    assert found["target_school_holiday"][0] == 1
    assert np.isnan(found["target_school_holiday"][1:]).all()
    assert np.isnan(found["days_to_school_holiday_then"][1:]).all()


@pytest.mark.parametrize(
    ("first", "has"), [(date(2012, 1, 1), False), (date(2015, 8, 1), True), (date(2030, 1, 1), False)]
)
def test_a_record_outside_the_calendar_has_no_school_features(first: date, has: bool) -> None:
    """All of them would be missing; of a record that reaches into it they are missing before."""
    events = _events(first, 60, locality=Locality(school_zone="A"))
    assert (_names(bed_features_of(events)) >= SCHOOL_FEATURES) == has
    assert ("school_holiday" in _names(wait_features_of(events))) == has
    assert (SCHOOL_ZONE in conditions(events)) != has
    if has:
        early, late = (
            _beds(events, day, 0)["target_school_holiday"][0]
            for day in (date(2015, 8, 20), date(2015, 9, 10))
        )
        assert np.isnan(early)
        assert late == 0.0


def test_public_holidays_of_another_country_are_features_without_a_mapping_that_says_so() -> None:
    """Italy by its time zone, Milan by its region: nothing is lacking, and each has its own days."""
    for locality, then in ((Locality(), [0, 1]), (Locality(region="MI"), [1, 1])):
        events = _events(date(2023, 10, 1), 90, "Europe/Rome", locality)
        assert HOLIDAYS not in conditions(events)
        assert "holiday" in _names(wait_features_of(events))
        found = _beds(events, date(2023, 12, 6), 1, 2)
        assert found["target_holiday"] == then
        assert found["holidays_until"] == np.cumsum(then).tolist()


def test_public_holidays_that_are_unknown_are_missing() -> None:
    """Spain's calendar begins in 2008: days that look back before it have no count."""
    events = _events(date(2007, 11, 1), 90, "Europe/Madrid")
    found = _beds(events, date(2007, 12, 30), 1, 2)
    assert np.isnan(found["target_holiday"][0])
    assert found["target_holiday"][1] == 1
    assert np.isnan(found["holidays_until"]).all()


def _waits(events: Events, times: Array) -> Array:
    columns = {
        name: np.full(times.size, None, object) for name in ("department", "triage", "arrival_mode", "reason")
    }
    features = wait_features_of(events)
    query = WaitQuery(times, times, np.full(times.size, -1, np.int64), columns, {})
    X = WaitFeatures(events).compute(query, features)
    return X[:, [f.name for f in features].index("school_holiday")]


def test_a_day_is_the_hospitals_own_also_when_the_clock_changes() -> None:
    """Zone B, spring 2024 (20 April to 5 May) and autumn (19 October to 3 November, over the change of the hour)."""
    events = _events(date(2024, 4, 1), 250, locality=Locality(school_zone="B"))
    paris = ZoneInfo("Europe/Paris")
    written = [
        (datetime(2024, 4, 19, 23, 59, tzinfo=paris), 0),
        (datetime(2024, 4, 20, 0, 0, tzinfo=paris), 1),
        (datetime(2024, 10, 27, 2, 30, tzinfo=paris), 1),
        (datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=paris), 1),
        (datetime(2024, 11, 3, 23, 59, tzinfo=paris), 1),
        (datetime(2024, 11, 4, 0, 0, tzinfo=paris), 0),
    ]
    times = np.array([round(when.timestamp() * 1e6) for when, _ in written], np.int64)
    assert _waits(events, times).tolist() == [value for _, value in written]
    # One at a time, as a live answer asks, gives the same as many at once, as training does.
    assert [float(_waits(events, times[[i]])[0]) for i in range(times.size)] == [
        value for _, value in written
    ]
