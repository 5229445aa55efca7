"""The simulated hospital: repeatable and true to its tables; scenarios change what they say, and nothing else."""

import dataclasses
from collections.abc import Callable
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from hospital.simulator import (
    Beyond,
    Shift,
    Unfair,
    load_parameters,
    simulate,
    simulate_beyond,
    write,
)
from tests.support.simulated_tables import DAYS, TEST_SEEDS, Tables, minutes, wait_minutes

PARIS = ZoneInfo("Europe/Paris")
LEVELS = ("1", "2", "3A", "3B", "4", "5")
EVENTS = {
    "visits": ["arrived_at", "triaged_at", "seen_at", "bed_requested_at", "left_at"],
    "stays": ["entered_at", "left_at", "expected_known_at"],
    "operations": ["booked_at", "cancelled_at", "started_at", "ended_at"],
    "staffing": ["known_at"],
}


def test_same_seed_gives_the_same_bytes_and_another_seed_other_ones(tmp_path: Path) -> None:
    """Two runs of one seed write identical files; another seed does not."""
    for name, seed in (("a", 701), ("b", 701), ("c", 702)):
        write(simulate(10, seed=seed, scale=0.2), tmp_path / name)
    files = ["operations", "staffing", "stays", "units", "visits"]
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == [f"{name}.parquet" for name in files]

    def content(run: str, table: str) -> bytes:
        return (tmp_path / run / f"{table}.parquet").read_bytes()

    assert all(content("a", name) == content("b", name) for name in files)
    assert all(content("a", name) != content("c", name) for name in files if name != "units")


def test_a_failed_write_leaves_the_former_file_whole(tmp_path: Path) -> None:
    """A table that cannot be written leaves neither a partial nor a temporary file."""
    write({"units": pd.DataFrame({"unit": ["A"]})}, tmp_path)
    before = (tmp_path / "units.parquet").read_bytes()
    with pytest.raises((TypeError, ValueError)):
        write({"units": pd.DataFrame({"unit": [object(), 1, "x"]})}, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["units.parquet"]
    assert (tmp_path / "units.parquet").read_bytes() == before


def test_files_read_back_as_they_were_written(small: Tables, tmp_path: Path) -> None:
    """Values and times survive the file, and ids are text."""
    write(small, tmp_path)
    for name, table in small.items():
        back = pd.read_parquet(tmp_path / f"{name}.parquet")
        assert list(back.columns) == list(table.columns)
        for column in table:
            assert back[column].isna().equals(table[column].isna()), column
            assert (back[column].dropna().to_numpy() == table[column].dropna().to_numpy()).all(), column
    assert str(small["visits"]["arrived_at"].dtype) == "datetime64[us, UTC]"


def test_a_longer_run_begins_like_a_shorter_one() -> None:
    """What had happened by the end of a shorter run is the same in a longer one."""
    short, long = (simulate(days, seed=702, scale=0.25) for days in (20, 35))
    closed = short["visits"].dropna(subset="left_at").reset_index(drop=True)
    same = long["visits"].set_index("visit_id").loc[closed["visit_id"]].reset_index()
    pd.testing.assert_frame_equal(closed, same)
    pd.testing.assert_series_equal(
        short["stays"]["entered_at"], long["stays"]["entered_at"].head(len(short["stays"]))
    )


def test_a_hospital_goes_on_beyond_its_tables() -> None:
    """Its visits and stays are those of a run that ends there; beyond it more come, and nobody is another person."""
    usual = simulate(20, seed=702, scale=0.25)
    tables, beyond = simulate_beyond(20, Beyond(days=3, busy=2.0, before=6), seed=702, scale=0.25)
    for name in ("visits", "stays", "units"):
        pd.testing.assert_frame_equal(tables[name], usual[name])
    end = usual["visits"]["arrived_at"].max()
    visits = beyond["visits"]
    known = visits[visits["arrived_at"] <= end].set_index("visit_id")["arrived_at"]
    assert known.equals(usual["visits"].set_index("visit_id")["arrived_at"].reindex(known.index))
    before = usual["visits"]["arrived_at"].dt.date.value_counts().mean()
    assert (visits["arrived_at"] > end).sum() / 3 > 1.5 * before
    assert visits["left_at"].max() > end
    with pytest.raises(ValueError, match="at least one day"):
        simulate_beyond(20, Beyond(days=0, busy=2.0, before=6))


def test_nothing_happens_after_the_end_and_what_is_open_is_open(small: Tables) -> None:
    """Event times stay below the end of the span; planned times may lie ahead; open rows have no end."""
    end = pd.Timestamp(date(2024, 4, 10), tz=PARIS)
    for table, columns in EVENTS.items():
        for column in columns:
            assert small[table][column].dropna().max() < end, (table, column)
    assert small["operations"]["planned_at"].max() > end
    assert small["staffing"]["at"].max() > end
    visits, stays = small["visits"], small["stays"]
    assert visits.loc[visits["left_at"].isna(), "disposition"].isna().all()
    assert visits.loc[visits["left_at"].notna(), "disposition"].notna().all()
    assert 50 < stays["left_at"].isna().sum() < 160


def test_times_and_ids_of_each_row_make_sense(hospitals: dict[int, Tables]) -> None:
    """Order of events, unique ids, references, and no hindsight in columns known later."""
    tables = hospitals[TEST_SEEDS[0]]
    visits, stays, operations = tables["visits"], tables["stays"], tables["operations"]
    times = [
        minutes(visits[c]) for c in ("arrived_at", "triaged_at", "seen_at", "bed_requested_at", "left_at")
    ]
    arrived, triaged, seen, requested, left = times
    assert (arrived <= triaged).all()
    assert (triaged <= seen).all()
    assert (seen[np.isfinite(requested)] <= requested[np.isfinite(requested)]).all()
    assert (triaged[np.isfinite(left)] <= left[np.isfinite(left)]).all()
    assert (np.isfinite(seen) | (visits["disposition"] == "left_unseen") | ~np.isfinite(left)).all()
    assert not np.isfinite(seen[visits["disposition"] == "left_unseen"]).any()
    assert (visits["destination_unit"].notna() == visits["bed_requested_at"].notna()).all()
    assert visits["visit_id"].is_unique
    assert stays["stay_id"].is_unique
    assert operations["operation_id"].is_unique
    assert set(stays["visit_id"].dropna()) <= set(visits["visit_id"])
    assert set(stays["source"]) == {"emergency", "elective", "transfer"}
    assert (minutes(stays["entered_at"]) <= minutes(stays["left_at"])).all()
    assert (operations["booked_at"] < operations["planned_at"]).all()
    assert set(visits["triage"].dropna()) == set(LEVELS)
    assert set(visits["disposition"].dropna()) == {"home", "admitted", "left_unseen", "transfer", "died"}


def test_wards_never_hold_more_patients_than_installed_beds(hospitals: dict[int, Tables]) -> None:
    """Beds are a limit; the days before the first one have filled the wards."""
    parameters = load_parameters()
    for tables in hospitals.values():
        first = tables["visits"]["arrived_at"].max() - pd.Timedelta(days=DAYS - 1)
        hours = minutes(pd.Series(pd.date_range(first, periods=24 * (DAYS - 2), freq="h")))
        stays = tables["stays"]
        total = np.zeros(len(hours))
        for ward in parameters.ward:
            rows = stays[stays["unit"] == ward.unit]
            census = np.searchsorted(np.sort(minutes(rows["entered_at"])), hours, "right") - np.searchsorted(
                np.sort(minutes(rows["left_at"])), hours, "right"
            )
            assert census.max() <= ward.beds
            total += census
        assert 0.75 < total[: 24 * 7].mean() / 600 < 0.95
        assert 0.78 < total.mean() / 600 < 0.93


def test_staff_who_do_not_come_are_announced_late_or_never(hospitals: dict[int, Tables]) -> None:
    """A later row for the same shift says fewer; most shifts have one row, written days ahead."""
    staffing = hospitals[TEST_SEEDS[0]]["staffing"]
    doctors = staffing[(staffing["unit"] == "ED") & (staffing["role"] == "doctor")]
    ahead = (doctors["at"] - doctors["known_at"]).dt.total_seconds() / 3600
    revised = doctors.duplicated(["at"], keep="first")
    assert 0.02 < revised.mean() < 0.3
    assert ahead[revised].between(0, 13).all()
    assert (ahead[~revised] > 120).all()
    assert (doctors.groupby("at")["count"].last() <= doctors.groupby("at")["count"].first()).all()


def test_people_follow_the_local_clock_through_both_changes(small: Tables) -> None:
    """Shifts begin at the same local hour in winter and summer time, and nobody comes in the skipped hour."""
    shifts = small["staffing"].loc[small["staffing"]["unit"] == "ED", "at"].dt.tz_convert(PARIS)
    assert set(shifts.dt.hour) == {0, 8, 14, 20}
    assert len({time.utcoffset() for time in shifts}) == 2
    autumn = simulate(3, seed=703, start=date(2024, 10, 26))["visits"]["arrived_at"]
    repeated = pd.Timestamp("2024-10-27T01:00Z")  # the second 2:00 of that night
    assert autumn.between(repeated, repeated + pd.Timedelta(hours=1)).any()
    rounds = simulate(20, seed=703, scale=0.5, start=date(2024, 3, 20))["stays"]["left_at"].dropna()
    assert rounds.dt.tz_convert(PARIS).dt.hour.between(9, 18).mean() > 0.85


def test_progress_goes_up_to_one() -> None:
    """The callback sees a rising share that ends at 1."""
    seen: list[float] = []
    simulate(3, scale=0.1, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_unfair_makes_the_group_wait_longer_and_shows_nowhere_else(hospitals: dict[int, Tables]) -> None:
    """With 1.4 the group waits 1.3 to 1.5 times its former wait at equal triage; the others as before."""
    seed = TEST_SEEDS[0]
    fair = hospitals[seed]["visits"]
    unfair = simulate(DAYS, seed=seed, unfair=Unfair.parse("sex=F:1.4"))["visits"]
    recorded = [
        "triage",
        "arrival_mode",
        "reason",
        "age_years",
        "heart_rate",
        "sex",
        "language",
        "arrived_at",
    ]
    shared = fair["arrived_at"] >= fair["arrived_at"].iloc[0] + pd.Timedelta(days=3)
    both = fair[shared].merge(unfair, on="visit_id", suffixes=("", "_unfair"))
    both = both[both["triage"].notna() & both["triage_unfair"].notna()]
    for column in recorded:
        assert both[column].equals(both[f"{column}_unfair"].rename(column)), column

    def by_triage(visits: pd.DataFrame, sex: str) -> float:
        """Mean wait at the triage mix of all visits."""
        means = wait_minutes(visits)[visits["sex"] == sex].groupby(visits["triage"]).mean()
        return float((means * fair["triage"].value_counts(normalize=True)).sum())

    assert 1.3 <= by_triage(unfair, "F") / by_triage(fair, "F") <= 1.5
    assert 0.9 <= by_triage(unfair, "M") / by_triage(fair, "M") <= 1.1
    assert 1.25 <= by_triage(unfair, "F") / by_triage(unfair, "M") <= 1.55
    assert 0.9 <= by_triage(fair, "F") / by_triage(fair, "M") <= 1.1


def test_shift_multiplies_arrivals_from_its_day_on_and_changes_nothing_before() -> None:
    """Days before the shift are the same rows; after it, arrivals are multiplied."""
    plain, shifted = (
        simulate(40, seed=703, scale=0.4, shift=s)["visits"] for s in (None, Shift.parse("1.5@20"))
    )
    change = pd.Timestamp(date(2024, 1, 21), tz=PARIS)
    before = plain[plain["left_at"] < change]
    pd.testing.assert_frame_equal(
        before, shifted[shifted["visit_id"].isin(before["visit_id"])], check_index_type=False
    )
    ratio = (shifted["arrived_at"] >= change).sum() / (plain["arrived_at"] >= change).sum()
    assert 1.4 < ratio < 1.6


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        *(
            (Unfair.parse, t)
            for t in ("", "sex:1.4", "sex=F", "sex=X:1.4", "age=3:2", "sex=F:0.5", "sex=F:nan")
        ),
        *((Shift.parse, t) for t in ("", "1.5", "@3", "0@3", "1.5@-3", "x@3", "99@1")),
    ],
)
def test_bad_scenarios_are_refused_in_words(parse: Callable[[str], object], text: str) -> None:
    """Text that means nothing raises a ValueError that says what to write."""
    with pytest.raises(ValueError, match=r"write|use one of|must"):
        parse(text)


@pytest.mark.parametrize("arguments", [{"days": 0}, {"days": 2, "scale": 0.0}, {"days": 2, "seed": -1}])
def test_bad_arguments_are_refused(arguments: dict[str, float]) -> None:
    """Impossible runs raise before anything is simulated."""
    with pytest.raises(ValueError, match=r"must|at least"):
        simulate(**arguments)  # type: ignore[arg-type]


def test_what_flows_need_is_drawn_by_itself() -> None:
    """Other figures for it change its own columns, and nothing that was simulated before it was there."""
    ours = load_parameters()
    theirs = dataclasses.replace(
        ours,
        patients=dataclasses.replace(ours.patients, critical_severity=0.5),
        hospital=dataclasses.replace(ours.hospital, expected_leaving_share=0.2, expected_leaving_minutes=9.0),
        theatre=dataclasses.replace(
            ours.theatre, rooms=3, urgent_share=0.5, delay_minutes=60.0, lasting_sigma=0.6
        ),
    )
    one, other = (simulate(8, seed=701, scale=0.25, parameters=p) for p in (ours, theirs))
    new = {
        "visits": ["critical"],
        "stays": ["expected_left_at", "expected_known_at"],
        "operations": ["started_at", "ended_at", "urgent", "room"],
    }
    for name, table in one.items():
        columns = new.get(name, [])
        assert table.drop(columns=columns).equals(other[name].drop(columns=columns)), name
        for column in columns:
            assert not table[column].equals(other[name][column]), column


def test_operations_and_expected_discharges_are_those_of_a_hospital(small: Tables) -> None:
    """Nobody is operated on who did not come; what was cancelled was not begun; the round knows the day's leavings."""
    operations, stays, visits = small["operations"], small["stays"], small["visits"]
    begun = operations["started_at"].notna()
    assert begun.mean() > 0.4
    assert not (begun & operations["cancelled_at"].notna()).any()
    assert (operations["started_at"] >= operations["planned_at"])[begun].all()
    assert (operations["ended_at"] > operations["started_at"])[operations["ended_at"].notna()].all()
    assert 0.01 < (operations["urgent"] == "yes").mean() < 0.15
    said = stays.dropna(subset=["expected_left_at", "left_at"])
    assert len(said) > 0.3 * len(stays)
    wrong = (said["left_at"] - said["expected_left_at"]).dt.total_seconds() / 3600
    assert wrong.abs().median() < 2
    assert (said["expected_left_at"] >= said["expected_known_at"]).all()
    assert 0.002 < (visits["critical"] == "yes").mean() < 0.06
    places = small["staffing"].query("role == 'place'")
    assert (places["count"] >= 2).all()
    assert set(places["unit"]) == set(visits["department"])
