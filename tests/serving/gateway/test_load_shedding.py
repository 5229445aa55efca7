"""Who is turned away for want of room, and who never is; and that every place is left again."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assembly.routes import ENDPOINTS
from hospital.words.catalogue import text
from serving.gateway.load_shedding import kind_of
from serving.gateway.request_gate import Gate
from serving.gateway.service_parts import Parts
from serving.limits.admission import Admission, Place
from tests.support.busy_workers import all_busy
from tests.support.serving_fakes import InProcess, make_parts

Found = tuple[Parts, dict[str, str]]
VISIT = {"visit_id": "a", "arrived_at": "2025-11-03T02:30:00Z", "triage": "3A"}
NO_PREDICTION = {"prediction_id": "0" * 24, "decision": "accept", "reason": "as forecast"}


@pytest.fixture
def found(tmp_path: Path) -> Iterator[Found]:
    """Parts with room for one forecast and two other requests, and a token for each role."""
    parts, tokens = make_parts(tmp_path / "home")
    parts.admission = Admission(forecasts=1, others=2)
    yield parts, tokens
    parts.workers.close()
    parts.forecast_workers.close()
    parts.engine.dispose()


def ask(found: Found, method: str, path: str, role: str = "admin", **more: Any) -> Any:
    """A response."""
    return InProcess(found[0]).request(
        method, path, headers={"authorization": f"Bearer {found[1][role]}"} | more.pop("headers", {}), **more
    )


def wait(found: Found, **more: Any) -> Any:
    """The response to a question for one visit's wait."""
    return ask(found, "POST", "/v1/wait-time", json={"visits": [VISIT]}, **more)


def test_a_flood_of_forecasts_is_turned_away_and_a_decision_is_not(found: Found) -> None:
    """429 with when to come again; people, and what watches, are served."""
    parts, _ = found
    place = parts.admission.enter("forecast")
    refused = wait(found)
    assert (refused.status_code, refused.json()["code"]) == (429, "overloaded")
    assert refused.headers["retry-after"] in "123"
    assert ask(found, "POST", "/v1/decisions", json=NO_PREDICTION).status_code == 404
    assert ask(found, "GET", "/v1/models").status_code == 200
    assert InProcess(parts).get("/livez").status_code == 200
    assert place is not None
    place.leave()
    assert wait(found).status_code == 200


def test_what_makes_forecasts_shares_their_room() -> None:
    """And nothing else does."""
    bulk = {e.path for e in ENDPOINTS if kind_of(e) == "forecast"}
    assert bulk == {"/v1/wait-time", "/v1/bed-demand", "/v1/explanations", "/v1/counterfactuals"}


def test_forecasts_wait_for_threads_of_their_own(found: Found) -> None:
    """However many of theirs are taken, a decision is worked on."""
    with all_busy(found[0].forecast_workers):
        assert wait(found).status_code == 429
        assert ask(found, "POST", "/v1/decisions", json=NO_PREDICTION).status_code == 404
    assert wait(found).status_code == 200


def test_every_place_is_left(found: Found) -> None:
    """Whatever the answer was."""
    parts, _ = found
    for _ in range(3):
        assert wait(found).status_code == 200
        assert wait(found, headers={"authorization": "Bearer nobody's"}).status_code == 401
        assert ask(found, "POST", "/v1/wait-time", json={"visits": []}).status_code == 422
        assert ask(found, "POST", "/v1/wait-time", content=b"[" * 3_000_000).status_code in (413, 415)
        assert ask(found, "GET", f"/v1/predictions/{'0' * 24}").status_code == 404
        assert ask(found, "DELETE", "/v1/models").status_code == 405
    assert parts.admission.inside("forecast") == parts.admission.inside("other") == 0


def test_who_sends_slowly_keeps_no_place(found: Found) -> None:
    """While a body is on its way others are answered; when all has come there is room again, or 429."""
    parts, tokens = found
    gate = Gate(parts, ENDPOINTS)

    async def slow(full: bool) -> int:
        rest, statuses = asyncio.Event(), list[int]()
        messages = iter([(b'{"visits": [', True), (json.dumps(VISIT).encode() + b"]}", False)])

        async def receive() -> dict[str, Any]:
            body, more = next(messages)
            if not more:
                await rest.wait()
            return {"type": "http.request", "body": body, "more_body": more}

        async def send(message: Any) -> None:
            statuses.extend([message["status"]] if "status" in message else [])

        headers = [
            (b"authorization", f"Bearer {tokens['admin']}".encode()),
            (b"content-type", b"application/json"),
        ]
        scope = {"type": "http", "method": "POST", "path": "/v1/wait-time", "query_string": b""}
        asked = asyncio.create_task(
            gate({**scope, "headers": headers, "client": ("10.0.0.9", 1)}, receive, send)
        )
        while not parts.admission.inside("forecast"):
            await asyncio.sleep(0)
        while parts.admission.inside("forecast"):
            await asyncio.sleep(0.01)
        place = parts.admission.enter("forecast") if full else None
        rest.set()
        await asked
        if place is not None:
            place.leave()
        return statuses[0]

    assert asyncio.run(asyncio.wait_for(slow(False), 10)) == 200
    assert asyncio.run(asyncio.wait_for(slow(True), 10)) == 429
    assert parts.admission.inside("forecast") == 0


class TestDoor:
    """What is said from the head alone."""

    def test_it_gives_places_and_refuses_in_the_language_asked_for(self, found: Found) -> None:
        """A whole response, as the gate would send it; each with an id and a second of its own."""
        parts, _ = found
        door = Gate(parts, ENDPOINTS).shedder.door
        place = door(b"POST", b"/v1/wait-time?x=1", [], True)
        assert isinstance(place, Place)
        answers = [
            door(b"POST", b"/v1/wait-time", [(b"accept-language", b"fr")], keep)
            for keep in (True, True, False)
        ]
        assert all(isinstance(answer, bytes) for answer in answers)
        heads = [answer.partition(b"\r\n\r\n")[0] for answer in answers if isinstance(answer, bytes)]
        bodies = [answer.partition(b"\r\n\r\n")[2] for answer in answers if isinstance(answer, bytes)]
        assert heads[0].startswith(b"HTTP/1.1 429 ")
        assert [b"connection: close" in head for head in heads] == [False, False, True]
        assert f"content-length: {len(bodies[0])}".encode() in heads[0]
        for word in (b"content-type: application/problem+json", b"x-content-type-options", b"retry-after: "):
            assert word in heads[0]
        said = [json.loads(body) for body in bodies]
        assert said[0]["detail"] == text("problems.overloaded", "fr")
        assert len({one["request_id"] for one in said}) == 3
        assert said[0]["request_id"].encode() in heads[0]
        assert len({head.partition(b"retry-after: ")[2][:1] for head in heads}) == 3

    def test_what_watches_needs_no_place(self, found: Found) -> None:
        """And what has a name in its path is found a place by the gate."""
        door = Gate(found[0], ENDPOINTS).shedder.door
        for target in (b"/livez", b"/readyz", b"/metrics", b"/v1/predictions/a", b"/nowhere"):
            assert door(b"GET", target, [], True) is None
