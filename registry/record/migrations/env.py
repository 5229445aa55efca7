"""Alembic's entry: run with a connection of `registry.record.database.migrate`."""

from alembic import context

import registry.record.request_keys
import registry.record.tables.access_tables
import registry.record.tables.recommendation_tables
import registry.record.tombstones  # noqa: F401
from registry.record.tables.record_tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
