"""Sends hostile requests from several processes over sockets of their own, and counts what comes back.

Threads of one process would measure each other: while one of them writes the JSON of a body of 185 MB, no other can
take its answer, and an answer of five seconds once seemed to take ten.
"""

import random
import re
import socket
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context

from benchmarks.faults.hostile_requests import Hostile, canaries, hostile_request

__all__ = ["Outcome", "attack"]

_PATIENCE_SECONDS = 12.0
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


@dataclass
class Outcome:
    """What was found.

    Attributes:
        statuses: answers by status; 0: an answer was due, and none came.
        kinds: requests by kind.
        failed: kind, status and number of each request that was answered with 500 or more, or not at all.
        slowest: seconds from the last byte sent to the first of an answer; kind, status and number of that request.
        canaries: all words that were sent.
        leaks: kind and status of each answer of 400 and more that holds a word that was sent.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[str, int, int]] = field(default_factory=list)
    slowest: tuple[float, str, int, int] = (0.0, "", 0, 0)
    canaries: list[str] = field(default_factory=list)
    leaks: list[tuple[str, int]] = field(default_factory=list)


def attack(
    port: int, tokens: Sequence[str], count: int, *, seed: int, senders: int = 8, words: int = 1_000
) -> Outcome:
    """`count` requests to a service on this machine.

    Args:
        tokens: valid ones. senders: processes. words: how many canaries are sent, again and again.
    """
    sent = canaries(words, random.Random(seed))  # noqa: S311 - to repeat
    with ProcessPoolExecutor(senders, get_context("spawn")) as processes:
        shares = [range(number, count, senders) for number in range(senders)]
        parts = [processes.submit(_attack, port, tokens, sent, share, seed) for share in shares]
        return _together(sent, [part.result() for part in parts])


def _attack(port: int, tokens: Sequence[str], words: list[str], places: range, seed: int) -> Outcome:
    """One sender's requests, one after the other."""
    outcome = Outcome()
    for place in places:
        rng = random.Random(f"{seed} {place}")  # noqa: S311 - each can be made again alone
        hostile = hostile_request(rng, words[place % len(words)], tokens)
        status, seconds, answer = _exchange(port, hostile)
        outcome.kinds[hostile.kind] += 1
        if not hostile.whole:
            continue
        outcome.statuses[status] += 1
        outcome.slowest = max(outcome.slowest, (seconds, hostile.kind, status, place))
        if status >= 500 or (status == 0 and seconds > _PATIENCE_SECONDS - 1):
            outcome.failed.append((hostile.kind, status, place))
        if status >= 400 and hostile.canary.encode() in answer:
            outcome.leaks.append((hostile.kind, status))
    return outcome


def _together(words: list[str], parts: Sequence[Outcome]) -> Outcome:
    return Outcome(
        statuses=sum((part.statuses for part in parts), Counter()),
        kinds=sum((part.kinds for part in parts), Counter()),
        failed=[one for part in parts for one in part.failed],
        slowest=max(part.slowest for part in parts),
        canaries=words,
        leaks=[one for part in parts for one in part.leaks],
    )


def _exchange(port: int, hostile: Hostile) -> tuple[int, float, bytes]:
    """(status, seconds, answer); 0: there was none, as where the connection was cut for what was sent on it."""
    answer, arrived = b"", 0.0
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), _PATIENCE_SECONDS) as connection:
        with suppress(OSError):  # it may have been answered, and closed, before all was sent
            connection.sendall(hostile.content)
        begun = time.monotonic()
        with suppress(OSError):
            while hostile.whole and not _complete(answer) and (chunk := connection.recv(65_536)):
                arrived = arrived or time.monotonic()
                answer += chunk
        arrived = arrived or time.monotonic()
        # Before an answer there may be an interim one (100).
        final = [int(status) for status in _STATUS.findall(answer) if not status.startswith(b"1")]
        return (final[0] if final else 0), arrived - begun, answer
    return 0, 0.0, answer


def _complete(answer: bytes) -> bool:
    """Whether the one answer is all there; where its length is not said, the end of the connection says so."""
    head, end, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: (\d+)", head)
    return bool(end and length and len(body) >= int(length[1]))
