"""Hostile requests, a few hundred of the ten thousand of `make bench-faults`: nothing falls, nothing is kept."""

import random
from collections.abc import Iterator

import httpx
import pytest

from benchmarks.faults.attack import attack
from benchmarks.faults.hostile_requests import hostile_request
from tests.support.running_service import Running, run_service

VISIT = {"visit_id": "a", "arrived_at": "2025-11-03T02:30:00Z", "triage": "3A"}
COUNT = 300


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service with fake parts."""
    with run_service(tmp_path_factory.mktemp("hostile")) as found:
        yield found


def forecast(running: Running) -> object:
    """What the same question is answered with."""
    headers = {"authorization": f"Bearer {running.tokens['operator']}"}
    asked = httpx.post(f"{running.url}/v1/wait-time", json={"visits": [VISIT]}, headers=headers, timeout=20)
    (made,) = asked.raise_for_status().json()["predictions"]
    return made["wait_minutes"], made["explanation"]


def test_nothing_falls_nothing_is_said_again_and_nothing_is_kept(running: Running) -> None:
    """No answer of 500 or more, none missing or late; no word of theirs in an error, the log or the metrics."""
    before = forecast(running)
    tokens = [running.tokens[role] for role in ("admin", "operator", "auditor")]
    outcome = attack(running.port, tokens, COUNT, seed=7, senders=2, words=100)
    assert sum(outcome.kinds.values()) == COUNT
    assert len(outcome.kinds) == 10
    assert outcome.failed == []
    assert outcome.leaks == []
    assert outcome.slowest[0] < 10
    assert set(outcome.statuses) >= {200, 400, 401, 404, 405, 415, 422}
    kept = running.log.read_text("utf-8", "replace")
    kept += httpx.get(f"{running.url}/metrics", timeout=20).text
    assert "answered" in kept
    assert [word for word in outcome.canaries if word in kept] == []
    assert "Traceback" not in kept
    assert forecast(running) == before
    assert httpx.get(f"{running.url}/readyz", timeout=20).json()["ready"] is True


def test_a_request_can_be_made_again() -> None:
    """By its seed and number: what fails is found again."""
    made = [
        [hostile_request(random.Random(f"7 {n}"), "canary", ["t"]) for n in range(60)]  # noqa: S311
        for _ in range(2)
    ]
    assert made[0] == made[1]
    assert sum(b"canary" in hostile.content for hostile in made[0]) > 30
