"""The first tables: observations, predictions, decisions, journal with payloads, tokens."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _column(name: str, kind: Any = sa.Text, *, null: bool = False, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null, **options)


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "observations",
        _column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
        _column("kind"),
        _column("row_id"),
        _column("received_at", sa.BigInteger),
        _column("superseded_at", sa.BigInteger, null=True),
        _column("active_until", sa.BigInteger),
        _column("digest"),
        _column("row"),
        sa.UniqueConstraint("kind", "row_id", "received_at", name="uq_observations_revision"),
    )
    op.create_index("ix_observations_active", "observations", ["kind", "active_until", "superseded_at"])
    op.create_table(
        "predictions",
        _column("prediction_id", primary_key=True),
        _column("made_at", sa.BigInteger),
        _column("model"),
        _column("version"),
        _column("digest"),
        _column("actor"),
        _column("response"),
        _column("journal_seq", sa.BigInteger),
    )
    op.create_table(
        "decisions",
        _column("decision_id", primary_key=True),
        sa.Column("prediction_id", sa.Text, sa.ForeignKey("predictions.prediction_id"), nullable=False),
        _column("decision"),
        _column("reason"),
        _column("value", null=True),
        _column("actor"),
        _column("decided_at", sa.BigInteger),
        _column("journal_seq", sa.BigInteger),
    )
    op.create_index("ix_decisions_prediction", "decisions", ["prediction_id"])
    op.create_table(
        "journal",
        _column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        _column("at", sa.BigInteger),
        _column("actor"),
        _column("action"),
        _column("subjects"),
        _column("reason"),
        _column("payload_digest"),
        _column("previous"),
        _column("digest"),
    )
    op.create_table(
        "payloads",
        sa.Column("seq", sa.BigInteger, sa.ForeignKey("journal.seq"), primary_key=True, autoincrement=False),
        _column("salt"),
        _column("payload"),
    )
    op.create_table(
        "tokens",
        _column("token_id", primary_key=True),
        _column("name"),
        _column("roles"),
        _column("hash"),
        _column("created_at", sa.BigInteger),
        _column("expires_at", sa.BigInteger, null=True),
        _column("revoked_at", sa.BigInteger, null=True),
    )


def downgrade() -> None:
    """Not offered: the journal is append-only."""
    raise NotImplementedError("The journal is append-only: restore a backup instead of going back.")
