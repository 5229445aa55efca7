"""What is followed after a release: alarms, and the last look at each release."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _column(name: str, kind: Any = sa.Text, *, null: bool = False, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null, **options)


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "alarms",
        _column("alarm_id", primary_key=True),
        _column("model"),
        _column("release", sa.BigInteger),
        _column("family"),
        _column("name"),
        _column("raised_at", sa.BigInteger),
        _column("day", sa.BigInteger),
        _column("stops", sa.BigInteger),
        _column("evidence"),
        _column("journal_seq", sa.BigInteger),
        _column("cleared_at", sa.BigInteger, null=True),
        _column("cleared_day", sa.BigInteger, null=True),
        _column("cleared_by", null=True),
        _column("cleared_reason", null=True),
    )
    op.create_index("ix_alarms_release", "alarms", ["model", "release"])
    op.create_table(
        "monitor_looks",
        _column("model", primary_key=True),
        _column("release", sa.BigInteger, primary_key=True, autoincrement=False),
        _column("looked_at", sa.BigInteger),
        _column("until_day", sa.BigInteger),
        _column("figures"),
    )


def downgrade() -> None:
    """Not offered: the journal names alarms that must stay."""
    raise NotImplementedError("The journal is append-only: restore a backup instead of going back.")
