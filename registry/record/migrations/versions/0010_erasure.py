"""What an erased observation leaves: its place, its entry, and the salted hash of a line that is gone with its salt."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "erased_observations",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("journal_seq", sa.BigInteger, nullable=False),
        sa.Column("line_hash", sa.Text, nullable=False),
        sa.Column("erased_by", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_erased_observations_by", "erased_observations", ["erased_by"])


def downgrade() -> None:
    """Not offered, as for the tables before it."""
    raise NotImplementedError("The journal is append-only: restore a backup instead of going back.")
