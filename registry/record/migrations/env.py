"""Alembic's entry: run with a connection of `registry.record.database.migrate`."""

from alembic import context

import registry.record.access_tables  # noqa: F401 - its tables are the metadata's too
from registry.record.database import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
