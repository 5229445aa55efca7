"""Public holidays of the hospital's own country, and levels that units share."""

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from hospital.arrays import Array
from hospital.calendar import days_from_new_year
from hospital.features.bed_list import bed_features_of
from hospital.features.bed_query import BedQuery
from hospital.features.beds import BedFeatures
from hospital.features.demand import demand_of
from hospital.features.levels import levels_of
from hospital.holidays.place import Place
from hospital.holidays.public_holidays import holidays_known, is_holiday
from hospital.record.events import Events
from hospital.times import DAY, HOUR

_EPOCH = date(1970, 1, 1)


def _days(*dates: date) -> Array:
    return np.array([(d - _EPOCH).days for d in dates], np.int64)


@pytest.mark.parametrize(
    ("zone", "day", "holiday"),
    [
        ("Europe/Paris", date(2024, 7, 14), True),
        ("Europe/Berlin", date(2024, 7, 14), False),
        ("Europe/Berlin", date(2024, 3, 29), True),  # Good Friday
        ("Europe/Paris", date(2024, 3, 29), False),
        ("Europe/Berlin", date(2024, 10, 3), True),
        ("Europe/Berlin", date(2024, 12, 26), True),
        ("Indian/Reunion", date(2024, 5, 8), True),
        ("Europe/Madrid", date(2024, 12, 25), True),
        ("Europe/Madrid", date(2024, 12, 26), False),
        ("UTC", date(2024, 12, 25), False),
    ],
)
def test_a_holiday_is_one_of_the_zones_country(zone: str, day: date, holiday: bool) -> None:
    """Another country's holidays are noise; where none are known there are none, and it can be asked."""
    assert is_holiday(_days(day), Place(ZoneInfo(zone))).tolist() == [holiday]
    assert holidays_known(Place(ZoneInfo(zone))) == (zone != "UTC")


def test_the_turn_of_the_year_is_near_from_both_sides() -> None:
    """Christmas lies a week before it, Epiphany five days after."""
    found = days_from_new_year(
        _days(date(2023, 12, 25), date(2024, 1, 1), date(2024, 1, 6), date(2024, 6, 30))
    )
    assert found.tolist() == [-7, 0, 5, 181]


def _census(zone: str, units: dict[str, Array], belated: dict[int, int] | None = None) -> Events:
    """A daily census, received at noon UTC; belated: the days whose rows came later, and when."""
    n = len(next(iter(units.values())))
    at = np.tile(np.arange(n, dtype=np.int64) * DAY + 19_000 * DAY + 12 * HOUR, len(units))
    received = at.copy()
    for day, later in (belated or {}).items():
        received[at == at[day]] = at[later]
    census = {
        "unit": np.repeat(np.array(list(units), object), n),
        "at": at,
        "received_at": received,
        "occupied": np.concatenate(list(units.values())),
        "staffed": np.full(at.size, np.nan),
        "waiting": np.full(at.size, np.nan),
        "admissions": np.full(at.size, np.nan),
        "discharges": np.full(at.size, np.nan),
    }
    listed = {"unit": np.array(list(units), object), "label": np.array(list(units), object)}
    listed |= {"received_at": np.zeros(len(units), np.int64)}
    return Events.of({"census": census, "units": listed}, zone=ZoneInfo(zone), cadence_hours=24)


def test_a_country_without_known_holidays_has_no_holiday_features() -> None:
    """They are dropped, not filled with another country's."""
    beds = np.full(60, 10.0)
    of = {
        zone: {f.name for f in bed_features_of(_census(zone, {"A": beds}))}
        for zone in ("Europe/Paris", "UTC")
    }
    assert {"target_holiday", "holidays_until"} <= of["Europe/Paris"]
    assert not {"target_holiday", "holidays_until"} & of["UTC"]


def test_all_units_together_tell_the_hospitals_seasonal_profile() -> None:
    """Mondays 10 % above the level in every ward: the seasonal profile until Monday is known, whatever a ward's
    size."""
    days = np.arange(70)
    monday = (days + 19_000 + 3) % 7 == 0
    small, large = (np.where(monday, 1.1, 1.0) * level for level in (10.0, 1000.0))
    events = _census("UTC", {"large": large, "small": small})
    sunday = int(np.flatnonzero(monday)[-1]) - 1
    at = np.full(2, (19_000 + sunday) * DAY + 12 * HOUR, np.int64)
    found = levels_of(demand_of(events), 2, events.zone, np.array([0, 1]), at, at + DAY)
    usual = 1 + 0.1 / 7
    assert np.allclose(found.month, [1000 * usual, 10 * usual])
    assert np.allclose(found.week, found.month)
    assert np.allclose(found.usual_change, 10 / usual)
    assert np.allclose(found.above_usual, 0.0)


def test_a_seasonal_profile_is_the_mean_change_of_the_weeks_that_are_known() -> None:
    """Mondays 3 beds higher: from Sunday +3 whatever week it is; whole weeks ahead 0; under four weeks unknown."""
    days = np.arange(70)
    monday = (days + 19_000 + 3) % 7 == 0
    beds = np.where(monday, 13.0, 10.0) + days  # and one more each day
    events = _census("UTC", {"ward": beds})
    demand = demand_of(events)

    def seasonal_profile(sunday: int, ahead: list[int]) -> list[float]:
        at = np.full(len(ahead), (19_000 + sunday) * DAY + 12 * HOUR, np.int64)
        unit = np.zeros(len(ahead), np.int64)
        return levels_of(
            demand, 1, events.zone, unit, at, at + np.array(ahead) * DAY
        ).seasonal_profile.tolist()

    sundays = np.flatnonzero(monday) - 1
    assert seasonal_profile(int(sundays[-1]), [1, 2, 7, 8, 14]) == [4.0, 2.0, 0.0, 4.0, 0.0]
    assert seasonal_profile(int(sundays[4]), [1, 7]) == [4.0, 0.0]
    assert np.isnan(seasonal_profile(int(sundays[3]), [1])).all()


def test_a_seasonal_profile_knows_only_what_was_known() -> None:
    """Of a row that came later than the time asked from nothing is in it: the last one known then counts."""
    beds = np.where(np.arange(70) % 7 == 0, 20.0, 10.0)
    beds[63] = 80.0
    events = _census("UTC", {"ward": beds}, {63: 65})
    asked = np.array([64, 66], np.int64) * DAY + 19_000 * DAY + 12 * HOUR
    ahead, unit = np.array([6, 4], np.int64) * DAY, np.zeros(2, np.int64)  # the weekday of the high ones
    found = levels_of(demand_of(events), 1, events.zone, unit, asked, asked + ahead)
    assert np.allclose(found.seasonal_profile, [(8 * 10 + 0) / 9, (8 * 10 + 70) / 9])


def test_what_all_units_changed_by_is_no_hospitals_own_column() -> None:
    """A column of the census has its own change over 7 days; what begins with "hospital" is of all units, and known."""
    days = np.arange(70)
    events = _census("UTC", {"large": 1000.0 + 10.0 * days, "small": 10.0 + 0.1 * days})
    census = events.tables["census"].columns | {"oxygen": np.tile(5.0 * days, 2)}
    events = Events.of(
        {"census": census, "units": events.tables["units"].columns}, zone=ZoneInfo("UTC"), cadence_hours=24
    )
    features = bed_features_of(events, ("oxygen",))
    at = np.full(2, (19_000 + 60) * DAY + 12 * HOUR, np.int64)
    query = BedQuery(np.array([0, 1]), at, np.full(2, 24.0), np.full(2, np.nan))
    values = dict(
        zip((f.name for f in features), BedFeatures(events, features).compute(query).T, strict=True)
    )
    month = 1010.0 + 10.1 * (np.arange(32, 60).mean())  # both units, the 28 days before
    assert np.allclose(values["hospital_change_24h"], 100 * 10.1 / month)
    assert np.allclose(values["oxygen_change_7d"], 35.0)
