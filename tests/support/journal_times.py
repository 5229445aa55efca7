"""Entries of the journal as if they had been written at another time: the product writes none but at the real one."""

from sqlalchemy import Connection, select, update

from registry.record.tables.recommendation_tables import recommendation_acts, recommendations
from registry.record.tables.record_tables import journal

__all__ = ["entered_at"]


def entered_at(connection: Connection, recommendation_id: str, at: int) -> None:
    """The entries of a recommendation and of all acts on it, dated to an instant; their chain breaks."""
    for table in (recommendations, recommendation_acts):
        mine = select(table.c.journal_seq).where(table.c.recommendation_id == recommendation_id)
        connection.execute(update(journal).where(journal.c.seq.in_(mine)).values(at=at))
