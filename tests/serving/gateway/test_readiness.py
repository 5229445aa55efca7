"""Faults of the storage: said as 503 with a time to wait, a red /readyz, and green again when they are mended."""

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, OperationalError

from registry.record.database import writing
from serving.gateway.readiness import Readiness
from serving.gateway.service_parts import Parts
from serving.http.storage_faults import storage_problem
from tests.support.serving_fakes import InProcess, make_parts
from tests.support.waiting import wait_for

VISIT = {"visit_id": "a", "arrived_at": "2025-11-03T02:30:00Z", "triage": "3A"}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[tuple[Parts, dict[str, str]]]:
    """Parts over SQLite, and a token for each role."""
    parts, tokens = make_parts(tmp_path / "home")
    yield parts, tokens
    closed(parts)


def closed(parts: Parts) -> None:
    """Ends the threads of parts."""
    parts.workers.close()
    parts.readiness.close()
    parts.engine.dispose()


def ask(parts: Parts, token: str) -> tuple[int, str, str]:
    """Status, code and time to wait of a forecast that is asked for."""
    headers = {"authorization": f"Bearer {token}"}
    response = InProcess(parts).request("POST", "/v1/wait-time", json={"visits": [VISIT]}, headers=headers)
    return response.status_code, response.json().get("code", ""), response.headers.get("retry-after", "")


def ready(parts: Parts) -> tuple[int, str]:
    """Status of /readyz, and what it says of the database."""
    response = InProcess(parts).get("/readyz")
    return response.status_code, response.json()["database"]


def test_a_full_disk_is_said_and_so_is_its_end(service: tuple[Parts, dict[str, str]]) -> None:
    """503, red at once and for as long as there is no room, though reading works; nothing of it is half-written."""
    parts, tokens = service
    assert ask(parts, tokens["admin"])[0] == 200
    with parts.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        before = connection.execute(text("SELECT count(*) FROM predictions")).scalar_one()
    limit = [pages]

    def is_full(connection: Any, *_: Any) -> None:
        connection.execute(f"PRAGMA max_page_count={limit[0]}")

    event.listen(parts.engine, "checkout", is_full)
    found = [ask(parts, tokens["admin"]) for _ in range(60)]
    refused = [answer for answer in found if answer[0] != 200]
    assert set(refused) == {(503, "storage_full", "5")}
    assert ready(parts) == (503, "is full")
    assert InProcess(parts).get("/livez").status_code == 200
    limit[0] = 10**6
    assert ready(parts) == (200, "answers")
    assert ask(parts, tokens["admin"])[0] == 200
    with parts.engine.connect() as connection:
        after = connection.execute(text("SELECT count(*) FROM predictions")).scalar_one()
        entries = connection.execute(text("SELECT count(*) FROM journal")).scalar_one()
    assert after == before + len(found) - len(refused) + 1
    assert entries == after


@pytest.mark.parametrize("how", ["moved", "replaced by an empty one"])
def test_a_database_file_that_is_gone_is_said(
    service: tuple[Parts, dict[str, str]], tmp_path: Path, how: str
) -> None:
    """Nothing is written into a file that has no name any more; with the file back, all is well."""
    parts, tokens = service
    home, aside = tmp_path / "home", tmp_path / "aside"
    assert ask(parts, tokens["admin"])[0] == 200
    files = [path.name for path in home.glob("vigie.db*")]
    aside.mkdir()
    for name in files:
        os.rename(home / name, aside / name)
    if how == "replaced by an empty one":
        (home / "vigie.db").touch()
    assert ask(parts, tokens["admin"]) == (503, "database_unavailable", "5")
    assert ready(parts)[0] == 503
    for path in home.glob("vigie.db*"):
        path.unlink()
    for name in files:
        os.rename(aside / name, home / name)
    wait_for(lambda: ready(parts) == (200, "answers"), "ready service", 10)
    assert ask(parts, tokens["admin"])[0] == 200


def test_a_journal_that_cannot_be_signed_is_a_metric(service: tuple[Parts, dict[str, str]]) -> None:
    """By which an alarm rings; /readyz says why, and stays green: forecasts go on."""
    parts = service[0]
    client, seen = InProcess(parts), []
    for fault in ("", "Entry 5 is another", ""):
        parts.journal_fault = lambda fault=fault: fault  # type: ignore[misc]
        page = client.get("/metrics", peer="127.0.0.1").text
        seen += [line for line in page.splitlines() if line.startswith("vigie_journal_unsigned ")]
        assert client.get("/readyz").json()["journal"] == (fault or "checkpoints are signed")
    assert seen == [f"vigie_journal_unsigned {value}" for value in ("0.0", "1.0", "0.0")]


def test_another_writer_is_no_fault(service: tuple[Parts, dict[str, str]]) -> None:
    """An import that writes for minutes: /readyz answers soon, and green."""
    parts, _ = service
    begun, done = threading.Event(), threading.Event()

    def hold() -> None:
        with writing(parts.engine) as connection:
            connection.execute(text("UPDATE probe_writes SET at = 1"))
            begun.set()
            done.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    assert begun.wait(10)
    at = time.monotonic()
    assert ready(parts) == (200, "answers")
    assert time.monotonic() - at < 3
    done.set()
    holder.join()


@pytest.mark.postgres
def test_postgresql_that_goes_away_and_comes_back(
    tmp_path: Path, postgres_database: str, postgres_url: str
) -> None:
    """503 and red while it is gone; afterwards answers go on without a restart."""
    parts, tokens = make_parts(tmp_path / "home", postgres_database)
    assert ask(parts, tokens["admin"])[0] == 200
    assert ready(parts) == (200, "answers")
    name = make_url(postgres_database).database
    other = create_engine(postgres_url, isolation_level="AUTOCOMMIT")

    def allow(whether: bool) -> None:
        with other.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {whether}"))
            ends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
            connection.execute(text(ends), {"name": name})

    allow(False)
    assert ask(parts, tokens["admin"]) == (503, "database_unavailable", "5")
    assert ready(parts) == (503, "does not answer")
    allow(True)
    wait_for(lambda: ready(parts) == (200, "answers"), "ready service", 10)
    assert ask(parts, tokens["admin"])[0] == 200
    closed(parts)
    other.dispose()


def test_a_database_that_never_answers_is_not_waited_for(service: tuple[Parts, dict[str, str]]) -> None:
    """A look takes its time and no more, and is not started again while the last one hangs; probes go on."""
    parts, _ = service
    done, looks = threading.Event(), []

    def hang(*_: Any) -> None:
        looks.append(1)
        done.wait(20)

    event.listen(parts.engine, "checkout", hang)
    readiness = Readiness(parts.engine, seconds=0.1)
    begun = time.monotonic()
    found = [asyncio.run(readiness.look()).database for _ in range(3)]
    assert time.monotonic() - begun < 2
    assert found == ["does not answer"] * 3
    assert looks == [1]
    done.set()
    readiness.close()


def test_releases_on_disk_are_looked_at_without_waiting_for_them(
    service: tuple[Parts, dict[str, str]],
) -> None:
    """Loading one takes seconds: the database's state does not wait for it."""
    parts, _ = service
    done = threading.Event()
    readiness = Readiness(parts.engine, refresh=lambda: done.wait(20) and None, seconds=0.2)
    assert asyncio.run(readiness.look()).database == "answers"
    done.set()
    readiness.close()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(28, "x"), "storage_full"),
        (OSError(122, "x"), "storage_full"),
        (OSError(30, "x"), "database_unavailable"),
        (OSError(5, "x"), "database_unavailable"),
        (OSError(2, "x"), None),
        (OperationalError("", None, sqlite3.OperationalError("readonly")), "database_unavailable"),
        (IntegrityError("", None, sqlite3.IntegrityError("bug")), None),
        (ValueError("bug"), None),
    ],
)
def test_which_errors_are_the_storages(error: Exception, code: str | None) -> None:
    """A bug stays a bug; what is said holds nothing of the error's words."""
    problem = storage_problem(error)
    assert (problem.code if problem else None) == code
    if problem is not None:
        assert (problem.status, problem.headers) == (503, {"retry-after": "5"})


def test_nothing_of_a_fault_is_shown_but_its_kind(service: tuple[Parts, dict[str, str]]) -> None:
    """The driver's words hold rows; while somebody signs in, too."""
    parts, _ = service

    def fail(*_: Any) -> None:
        raise OperationalError("", None, sqlite3.OperationalError("Lefebvre"), connection_invalidated=True)

    event.listen(parts.engine, "before_cursor_execute", fail)
    token = f"vigie_{'0' * 12}_{'a' * 43}"
    response = InProcess(parts).request("POST", "/sign-in", data={"token": token})
    assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")
    assert "Lefebvre" not in response.text
