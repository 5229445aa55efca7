"""Each stored observation names the entry of the journal that covers it, and has a salt of its own.

What was stored before gets one entry for all of it, and so does each token that was made before tokens had entries:
what stands there now cannot be changed any more without showing.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_JOURNAL = sa.table(
    "journal",
    sa.column("seq", sa.BigInteger),
    sa.column("at", sa.BigInteger),
    *(
        sa.column(name, sa.Text)
        for name in ("actor", "action", "subjects", "reason", "payload_digest", "previous", "digest")
    ),
)
_OBSERVATIONS = sa.table(
    "observations",
    *(sa.column(name, sa.BigInteger) for name in ("seq", "received_at", "active_until", "journal_seq")),
    *(sa.column(name, sa.Text) for name in ("kind", "row_id", "digest", "salt")),
)
_TOKENS = sa.table(
    "tokens",
    *(sa.column(name, sa.BigInteger) for name in ("created_at", "expires_at", "revoked_at")),
    *(sa.column(name, sa.Text) for name in ("token_id", "name", "roles", "scopes", "identity", "hash")),
)


def upgrade() -> None:
    """Adds the columns and writes the entries."""
    op.add_column("observations", sa.Column("journal_seq", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("observations", sa.Column("salt", sa.Text, nullable=False, server_default=""))
    op.create_index("ix_observations_entry", "observations", ["journal_seq"])
    connection = op.get_bind()
    _cover_tokens(connection)
    _cover_observations(connection)


def _cover_tokens(connection: sa.Connection) -> None:
    made = sa.select(_JOURNAL.c.subjects).where(_JOURNAL.c.action == "create token")
    known = {json.loads(text).get("token") for text in connection.scalars(made)}
    for row in connection.execute(sa.select(_TOKENS).order_by(_TOKENS.c.token_id)).mappings().all():
        if row["token_id"] not in known:
            _enter(connection, "cover token", _token_subjects(row))


def _token_subjects(row: Mapping[Any, Any]) -> dict[str, str]:
    return {
        "token": row["token_id"],
        "identity": row["identity"],
        "name": row["name"],
        "roles": ", ".join(json.loads(row["roles"])),
        "scopes": ", ".join(json.loads(row["scopes"])) or "all",
        "created": str(row["created_at"]),
        "expires": str(row["expires_at"]),
        "revoked": str(row["revoked_at"]),
        "secret_digest": "sha256:" + hashlib.sha256(row["hash"].encode()).hexdigest(),
    }


def _cover_observations(connection: sa.Connection) -> None:
    o = _OBSERVATIONS.c
    query = sa.select(o.kind, o.row_id, o.received_at, o.active_until, o.digest, o.salt).order_by(o.seq)
    rows, total = 0, hashlib.sha256()
    for row in connection.execute(query).yield_per(1000):
        total.update(hashlib.sha256(_canonical(list(row))).hexdigest().encode())
        rows += 1
    if rows:
        subjects = {"rows": str(rows), "rows_digest": "sha256:" + total.hexdigest()}
        seq = _enter(connection, "cover observations", subjects)
        connection.execute(sa.update(_OBSERVATIONS).values(journal_seq=seq))


def _enter(connection: sa.Connection, action: str, subjects: Mapping[str, str]) -> int:
    """Writes an entry as the journal did at this revision; returns its number."""
    j = _JOURNAL.c
    last = connection.execute(sa.select(j.seq, j.digest).order_by(j.seq.desc()).limit(1)).first()
    signed: dict[str, Any] = {
        "seq": 1 if last is None else last.seq + 1,
        "at": int(time.time() * 1_000_000),
        "actor": "vigie",
        "action": action,
        "subjects": dict(subjects),
        "reason": "what stood there before entries covered it",
        "payload_digest": "",
        "previous": "sha256:" + "0" * 64 if last is None else last.digest,
    }
    digest = "sha256:" + hashlib.sha256(_canonical(signed)).hexdigest()
    row = {**signed, "digest": digest, "subjects": _canonical(signed["subjects"]).decode()}
    connection.execute(sa.insert(_JOURNAL).values(**row))
    return int(row["seq"])


def _canonical(body: Any) -> bytes:
    written = json.dumps(body, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return written.encode() + b"\n"


def downgrade() -> None:
    """Not offered, as for the tables before it."""
    raise NotImplementedError("The journal is append-only: restore a backup instead of going back.")
