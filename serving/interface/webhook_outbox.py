"""What applications are still to be sent: written beside the decision, taken out once it was delivered or given up."""

import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, Engine, select, update

from hospital.ingest.pseudonyms import load_or_create_key
from hospital.times import instant
from registry.record.database import writing
from registry.record.tables.recommendation_tables import webhook_outbox
from serving.http.clock import system_time

__all__ = ["Delivery", "due", "mark", "system_instant", "waiting", "webhook_secret"]

_FILE = "webhook.key"
_MOST = 20


@dataclass(frozen=True)
class Delivery:
    """One thing to tell one application.

    Attributes:
        target: its name in the policy of decisions.
        body: JSON, as it is signed and sent.
        attempts: that failed so far.
    """

    delivery_id: str
    target: str
    body: str
    attempts: int


def webhook_secret(home: Path, target: str) -> str:
    """The secret that an application shares with this installation, in hex: its own, made of the home's key."""
    key = load_or_create_key(home / _FILE)
    return hmac.new(key, f"webhook\n{target}".encode(), hashlib.sha256).hexdigest()


def due(engine: Engine, now: int) -> list[Delivery]:
    """What is to be tried now, the oldest first."""
    c = webhook_outbox.c
    query = select(webhook_outbox).where(_is_waiting(), c.next_at <= now).order_by(c.next_at).limit(_MOST)
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    return [Delivery(r.delivery_id, r.target, r.body, r.attempts) for r in rows]


def mark(
    engine: Engine, delivery: Delivery, now: int, *, delivered: bool, next_at: int | None = None
) -> None:
    """Writes what came of a try.

    Args:
        next_at: instant of the next try of one that failed; None: it is given up.
    """
    values: dict[str, int] = {"attempts": delivery.attempts + 1}
    if delivered:
        values["delivered_at"] = now
    elif next_at is None:
        values["given_up_at"] = now
    else:
        values["next_at"] = next_at
    mine = webhook_outbox.c.delivery_id == delivery.delivery_id
    with writing(engine) as connection:
        connection.execute(update(webhook_outbox).where(mine).values(**values))


def waiting(connection: Connection) -> dict[str, dict[str, int]]:
    """By target, how many are delivered, waiting and given up."""
    found: dict[str, dict[str, int]] = {}
    c = webhook_outbox.c
    for row in connection.execute(select(c.target, c.delivered_at, c.given_up_at)):
        counts = found.setdefault(row.target, {"delivered": 0, "waiting": 0, "given_up": 0})
        state = "delivered" if row.delivered_at is not None else "waiting"
        counts["given_up" if row.given_up_at is not None else state] += 1
    return found


def system_instant() -> int:
    """The real time as an instant: deliveries wait by it, whatever the service's clock is."""
    return instant(system_time())


def _is_waiting() -> ColumnElement[bool]:
    return webhook_outbox.c.delivered_at.is_(None) & webhook_outbox.c.given_up_at.is_(None)
