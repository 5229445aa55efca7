"""The migrations make what the code reads, on both databases, whoever runs them."""

import sys
from pathlib import Path
from subprocess import run

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import registry.record.migrations
from registry.record.database import REVISION, migrate, opened_database
from registry.record.tables.record_tables import (
    metadata,
)
from tests.support.repository import ROOT


def test_migrations_make_the_tables_that_the_code_reads(empty_database_url: str) -> None:
    """Names, types, keys and indexes of both databases; a second opening changes nothing."""
    with opened_database(empty_database_url) as engine:
        migrate(engine)
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, metadata) == []


def test_the_newest_form_is_the_last_migration() -> None:
    """The number that saves a service from loading Alembic is the one that Alembic would find."""
    config = Config()
    config.set_main_option("script_location", str(Path(registry.record.migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


def test_processes_that_open_a_new_database_at_once_all_succeed(empty_database_url: str) -> None:
    """One makes the tables, the others wait."""
    code = "import sys; from registry.record.database import open_database; open_database(sys.argv[1])"
    starter = "import sys, subprocess as s\nps=[s.Popen([sys.executable, *sys.argv[1:]]) for _ in range(2)]\n"
    done = run(
        [
            sys.executable,
            "-c",
            starter + "sys.exit(sum(p.wait() != 0 for p in ps))",
            "-c",
            code,
            empty_database_url,
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
