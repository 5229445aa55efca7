"""What was recommended, what people did with it, and what other applications are told of it."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "recommendations",
        sa.Column("recommendation_id", sa.Text, primary_key=True),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("proposed_at", sa.BigInteger, nullable=False),
        sa.Column("decide_by", sa.BigInteger, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("seeded_for", sa.Text),
        sa.Column("closed_at", sa.BigInteger),
        sa.Column("journal_seq", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_recommendations_closed", "recommendations", ["closed_at"])
    op.create_index("ix_recommendations_proposed", "recommendations", ["proposed_at"])
    op.create_table(
        "recommendation_acts",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column(
            "recommendation_id", sa.Text, sa.ForeignKey("recommendations.recommendation_id"), nullable=False
        ),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("journal_seq", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_recommendation_acts_of", "recommendation_acts", ["recommendation_id"])
    op.create_table(
        "webhook_outbox",
        sa.Column("delivery_id", sa.Text, primary_key=True),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=False),
        sa.Column("delivered_at", sa.BigInteger),
        sa.Column("given_up_at", sa.BigInteger),
    )
    op.create_index("ix_webhook_outbox_next", "webhook_outbox", ["next_at"])


def downgrade() -> None:
    """Not offered, as for the tables before it."""
    raise NotImplementedError("The journal is append-only: restore a backup instead of going back.")
