"""Which stored versions are read for a time: all that may matter, and never one whose end is left out."""

from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import create_engine, text

from hospital.times import DAY, HOUR, MISSING_TIME
from registry.record.database import opened_database, writing
from registry.record.observations import rows_in_force
from serving.state.history_import import rows_since
from serving.state.observation_versions import version_of
from serving.state.observations import add
from tests.support.old_database import migrate_to

SINCE = 19_800 * DAY
ENTERED, LEFT, TOLD = SINCE - 5 * DAY, SINCE - 2 * HOUR, SINCE + 3 * HOUR


def _stay(left: int | None) -> dict[str, Any]:
    return {"stay_id": "s", "unit": "U1", "entered_at": ENTERED, "left_at": left}


def test_an_end_that_is_received_late_is_read_with_the_version_that_it_ends(database_url: str) -> None:
    """Left before the time that is asked about, known after it: else the stay would seem open for ever."""
    with opened_database(database_url) as engine:
        with writing(engine) as connection:
            add(connection, {"stays": [_stay(None)]}, ENTERED)
            add(connection, {"stays": [_stay(LEFT)]}, TOLD)
        with engine.connect() as connection:
            ((open_one, closed),) = rows_in_force(connection, "stays", SINCE)
            assert "left_at" not in open_one
            assert closed["left_at"] == LEFT
            assert list(rows_in_force(connection, "stays", TOLD + HOUR)) == []


def test_what_was_stored_before_is_corrected(tmp_path: Path) -> None:
    """A database of the form before: its late ends are read after the migration."""
    url = f"sqlite:///{tmp_path / 'vigie.db'}"
    engine = create_engine(url)
    migrate_to(engine, "0002")
    with writing(engine) as connection:
        for left, received, superseded in ((None, ENTERED, TOLD), (LEFT, TOLD, None)):
            row = version_of("stays", _stay(left), received)
            row |= {"superseded_at": superseded} | ({"active_until": LEFT} if left else {})
            columns = ", ".join(f'"{name}"' for name in row)
            values = ", ".join(f":{name}" for name in row)
            statement = f"INSERT INTO observations ({columns}) VALUES ({values})"  # noqa: S608 - our own names
            connection.execute(text(statement), row)
    with engine.connect() as connection:
        assert sum(map(len, rows_in_force(connection, "stays", SINCE))) == 1
    engine.dispose()
    with opened_database(url) as migrated, migrated.connect() as connection:
        assert sum(map(len, rows_in_force(connection, "stays", SINCE))) == 2


def test_a_first_import_takes_the_end_too() -> None:
    """Of a hospital's tables: both versions, and neither of a stay that was over and known before."""
    columns = {
        "stay_id": np.array(["s", "s", "old", "old"], object),
        "unit": np.array(["U1"] * 4, object),
        "entered_at": np.full(4, ENTERED),
        "left_at": np.array([MISSING_TIME, LEFT, MISSING_TIME, LEFT]),
        "received_at": np.array([ENTERED, TOLD, ENTERED, LEFT]),
    }
    taken = list(rows_since("stays", columns, SINCE))
    assert [(row["stay_id"], row.get("left_at")) for row in taken] == [("s", None), ("s", LEFT)]
