"""Every POST that writes takes an Idempotency-Key: sent again it is answered again and written once."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import OperationalError

from registry.record.database import writing
from registry.record.journal import entries
from registry.record.journal_audit import verify
from registry.record.request_keys import LIFETIME, forget_old, request_keys
from registry.record.tables.record_tables import decisions, observations, predictions
from serving.application import ENDPOINTS
from serving.errors import Problem
from serving.gateway.openapi import build_document
from serving.http.clock import system_time
from serving.http.workers import Workers
from serving.http.write_outcome import about_to_commit
from tests.support.fake_service import VISIT, Service

KEY = {"idempotency-key": "3c9f4a6e-0001"}
STAY = {"stay_id": "Martin-1950", "unit": "U1", "entered_at": "2025-11-03T01:00:00Z", "source": "emergency"}
WAITS = {"visits": [VISIT, {**VISIT, "visit_id": "other"}]}
BEDS = {"units": ["U1", "U2"], "horizons_hours": [4, 24], "hospital": True}


def _send(service: Service, path: str, body: Any, role: str = "application", key: str = "") -> Any:
    headers = {"authorization": f"Bearer {service.tokens[role]}", **KEY}
    headers |= {"idempotency-key": key} if key else {}
    return service.client.request("POST", path, json=body, headers=headers)


def _decision(service: Service) -> dict[str, Any]:
    made = service.ask("POST", "/v1/wait-time", {"visits": [VISIT]}).json()["predictions"][0]
    return {"prediction_id": made["prediction_id"], "decision": "accept", "reason": "seen"}


def _entries(service: Service) -> int:
    with service.parts.engine.connect() as connection:
        assert verify(connection) == []
        return len(list(entries(connection)))


def test_every_route_that_writes_takes_a_key() -> None:
    """And the document says so; signing in and out, a simulated clock and questions write nothing of the record."""
    questions = {
        "/v1/explanations",
        "/v1/counterfactuals",
    }  # a prediction that was given, explained in another way
    writes = {e.path for e in ENDPOINTS if e.method == "POST" and e.scope} - {"/v1/clock", *questions}
    assert writes == {e.path for e in ENDPOINTS if e.keyed}
    paths = build_document(ENDPOINTS)["paths"]
    documented = {p for p, ways in paths.items() if "Idempotency-Key" in str(ways.get("post"))}
    assert documented == {"/v1/wait-time", "/v1/bed-demand", "/v1/observations", "/v1/decisions"}


@pytest.mark.parametrize(
    ("path", "body", "table"),
    [
        ("/v1/wait-time", WAITS, predictions),
        ("/v1/bed-demand", BEDS, predictions),
        ("/v1/bed-demand", {**BEDS, "hospital": False}, predictions),
        ("/v1/bed-demand", {**BEDS, "units": []}, predictions),
        ("/v1/observations", {"stays": [STAY]}, observations),
    ],
)
def test_sent_again_it_is_answered_as_before_and_written_once(
    service: Service, path: str, body: Any, table: Any
) -> None:
    """Twice, three times; then with another key, it is another request."""
    first = _send(service, path, body)
    written, entered = service.count(table), _entries(service)
    assert first.status_code == 200
    assert "idempotency-replayed" not in first.headers
    for _ in range(2):
        again = _send(service, path, body)
        assert (again.status_code, again.json()) == (200, first.json())
        assert again.headers["idempotency-replayed"] == "true"
    assert (service.count(table), _entries(service)) == (written, entered)
    other = _send(service, path, body, key="another-key")
    assert "idempotency-replayed" not in other.headers
    if table is predictions:
        assert service.count(table) == 2 * written


def test_a_decision_is_made_once(service: Service) -> None:
    """With its key; without one, each is another."""
    body = _decision(service)
    first, again = (_send(service, "/v1/decisions", body, "operator") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert service.count(decisions) == 1
    service.ask("POST", "/v1/decisions", body, "operator")
    assert service.count(decisions) == 2


@pytest.mark.parametrize("path", ["/v1/observations", "/v1/wait-time", "/v1/bed-demand"])
def test_a_key_of_another_request_is_refused(service: Service, path: str) -> None:
    """Other rows, or another route; in words, and without writing."""
    assert _send(service, "/v1/observations", {"stays": [STAY]}).status_code == 200
    before = _entries(service)
    bodies = {
        "/v1/observations": {"stays": [{**STAY, "unit": "U2"}]},
        "/v1/wait-time": WAITS,
        "/v1/bed-demand": BEDS,
    }
    refused = _send(service, path, bodies[path])
    assert (refused.status_code, refused.json()["code"]) == (422, "key_of_another_request")
    assert _entries(service) == before


def test_a_key_is_its_senders_own(service: Service) -> None:
    """Another token with the same key asks something of its own."""
    first = _send(service, "/v1/wait-time", WAITS).json()
    other = _send(service, "/v1/wait-time", WAITS, "operator").json()
    mine = {p["prediction_id"] for p in first["predictions"]}
    assert not mine & {p["prediction_id"] for p in other["predictions"]}


@pytest.mark.parametrize("key", ["short", "with a space in it", "x" * 201, "é" * 10])
def test_what_is_no_key_is_refused(service: Service, key: str) -> None:
    """In words, and the key is not said again."""
    headers = {"authorization": f"Bearer {service.tokens['application']}".encode()}
    sent = {**headers, "idempotency-key": key.encode("utf-8")}
    refused = service.client.request("POST", "/v1/wait-time", json=WAITS, headers=sent)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_key")
    assert key not in refused.text


def test_what_is_kept_names_nobody(service: Service) -> None:
    """Neither the ids that were sent, nor the key, nor the reason of a decision."""
    _send(service, "/v1/wait-time", WAITS, key="Dupont-1984-key")
    _send(service, "/v1/decisions", {**_decision(service), "reason": "Dupont-1984"}, "operator")
    _send(service, "/v1/observations", {"stays": [STAY]}, key="key-of-the-stay")
    with service.parts.engine.connect() as connection:
        kept = str(connection.execute(select(request_keys)).all())
    assert "Dupont" not in kept
    assert "Martin" not in kept


def test_keys_are_forgotten_after_a_day(service: Service) -> None:
    """As the document says; then the request is a new one."""
    first = _send(service, "/v1/wait-time", WAITS).json()
    for later, forgotten in ((LIFETIME - timedelta(minutes=1), 0), (LIFETIME + timedelta(minutes=1), 1)):
        with writing(service.parts.engine) as connection:
            assert forget_old(connection, system_time() + later) == forgotten
    assert _send(service, "/v1/wait-time", WAITS).json() != first


def test_sent_at_the_same_moment_it_is_written_once(service: Service) -> None:
    """By two connections at once, as an impatient client does."""
    service.parts.workers.close()
    service.parts.workers = Workers(threads=4, queue=20, seconds=30.0)
    body = _decision(service)
    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda _: _send(service, "/v1/decisions", body, "operator").json(), range(4)))
        waits = list(pool.map(lambda _: _send(service, "/v1/wait-time", WAITS).json(), range(4)))
    assert all(one == sent[0] for one in sent)
    assert service.count(decisions) == 1
    assert all(one == waits[0] for one in waits)
    assert service.count(predictions) == 1 + 2


def test_after_its_503_nothing_is_written(service: Service) -> None:
    """What took too long before its commit is not committed later, when its thread goes on."""
    body, go_on = _decision(service), threading.Event()
    service.parts.workers.close()
    service.parts.workers = Workers(threads=1, queue=2, seconds=0.2)

    @event.listens_for(service.parts.engine, "after_cursor_execute")
    def slow(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO decisions"):
            go_on.wait(20)

    late = _send(service, "/v1/decisions", body, "operator")
    assert (late.status_code, late.json()["code"]) == (503, "took_too_long")
    assert "Nothing was written" in late.json()["detail"]
    go_on.set()
    service.parts.workers.close()  # waits for the thread
    assert service.count(decisions) == 0


def test_a_commit_that_fails_is_said_to_be_unknown_and_mended_by_the_key(service: Service) -> None:
    """The database was gone when the commit's answer should have come: it was made, and is not made again."""
    body, lost = _decision(service), [True]

    @event.listens_for(service.parts.engine, "commit")
    def lose(connection: Any) -> None:
        if lost and connection.scalar(text("SELECT count(*) FROM decisions")):
            lost.clear()
            connection.connection.driver_connection.commit()
            raise OperationalError("COMMIT", {}, Exception("connection lost"))

    failed = _send(service, "/v1/decisions", body, "operator")
    assert (failed.status_code, failed.json()["code"]) == (503, "outcome_unknown")
    assert "same Idempotency-Key" in failed.json()["detail"]
    again = _send(service, "/v1/decisions", body, "operator")
    assert (again.status_code, again.headers.get("idempotency-replayed")) == (201, "true")
    assert service.count(decisions) == 1


def test_who_commits_and_who_gives_up_agree() -> None:
    """Once the commit has begun the 503 says unknown; before, the commit is refused."""

    async def scene(begin_first: bool) -> tuple[str, list[str]]:
        workers, go_on, done = Workers(threads=1, queue=1, seconds=0.1), threading.Event(), list[str]()

        def work() -> None:
            if begin_first:
                about_to_commit()
            go_on.wait(20)
            try:
                about_to_commit()
            except Problem:
                done.append("refused")
            else:
                done.append("committed")

        with pytest.raises(Problem) as late:
            await workers.run(work)
        go_on.set()
        workers.close()
        return late.value.code, done

    assert asyncio.run(scene(True)) == ("outcome_unknown", ["committed"])
    assert asyncio.run(scene(False)) == ("took_too_long", ["refused"])


def test_the_page_decides_once(service: Service) -> None:
    """A form that is sent twice by a hasty hand."""
    body = _decision(service)
    headers = {"authorization": f"Bearer {service.tokens['operator']}"}
    page = service.client.get(f"/decisions?prediction_id={body['prediction_id']}", headers=headers).text
    key = page.partition('name="request_key" value="')[2].partition('"')[0]
    assert len(key) == 32
    sent = [
        service.client.request("POST", "/decisions", data={**body, "request_key": key}, headers=headers)
        for _ in range(2)
    ]
    assert [r.status_code for r in sent] == [303, 303]
    assert service.count(decisions) == 1
