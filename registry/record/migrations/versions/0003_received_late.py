"""What was received late matters until its reception: the version before it was in force until then."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Corrects what was stored before."""
    op.execute("UPDATE observations SET active_until = received_at WHERE active_until < received_at")


def downgrade() -> None:
    """Not offered, as for the tables before it."""
    raise NotImplementedError("The journal is append-only: restore a backup instead of going back.")
