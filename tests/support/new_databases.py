"""New databases whose tables are there: each a copy of one that Vigie's own migrations made in this process.

Making the tables takes as long as most of the tests that need them; how they are made has tests of its own
(`tests/registry/record/migrations`), which begin with an empty database.
"""

import tempfile
from functools import cache
from pathlib import Path

from registry.record.database import opened_database

__all__ = ["new_sqlite"]


def new_sqlite(path: Path) -> str:
    """The URL of a new SQLite database at a path, whose folder is made; what lies there already stays."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_tables())
    return f"sqlite:///{path}"


@cache
def _tables() -> bytes:
    """The file of a database with every table and no row."""
    with tempfile.TemporaryDirectory(prefix="vigie-") as folder:
        path = Path(folder) / "vigie.db"
        with opened_database(f"sqlite:///{path}"):
            pass
        assert [p.name for p in path.parent.iterdir()] == [path.name], "all of it is in its one file"
        return path.read_bytes()
