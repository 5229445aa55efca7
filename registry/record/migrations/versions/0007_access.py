"""Tokens with an identity of their own, scopes and an end; tickets that were spent; the row that probes write.

Tokens of one name were one identity. Which of them a prediction was made for cannot be known any more, so that none of
them inherits it: each is named by its id, too. A token without an end gets the usual lifetime from now on.
"""

import time
import unicodedata
from collections import Counter

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0004"
branch_labels = None
depends_on = None

_TOKENS = sa.table(
    "tokens",
    sa.column("token_id", sa.Text),
    sa.column("name", sa.Text),
    sa.column("identity", sa.Text),
    sa.column("scopes", sa.Text),
    sa.column("expires_at", sa.BigInteger),
)
_LIFETIME = 180 * 86_400 * 1_000_000


def upgrade() -> None:
    """Adds the columns, names every token, and makes the tables."""
    op.add_column("tokens", sa.Column("scopes", sa.Text, nullable=False, server_default="[]"))
    op.add_column("tokens", sa.Column("identity", sa.Text, nullable=False, server_default=""))
    connection = op.get_bind()
    rows = connection.execute(sa.select(_TOKENS.c.token_id, _TOKENS.c.name)).all()
    bearers = Counter(_folded(row.name) for row in rows)
    for row in rows:
        alone = bearers[_folded(row.name)] == 1 and _folded(row.name) != "page"
        identity = row.name if alone else f"{row.name} ({row.token_id})"
        same = _TOKENS.c.token_id == row.token_id
        connection.execute(sa.update(_TOKENS).where(same).values(identity=identity))
    end = int(time.time() * 1_000_000) + _LIFETIME
    connection.execute(sa.update(_TOKENS).where(_TOKENS.c.expires_at.is_(None)).values(expires_at=end))
    op.create_index("uq_tokens_identity", "tokens", ["identity"], unique=True)
    op.create_table(
        "spent_tickets",
        sa.Column("ticket", sa.Text, primary_key=True),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "probe_writes",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("ballast", sa.Text, nullable=False),
    )


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def downgrade() -> None:
    """Not offered, as for the tables before it."""
    raise NotImplementedError("The journal is append-only: restore a backup instead of going back.")
