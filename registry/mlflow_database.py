"""MLflow's database of an installation, as SQLite sees it: whether it can be written, and that it names no folder."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from registry.mlflow_artifacts import ROOT

__all__ = ["make_relative", "require_writable"]


def require_writable(home: Path) -> None:
    """Fails at once where MLflow would try again for minutes, or make a store where there is none."""
    path = (home / "mlflow.db").resolve()
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("SELECT count(*) FROM model_versions")
        connection.rollback()


# Where MLflow stores addresses of artefacts: table, column.
_ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


def make_relative(database: Path) -> None:
    """Addresses that name a folder of a machine become those of the home in which the store stands.

    MLflow writes one for its default experiment, and stores of before have one for every run: where such a home was
    copied or moved, they are those of the home that it was.
    """
    with closing(sqlite3.connect(database, timeout=60)) as connection, connection:
        changed = 0
        for table, column in _ADDRESSES:
            rows = connection.execute(
                f"SELECT rowid, {column} FROM {table} WHERE {column} LIKE 'file:%' OR {column} LIKE '/%'"  # noqa: S608
            ).fetchall()
            for row, address in rows:
                _, _, rest = str(address).partition("/mlflow-artifacts")
                relative = f"{ROOT}{rest}"
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (relative, row))  # noqa: S608
            changed += len(rows)
    if changed:  # what a row was is not left in the file, either
        with closing(sqlite3.connect(database, timeout=60, isolation_level=None)) as connection:
            connection.execute("VACUUM")
