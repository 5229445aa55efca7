"""Databases as an earlier Vigie left them."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

import registry.record.migrations

__all__ = ["migrate_to"]


def migrate_to(engine: Engine, revision: str) -> None:
    """Makes the tables of an empty database as they were at a revision."""
    config = Config()
    config.set_main_option("script_location", str(Path(registry.record.migrations.__file__).parent))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
