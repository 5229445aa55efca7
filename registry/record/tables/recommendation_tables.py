"""Tables of the command centre: what was recommended, what people did with it, and what other applications are sent.

They are read and written by SQLAlchemy's own statements: no forecast waits for them.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text

from registry.record.tables.record_tables import metadata

__all__ = ["recommendation_acts", "recommendations", "webhook_outbox"]

recommendations = Table(
    "recommendations",
    metadata,
    Column("recommendation_id", Text, primary_key=True),
    Column("place", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("proposed_at", BigInteger, nullable=False),
    Column("decide_by", BigInteger, nullable=False),
    Column("content", Text, nullable=False),
    Column("seeded_for", Text),
    Column("closed_at", BigInteger),
    Column("journal_seq", BigInteger, nullable=False),
    Index("ix_recommendations_closed", "closed_at"),
    Index("ix_recommendations_proposed", "proposed_at"),
)
"""`seeded_for`: null of what is real; else whose attention a wrong one tests, and nobody else is ever shown it."""
recommendation_acts = Table(
    "recommendation_acts",
    metadata,
    Column(
        "seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    ),  # SQLite numbers only INTEGER keys by itself
    Column("recommendation_id", Text, ForeignKey("recommendations.recommendation_id"), nullable=False),
    Column("act", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("content", Text, nullable=False),
    Column("journal_seq", BigInteger, nullable=False),
    Index("ix_recommendation_acts_of", "recommendation_id"),
)
webhook_outbox = Table(
    "webhook_outbox",
    metadata,
    Column("delivery_id", Text, primary_key=True),
    Column("target", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("delivered_at", BigInteger),
    Column("given_up_at", BigInteger),
    Index("ix_webhook_outbox_next", "next_at"),
)
