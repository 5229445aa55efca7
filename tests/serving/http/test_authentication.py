"""Sessions and links end by the clock that the service goes by, at their second."""

from collections.abc import Callable, Iterator
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from registry.record.database import open_database, writing
from registry.record.tokens import create_token
from serving.errors import Problem
from serving.http.authentication import LINK_SECONDS, SESSION_SECONDS, Authority, entry_link
from serving.http.write_outcome import CURRENT, WriteTicket
from tests.support.new_databases import new_sqlite

BEGUN = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


class StandingClock:
    """The real time, moved by hand."""

    def __init__(self) -> None:
        self.time = BEGUN

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> StandingClock:
    """A clock that stands."""
    return StandingClock()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A database without a token."""
    engine = open_database(new_sqlite(tmp_path / "vigie.db"))
    yield engine
    engine.dispose()


def made(engine: Engine, expires: datetime | None = None) -> str:
    """A token of an operator."""
    with writing(engine) as connection:
        return create_token(connection, "ward", ["operator"], now=BEGUN, expires=expires)


def test_a_session_ends_after_half_a_day(engine: Engine, tmp_path: Path, clock: StandingClock) -> None:
    """To the second."""
    authority, token = Authority(engine, tmp_path, clock), made(engine)
    caller = authority.caller(token)
    assert caller is not None
    cookie = authority.open_session(caller)
    clock.time = BEGUN + timedelta(seconds=SESSION_SECONDS)
    assert authority.session(cookie) is not None
    clock.time += timedelta(seconds=1)
    assert authority.session(cookie) is None


def test_a_session_ends_with_its_token(engine: Engine, tmp_path: Path, clock: StandingClock) -> None:
    """Which had an end of its own."""
    authority, token = Authority(engine, tmp_path, clock), made(engine, BEGUN + timedelta(hours=1))
    caller = authority.caller(token)
    assert caller is not None
    cookie = authority.open_session(caller)
    assert authority.session(cookie) is not None
    clock.time = BEGUN + timedelta(hours=2)
    assert authority.session(cookie) is None


@pytest.mark.parametrize(("seconds", "enters"), [(0, True), (LINK_SECONDS, True), (LINK_SECONDS + 1, False)])
def test_a_link_ends_after_a_day(
    engine: Engine, tmp_path: Path, clock: StandingClock, seconds: int, enters: bool
) -> None:
    """Whether or not somebody came by it."""
    authority = Authority(engine, tmp_path, clock)
    code = entry_link(tmp_path, made(engine), "/pilotage", clock=clock).removeprefix("/enter/")
    clock.time = BEGUN + timedelta(seconds=seconds)
    assert authority.opened_page(code) == ("/pilotage" if enters else "/")
    assert (authority.enter(code) is not None) == enters
    assert authority.enter(code) is None, "each works once"


def after_its_503(work: Callable[[str], object], sent: str) -> None:
    """Does the work of a request that was answered that nothing was written, nor will be."""
    ticket, context = WriteTicket(), copy_context()
    assert ticket.withdraw()
    context.run(CURRENT.set, ticket)
    with pytest.raises(Problem) as late:
        context.run(work, sent)
    assert late.value.code == "took_too_long"


def test_after_its_503_no_session_is_ended(engine: Engine, tmp_path: Path, clock: StandingClock) -> None:
    """Whoever was answered so is signed in as before, and signs out again."""
    authority = Authority(engine, tmp_path, clock)
    caller = authority.caller(made(engine))
    assert caller is not None
    cookie = authority.open_session(caller)
    after_its_503(authority.end_session, cookie)
    assert authority.session(cookie) is not None
    authority.end_session(cookie)
    assert authority.session(cookie) is None


def test_after_its_503_no_link_is_used_up(engine: Engine, tmp_path: Path, clock: StandingClock) -> None:
    """It lets its person in when they try again, and then no more."""
    authority = Authority(engine, tmp_path, clock)
    code = entry_link(tmp_path, made(engine), clock=clock).removeprefix("/enter/")
    after_its_503(authority.enter, code)
    assert authority.enter(code) is not None
    assert authority.enter(code) is None
