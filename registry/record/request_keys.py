"""Requests that were written, by the key that their sender gave them: sent again, they are answered and not repeated.

A key belongs to whoever sent it. Key and body stand here as keyed digests, and of an answer only what finds it again:
nothing of a person. The row is written in the transaction of what it stands for.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Table, Text, delete, insert, select

from hospital.times import instant
from registry.record.tables.record_tables import metadata

__all__ = [
    "LIFETIME",
    "OtherBodyError",
    "RepeatedError",
    "RequestKey",
    "claim",
    "earlier",
    "forget_old",
    "request_keys",
]

LIFETIME = timedelta(hours=24)
request_keys = Table(
    "request_keys",
    metadata,
    Column("actor", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("answer", Text, nullable=False),
)


@dataclass(frozen=True)
class RequestKey:
    """A request as it is known again: who sent it, and the digests of its key and of its route and body."""

    actor: str
    key: str
    body: str


class OtherBodyError(Exception):
    """The key was used for another request."""


class RepeatedError(Exception):
    """The request was written before, by somebody who was faster; `answer`: what finds its answer again."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__()
        self.answer = answer


def earlier(connection: Connection, key: RequestKey) -> dict[str, Any] | None:
    """What finds the answer of a request again that was written before; None: it was not.

    Raises:
        OtherBodyError: its key was used for another one.
    """
    mine = (request_keys.c.actor == key.actor) & (request_keys.c.key == key.key)
    row = connection.execute(select(request_keys.c.body, request_keys.c.answer).where(mine)).first()
    if row is None:
        return None
    if row.body != key.body:
        raise OtherBodyError
    found: dict[str, Any] = json.loads(row.answer)
    return found


def claim(connection: Connection, key: RequestKey | None, answer: Mapping[str, Any], now: datetime) -> None:
    """Writes that a request was written; the connection is one of `registry.record.database.writing`.

    Raises:
        RepeatedError: it was written meanwhile; nothing of this transaction may stay.
        OtherBodyError: its key was used for another one.
    """
    if key is None:
        return
    before = earlier(connection, key)
    if before is not None:
        raise RepeatedError(before)
    row = {**key.__dict__, "at": instant(now), "answer": json.dumps(answer)}
    connection.execute(insert(request_keys).values(**row))


def forget_old(connection: Connection, now: datetime) -> int:
    """Takes away the keys that are older than `LIFETIME`; returns how many."""
    old = request_keys.c.at < instant(now - LIFETIME)
    return connection.execute(delete(request_keys).where(old)).rowcount
