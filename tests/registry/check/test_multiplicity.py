"""How often it was tried: from the journal, whatever became of the versions."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from registry.check.multiplicity import attempts, registered_span
from registry.record.database import open_database, writing
from registry.record.journal import append

NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """A database of its own."""
    return open_database(f"sqlite:///{tmp_path}/vigie.db")


def registered(engine: Engine, version: str, span: tuple[int, int] | None, model: str = "wait-time") -> None:
    """A registration in the journal."""
    told = {} if span is None else registered_span(span)
    subjects = {**told, "model": model, "version": version, "package_digest": f"sha256:{version}"}
    with writing(engine) as connection:
        append(connection, actor="author", action="register", subjects=subjects, now=NOW)


def counted(engine: Engine, version: str, span: tuple[int, int]) -> int:
    """Attempts of a version of wait-time."""
    with engine.connect() as connection:
        return attempts(connection, "wait-time", version, span)


def test_versions_judged_on_overlapping_days_count(engine: Engine) -> None:
    """Those before, and of the other model, do not; nor does touching at the edge."""
    for version, span in (("1", (0, 100)), ("2", (100, 200)), ("3", (150, 250))):
        registered(engine, version, span)
    registered(engine, "1", (150, 250), model="bed-demand")
    assert counted(engine, "3", (150, 250)) == 2
    assert counted(engine, "1", (0, 100)) == 1
    assert counted(engine, "2", (100, 200)) == 2


def test_a_version_counts_once_and_the_one_that_is_checked_always(engine: Engine) -> None:
    """An entry that was written twice is one version; a journal that was lost still leaves this one."""
    registered(engine, "1", (0, 100))
    registered(engine, "1", (0, 100))
    assert counted(engine, "1", (0, 100)) == 1
    assert counted(engine, "7", (0, 100)) == 2
    assert counted(engine, "7", (500, 600)) == 1


def test_an_entry_that_does_not_say_where_it_was_judged_counts(engine: Engine) -> None:
    """It may have been here; one that says where it begins or ends alone does not say it."""
    registered(engine, "1", None)
    assert counted(engine, "2", (0, 100)) == 2
    for version, (name, at) in enumerate(registered_span((500, 600)).items(), 3):
        subjects = {name: at, "model": "wait-time", "version": str(version), "package_digest": "sha256:3"}
        with writing(engine) as connection:
            append(connection, actor="author", action="register", subjects=subjects, now=NOW)
    assert counted(engine, "2", (0, 100)) == 4
