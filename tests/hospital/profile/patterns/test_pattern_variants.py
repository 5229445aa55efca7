"""The same faults in other shapes: in one ward or rota alone, a few minutes later, for a time, or of alike units."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from hospital.profile.current_rows import latest_tables
from hospital.profile.patterns.level_shifts import level_shift_findings
from tests.support.pattern_findings import MIDDLE, TIMES, Tables, found, local, near
from tests.support.plain_hospital import END, hospital_of, plain_tables

MINUTE, DAY = pd.Timedelta(minutes=1), pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def sound() -> Tables:
    return plain_tables(3)


@pytest.fixture
def tables(sound: Tables) -> Tables:
    """A sound hospital's, to be damaged."""
    return {name: frame.copy() for name, frame in sound.items()}


def test_a_rota_that_loses_its_weekends(tables: Tables) -> None:
    """Of one department and role, from a day on: the other's go on, and no week is without rows."""
    rota = tables["staffing"]
    gone = (rota["unit"] == "KIDS") & (rota["at"] >= MIDDLE) & (local(rota["at"]).dt.day_of_week >= 5)
    tables["staffing"] = rota[~gone].reset_index(drop=True)
    (silent,) = found(tables)
    assert (silent.table, silent.code, silent.unit) == ("staffing", "silent_weekdays", "KIDS")
    assert silent.names == ("5", "6")
    assert near(silent.first, MIDDLE + 5 * DAY, 1)
    assert silent.days == pytest.approx(15, abs=1)


@pytest.mark.parametrize("late", [True, False])
def test_a_ward_that_loses_its_weekends(tables: Tables, late: bool) -> None:
    """From a day on; one that never admits at weekends is as it should be."""
    stays = tables["stays"]
    ends = (stays["unit"] == "MED") & (local(stays["entered_at"]).dt.day_of_week >= 5)
    tables["stays"] = stays[~(ends & ((stays["entered_at"] >= MIDDLE) | (not late)))].reset_index(drop=True)
    silent = [f for f in found(tables) if f.code == "silent_weekdays"]
    assert [(f.table, f.unit, f.names) for f in silent] == ([("stays", "MED", ("5", "6"))] if late else [])


@pytest.mark.parametrize("minutes", [3, 8])
def test_a_visit_that_is_there_again_some_minutes_later(tables: Tables, minutes: int) -> None:
    """As the desk registers again whom it cannot find: within ten minutes, and said so."""
    visits = tables["visits"]
    again = visits.sample(40, random_state=4)
    moved = {column: again[column] + minutes * MINUTE for column in TIMES}
    again = again.assign(visit_id=[f"x{i}" for i in range(40)], **moved)
    tables["visits"] = pd.concat([visits, again], ignore_index=True)
    (twice,) = found(tables)
    assert (twice.code, twice.rows, twice.after) == ("near_duplicates", 40, 10.0)


def test_stays_that_begin_and_end_together_are_not_there_twice(tables: Tables) -> None:
    """A ward admits at two and lets go at ten: within ten minutes many are alike, as they are within an hour."""
    stays, rng = tables["stays"], np.random.default_rng(4)
    day = local(stays["entered_at"]).dt.tz_localize(None).dt.normalize()
    entered = day + pd.to_timedelta(rng.integers(14 * 60, 15 * 60, len(stays)), unit="min")
    left = day + pd.to_timedelta(rng.integers(34 * 60, 34 * 60 + 20, len(stays)), unit="min")
    times = {"entered_at": entered, "left_at": left}
    zoned = {
        name: at.dt.tz_localize("Europe/Paris").dt.tz_convert("UTC").astype(stays["entered_at"].dtype)
        for name, at in times.items()
    }
    tables["stays"] = stays.assign(**zoned)
    assert [f for f in found(tables) if f.code == "near_duplicates"] == []


def test_long_waits_that_one_department_no_longer_sends(tables: Tables) -> None:
    """Among all visits they are too few to be missed."""
    visits = tables["visits"]
    wait = (visits["seen_at"] - visits["arrived_at"]) / MINUTE
    gone = (wait > 100) & (visits["arrived_at"] >= MIDDLE) & (visits["department"] == "KIDS")
    tables["visits"] = visits[~gone].reset_index(drop=True)
    cut = [f for f in found(tables) if f.column == "seen_at"]
    assert [(f.code, f.unit) for f in cut] == [("long_ones_missing", "KIDS")]
    assert near(cut[0].first, MIDDLE, 3)
    assert cut[0].after == pytest.approx(100, abs=5)


def test_labels_that_are_exchanged_for_a_month(tables: Tables) -> None:
    """From one day to another: not to the end of the record, and not the other way round."""
    stays = tables["stays"]
    labels = stays["unit"].to_numpy(object)
    then = ((stays["entered_at"] >= MIDDLE) & (stays["entered_at"] < MIDDLE + 30 * DAY)).to_numpy()
    stays["unit"] = np.where(
        then & (labels == "MED"), "GER", np.where(then & (labels == "GER"), "MED", labels)
    )
    (moved,) = [f for f in found(tables) if f.code == "labels_exchanged"]
    assert {moved.unit, *moved.names} == {"MED", "GER"}
    assert near(moved.first, MIDDLE, 4)
    assert near(moved.last, MIDDLE + 29 * DAY, 4)


def _alike(tables: Tables) -> pd.DataFrame:
    """Stays of two wards of the same size and length, each of a visit that asked for a bed there."""
    visits, rng = tables["visits"], np.random.default_rng(5)
    ends = visits[visits["left_at"].notna()].iloc[::7].reset_index(drop=True)
    units = np.where(rng.random(len(ends)) < 0.5, "MED", "CHI")
    left = (ends["left_at"] + pd.to_timedelta(rng.exponential(96, len(ends)), unit="h")).astype(
        ends["left_at"].dtype
    )
    tables["visits"] = visits.assign(
        destination_unit=visits["visit_id"].map(dict(zip(ends["visit_id"], units, strict=True)))
    )
    return pd.DataFrame(
        {
            "stay_id": [f"s{i}" for i in range(len(ends))],
            "visit_id": ends["visit_id"],
            "unit": units,
            "entered_at": ends["left_at"],
            "left_at": left.mask(left >= END.tz_convert("UTC")),
            "source": "emergency",
            "received_at": ends["left_at"],
        }
    )


@pytest.mark.parametrize(("first", "last"), [(MIDDLE, END), (MIDDLE, MIDDLE + 25 * DAY), (END, END)])
def test_two_alike_wards_that_are_exchanged_in_stays(
    tables: Tables, first: pd.Timestamp, last: pd.Timestamp
) -> None:
    """Nothing in either tells them apart; who waited for a bed in the one enters the other."""
    stays = _alike(tables)
    other = stays["unit"].map({"MED": "CHI", "CHI": "MED"})
    then = (stays["entered_at"] >= first) & (stays["entered_at"] < last)
    tables["stays"] = stays.assign(unit=stays["unit"].mask(then, other))
    moved = [f for f in found(tables) if f.code == "labels_exchanged"]
    assert [(f.table, f.unit, f.names) for f in moved] == (
        [("stays", "CHI", ("MED",))] if first < last else []
    )
    for finding in moved:
        assert near(finding.first, first, 3)
        assert near(finding.last, last, 3)


@pytest.mark.parametrize("share", [0.04, 0.33])
def test_a_wards_overflow_is_no_exchange(tables: Tables, share: float) -> None:
    """A few, or a third, of those who asked for the one went to the other, both ways, all along."""
    stays = _alike(tables)
    other = stays["unit"].map({"MED": "CHI", "CHI": "MED"})
    tables["stays"] = stays.assign(
        unit=stays["unit"].mask(np.random.default_rng(6).random(len(stays)) < share, other)
    )
    assert [f for f in found(tables) if f.code == "labels_exchanged"] == []


@pytest.mark.parametrize(("until", "stops"), [(MIDDLE, True), (END, False)])
def test_a_column_that_is_seldom_filled_and_stops(tables: Tables, until: pd.Timestamp, stops: bool) -> None:
    """Three a week for two months, then none for two: fewer than twenty in any four weeks."""
    visits = tables["visits"]
    seldom = (np.random.default_rng(9).random(len(visits)) < 0.0095) & (visits["arrived_at"] < until)
    visits["critical"] = pd.Series(np.where(seldom, "yes", None), index=visits.index, dtype=object)
    stopped = [f for f in found(tables) if f.column == "critical" and f.code == "column_stops"]
    assert bool(stopped) == stops
    if stops:
        assert near(stopped[0].first, MIDDLE, 6)


@pytest.mark.parametrize(("share", "shifts"), [(1.0, True), (0.3, False)])
def test_another_hospitals_rows_from_a_day_on(tables: Tables, share: float, shifts: bool) -> None:
    """Twice as many visits from one day to the next; a third more is what a season brings."""
    other = plain_tables(11)["visits"].sample(frac=share, random_state=1)
    other = other[other["arrived_at"] >= MIDDLE].assign(visit_id=lambda v: "z" + v["visit_id"])
    tables["visits"] = pd.concat([tables["visits"], other], ignore_index=True)
    rows = latest_tables(hospital_of(tables))["visits"]
    more = [f for f in level_shift_findings(rows, ()) if f.code == "rows_shift"]
    assert bool(more) == shifts
    if shifts:
        assert near(more[0].first, MIDDLE, 1)
        assert (more[0].after or 0) / (more[0].before or 1) == pytest.approx(2.0, abs=0.25)


def _tens(visits: pd.DataFrame, late: pd.Series) -> pd.Series:
    return visits["heart_rate"].mask(late, (visits["heart_rate"] / 10).round() * 10)


def _usual_age(visits: pd.DataFrame, late: pd.Series) -> pd.Series:
    return visits["age_years"].mask(late & (np.random.default_rng(2).random(len(visits)) < 0.6), 47.0)


@pytest.mark.parametrize(
    ("column", "flaw", "code"),
    [("heart_rate", _tens, "leak_rounding"), ("age_years", _usual_age, "leak_default")],
)
def test_values_that_are_written_otherwise_once_the_wait_is_long(
    tables: Tables, column: str, flaw: Callable[[pd.DataFrame, pd.Series], pd.Series], code: str
) -> None:
    """Rounded to tens, or one that stands for an age that nobody asked for yet."""
    visits = tables["visits"]
    late = visits["seen_at"] - visits["arrived_at"] > 60 * MINUTE
    visits[column] = flaw(visits, late)
    assert (code, column) in {(f.code, f.column) for f in found(tables)}


@pytest.mark.parametrize("seed", range(5, 9))
def test_sound_hospitals_have_none_of_them(seed: int) -> None:
    """Nothing to look at, nor in the rows a day."""
    tables = plain_tables(seed)
    assert found(tables) == []
    latest = latest_tables(hospital_of(tables))
    assert [level_shift_findings(rows, ()) for rows in latest.values()] == [[], [], []]
