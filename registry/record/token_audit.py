"""Tokens beside the entries of the journal that made and revoked them: a right that was added by hand shows."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from hospital.times import moment
from registry.record.journal import Entry, entries_of
from registry.record.journal_audit import JournalFault
from registry.record.tables.record_tables import tokens

__all__ = ["edited"]

_MADE, _COVERED, _REVOKED = "create token", "cover token", "revoke token"


def edited(connection: Connection) -> list[JournalFault]:
    """Token rows that are not what their entries say; for `vigie journal verify`."""
    made: dict[str, Entry] = {}
    revoked: dict[str, Entry] = {}
    for entry in entries_of(connection, (_MADE, _COVERED, _REVOKED)):
        of = revoked if entry.action == _REVOKED else made
        of.setdefault(entry.subjects.get("token", ""), entry)
    faults = []
    try:
        for row in connection.execute(select(tokens)).mappings():
            stands = made.pop(row["token_id"], None)
            if stands is None:
                faults.append(JournalFault(0, f"no entry says that token {row['token_id']!r} was made"))
                continue
            wrong = sorted(_differences(row, stands, revoked.get(row["token_id"])))
            if wrong:
                words = f"token {row['token_id']} was edited ({', '.join(wrong)})"
                faults.append(JournalFault(stands.seq, words))
    except (DBAPIError, ValueError, TypeError) as error:
        return [*faults, JournalFault(0, f"tokens cannot be read ({type(error).__name__})")]
    return faults + [JournalFault(e.seq, f"token {name} is gone") for name, e in made.items()]


def _differences(row: Mapping[Any, Any], entry: Entry, revoked: Entry | None) -> Iterator[str]:
    """The names of what the row has otherwise than its entries."""
    said = entry.subjects
    stands = {
        "identity": row["identity"],
        "name": row["name"],
        "roles": ", ".join(json.loads(row["roles"])),
        "scopes": ", ".join(json.loads(row["scopes"])) or "all",
        "secret_digest": "sha256:" + hashlib.sha256(row["hash"].encode()).hexdigest(),
    }
    if entry.action == _COVERED:
        stands |= {"created": str(row["created_at"]), "expires": str(row["expires_at"])}
        first_revoked = None if said.get("revoked") == "None" else int(said.get("revoked", "0"))
    else:
        stands["expires_at"] = _end(row["expires_at"])
        first_revoked = None
        if row["created_at"] != entry.at:
            yield "created"
    yield from (name for name, value in stands.items() if name in said and said[name] != value)
    ended = revoked.at if first_revoked is None and revoked is not None else first_revoked
    if row["revoked_at"] != ended:
        yield "revoked"


def _end(expires_at: int | None) -> str:
    return "never" if expires_at is None else moment(expires_at).isoformat(timespec="seconds")
