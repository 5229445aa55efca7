"""The tables of the record: what was received, forecast and decided, the journal, tokens, and what monitoring found."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint

__all__ = [
    "alarms",
    "decisions",
    "journal",
    "metadata",
    "monitoring_runs",
    "observations",
    "payloads",
    "predictions",
    "tokens",
]

metadata = MetaData()
_SEQUENCE = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers only INTEGER keys by itself

observations = Table(
    "observations",
    metadata,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("row_id", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("superseded_at", BigInteger),
    Column("active_until", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("row", Text, nullable=False),
    Column("journal_seq", BigInteger, nullable=False, server_default="0"),
    Column("salt", Text, nullable=False, server_default=""),
    UniqueConstraint("kind", "row_id", "received_at", name="uq_observations_revision"),
    Index("ix_observations_active", "kind", "active_until", "superseded_at"),
    Index("ix_observations_entry", "journal_seq"),
)
predictions = Table(
    "predictions",
    metadata,
    Column("prediction_id", Text, primary_key=True),
    Column("made_at", BigInteger, nullable=False),
    Column("model", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("response", Text, nullable=False),
    Column("journal_seq", BigInteger, nullable=False),
)
decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", Text, primary_key=True),
    Column("prediction_id", Text, ForeignKey("predictions.prediction_id"), nullable=False),
    Column("decision", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("value", Text),
    Column("actor", Text, nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    Column("journal_seq", BigInteger, nullable=False),
    Index("ix_decisions_prediction", "prediction_id"),
)
journal = Table(
    "journal",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subjects", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("payload_digest", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("digest", Text, nullable=False),
)
payloads = Table(
    "payloads",
    metadata,
    Column("seq", BigInteger, ForeignKey("journal.seq"), primary_key=True, autoincrement=False),
    Column("salt", Text, nullable=False),
    Column("payload", Text, nullable=False),
)
tokens = Table(
    "tokens",
    metadata,
    Column("token_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
    Column("scopes", Text, nullable=False, server_default="[]"),
    Column("identity", Text, nullable=False, server_default=""),
    Index("uq_tokens_identity", "identity", unique=True),
)
alarms = Table(
    "alarms",
    metadata,
    Column("alarm_id", Text, primary_key=True),
    Column("model", Text, nullable=False),
    Column("release", BigInteger, nullable=False),
    Column("family", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("raised_at", BigInteger, nullable=False),
    Column("day", BigInteger, nullable=False),
    Column("stops", BigInteger, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("journal_seq", BigInteger, nullable=False),
    Column("acknowledged_at", BigInteger),
    Column("acknowledged_day", BigInteger),
    Column("acknowledged_by", Text),
    Column("acknowledged_reason", Text),
    Index("ix_alarms_release", "model", "release"),
)
monitoring_runs = Table(
    "monitoring_runs",
    metadata,
    Column("model", Text, primary_key=True),
    Column("release", BigInteger, primary_key=True, autoincrement=False),
    Column("run_at", BigInteger, nullable=False),
    Column("until_day", BigInteger, nullable=False),
    Column("figures", Text, nullable=False),
)
