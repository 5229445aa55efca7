"""Pages that are live: a stream says once that something is new and ends; it ends by itself, and with the service."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from registry.record.database import writing
from registry.record.tokens import revoke_token
from serving.http.authentication import COOKIE, entry_link
from serving.interface.live_pages import shown_state
from serving.limits.event_streams import EventStreams
from tests.support.running_service import Running, run_service
from tests.support.serving_fakes import InProcess, make_parts
from tests.support.waiting import wait_for


def _stream(parts: Any, token: str, seen: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return InProcess(parts).get(f"/pilotage/live?seen={seen}", headers=headers)


def test_a_page_that_is_behind_is_said_so_at_once(tmp_path: Path) -> None:
    """And the stream ends: the page asks for itself and for the next one."""
    parts, tokens = make_parts(tmp_path)
    answer = _stream(parts, tokens["operator"], "older")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "content-length" not in answer.headers
    assert answer.text.endswith(f"event: changed\ndata: {shown_state(parts)}\n\n")
    assert parts.streams.count == 0


def test_a_stream_that_has_nothing_to_say_ends_by_itself(tmp_path: Path) -> None:
    """Its life is bounded, whoever holds it."""
    parts, tokens = make_parts(tmp_path)
    parts.releases.refresh()
    parts.streams = EventStreams(seconds=0.2, every=0.05)
    answer = _stream(parts, tokens["operator"], shown_state(parts))
    assert answer.text == "retry: 2000\n\n"
    assert parts.streams.count == 0


@pytest.mark.parametrize("by", ["token", "session of a token", "session"])
def test_a_stream_ends_with_its_token_or_session(tmp_path: Path, by: str) -> None:
    """At the next look, and not after its own life: a token that was revoked, a session that was ended."""
    parts, tokens = make_parts(tmp_path)
    parts.releases.refresh()
    parts.streams = EventStreams(seconds=20.0, every=0.05)
    token, token_id = tokens["operator"], tokens["operator"].split("_")[1]
    caller = parts.authority.caller(token)
    assert caller is not None
    cookie = parts.authority.open_session(caller)
    headers = {"Cookie": f"{COOKIE}={cookie}"} if "session" in by else {"Authorization": f"Bearer {token}"}
    with ThreadPoolExecutor(1) as pool:
        path = f"/pilotage/live?seen={shown_state(parts)}"
        held = pool.submit(InProcess(parts).get, path, headers=headers)
        wait_for(lambda: parts.streams.count == 1, "the open stream")
        begun = time.monotonic()
        if by == "session":
            parts.authority.end_session(cookie)
        else:
            with writing(parts.engine) as connection:
                revoke_token(connection, token_id, now=datetime.now(UTC))
        assert held.result().text == "retry: 2000\n\n"
        assert time.monotonic() - begun < 10
    assert parts.streams.count == 0


def test_what_is_received_changes_the_state_and_so_does_a_minute(tmp_path: Path) -> None:
    """A page is of now."""
    parts, tokens = make_parts(tmp_path)
    states = [shown_state(parts)]
    row = {"unit": "U1", "at": "2025-11-03T02:00:00Z", "occupied": 24}
    headers = {"Authorization": f"Bearer {tokens['operator']}"}
    InProcess(parts).request("POST", "/v1/observations", json={"census": [row]}, headers=headers)
    states.append(shown_state(parts))
    parts.clock.instant += 60_000_000  # type: ignore[attr-defined]
    states.append(shown_state(parts))
    assert len(set(states)) == 3


def test_streams_are_limited_by_address_and_together() -> None:
    """One more is refused until one ends."""
    streams = EventStreams(most=3, most_of_one=2)
    assert [streams.enter(a) for a in ("a", "a", "a", "b", "c")] == [True, True, False, True, False]
    streams.leave("a")
    assert streams.enter("c")
    assert streams.count == 3


def test_one_stream_too_many_is_refused_with_a_problem(tmp_path: Path) -> None:
    """And takes no place of another."""
    parts, tokens = make_parts(tmp_path)
    parts.streams = EventStreams(most=0)
    answer = _stream(parts, tokens["operator"], "x")
    assert (answer.status_code, answer.json()["code"]) == (503, "too_many_streams")
    assert answer.headers["retry-after"]


def test_one_look_at_the_state_serves_all_streams() -> None:
    """However many watch."""
    looks = []

    async def look() -> str:
        looks.append(1)
        return "s"

    async def many() -> list[str]:
        streams = EventStreams(every=60)
        return [await streams.state(look) for _ in range(20)]

    assert asyncio.run(many()) == ["s"] * 20
    assert len(looks) == 1


def test_a_stream_needs_somebody_who_may_see_pages(tmp_path: Path) -> None:
    """An application's token opens none."""
    parts, tokens = make_parts(tmp_path)
    assert _stream(parts, tokens["application"], "x").status_code == 403
    assert InProcess(parts).get("/pilotage/live").status_code == 401


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service."""
    with run_service(tmp_path_factory.mktemp("live"), grace_seconds=20) as service:
        yield service


def _hold(url: str, token: str, begun: Event) -> str:
    """All that a stream says; `begun`: set once its first words are there."""
    headers = {"Authorization": f"Bearer {token}"}
    page = httpx.get(f"{url}/pilotage?language=en&renewed=1", headers=headers, timeout=20).text
    state = page.split("live?seen=")[1].split('"')[0]
    words = ""
    with httpx.stream("GET", f"{url}/pilotage/live?seen={state}", headers=headers, timeout=40) as answer:
        for piece in answer.iter_text():
            words += piece
            begun.set()
    return words


def test_the_real_service_ends_at_once_with_streams_open(running: Running) -> None:
    """SIGTERM waits for no page: each stream is ended whole, within seconds, and not after its own life."""
    token, begun = running.tokens["operator"], [Event() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        held = [pool.submit(_hold, running.url, token, one) for one in begun]
        assert all(one.wait(20) for one in begun)
        start = time.monotonic()
        os.kill(running.process.pid, signal.SIGTERM)
        running.process.wait(30)
        assert time.monotonic() - start < 10, running.log.read_text()[-2000:]
        assert [h.result().partition("event")[0] for h in held] == ["retry: 2000\n\n"] * 4


@pytest.mark.browser
def test_an_open_page_shows_what_was_received_and_keeps_the_focus(tmp_path: Path, browser: Any) -> None:
    """Without being loaded again; without a script, it renews itself each minute."""
    expect = pytest.importorskip("playwright.sync_api").expect
    with run_service(tmp_path) as service:
        page = browser.new_page()
        errors: list[str] = []
        page.on("console", lambda m: errors.append(m.text) if m.type in ("error", "warning") else None)
        page.goto(service.url + entry_link(tmp_path, service.tokens["operator"]))
        page.goto(f"{service.url}/pilotage?language=en")
        page.evaluate("window.same = true")
        row = page.locator("tr[data-unit=U1]")
        assert "not known" in row.locator("td.state").inner_text()
        row.locator("a").focus()
        headers = {"Authorization": f"Bearer {service.tokens['operator']}"}
        census = [{"unit": "U1", "at": "2025-11-03T02:30:00Z", "occupied": 26, "staffed": 28}]
        answer = httpx.post(f"{service.url}/v1/observations", json={"census": census}, headers=headers)
        assert answer.status_code == 200, answer.text
        expect(row.locator("td.state")).to_contain_text("26", timeout=15_000)
        assert page.evaluate("window.same")
        assert page.evaluate("document.activeElement.closest('tr').dataset.unit") == "U1"
        assert errors == []
        page.close()
        quiet = browser.new_context(java_script_enabled=False).new_page()
        quiet.goto(service.url + entry_link(tmp_path, service.tokens["operator"]))
        quiet.goto(f"{service.url}/pilotage?language=en")
        assert 'http-equiv="refresh" content="60;url=/pilotage' in quiet.content()
        assert quiet.locator("tr[data-unit=U1] td.state strong").inner_text() == "26"
