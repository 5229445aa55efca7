"""What somebody has read, and what a newcomer to a unit must read first.

A receipt is an entry of the journal: who read which bytes of a protocol, and when. A new version is another text, so it
is unread until it is read.
"""

import json
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select

from centre.practice.protocol_file import Protocol
from serving.interface.statements import append, journal

__all__ = ["add_receipt", "read_digests", "reading_list"]

READ = "protocol read"


def add_receipt(connection: Connection, person: str, protocol: Protocol, *, now: datetime) -> bool:
    """Notes that somebody read a protocol; False where these bytes were read before, and nothing is written.

    Args:
        connection: that may write.
        person: who is signed in.
    """
    if protocol.digest in read_digests(connection, person):
        return False
    subjects = {
        "protocol": protocol.protocol_id,
        "protocol_version": str(protocol.version),
        "protocol_digest": protocol.digest,
    }
    append(connection, actor=person, action=READ, subjects=subjects, reason="", now=now)
    return True


def read_digests(connection: Connection, person: str) -> frozenset[str]:
    """Digests of all that somebody has read."""
    query = select(journal.c.subjects).where(journal.c.actor == person, journal.c.action == READ)
    return frozenset(json.loads(subjects)["protocol_digest"] for subjects in connection.scalars(query))


def reading_list(
    protocols: Iterable[Protocol], unit: str, read: frozenset[str]
) -> list[tuple[Protocol, bool]]:
    """A unit's protocols with whether each was read: unread before read, and what a newcomer reads first before all.

    Args:
        protocols: those in use.
        read: digests, as of `read_digests`.
    """
    mine = [(p, p.digest in read) for p in protocols if p.is_for(unit)]
    return sorted(mine, key=lambda one: (one[1], not one[0].read_first, one[0].title.casefold()))
