"""States of MLflow's store: whether it can be read and written, and shows every version that was registered.

Nothing that is served reads it: it is where data scientists find versions, and training writes there.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from cli.doctor.states import State, Weight
from registry.candidates.candidates import candidates
from registry.package.manifest import MODELS
from registry.settings import Settings

__all__ = ["mlflow_states"]


def mlflow_states(settings: Settings) -> Iterator[State]:
    """The state of the store; none where there is neither a store nor a version."""
    path = settings.home / "mlflow.db"
    versions = {(model, v.version) for model in MODELS for v in candidates(settings.candidates, model)}
    if not path.exists():
        if versions:
            yield State("mlflow_missing", Weight.FAULT, {"n": len(versions)})
        return
    if not path.is_file():  # a pipe would be waited for
        yield State("mlflow_damaged", Weight.FAULT, {"path": path})
        return
    if not os.access(path, os.R_OK | os.W_OK):
        yield State("mlflow_closed", Weight.FAULT, {"path": path})
        return
    try:
        shown = _shown(path)
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return  # somebody trains: what it holds is said the next time
        shown = None
    except sqlite3.DatabaseError:
        shown = None
    if shown is None:
        yield State("mlflow_damaged", Weight.FAULT, {"path": path})
    elif versions - shown:
        missing = sorted(f"{model} {version}" for model, version in versions - shown)
        yield State("mlflow_behind", Weight.NOTICE, {"versions": ", ".join(missing)})
    else:
        yield State("mlflow_good", Weight.GOOD)


def _shown(path: Path) -> set[tuple[str, str]] | None:
    """Model and version of all that the store shows; None: SQLite finds it damaged.

    Raises:
        sqlite3.DatabaseError: it is no store of MLflow's, or busy.
    """
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=2)) as connection:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        rows = connection.execute("SELECT name, version FROM model_versions").fetchall()
    return {(str(name), str(version)) for name, version in rows} if found == "ok" else None
