"""The database: one set of tables on SQLite and PostgreSQL, safe settings, errors in words."""

import sys
from pathlib import Path
from subprocess import run

import pytest
from sqlalchemy import BigInteger, bindparam, create_engine, insert, select, text
from sqlalchemy.exc import IntegrityError

from registry.errors import RegistryError
from registry.record.compiled_sql import Insertion, Question
from registry.record.database import open_database, opened_database, writing
from registry.record.tables.record_tables import (
    decisions,
    observations,
    tokens,
)


def test_a_database_that_is_as_it_must_be_is_opened_without_alembic(tmp_path: Path) -> None:
    """A worker of the service opens it at each start, and keeps what it has loaded."""
    url = f"sqlite:///{tmp_path / 'vigie.db'}"
    open_database(url).dispose()
    script = "import sys; from registry.record.database import open_database; open_database(sys.argv[1]).dispose(); "
    script += "print(sorted({name.split('.')[0] for name in sys.modules} & {'alembic', 'mako'}))"
    done = run([sys.executable, "-c", script, url], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_sqlite_loses_no_commit_and_keeps_foreign_keys(tmp_path: Path) -> None:
    """A power cut after a commit keeps it: WAL with synchronous FULL (2)."""
    with opened_database(f"sqlite:///{tmp_path / 'vigie.db'}") as engine, engine.connect() as connection:
        found = {p: connection.execute(text(f"PRAGMA {p}")).scalar() for p in ("journal_mode", "synchronous")}
        assert found == {"journal_mode": "wal", "synchronous": 2}
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 20000


def test_a_decision_needs_its_prediction(database_url: str) -> None:
    """Foreign keys hold on both databases."""
    row = {"decision_id": "d", "prediction_id": "none", "decision": "accept", "reason": "", "actor": "a"}
    with (
        opened_database(database_url) as engine,
        pytest.raises(IntegrityError),
        writing(engine) as connection,
    ):
        connection.execute(insert(decisions).values(**row, decided_at=0, journal_seq=1))


def test_a_revision_of_a_row_is_kept_once(database_url: str) -> None:
    """The same row received at the same time is one; received later it is another."""
    row = {"kind": "visits", "row_id": "v", "active_until": 9, "digest": "", "row": "{}"}
    with opened_database(database_url) as engine:
        with writing(engine) as connection:
            connection.execute(insert(observations), [{**row, "received_at": t} for t in (1, 2)])
        with pytest.raises(IntegrityError), writing(engine) as connection:
            connection.execute(insert(observations).values(**row, received_at=2))
        with engine.connect() as connection:
            assert list(connection.scalars(select(observations.c.seq).order_by("seq"))) == [1, 2]


def test_what_fails_inside_a_transaction_leaves_nothing(database_url: str) -> None:
    """All or nothing."""
    with opened_database(database_url) as engine:
        row = {
            "kind": "visits",
            "row_id": "v",
            "received_at": 1,
            "active_until": 9,
            "digest": "",
            "row": "{}",
        }
        with pytest.raises(IntegrityError), writing(engine) as connection:
            connection.execute(insert(observations), [row, {**row, "received_at": 2}, row])
        with engine.connect() as connection:
            assert connection.execute(select(observations)).first() is None


def test_statements_made_once_are_as_any_other(database_url: str) -> None:
    """They begin a transaction where there is none, are part of it, and fail with SQLAlchemy's errors."""
    insertion, newest = Insertion(tokens), Question(select(tokens.c.token_id, tokens.c.revoked_at))
    row = dict.fromkeys(tokens.columns.keys(), "é 'x' %s") | dict.fromkeys(
        ("created_at", "expires_at", "revoked_at"), None
    )
    with opened_database(database_url) as engine:
        with engine.connect() as connection:
            assert newest.first(connection) is None
            insertion.run(connection, [{**row, "created_at": 1}])
            assert tuple(newest.first(connection) or ()) == ("é 'x' %s", None)
        with engine.connect() as connection:
            assert newest.first(connection) is None  # nobody committed
        with pytest.raises(IntegrityError) as error, writing(engine) as connection:
            insertion.run(connection, [{**row, "created_at": i} for i in (1, 2)])
        assert "token_id" in str(error.value)
        with engine.connect() as connection:
            assert newest.first(connection) is None


def test_a_question_may_have_a_parameter(database_url: str) -> None:
    """Its value is the driver's own: as long as an instant, or a text with every sign in it."""
    late = Question(
        select(tokens.c.token_id).where(tokens.c.created_at > bindparam("at", type_=BigInteger)), "at"
    )
    named = Question(select(tokens.c.created_at).where(tokens.c.token_id == bindparam("token")), "token")
    row = dict.fromkeys(tokens.columns.keys(), "é 'x' %s") | dict.fromkeys(("expires_at", "revoked_at"), None)
    with opened_database(database_url) as engine, engine.connect() as connection:
        Insertion(tokens).run(connection, [{**row, "created_at": 2**40}])
        assert tuple(late.first(connection, 2**40 - 1) or ()) == ("é 'x' %s",)
        assert late.first(connection, 2**40) is None
        assert tuple(named.first(connection, "é 'x' %s") or ()) == (2**40,)
        assert named.first(connection, "' or 1=1 --") is None


@pytest.mark.parametrize(
    "url", ["", "no url", "mysql://a/b", "postgres://a/b", "sqlite:////proc/nowhere/vigie.db"]
)
def test_a_url_that_serves_for_nothing_is_refused_in_words(url: str) -> None:
    """No traceback of a library."""
    with pytest.raises(RegistryError, match="VIGIE_"):
        open_database(url)


def test_a_server_that_does_not_run_is_named_without_the_password() -> None:
    """The URL is shown, what is secret in it is not."""
    with pytest.raises(RegistryError, match="check that it runs") as error:
        open_database("postgresql://vigie:very-secret@127.0.0.1:1/vigie")
    assert "very-secret" not in str(error.value)


def test_what_is_no_database_is_named(tmp_path: Path) -> None:
    """A file of something else is left as it is."""
    (tmp_path / "vigie.db").write_bytes(b"no database at all, but long enough to be looked at" * 100)
    with pytest.raises(RegistryError, match="cannot be opened"):
        open_database(f"sqlite:///{tmp_path / 'vigie.db'}")


def test_a_database_of_a_newer_vigie_is_left_alone(tmp_path: Path) -> None:
    """An older program does not guess."""
    url = f"sqlite:///{tmp_path / 'vigie.db'}"
    open_database(url).dispose()
    with create_engine(url).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(RegistryError, match="newer Vigie"):
        open_database(url)
