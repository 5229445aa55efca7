"""What the service forgets by the clock, and what it does when the clock is set."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, insert, select

from registry.record.database import opened_database, writing
from registry.record.request_keys import RequestKey, claim, request_keys
from registry.record.tables.access_tables import spent_tickets
from serving.gateway.upkeep import HourlyForgetting

AT = datetime(2025, 11, 3, tzinfo=UTC)
HOUR = 3_600.0
DAY = 24 * HOUR


@pytest.fixture
def engine(tmp_path: Path, database_url: str) -> Iterator[Engine]:
    """A request was written with its key, and a session was ended, at `AT`."""
    with opened_database(database_url) as found:
        with writing(found) as connection:
            claim(connection, RequestKey("ward", "key", "body"), {}, AT)
            ends = int((AT + timedelta(hours=12)).timestamp())
            connection.execute(insert(spent_tickets).values(ticket="ended", until=ends))
        yield found


class _Machine:
    """A service's look at two clocks, one of which can be set."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._wall, self._gone_by = engine, AT, 50.0
        self._forgetting = HourlyForgetting(engine, lambda: self._gone_by)

    def left(self, seconds: float, step: float = 0.0) -> tuple[int, int]:
        """Lets time go by in looks of ten minutes, sets the clock by a step; how many keys and tickets are left."""
        for _ in range(int(seconds // 600)):
            self._gone_by += 600
            self._wall += timedelta(seconds=600)
            self._forgetting.look(self._wall)
        self._wall += timedelta(seconds=step)
        self._forgetting.look(self._wall)
        with self._engine.connect() as connection:
            tables = (request_keys, spent_tickets)
            keys, tickets = (connection.scalar(select(func.count()).select_from(t)) or 0 for t in tables)
        return keys, tickets


def test_each_is_forgotten_once_it_is_over(engine: Engine) -> None:
    """Keys after a day, what was ended after it would have ended by itself."""
    machine = _Machine(engine)
    assert machine.left(11 * HOUR) == (1, 1)
    assert machine.left(3 * HOUR) == (1, 0)
    assert machine.left(12 * HOUR) == (0, 0)


@pytest.mark.parametrize("step", [2 * DAY, 3_650 * DAY])
def test_a_clock_that_was_ahead_for_a_while_forgets_nothing(engine: Engine, step: float) -> None:
    """Once it is set back, what was written and ended is known as before; later it goes as ever."""
    machine = _Machine(engine)
    assert machine.left(2 * HOUR, step) == (1, 1)
    assert machine.left(5 * HOUR, -step) == (1, 1)
    assert machine.left(26 * HOUR) == (0, 0)


def test_a_clock_that_stays_ahead_forgets_a_day_later(engine: Engine) -> None:
    """By then it is over by either clock."""
    machine = _Machine(engine)
    assert machine.left(2 * HOUR, 2 * DAY) == (1, 1)
    assert machine.left(23 * HOUR) == (1, 1)
    assert machine.left(2 * HOUR) == (0, 0)


def test_a_service_that_starts_does_not_trust_its_clock_at_once(engine: Engine) -> None:
    """It may have been set wrong while nobody looked."""
    assert _Machine(engine).left(0, 2 * DAY) == (1, 1)
