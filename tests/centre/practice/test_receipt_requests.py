"""Receipts as requests: written once for each key, and never after a 503 that says it was not."""

import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import event

from hospital.times import DAY, moment
from registry.record.journal import entries
from registry.settings import Settings
from serving.gateway.service_parts import Parts
from serving.http.authentication import COOKIE
from serving.http.workers import Workers
from tests.support.installation import Installation
from tests.support.practice_home import write_practice
from tests.support.serving_fakes import NOW, FakeClock, InProcess, make_parts

KEY = {"idempotency-key": "3c9f4a6e-receipt"}
WAYS = ("route", "page")


@dataclass
class Ward:
    """A service in a home with a protocol in force, and the operator who reads it."""

    installation: Installation
    parts: Parts
    token: str
    client: InProcess

    def confirm(self, way: str, digest: str, key: str = "") -> Any:
        """The response to a receipt by the route or from the page."""
        headers = KEY | ({"idempotency-key": key} if key else {})
        if way == "route":
            headers |= {"authorization": f"Bearer {self.token}"}
            body = {"digest": digest}
            return self.client.request(
                "POST", "/v1/protocols/reserve-beds/receipt", json=body, headers=headers
            )
        caller = self.parts.authority.caller(self.token)
        assert caller is not None
        headers |= {
            "content-type": "application/x-www-form-urlencoded",
            "cookie": f"{COOKIE}={self.parts.authority.open_session(caller)}",
        }
        fields = {"language": "en", "protocol": "reserve-beds", "digest": digest}
        return self.client.request("POST", "/practice/receipts", content=urlencode(fields), headers=headers)

    def digest(self) -> str:
        """Of the bytes in force."""
        headers = {"authorization": f"Bearer {self.token}"}
        (one,) = self.client.get("/v1/protocols", headers=headers).json()["protocols"]
        return str(one["digest"])

    def receipts(self) -> int:
        """Entries of the journal."""
        with self.parts.engine.connect() as connection:
            return len([e for e in entries(connection) if e.action == "protocol read"])


@pytest.fixture
def ward(installation: Installation) -> Ward:
    """Where nobody has read anything yet."""
    write_practice(installation.settings, moment(NOW))
    parts, tokens = make_parts(installation.settings.home)
    parts.settings = Settings(home=installation.settings.home)
    return Ward(installation, parts, tokens["operator"], InProcess(parts))


@pytest.mark.parametrize("way", WAYS)
def test_after_its_503_no_receipt_is_written(ward: Ward, way: str) -> None:
    """What took too long before its commit is not committed later; sent again with its key, it is written."""
    digest, go_on = ward.digest(), threading.Event()
    usual = ward.parts.workers
    ward.parts.workers = Workers(threads=1, queue=2, seconds=0.5)

    @event.listens_for(ward.parts.engine, "after_cursor_execute")
    def slow(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT journal.subjects"):  # in the transaction: what they have read
            go_on.wait(20)

    late = ward.confirm(way, digest)
    assert late.status_code == 503
    assert "Nothing was written" in late.text or "Rien n'a été écrit" in late.text, late.text
    go_on.set()
    ward.parts.workers.close()  # waits for the thread
    assert ward.receipts() == 0
    ward.parts.workers = usual
    again = ward.confirm(way, digest)
    assert "idempotency-replayed" not in again.headers
    assert (again.status_code, ward.receipts()) == (200 if way == "route" else 303, 1)


@pytest.mark.parametrize("way", WAYS)
def test_sent_again_a_receipt_is_answered_as_before(ward: Ward, way: str) -> None:
    """Also where another version came into force meanwhile; with another key it is another request."""
    digest = ward.digest()
    first, again = ward.confirm(way, digest), ward.confirm(way, digest)
    assert "idempotency-replayed" not in first.headers
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers.get("location") == first.headers.get("location")
    assert again.headers["idempotency-replayed"] == "true"
    other = ward.confirm(way, digest, "another-key")
    assert "idempotency-replayed" not in other.headers
    assert (other.status_code, ward.receipts()) == (first.status_code, 1)
    write_practice(ward.installation.settings, moment(NOW), version="2")
    assert isinstance(ward.parts.clock, FakeClock)
    ward.parts.clock.instant += DAY  # what is in force is known anew
    assert ward.digest() != digest
    assert ward.confirm(way, digest, "a-third-key").status_code == 409
    late = ward.confirm(way, digest)
    assert (late.status_code, late.content) == (first.status_code, first.content)
    if way == "route":
        assert [r.json()["noted"] for r in (first, late, other)] == [True, True, False]


@pytest.mark.parametrize("way", WAYS)
def test_a_key_of_another_receipt_is_refused(ward: Ward, way: str) -> None:
    """Of other bytes, or by the other way; nothing is written."""
    digest = ward.digest()
    ward.confirm(way, digest)
    refused = [
        ward.confirm(way, "sha256:0"),
        *(ward.confirm(other, digest) for other in WAYS if other != way),
    ]
    assert [r.status_code for r in refused] == [422, 422]
    assert ward.receipts() == 1
