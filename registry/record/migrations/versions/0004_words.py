"""Monitoring runs and acknowledged alarms, under their names of today; what they hold is kept.

Journal entries and predictions stay as they were written: they are signed for by the chain of digests.
"""

import json
from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ALARMS = sa.table("alarms", sa.column("alarm_id", sa.Text), sa.column("evidence", sa.Text))
_RUNS = sa.table(
    "monitoring_runs",
    sa.column("model", sa.Text),
    sa.column("release", sa.BigInteger),
    sa.column("figures", sa.Text),
)


def upgrade() -> None:
    """Renames table, columns and the fields of their JSON."""
    op.execute("ALTER TABLE monitor_looks RENAME TO monitoring_runs")
    op.execute("ALTER TABLE monitoring_runs RENAME COLUMN looked_at TO run_at")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX IF EXISTS monitor_looks_pkey RENAME TO monitoring_runs_pkey")
    for name in ("at", "day", "by", "reason"):
        op.execute(f"ALTER TABLE alarms RENAME COLUMN cleared_{name} TO acknowledged_{name}")
    _rename_fields()


def _rename_fields() -> None:
    connection = op.get_bind()
    for row in connection.execute(sa.select(_RUNS)).all():
        figures = [_renamed(f, {"reach": "threshold_share"}) for f in json.loads(row.figures)]
        same = (_RUNS.c.model == row.model) & (_RUNS.c.release == row.release)
        connection.execute(sa.update(_RUNS).where(same).values(figures=_canonical(figures)))
    for row in connection.execute(sa.select(_ALARMS)).all():
        evidence = _renamed(json.loads(row.evidence), {"look": "speed"})
        same = _ALARMS.c.alarm_id == row.alarm_id
        connection.execute(sa.update(_ALARMS).where(same).values(evidence=_canonical(evidence)))


def _renamed(body: Mapping[str, object], names: Mapping[str, str]) -> dict[str, object]:
    return {names.get(name, name): value for name, value in body.items()}


def _canonical(body: object) -> str:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"


def downgrade() -> None:
    """Not offered, as for the tables before it."""
    raise NotImplementedError("The journal is append-only: restore a backup instead of going back.")
