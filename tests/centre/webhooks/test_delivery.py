"""Applications are sent what a person decided: signed, retried, to the policy's addresses alone, and no redirect."""

import hashlib
import hmac
import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from centre.webhooks.delivery import ATTEMPTS, deliver, wait_after
from serving.interface.webhook_outbox import waiting, webhook_secret
from tests.centre.decisions.policy_texts import policy_text
from tests.centre.recommendations.situations import Hospital


class Receiver:
    """An application of the hospital: what it received, and what it answers."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, str], bytes]] = []
        self.status, self.location = 200, ""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.told.append((self.path, {n.lower(): v for n, v in self.headers.items()}, body))
                self.send_response(outer.status)
                if outer.location:
                    self.send_header("location", outer.location)
                self.end_headers()

            do_GET = do_POST  # noqa: N815 - the standard library asks for this name

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing is printed."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An application that listens."""
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def hospital(quick_path: Path, receiver: Receiver) -> Hospital:
    """A hospital that tells it."""
    hook = f'[[webhooks]]\nname = "bed-board"\nurl = "{receiver.url}"\n'
    return Hospital(quick_path, more=hook)


def decided(hospital: Hospital, decision: str = "accept") -> str:
    """The id of a recommendation that was decided."""
    (one,) = hospital.listed()
    made = hospital.decide(one["recommendation_id"], decision, reason="Mrs Martin of room 4 goes home")
    assert made.status_code == 201
    return str(one["recommendation_id"])


def make_due(hospital: Hospital) -> None:
    """The wait is over."""
    with hospital.parts.engine.begin() as connection:
        connection.execute(text("UPDATE webhook_outbox SET next_at = 0"))


def counts(hospital: Hospital) -> dict[str, int]:
    """What became of what the application was to receive."""
    with hospital.parts.engine.connect() as connection:
        return waiting(connection).get("bed-board", {})


def test_what_a_person_decided_is_sent_once_signed_and_without_their_words(
    hospital: Hospital, receiver: Receiver
) -> None:
    """The receiver can verify it with its own secret."""
    found = decided(hospital, "override")
    assert deliver(hospital.parts) == 1
    assert deliver(hospital.parts) == 0
    ((path, headers, body),) = receiver.told
    assert path == "/hook"
    at, _, seal = headers["vigie-signature"].partition(",")
    signed = f"{at.removeprefix('t=')}.{headers['vigie-delivery']}.".encode() + body
    secret = webhook_secret(hospital.home, "bed-board")
    assert seal == "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    assert secret != webhook_secret(hospital.home, "another")
    told = json.loads(body)
    assert (told["recommendation_id"], told["decision"], told["unit"]) == (found, "overridden", "U3")
    assert b"Martin" not in body
    assert b"day clinic" not in body
    assert b"nurse" not in body
    assert counts(hospital) == {"delivered": 1, "waiting": 0, "given_up": 0}


def test_what_waits_for_a_second_person_is_not_sent(quick_path: Path, receiver: Receiver) -> None:
    """Nor what nobody decided."""
    hook = f'[[webhooks]]\nname = "bed-board"\nurl = "{receiver.url}"\n'
    hospital = Hospital(quick_path, four_eyes='"tense"', more=hook)
    found = decided(hospital)
    assert deliver(hospital.parts) == 0
    assert hospital.decide(found, "sign", "admin").status_code == 201
    assert deliver(hospital.parts) == 1
    hospital.later(16)
    hospital.listed()
    hospital.later(200)
    hospital.listed()
    assert deliver(hospital.parts) == 0


@pytest.mark.parametrize("status", [301, 302, 307, 400, 500])
def test_a_failure_or_a_redirect_is_tried_again_later(
    hospital: Hospital, receiver: Receiver, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """At the same address, with the same id and body; a log line has no value in it."""
    receiver.status, receiver.location = status, receiver.url.replace("/hook", "/elsewhere")
    decided(hospital)
    with caplog.at_level(logging.ERROR, "vigie.errors"):
        assert deliver(hospital.parts) == 0
    assert deliver(hospital.parts) == 0
    assert [path for path, _, _ in receiver.told] == ["/hook"]
    assert [r.getMessage() for r in caplog.records] == [
        f"webhook bed-board: status {status}, tried again later"
    ]
    receiver.status = 204
    make_due(hospital)
    assert deliver(hospital.parts) == 1
    (_, first, body), (_, second, again) = receiver.told
    assert (first["vigie-delivery"], body) == (second["vigie-delivery"], again)


def test_it_is_given_up_at_last(hospital: Hospital, receiver: Receiver) -> None:
    """After days, and the decision stands."""
    receiver.status = 500
    decided(hospital)
    for _ in range(ATTEMPTS):
        make_due(hospital)
        deliver(hospital.parts)
    make_due(hospital)
    deliver(hospital.parts)
    assert len(receiver.told) == ATTEMPTS
    assert counts(hospital) == {"delivered": 0, "waiting": 0, "given_up": 1}
    waits = [wait_after(n) for n in range(1, ATTEMPTS + 1)]
    assert waits[:3] == [30, 60, 120]
    assert waits[-1] is None
    assert 24 * 3600 < sum(w for w in waits if w is not None) < 3 * 24 * 3600


def test_an_address_that_the_policy_names_no_more_is_sent_nothing(
    hospital: Hospital, receiver: Receiver
) -> None:
    """And none at all while the policy cannot be read."""
    decided(hospital)
    (hospital.home / "decisions.toml").write_text("version = ")
    assert deliver(hospital.parts) == 0
    assert counts(hospital)["waiting"] == 1
    (hospital.home / "decisions.toml").write_text(policy_text())
    assert deliver(hospital.parts) == 0
    assert receiver.told == []
    assert counts(hospital) == {"delivered": 0, "waiting": 0, "given_up": 1}


def test_nobody_listens(hospital: Hospital, receiver: Receiver) -> None:
    """It waits; the decision was made all the same."""
    receiver.server.shutdown()
    receiver.server.server_close()
    decided(hospital)
    assert deliver(hospital.parts) == 0
    assert counts(hospital)["waiting"] == 1


class Dribbler:
    """A receiver that begins to answer and goes on with its headers until it is cut off."""

    def __init__(self) -> None:
        self.cut, self._server = threading.Event(), socket.create_server(("127.0.0.1", 0))
        self.url = f"http://localhost:{self._server.getsockname()[1]}/hook"
        self._end = threading.Event()
        threading.Thread(target=self._answer, daemon=True).start()

    def _answer(self) -> None:
        with suppress(OSError):
            connection, _ = self._server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nx-dribbled: ")
                for _ in range(150):  # three seconds: a delivery that nothing cuts off ends all the same
                    if self._end.wait(0.02):
                        break
                    connection.sendall(b"x")
        self.cut.set()

    def close(self) -> None:
        """It stops by itself."""
        self._end.set()
        self._server.close()


@pytest.fixture
def dribbler() -> Iterator[Dribbler]:
    """It listens."""
    made = Dribbler()
    yield made
    made.close()


def delivered_to(url: str, quick_path: Path) -> Hospital:
    """A hospital with one decision that is to be sent to this address."""
    hook = f'[[webhooks]]\nname = "bed-board"\nurl = "{url}"\n'
    hospital = Hospital(quick_path, more=hook)
    decided(hospital)
    return hospital


def test_a_receiver_that_is_cut_off_after_its_status_has_not_received(
    quick_path: Path, monkeypatch: pytest.MonkeyPatch, dribbler: Dribbler
) -> None:
    """Its 200 is the beginning of an answer, whose end nobody has seen: it is tried again."""
    hospital = delivered_to(dribbler.url, quick_path)
    assert deliver(hospital.parts, seconds=0.3) == 0
    assert dribbler.cut.wait(10)
    assert counts(hospital) == {"delivered": 0, "waiting": 1, "given_up": 0}


def test_a_receiver_that_is_found_too_late_is_cut_off_too(
    quick_path: Path, monkeypatch: pytest.MonkeyPatch, dribbler: Dribbler
) -> None:
    """A name that takes longer to be found than a whole try may take; what is sent afterwards would have no end."""
    found = socket.getaddrinfo

    def slowly(*asked: Any, **more: Any) -> Any:
        watches = [t for t in threading.enumerate() if isinstance(t, threading.Timer)]
        for watch in watches:
            watch.join()
        return found(*asked, **more)

    hospital = delivered_to(dribbler.url, quick_path)
    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    assert deliver(hospital.parts, seconds=0.3) == 0
    assert counts(hospital) == {"delivered": 0, "waiting": 1, "given_up": 0}
