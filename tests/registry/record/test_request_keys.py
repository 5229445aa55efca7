"""Keys of requests that were written: an answer is found again by who sent it, and by nobody and nothing else."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, select

from hospital.times import instant
from registry.record.database import opened_database, writing
from registry.record.request_keys import (
    OtherBodyError,
    RepeatedError,
    RequestKey,
    claim,
    earlier,
    forget_old,
    request_keys,
)
from tests.support.installation import NOW, after

KEY = RequestKey("application", "k1", "b1")
ANSWER = {"prediction_ids": ["p1", "p2"], "n": 2}


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """A database in which one request was written."""
    with opened_database(database_url) as engine, writing(engine) as found:
        claim(found, KEY, ANSWER, NOW)
        yield found


def test_a_request_that_was_written_finds_its_answer_again(connection: Connection) -> None:
    """The very same, and no second row; nothing is written without a key."""
    assert earlier(connection, KEY) == ANSWER
    with pytest.raises(RepeatedError) as repeated:
        claim(connection, KEY, {"prediction_ids": ["p3"]}, after(1))
    assert repeated.value.answer == ANSWER
    claim(connection, None, {"prediction_ids": ["p4"]}, NOW)
    (row,) = connection.execute(select(request_keys)).all()
    assert (row.actor, row.key, row.body, row.at) == ("application", "k1", "b1", instant(NOW))


def test_a_key_belongs_to_who_sent_it(connection: Connection) -> None:
    """Another application that happens on the same key is given nothing of somebody else's answer."""
    other = RequestKey("other application", "k1", "b1")
    assert earlier(connection, other) is None
    assert earlier(connection, RequestKey("application", "k2", "b1")) is None
    claim(connection, other, {"prediction_ids": ["p9"]}, NOW)
    assert earlier(connection, other) == {"prediction_ids": ["p9"]}
    assert earlier(connection, KEY) == ANSWER


def test_a_key_that_was_used_for_another_request_answers_none(connection: Connection) -> None:
    """The forecast of another patient is no answer to this one."""
    changed = RequestKey("application", "k1", "b2")
    with pytest.raises(OtherBodyError):
        earlier(connection, changed)
    with pytest.raises(OtherBodyError):
        claim(connection, changed, {}, NOW)


@pytest.mark.parametrize(("hours", "gone"), [(23.99, 0), (24.0, 0), (24.01, 1)])
def test_a_key_is_known_for_a_day(connection: Connection, hours: float, gone: int) -> None:
    """Not shorter: an application that tries again after a night would write twice; and not longer."""
    assert forget_old(connection, after(hours)) == gone
    assert (earlier(connection, KEY) is None) == bool(gone)
