"""New databases whose tables are there: each a copy of one that Vigie's own migrations made in this process.

Making the tables takes as long as most of the tests that need them; how they are made has tests of its own
(`tests/registry/record/migrations`, `tests/registry/test_mlflow_store.py`), which begin with nothing.
"""

import sqlite3
import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path

from registry.record.database import opened_database

__all__ = ["new_mlflow", "new_sqlite"]


def new_sqlite(path: Path) -> str:
    """The URL of a new SQLite database at a path, whose folder is made; what lies there already stays."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_tables())
    return f"sqlite:///{path}"


def new_mlflow(home: Path) -> None:
    """Gives a home MLflow's store without a run, of whose hundred migrations each takes as long as all of Vigie's."""
    path = home / "mlflow.db"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_store())


@cache
def _tables() -> bytes:
    """The file of a database with every table and no row."""
    with tempfile.TemporaryDirectory(prefix="vigie-", dir=_memory()) as folder:
        path = Path(folder) / "vigie.db"
        with opened_database(f"sqlite:///{path}"):
            pass
        assert [p.name for p in path.parent.iterdir()] == [path.name], "all of it is in its one file"
        return path.read_bytes()


@cache
def _store() -> bytes:
    """The file of MLflow's own tables."""
    from mlflow import MlflowClient

    from registry.mlflow_store import tracking_uri

    with tempfile.TemporaryDirectory(prefix="vigie-", dir=_memory()) as folder:
        MlflowClient(tracking_uri(Path(folder))).search_experiments()
        path = Path(folder) / "mlflow.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return path.read_bytes()


def _memory() -> Path | None:
    """Where no file waits for a disk, if there is such a place."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder made in it has a random name
    return memory if memory.is_dir() else None
