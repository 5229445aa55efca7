"""The hospital's live state: what is received is added to it, and it is then as if all had been read anew."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast
from weakref import ref
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy import delete, func, select

from hospital.holidays.place import Locality, Place
from hospital.ingest.event_columns import columns_of
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.record.events import Events
from hospital.simulator import simulate, write
from hospital.times import DAY, HOUR
from registry.package.manifest import Manifest
from registry.record.database import opened_database, writing
from registry.record.tables.record_tables import observations
from serving.state.history_import import rows_since
from serving.state.live_state import StateCache
from serving.state.observations import import_rows

PARIS = Place(ZoneInfo("Europe/Paris"))
MANIFEST = cast(Manifest, SimpleNamespace(place=PARIS, cadence_hours=1))


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> HospitalTables:
    """A small hospital whose visits and stays are sent several times."""
    folder = tmp_path_factory.mktemp("live-state")
    write(simulate(150, seed=41, scale=0.1), folder)
    return read_hospital(folder, None, b"k" * 32)


def _same(one: Events, other: Events) -> None:
    assert list(one.tables) == list(other.tables)
    assert one.units == other.units
    assert one.history_from == other.history_from
    for name, versions in one.tables.items():
        against = other.tables[name]
        assert versions.columns.keys() == against.columns.keys()
        for column, values in versions.columns.items():
            wanted = against.columns[column]
            assert values.dtype == wanted.dtype, (name, column)
            if values.dtype == object:
                assert values.tolist() == wanted.tolist(), (name, column)
            else:
                assert np.array_equal(values, wanted, equal_nan=values.dtype.kind == "f"), (name, column)
        for part in ("row", "known_from", "known_until"):
            assert np.array_equal(getattr(versions, part), getattr(against, part)), (name, part)


def test_what_is_received_is_added_and_nothing_else_is_read(
    tables: HospitalTables, database_url: str
) -> None:
    """Six hours at a time over five days, revisions and news of the past among them; a day later all is read."""
    rows = [
        (int(row["received_at"]), name, row)
        for name, frame in tables.tables.items()
        for row in rows_since(name, columns_of(frame, name), 0, tables.audit_attributes)
    ]
    end = max(at for at, _, _ in rows)
    begin, cache, looked = end - 5 * DAY, StateCache(), 0
    with opened_database(database_url) as engine:
        for now in range(begin, end + 6 * HOUR, 6 * HOUR):
            with writing(engine) as connection:
                for name in tables.tables:
                    since = 0 if now == begin else now - 6 * HOUR
                    import_rows(connection, name, [r for at, n, r in rows if n == name and since < at <= now])
            with engine.connect() as connection:
                added, anew = cache.at(connection, now, MANIFEST), StateCache().at(connection, now, MANIFEST)
                assert added.heard == anew.heard
                _same(added.events, anew.events)
                assert cache.at(connection, now, MANIFEST) is added
            looked += 1
        assert looked >= 20
        # The rest is further back than features look.
        visits = sum(n == "visits" for _, n, _ in rows)
        assert anew.events.tables["visits"].size < 0.8 * visits
        late = next(r for at, n, r in rows if n == "stays" and at < begin and r.get("left_at"))
        with writing(engine) as connection:
            import_rows(connection, "stays", [{**late, "received_at": end + 1}])
            import_rows(connection, "stays", [{**late, "stay_id": "told late", "received_at": begin - DAY}])
        with engine.connect() as connection:
            _same(
                cache.at(connection, now, MANIFEST).events, StateCache().at(connection, now, MANIFEST).events
            )
            _same(
                cache.at(connection, now + DAY, MANIFEST).events,
                StateCache().at(connection, now + DAY, MANIFEST).events,
            )


def test_a_reception_costs_its_own_rows(tmp_path: Path, tables: HospitalTables) -> None:
    """What was seen is not read again: it could be gone from the database, and would still be there that day."""
    visits = columns_of(tables.tables["visits"], "visits")
    rows = list(rows_since("visits", visits, 0, tables.audit_attributes))
    now = max(int(r["received_at"]) for r in rows) + HOUR
    cache = StateCache()
    with opened_database(f"sqlite:///{tmp_path / 'vigie.db'}") as engine:
        with writing(engine) as connection:
            import_rows(connection, "visits", rows)
        with engine.connect() as connection:
            before = cache.at(connection, now, MANIFEST).events.tables["visits"].size
        with writing(engine) as connection:
            newest = select(func.max(observations.c.seq)).scalar_subquery()
            connection.execute(delete(observations).where(observations.c.seq < newest))
            import_rows(connection, "visits", [{**rows[0], "visit_id": "new", "received_at": now - 1}])
        with engine.connect() as connection:
            assert cache.at(connection, now, MANIFEST).events.tables["visits"].size == before + 1
            assert cache.at(connection, now + DAY, MANIFEST).events.tables["visits"].size == 2
        with writing(engine) as connection:
            connection.execute(delete(observations).where(observations.c.seq == newest))
        with engine.connect() as connection:  # what was newest is gone: nothing that was seen holds
            assert cache.at(connection, now + DAY, MANIFEST).events.tables["visits"].size == 1
        with writing(engine) as connection:  # all is gone, and as many and more come, with the same numbers
            connection.execute(delete(observations))
            again = [
                {**r, "visit_id": f"again {i}", "received_at": now} for i, r in enumerate([*rows, *rows])
            ]
            import_rows(connection, "visits", again)
        with engine.connect() as connection:
            found = cache.at(connection, now + DAY, MANIFEST).events
            _same(found, StateCache().at(connection, now + DAY, MANIFEST).events)
            assert found.tables["visits"].size == 2 * len(rows)


def test_two_places_of_one_time_zone_share_no_state(tmp_path: Path) -> None:
    """Milan after Rome, in one process: each with its own holidays, whichever was asked first."""
    rome = ZoneInfo("Europe/Rome")
    cache, of = StateCache(), {}
    with opened_database(f"sqlite:///{tmp_path / 'vigie.db'}") as engine, engine.connect() as connection:
        for region in ("", "MI", "RM", "MI", ""):
            place = Place(rome, Locality(region=region))
            manifest = cast(Manifest, SimpleNamespace(place=place, cadence_hours=1))
            events = cache.at(connection, 20_000 * DAY, manifest).events
            assert events.place == place
            assert of.setdefault(region, events) is events


def test_a_day_that_one_of_today_is_compared_with_takes_nothing_from_today(
    tmp_path: Path, tables: HospitalTables
) -> None:
    """Both are read once, in whatever order they are asked for; of several other days today's stays; news end both."""
    visits = columns_of(tables.tables["visits"], "visits")
    rows = list(rows_since("visits", visits, 0, tables.audit_attributes))
    now = max(int(r["received_at"]) for r in rows) + HOUR
    cache = StateCache()
    with opened_database(f"sqlite:///{tmp_path / 'vigie.db'}") as engine:
        with writing(engine) as connection:
            import_rows(connection, "visits", rows)
        with engine.connect() as connection:
            today, before = (cache.at(connection, now - back, MANIFEST, now) for back in (0, DAY))
            assert cache.at(connection, now, MANIFEST, now) is today
            assert cache.at(connection, now - DAY, MANIFEST, now) is before
            earlier = cache.at(connection, now - 2 * DAY, MANIFEST, now)
            assert cache.at(connection, now, MANIFEST, now) is today
            assert cache.at(connection, now - 2 * DAY, MANIFEST, now) is earlier
        forgotten = ref(earlier)
        del earlier
        with writing(engine) as connection:
            import_rows(connection, "visits", [{**rows[0], "visit_id": "new", "received_at": now - 1}])
        with engine.connect() as connection:
            added = cache.at(connection, now, MANIFEST, now)
            assert added.lineage is today.lineage
            assert forgotten() is None
            found = cache.at(connection, now - DAY, MANIFEST, now)
            _same(found.events, StateCache().at(connection, now - DAY, MANIFEST, now).events)
