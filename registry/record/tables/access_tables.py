"""Tables of who may ask, beside the tokens themselves: what can be used once and was, and the row that probes write.

They are read and written by SQLAlchemy's own statements: no forecast waits for them.
"""

from sqlalchemy import BigInteger, Column, Table, Text

from registry.record.tables.record_tables import metadata

__all__ = ["probe_writes", "spent_tickets"]

spent_tickets = Table(
    "spent_tickets",
    metadata,
    Column("ticket", Text, primary_key=True),
    Column("until", BigInteger, nullable=False),
)
"""Sessions that were ended and links that were used, each until it would have ended by itself."""
probe_writes = Table(
    "probe_writes",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("ballast", Text, nullable=False),
)
"""One row, written again and again: whether the disk below still takes a commit."""
