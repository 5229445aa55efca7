"""Times as no hospital has them: heaped, rounded, missing by the hour, cut off, or read from another clock."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from hospital.profile.current_rows import latest_tables
from hospital.profile.facts import Weight
from hospital.profile.patterns.findings import pattern_findings, with_patterns
from hospital.times import instant
from tests.support.pattern_findings import MIDDLE, TIMES, Tables, found, local, near
from tests.support.plain_hospital import ZONE, hospital_of, now, plain_tables

HOUR = pd.Timedelta(hours=1)


@pytest.fixture(scope="module")
def sound() -> Tables:
    return plain_tables()


@pytest.fixture
def tables(sound: Tables) -> Tables:
    """A sound hospital's, to be damaged."""
    return {name: frame.copy() for name, frame in sound.items()}


def at_hour(times: pd.Series, hour: int, days: pd.Series | int = 0) -> pd.Series:
    """That hour of each time's own local day, or of a later one."""
    midnight = local(times).dt.tz_localize(None).dt.normalize()
    moved = midnight + pd.to_timedelta(days, unit="D") + pd.Timedelta(hours=hour)
    return moved.dt.tz_localize(ZONE).dt.tz_convert("UTC").astype(times.dtype)


@pytest.mark.parametrize("seed", range(1, 5))
def test_a_sound_hospital_has_no_such_finding(seed: int) -> None:
    """Chance alone heaps nothing, silences nothing and copies nothing."""
    assert found(plain_tables(seed)) == []


def test_the_nights_contacts_all_at_seven(tables: Tables) -> None:
    """Whoever takes over in the morning types them; the finding names the time, the share and the days."""
    visits = tables["visits"]
    night = local(visits["seen_at"]).dt.hour < 7
    visits["seen_at"] = visits["seen_at"].mask(night, at_hour(visits["seen_at"], 7))
    (heap,) = found(tables)
    assert (heap.table, heap.code, heap.column, heap.clock) == ("visits", "heaped_times", "seen_at", "07:00")
    assert heap.rows == pytest.approx(night.sum(), abs=5)
    assert heap.share == pytest.approx(night.sum() / visits["seen_at"].notna().sum(), abs=0.002)
    assert near(heap.first, visits["arrived_at"].min().tz_convert(ZONE), 4)
    assert heap.names == ()


@pytest.mark.parametrize("spread_minutes", [0, 10])
def test_departures_of_the_weekend_on_monday_morning(tables: Tables, spread_minutes: int) -> None:
    """All at nine, or one after the other: the finding names the day of the week."""
    stays = tables["stays"]
    day = local(stays["left_at"]).dt.day_of_week
    ends = (day >= 5).to_numpy()
    rng = np.random.default_rng(3)
    typed = at_hour(stays["left_at"], 9, 7 - day) + pd.to_timedelta(
        rng.integers(0, 60 * spread_minutes + 1, len(stays)), unit="s"
    )
    stays["left_at"] = stays["left_at"].mask(ends, typed)
    heaps = found(tables)
    assert {(f.table, f.code, f.column, f.names) for f in heaps} == {
        ("stays", "heaped_times", "left_at", ("0",))
    }
    assert {f.clock[:2] for f in heaps} == {"09"}
    assert sum(f.rows for f in heaps) == pytest.approx(ends.sum(), rel=0.15)


def test_a_department_that_closes_its_records_in_batches(tables: Tables) -> None:
    """Eight departures in one minute, at another time each day, in one department."""
    visits = tables["visits"]
    child = np.flatnonzero((visits["department"] == "KIDS").to_numpy())
    child = child[: child.size // 8 * 8].reshape(-1, 8)
    for group in child[::3]:
        visits.loc[group, "left_at"] = visits.loc[group, "left_at"].max()
    (batch,) = found(tables)
    assert (batch.code, batch.column, batch.unit) == ("batched_times", "left_at", "KIDS")
    assert batch.rows == pytest.approx(child[::3].size, rel=0.05)


@pytest.mark.parametrize(("share", "late"), [(0.5, False), (1.0, True)])
def test_minutes_heaped_on_0_and_5(tables: Tables, share: float, late: bool) -> None:
    """Half of all times, or every time from a day on, which the finding names."""
    visits = tables["visits"]
    rows = np.random.default_rng(1).random(len(visits)) < share
    if late:
        rows &= (visits["arrived_at"] >= MIDDLE).to_numpy()
    visits["left_at"] = visits["left_at"].mask(rows, visits["left_at"].dt.ceil("5min"))
    (rounded,) = found(tables)
    assert (rounded.code, rounded.column) == ("rounded_minutes", "left_at")
    assert rounded.share == pytest.approx(1.0 if late else 0.6, abs=0.02)
    assert near(rounded.first, MIDDLE if late else visits["arrived_at"].min().tz_convert(ZONE))


def test_times_all_written_in_steps_of_five_minutes_are_a_note(tables: Tables) -> None:
    """It is the table's own step: nothing to look at, and nothing hidden."""
    tables["visits"]["left_at"] = tables["visits"]["left_at"].dt.ceil("5min")
    assert found(tables) == []
    hospital = hospital_of(tables)
    notes = pattern_findings(hospital, latest_tables(hospital), instant(now()))
    assert [(f.code, f.column, f.weight) for f in notes] == [("rounded_minutes", "left_at", Weight.NOTE)]


@pytest.mark.parametrize(
    ("hours", "since", "clock"),
    [([3], None, "03:00-04:00"), ([22, 23, 0, 1, 2, 3, 4, 5], MIDDLE, "22:00-06:00")],
)
def test_hours_of_each_night_that_are_not_there(
    tables: Tables, hours: list[int], since: pd.Timestamp | None, clock: str
) -> None:
    """From the beginning, or from a day on, over midnight."""
    visits = tables["visits"]
    gone = local(visits["arrived_at"]).dt.hour.isin(hours)
    if since is not None:
        gone &= visits["arrived_at"] >= since
    tables["visits"] = visits[~gone].reset_index(drop=True)
    (silent,) = [f for f in found(tables) if not f.unit]
    assert (silent.code, silent.column, silent.clock) == ("silent_hours", "arrived_at", clock)
    assert near(silent.first, since or visits["arrived_at"].min().tz_convert(ZONE), 3)
    assert near(silent.last, pd.Timestamp("2024-05-05", tz=ZONE))


@pytest.mark.parametrize(("gone", "late"), [((5, 6), False), ((5, 6), True), ((6,), True)])
@pytest.mark.parametrize("table", ["visits", "stays"])
def test_weekends_that_are_not_there(tables: Tables, table: str, gone: tuple[int, ...], late: bool) -> None:
    """One finding with their first and last day, and how many they are."""
    frame, column = tables[table], "arrived_at" if table == "visits" else "entered_at"
    rows = local(frame[column]).dt.day_of_week.isin(gone) & ((frame[column] >= MIDDLE) | (not late))
    tables[table] = frame[~rows].reset_index(drop=True)
    (silent,) = [f for f in found(tables) if f.code == "silent_weekdays" and not f.unit]
    assert (silent.table, silent.names) == (table, tuple(str(d) for d in gone))
    assert silent.days == pytest.approx((8 if late else 17) * len(gone), abs=2 * len(gone))
    assert silent.last == "2024-05-05" or near(silent.last, pd.Timestamp("2024-04-28", tz=ZONE))


@pytest.mark.parametrize("blank", [False, True])
def test_long_waits_that_are_no_longer_sent(tables: Tables, blank: bool) -> None:
    """Their rows are gone, or their contact is: the finding has the ceiling, the day, and the share above it."""
    visits = tables["visits"]
    wait = (visits["seen_at"] - visits["arrived_at"]) / pd.Timedelta(minutes=1)
    long = (wait > 150) & (visits["arrived_at"] >= MIDDLE)
    if blank:
        visits["seen_at"] = visits["seen_at"].mask(long)
    else:
        tables["visits"] = visits[~long].reset_index(drop=True)
    (cut,) = [f for f in with_patterns([], found(tables)) if f.column == "seen_at"]
    assert (cut.code, cut.column) == ("long_ones_missing", "seen_at")
    assert near(cut.first, MIDDLE)
    assert cut.after == pytest.approx(150, abs=3)
    assert cut.share == pytest.approx((wait[visits["arrived_at"] < MIDDLE] > 150).mean(), abs=0.02)


def shifted(tables: Tables, rows: pd.Series, hours: int) -> None:
    """All times of some visits on another clock."""
    for column in TIMES:
        tables["visits"][column] = tables["visits"][column].mask(
            rows, tables["visits"][column] + hours * HOUR
        )


def summer(times: pd.Series) -> pd.Series:
    """Whether each time is in summer time."""
    return times >= pd.Timestamp("2024-03-31T01:00Z")


@pytest.mark.parametrize(
    ("hours", "rows", "period"),
    [
        (1, lambda v: v["arrived_at"] >= MIDDLE, ()),
        (-1, lambda v: summer(v["arrived_at"]), ("summer", "winter")),
    ],
)
def test_a_clock_that_is_off_in_one_department(
    tables: Tables, hours: int, rows: Callable[[pd.DataFrame], pd.Series], period: tuple[str, ...]
) -> None:
    """From a day on, or in summer alone; the other department is not blamed."""
    visits = tables["visits"]
    shifted(tables, rows(visits) & (visits["department"] == "ED"), hours)
    (clock,) = [f for f in found(tables) if f.code.startswith("unit_clock")]
    assert (clock.code, clock.unit, abs(clock.after or 0)) == ("unit_clock_moved", "ED", 1.0)
    assert set(clock.names) <= set(period)
    changed = pd.Timestamp("2024-03-31", tz=ZONE) if period else MIDDLE
    assert near(clock.first, changed, 7) or near(clock.last, changed, 7)


def test_a_department_that_is_off_all_along_beside_another_of_the_same_shape(tables: Tables) -> None:
    """Nothing changes on any day: its day is the other's, an hour late."""
    shifted(tables, tables["visits"]["department"] == "KIDS", 1)
    (clock,) = [f for f in found(tables) if f.code.startswith("unit_clock")]
    assert (clock.code, clock.unit, clock.after) == ("unit_clock_differs", "KIDS", 1.0)


@pytest.mark.parametrize(
    ("unit", "hours", "table"), [("ED", 1, "visits"), ("KIDS", -1, "visits"), ("CHI", 1, "stays")]
)
def test_who_leaves_one_place_enters_the_next(tables: Tables, unit: str, hours: int, table: str) -> None:
    """The department, or the ward, whose clock is off is named by those who go from one to the other."""
    visits, stays = tables["visits"], tables["stays"]
    ends = visits[visits["left_at"].notna()].iloc[::5][: len(stays)].reset_index(drop=True)
    stays = stays.iloc[: len(ends)].sample(frac=1.0, random_state=1).reset_index(drop=True)
    length = stays["left_at"] - stays["entered_at"]
    stays["visit_id"], stays["entered_at"] = ends["visit_id"], ends["left_at"]
    off = stays["unit"] == unit
    stays["entered_at"] = stays["entered_at"].mask(off, stays["entered_at"] + hours * HOUR)
    tables["stays"] = stays.assign(left_at=stays["entered_at"] + length)
    shifted(tables, visits["department"] == unit, hours)
    (moved,) = [f for f in found(tables) if f.code == "handover_moved"]
    assert (moved.table, moved.unit, abs(moved.after or 0)) == (table, unit, 1.0)
    assert moved.share == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(("clipped", "department"), [(True, ""), (False, ""), (True, "KIDS")])
def test_waits_that_are_cut_from_the_first_row_on(tables: Tables, clipped: bool, department: str) -> None:
    """To a limit, or left out beyond it, of all or of one department: there is no day before it to compare with."""
    visits = tables["visits"]
    limit = pd.Timedelta(minutes=90)
    mine = (visits["department"] == department) | (not department)
    long = mine & (visits["seen_at"] - visits["arrived_at"] > limit)
    if clipped:
        visits.loc[long, "seen_at"] = visits["arrived_at"] + limit
    else:
        tables["visits"] = visits[~long].reset_index(drop=True)
    cut = [f for f in found(tables) if f.code == "lengths_cut"]
    assert [(f.column, f.unit, round(f.after or 0)) for f in cut] == [("seen_at", department, 90)]


def test_contacts_that_are_missing_though_nobody_left_unseen(tables: Tables) -> None:
    """A tenth of the patients who went home have no contact: training would take them for people who gave up."""
    visits = tables["visits"]
    lost = (visits["disposition"] == "home") & (np.random.default_rng(3).random(len(visits)) < 0.1)
    tables["visits"] = visits.assign(seen_at=visits["seen_at"].mask(lost))
    (missing,) = [f for f in found(tables) if f.code == "contact_missing"]
    assert missing.rows == pytest.approx(lost.sum(), abs=0)


def test_times_that_one_ward_of_several_types_by_hand(tables: Tables) -> None:
    """To ten minutes, in the smallest of three wards: among all stays they are too few to show."""
    stays = tables["stays"]
    mine = stays["unit"] == "GER"
    stays.loc[mine, "entered_at"] = stays["entered_at"].dt.floor("10min")
    rounded = found(tables)
    assert [(f.code, f.column, f.unit) for f in rounded] == [("rounded_minutes", "entered_at", "GER")]


def test_a_unit_whose_departures_are_off_from_the_clock_change_on(tables: Tables) -> None:
    """No visit says when its patients came, and nothing follows their departure."""
    stays, rng = tables["stays"], np.random.default_rng(8)
    day = local(stays["left_at"]).dt.tz_localize(None).dt.normalize()
    minutes = rng.choice([10, 11, 12, 14, 15, 16], len(stays), p=[0.1, 0.15, 0.1, 0.35, 0.2, 0.1]) * 60
    at_day = day + pd.to_timedelta(minutes + rng.integers(0, 60, len(stays)), unit="min")
    left = at_day.dt.tz_localize(ZONE).dt.tz_convert("UTC").astype(stays["left_at"].dtype)
    stays["left_at"] = left.mask(left < stays["entered_at"], stays["left_at"])
    assert [f for f in found(tables) if f.code == "unit_clock_moved"] == []
    late = (stays["unit"] == "MED") & (stays["entered_at"] >= pd.Timestamp("2024-03-31", tz=ZONE))
    stays["left_at"] = stays["left_at"].mask(late, stays["left_at"] + HOUR)
    moved = [f for f in found(tables) if f.code == "unit_clock_moved"]
    assert [(f.table, f.column, f.unit, f.after) for f in moved] == [("stays", "left_at", "MED", 1.0)]
