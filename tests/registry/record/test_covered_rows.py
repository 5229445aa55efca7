"""Observations and tokens stand under the journal: every stored row is covered by an entry, and an edit of it shows."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, create_engine, delete, insert, select, text, update

from registry.errors import JournalError
from registry.record import observation_batches, token_audit
from registry.record.database import open_database, opened_database, writing
from registry.record.journal import append, entries
from registry.record.journal_audit import verify
from registry.record.observation_batches import Batch, forget_all
from registry.record.tables.record_tables import journal, observations, tokens
from registry.record.tokens import create_token, revoke_token
from serving.state.observations import add, import_rows
from tests.support.installation import NOW
from tests.support.old_database import migrate_to

_STAY = {"stay_id": "s1", "unit": "MED", "entered_at": 10}


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Two batches: two stays and a visit; then a later version of one of them."""
    engine = open_database(database_url)
    with writing(engine) as connection:
        rows = {"stays": [_STAY, {**_STAY, "stay_id": "s2"}], "visits": [{"visit_id": "v", "arrived_at": 5}]}
        add(connection, rows, 100, actor="app", now=NOW)
    with writing(engine) as connection:
        add(connection, {"stays": [{**_STAY, "left_at": 150}]}, 200, actor="app", now=NOW)
    yield engine
    engine.dispose()


def _faults(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        assert verify(connection) == []
        return [f"{f.seq}: {f.message}" for f in observation_batches.edited(connection)]


def test_what_was_received_is_what_stands_there(engine: Engine) -> None:
    """Each row names its entry, which says how many there were and their digest."""
    assert _faults(engine) == []
    with engine.connect() as connection:
        found = list(entries(connection))
        stored = list(connection.scalars(select(observations.c.journal_seq).order_by(observations.c.seq)))
    assert stored == [1, 1, 1, 2]
    assert [(e.action, e.actor, e.subjects["rows"]) for e in found] == [
        ("observe", "app", "3"),
        ("observe", "app", "1"),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"row": "{}"},
        {
            "row": '{"a":1}',
            "digest": "sha256:ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356",
        },
        {"kind": "census"},
        {"row_id": '["s3"]'},
        {"received_at": 101},
        {"active_until": 1},
        {"salt": ""},
        {"journal_seq": 2},
        {"superseded_at": 150},
        {"superseded_at": None},
    ],
    ids=lambda change: ",".join(change),
)
def test_an_edited_observation_is_found(engine: Engine, change: dict[str, object]) -> None:
    """Whatever column was edited."""
    with engine.begin() as connection:
        connection.execute(update(observations).where(observations.c.seq == 1).values(**change))
    assert _faults(engine)


def test_a_row_taken_away_or_put_in_is_found(engine: Engine) -> None:
    """One of a batch, the whole of a batch, one more."""
    with engine.begin() as connection:
        connection.execute(delete(observations).where(observations.c.row_id == '["s2"]'))
    assert _faults(engine) == ["1: its observations were edited: 3 were received, 2 are there"]
    with engine.begin() as connection:
        connection.execute(delete(observations).where(observations.c.journal_seq == 1))
    assert "1: its observations are gone" in _faults(engine)
    values = {"kind": "stays", "row_id": "[]", "received_at": 1, "active_until": 1, "digest": "", "row": "{}"}
    with engine.begin() as connection:
        connection.execute(insert(observations).values(**values))
    assert "0: 1 observations stand under an entry that received none" in _faults(engine)


def test_an_import_is_covered_too(engine: Engine) -> None:
    """Versions of the past that come between others."""
    with writing(engine) as connection:
        import_rows(connection, "stays", [{**_STAY, "stay_id": "s2", "left_at": 90, "received_at": 95}])
    assert _faults(engine) == []
    with engine.begin() as connection:
        connection.execute(update(observations).where(observations.c.received_at == 95).values(row="{}"))
    assert _faults(engine)


def test_rows_stored_under_another_entry_are_refused(engine: Engine) -> None:
    """Somebody appended between the rows and their entry."""
    with writing(engine) as connection:
        batch = Batch(connection)
        batch.cover([{"kind": "stays", "row_id": "", "received_at": 1, "active_until": 1, "digest": ""}])
        append(connection, actor="x", action="y", subjects={}, now=NOW)
        with pytest.raises(JournalError, match="nothing of them is stored"):
            batch.enter(connection, actor="x", action="observe", subjects={}, now=NOW)


def test_what_was_forgotten_is_said_and_no_fault(engine: Engine) -> None:
    """The demo holds one hospital at a time; what comes later is covered as ever."""
    with writing(engine) as connection:
        forget_all(connection, actor="vigie demo", reason="other data", now=NOW)
        add(connection, {"stays": [_STAY]}, 300, now=NOW)
    assert _faults(engine) == []
    with engine.begin() as connection:
        connection.execute(delete(observations))
    assert _faults(engine) == ["4: its observations are gone"]


def test_observations_and_tokens_of_before_are_covered_from_the_migration_on(empty_database_url: str) -> None:
    """What stood there then; an edit of it later shows."""
    engine = create_engine(empty_database_url)
    migrate_to(engine, "0007")
    with engine.begin() as connection:
        for number in (1, 2):
            connection.execute(
                text(
                    "INSERT INTO observations (kind, row_id, received_at, superseded_at, active_until, digest, "
                    "row) VALUES ('stays', :id, :n, NULL, 9, :digest, :row)".replace(", row)", ', "row")')
                ),
                {
                    "id": f"[{number}]",
                    "n": number,
                    "row": "{}",
                    "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
                },
            )
        connection.execute(
            text(
                "INSERT INTO tokens (token_id, name, roles, hash, created_at, expires_at, revoked_at, scopes, "
                "identity) VALUES ('t1', 'app', '[\"operator\"]', 'h', 5, 6, NULL, '[]', 'app')"
            )
        )
    engine.dispose()
    with opened_database(empty_database_url) as migrated:
        assert _faults(migrated) == []
        with migrated.connect() as connection:
            assert token_audit.edited(connection) == []
            assert [e.action for e in entries(connection)] == ["cover token", "cover observations"]
        with writing(migrated) as connection:
            revoke_token(connection, "t1", now=NOW)
        with migrated.begin() as connection:
            assert token_audit.edited(connection) == []
            connection.execute(update(tokens).values(expires_at=9**15))
            connection.execute(update(observations).where(observations.c.received_at == 1).values(digest="x"))
            assert [f.message for f in token_audit.edited(connection)] == ["token t1 was edited (expires)"]
        assert len(_faults(migrated)) == 2


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"roles": '["admin"]'}, "roles"),
        ({"scopes": '["journal"]'}, "scopes"),
        ({"identity": "Ada"}, "identity"),
        ({"name": "Ada"}, "name"),
        ({"hash": "0"}, "secret_digest"),
        ({"created_at": 1}, "created"),
        ({"expires_at": 9**15}, "expires_at"),
        ({"expires_at": None}, "expires_at"),
        ({"revoked_at": 1}, "revoked"),
    ],
)
def test_an_edited_token_is_found(database_url: str, change: dict[str, object], word: str) -> None:
    """A role, an end or a secret that was put into the table by hand; and a revoked one that is called back."""
    with opened_database(database_url) as engine:
        with writing(engine) as connection:
            secret = create_token(connection, "app", ["application"], now=NOW)
            other = create_token(connection, "gone", ["operator"], now=NOW)
            revoke_token(connection, other.split("_")[1], now=NOW + timedelta(hours=1))
        with engine.begin() as connection:
            assert token_audit.edited(connection) == []
            mine = tokens.c.token_id == secret.split("_")[1]
            connection.execute(update(tokens).where(mine).values(**change))
            connection.execute(update(tokens).where(~mine).values(revoked_at=None))
            said = [f.message for f in token_audit.edited(connection)]
        assert len(said) == 2
        assert any(f"({word})" in words for words in said)
        assert any("(revoked)" in words for words in said)


def test_a_token_put_in_or_taken_away_is_found(database_url: str) -> None:
    """No entry says that it was made; or one does, and it is not there."""
    with opened_database(database_url) as engine:
        with writing(engine) as connection:
            create_token(connection, "app", ["application"], now=NOW)
        with engine.begin() as connection:
            connection.execute(update(tokens).values(token_id="other"))
            said = sorted(f.message for f in token_audit.edited(connection))
            assert connection.scalar(select(journal.c.seq)) == 1
        assert [words.partition(" ")[0] for words in said] == ["no", "token"]
