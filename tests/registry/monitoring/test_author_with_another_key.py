"""Who made a model acknowledges no alarm on it, whatever key they have by now."""

import pytest
from sqlalchemy import select

from registry.errors import MonitorError
from registry.monitoring.acknowledgement import acknowledge_alarm
from registry.monitoring.alarms import raise_alarm, standing
from registry.record.database import opened_database, writing
from registry.record.tables.record_tables import alarms
from registry.trust.keys import create_key
from tests.support.installation import Installation, after
from tests.support.releasing import promote_version

DAY = 19_000


def test_an_author_with_a_new_key_acknowledges_nothing(installation: Installation) -> None:
    """Retired as author and trusted as a member of the board, with another key and the same name."""
    installation.approved()
    promote_version(installation)
    new = create_key("author", installation.settings.home / "keys" / "new.json")
    installation.change_trust(lambda trust: trust.with_retired("author"))
    installation.change_trust(lambda trust: trust.with_person(new, ("board",)))
    with opened_database(installation.settings.database) as engine, writing(engine) as connection:
        raise_alarm(
            connection,
            model="wait-time",
            release=1,
            digest="sha256:1",
            figure=("arrivals", "visits"),
            evidence={"day": DAY, "since": DAY - 10, "change": 0.3},
            stops=True,
            now=after(1),
        )
        (alarm,) = standing(connection, "wait-time", 1)
        with pytest.raises(MonitorError, match="author"):
            acknowledge_alarm(
                connection, installation.settings, alarm.alarm_id, key=new, reason="an annexe", now=after(2)
            )
        assert connection.scalar(select(alarms.c.acknowledged_by)) is None
