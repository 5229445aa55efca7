"""Alembic's entry: run with a connection of `registry.database.migrate`."""

from alembic import context

from registry.database import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
