"""Long waits and stays that are left out for a while or for some, and a clock that is off within a row."""

import numpy as np
import pandas as pd
import pytest

from tests.support.pattern_findings import MIDDLE, Tables, found, local, near
from tests.support.plain_hospital import plain_tables

DAY, MINUTE = pd.Timedelta(days=1), pd.Timedelta(minutes=1)


@pytest.fixture(scope="module")
def sound() -> Tables:
    return plain_tables(7)


@pytest.fixture
def tables(sound: Tables) -> Tables:
    """A sound hospital's, to be damaged."""
    return {name: frame.copy() for name, frame in sound.items()}


def _wait(visits: pd.DataFrame) -> pd.Series:
    return (visits["seen_at"] - visits["arrived_at"]) / MINUTE


def _without(tables: Tables, table: str, gone: pd.Series) -> None:
    tables[table] = tables[table][~gone].reset_index(drop=True)


def test_long_waits_that_are_left_out_for_some_weeks(tables: Tables) -> None:
    """And sent again afterwards: the finding names both days."""
    visits, back = tables["visits"], MIDDLE + 35 * DAY
    then = (visits["arrived_at"] >= MIDDLE) & (visits["arrived_at"] < back)
    _without(tables, "visits", then & (_wait(visits) > 90))
    (cut,) = [f for f in found(tables) if f.column == "seen_at"]
    assert (cut.code, cut.unit, cut.names) == ("long_ones_missing", "", ())
    assert near(cut.first, MIDDLE, 8)
    assert near(cut.last, back, 8)
    assert cut.after == pytest.approx(90, abs=2)


@pytest.mark.parametrize(("names", "clock"), [(("triage=4",), ""), ((), "20:00-08:00")])
def test_long_waits_of_some_visits_alone(tables: Tables, names: tuple[str, ...], clock: str) -> None:
    """Of one level, or of the nights, which are too few to be missed among all."""
    visits = tables["visits"]
    level, night = visits["triage"] == "4", ~local(visits["arrived_at"]).dt.hour.between(8, 19)
    mine = level if names else night
    _without(tables, "visits", mine & (_wait(visits) > 75) & (visits["arrived_at"] >= MIDDLE))
    cut = [f for f in found(tables) if f.code == "long_ones_missing" and f.column == "seen_at"]
    assert [(f.names, f.clock) for f in cut] == [(names, clock)]
    assert near(cut[0].first, MIDDLE, 3)


def test_long_stays_that_are_no_longer_sent(tables: Tables) -> None:
    """Nobody of a unit stays longer than nine days from a day on."""
    stays = tables["stays"]
    long = (stays["left_at"] - stays["entered_at"] > 9 * DAY) & (stays["unit"] == "MED")
    _without(tables, "stays", long & (stays["entered_at"] >= MIDDLE - 40 * DAY))
    cut = [f for f in found(tables) if f.code == "long_ones_missing"]
    assert [(f.table, f.column, f.unit) for f in cut] == [("stays", "left_at", "MED")]


@pytest.mark.parametrize("first", [MIDDLE - 400 * DAY, MIDDLE])
def test_first_contacts_by_another_clock(tables: Tables, first: pd.Timestamp) -> None:
    """In one department nobody is seen within the hour, always or from a day on; waits that grew are none."""
    visits = tables["visits"]
    moved = (visits["department"] == "KIDS") & (visits["arrived_at"] >= first)
    times = ["seen_at", "left_at"]
    hour_later = {c: visits[c].mask(moved, visits[c] + 60 * MINUTE) for c in times}
    triaged = visits["triaged_at"].mask(np.random.default_rng(1).random(len(visits)) < 0.7, visits["seen_at"])
    quick = visits.assign(triaged_at=triaged - MINUTE)
    found_here = found({**tables, "visits": quick.assign(**hour_later)})
    clocks = [f for f in found_here if f.code == "length_moved"]
    assert [(f.column, f.unit, f.after) for f in clocks] == [("seen_at", "KIDS", 1.0)]
    grown = quick["seen_at"] + (quick["seen_at"] - quick["triaged_at"]) * 3
    longer = quick.assign(seen_at=quick["seen_at"].mask(moved, grown).astype(quick["seen_at"].dtype))
    assert [f for f in found({**tables, "visits": longer}) if f.code == "length_moved"] == []
