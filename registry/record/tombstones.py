"""The table of what erased observations leave."""

from sqlalchemy import BigInteger, Column, Index, Table, Text

from registry.record.database import metadata

__all__ = ["ERASE_SUBJECT", "erased_observations"]

ERASE_SUBJECT = "erase subject"
"""The action of the entry that says of an erasure."""
erased_observations = Table(
    "erased_observations",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("journal_seq", BigInteger, nullable=False),
    Column("line_hash", Text, nullable=False),
    Column("erased_by", BigInteger, nullable=False),
    Index("ix_erased_observations_by", "erased_by"),
)
