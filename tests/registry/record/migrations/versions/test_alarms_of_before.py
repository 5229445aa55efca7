"""Migration 0004: alarms and runs of before are there under the names of today."""

import json

from sqlalchemy import create_engine, select

from registry.record.database import opened_database
from registry.record.tables.record_tables import (
    alarms,
    monitoring_runs,
)
from tests.support.old_database import migrate_to


def test_alarms_and_runs_of_before_are_kept_under_their_names_of_today(empty_database_url: str) -> None:
    """Migration 0004 renames a table, columns and fields of their JSON, and loses no value."""
    engine = create_engine(empty_database_url)
    migrate_to(engine, "0003")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO alarms VALUES ('a', 'wait-time', 3, 'errors', 'all', 5, 19800, 0, "
            "'{\"change\":0.1,\"look\":\"fast\"}', 7, 11, 19805, 'ada', 'a new annexe')"
        )
        connection.exec_driver_sql(
            "INSERT INTO monitor_looks VALUES ('wait-time', 3, 9, 19801, '[{\"days\":4,\"reach\":0.5}]')"
        )
    engine.dispose()
    with opened_database(empty_database_url) as migrated, migrated.connect() as connection:
        (alarm,) = connection.execute(select(alarms)).all()
        (last,) = connection.execute(select(monitoring_runs)).all()
    acknowledged = (
        alarm.acknowledged_at,
        alarm.acknowledged_day,
        alarm.acknowledged_by,
        alarm.acknowledged_reason,
    )
    assert acknowledged == (11, 19805, "ada", "a new annexe")
    assert json.loads(alarm.evidence) == {"change": 0.1, "speed": "fast"}
    assert (last.model, last.release, last.run_at, last.until_day) == ("wait-time", 3, 9, 19801)
    assert json.loads(last.figures) == [{"days": 4, "threshold_share": 0.5}]
