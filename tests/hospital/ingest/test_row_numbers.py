"""Rows of a key are numbered, and put in order, while their texts are codes: the same events, bit for bit."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hospital.contracts.tables import TABLES
from hospital.ingest.event_columns import columns_of, events_of
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.record.events import Events
from hospital.simulator import simulate, write
from tests.support.plain_hospital import START, hospital_of, plain_tables


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> HospitalTables:
    """A small hospital's tables as they are read from files, each visit as often as it was revised."""
    folder: Path = tmp_path_factory.mktemp("rows")
    write(simulate(40, seed=5, scale=0.1), folder)
    return read_hospital(folder, None, b"key")


def revised() -> HospitalTables:
    """Visits of which some are received again, out of order; a rota and a census, whose keys have several columns."""
    tables, rng = plain_tables(4), np.random.default_rng(1)
    again = tables["visits"].sample(500, random_state=2)
    later = again.assign(received_at=again["received_at"] + pd.Timedelta(hours=3), triage="5")
    mixed = pd.concat([tables["visits"], later], ignore_index=True)
    at = pd.Series(
        pd.date_range(START.tz_convert("UTC"), periods=50, freq="24h").astype("datetime64[us, UTC]")
    )
    census = [
        pd.DataFrame({"unit": unit, "at": at, "occupied": rng.integers(5, 30, 50), "received_at": at})
        for unit in ("MED", "CHI")
    ]
    return hospital_of(
        {
            "visits": mixed.sample(frac=1.0, random_state=3).reset_index(drop=True),
            "staffing": tables["staffing"].sample(frac=1.0, random_state=3),
            "census": pd.concat(census).sample(frac=1.0, random_state=3),
        },
        "daily",
    )


def as_before(hospital: HospitalTables) -> Events:
    """Events whose rows are numbered from the columns themselves."""
    columns = {name: columns_of(frame, name) for name, frame in hospital.tables.items()}
    cadence = 24 if hospital.cadence == "daily" else 1
    return Events.of(columns, zone=hospital.zone, cadence_hours=cadence, locality=hospital.locality)


def same(ours: Events, theirs: Events) -> None:
    """Every array of every table is the same, with its kind."""
    assert list(ours.tables) == list(theirs.tables)
    assert (ours.units, ours.history_from) == (theirs.units, theirs.history_from)
    for name, versions in ours.tables.items():
        other = theirs.tables[name]
        arrays = [(versions.row, other.row), (versions.known_from, other.known_from)]
        arrays += [(versions.known_until, other.known_until)]
        assert list(versions.columns) == list(other.columns)
        arrays += [(versions.columns[c], other.columns[c]) for c in versions.columns]
        for a, b in arrays:
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)


def test_events_are_the_same_bits(simulated: HospitalTables) -> None:
    """From files, and from tables whose rows lie in no order, were revised, and have keys of several columns."""
    for hospital in (simulated, revised()):
        same(events_of(hospital), as_before(hospital))


def test_a_row_is_numbered_where_its_key_first_appears() -> None:
    """Of keys of one column, and of several."""
    hospital = revised()
    events = events_of(hospital)
    for table, frame in hospital.tables.items():
        first = frame.drop_duplicates(list(TABLES[table].key))  # the n-th is that of number n
        versions, by_number = events.tables[table], columns_of(first, table)
        for name in TABLES[table].key:
            np.testing.assert_array_equal(by_number[name][versions.row], versions.columns[name])


def test_texts_are_one_object_each(simulated: HospitalTables) -> None:
    """Hundreds of thousands of versions name their visit by one text a visit."""
    ids = events_of(simulated).tables["visits"].columns["visit_id"]
    assert len({id(text) for text in ids}) == len(set(ids)) < ids.size
