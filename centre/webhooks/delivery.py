"""Delivers what stands in the outbox: to the policy's addresses alone, again and again with longer waits between.

No redirect is followed, nothing of an answer is read beyond its status, and a log line has a name and a status only.
"""

import http.client
import logging
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from centre.decisions.decision_policy import DecisionPolicyError, policy_of_file
from centre.webhooks.signature import signed_headers
from serving.interface.installation import Parts, decisions_file
from serving.interface.webhook_outbox import Delivery, due, mark, system_instant, webhook_secret

__all__ = ["ATTEMPTS", "deliver", "wait_after"]

SECOND = 1_000_000
ATTEMPTS = 14
_FIRST_WAIT, _LONGEST_WAIT = 30, 6 * 3600
_SECONDS = 10.0
"""For a connection to one address, and for a whole try."""
_LOG = logging.getLogger("vigie.errors")


@dataclass(frozen=True)
class _Outcome:
    """What came of a try: `words` for the log, no value of a body or an answer."""

    delivered: bool
    words: str


def deliver(parts: Parts, seconds: float = _SECONDS) -> int:
    """Tries what is due; returns how many were delivered. After a failure a target is left alone until its next try.

    Args:
        seconds: that a try may take.
    """
    now = system_instant()
    waiting = due(parts.engine, now)
    if not waiting:
        return 0
    try:
        policy = policy_of_file(decisions_file(parts))
    except DecisionPolicyError:
        return 0  # nobody is informed by a policy that cannot be read; what waits waits on
    addresses = {hook.name: hook.url for hook in policy.webhooks} if policy is not None else {}
    delivered, failed = 0, set[str]()
    for one in waiting:
        if one.target in failed:
            continue
        if one.target not in addresses:
            mark(parts.engine, one, now, delivered=False)
            _LOG.error("webhook %s: given up, the policy names it no more", one.target)
            continue
        outcome = _sent(parts, one, addresses[one.target], now, seconds)
        delivered += outcome.delivered
        if not outcome.delivered:
            failed.add(one.target)
        _note(parts, one, outcome, now)
    return delivered


def wait_after(attempts: int) -> int | None:
    """Seconds until the next try after so many that failed; None: it is given up."""
    return None if attempts >= ATTEMPTS else min(_FIRST_WAIT * 2 ** (attempts - 1), _LONGEST_WAIT)


def _note(parts: Parts, one: Delivery, outcome: _Outcome, now: int) -> None:
    if outcome.delivered:
        mark(parts.engine, one, now, delivered=True)
        return
    wait = wait_after(one.attempts + 1)
    mark(parts.engine, one, now, delivered=False, next_at=None if wait is None else now + wait * SECOND)
    again = "given up" if wait is None else "tried again later"
    _LOG.error("webhook %s: %s, %s", one.target, outcome.words, again)


def _sent(parts: Parts, one: Delivery, url: str, now: int, seconds: float) -> _Outcome:
    body = one.body.encode()
    secret = webhook_secret(parts.settings.home, one.target)
    headers = signed_headers(secret, one.delivery_id, body, now // SECOND)
    try:
        status = _post(url, body, headers, seconds)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return _Outcome(False, type(error).__name__)
    return _Outcome(200 <= status < 300, f"status {status}")


def _post(url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> int:
    """The status of the answer.

    Raises:
        TimeoutError: it was not all there in time: the receiver dribbles, or its name was found too slowly.
    """
    parts = urlsplit(url)
    host = str(parts.hostname)
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=context)
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=seconds)
    over = threading.Event()
    watch = threading.Timer(seconds, _cut, [connection, over])
    watch.start()
    try:
        connection.connect()
        _require_time(over)  # what was cut before it was connected is no connection that can be cut
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, dict(headers))
        status = connection.getresponse().status
        _require_time(over)  # where it was cut, headers end as if they were whole
        return status
    finally:
        watch.cancel()
        connection.close()


def _require_time(over: threading.Event) -> None:
    if over.is_set():
        raise TimeoutError


def _cut(connection: http.client.HTTPConnection, over: threading.Event) -> None:
    over.set()
    with suppress(OSError, AttributeError):
        connection.sock.shutdown(2)
