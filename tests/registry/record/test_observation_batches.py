"""Batches of observations under their entries: salts, counts and what an audit says of each kind of hole."""

import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, insert, select, text, update

from registry.record.database import open_database, writing
from registry.record.erasure import bury, erase_subject, tombstones_digest
from registry.record.journal import append, entries, head
from registry.record.journal_audit import JournalFault
from registry.record.observation_batches import Batch, edited, forget_all, line_hash
from registry.record.tables.record_tables import observations
from registry.record.tombstones import ERASE_SUBJECT, RETAIN, erased_observations
from tests.support.installation import NOW

PERSON = "a" * 32
COLUMNS = ("kind", "row_id", "received_at", "active_until", "digest", "salt")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Two batches: three rows of which one names a person, then one more."""
    engine = open_database(database_url)
    _receive(engine, _row("s1"), _row("s2", visit_id=PERSON), _row("s3"))
    _receive(engine, _row("s4"))
    yield engine
    engine.dispose()


def _row(name: str, received: int = 100, **content: object) -> dict[str, Any]:
    text_of = json.dumps({"stay_id": name, **content})
    digest = "sha256:" + hashlib.sha256(text_of.encode()).hexdigest()
    row = {"kind": "stays", "row_id": name, "received_at": received, "superseded_at": None}
    return {**row, "active_until": 10**9, "digest": digest, "row": text_of}


def _receive(engine: Engine, *rows: dict[str, Any], action: str = "observe") -> None:
    with writing(engine) as connection:
        batch = Batch(connection)
        batch.cover(rows)
        connection.execute(insert(observations), list(rows))
        subjects = {"source": "app"}
        entry = batch.enter(connection, actor="app", action=action, subjects=subjects, now=NOW)
        assert entry is not None
        assert (entry.seq, entry.subjects["source"]) == (batch.entry, "app")
        assert (batch.rows, entry.subjects["rows"]) == (len(rows), str(len(rows)))


def _edited(engine: Engine) -> list[JournalFault]:
    with engine.connect() as connection:
        return edited(connection)


def _take_away(engine: Engine, *names: str, entry: int = 3) -> list[str]:
    with writing(engine) as connection:
        query = select(observations).where(observations.c.row_id.in_(names))
        return bury(connection, list(connection.execute(query).mappings()), entry)


def test_a_batch_is_what_anybody_can_compute(engine: Engine) -> None:
    """By hashlib and JSON alone: each row with 64 random bits of its own, so that nobody can try out who it was."""
    assert _edited(engine) == []
    with engine.connect() as connection:
        rows = [
            dict(r) for r in connection.execute(select(observations).order_by(observations.c.seq)).mappings()
        ]
        first = next(entries(connection))
    salts = [row["salt"] for row in rows]
    assert len(set(salts)) == 4
    assert {len(bytes.fromhex(salt)) for salt in salts} == {8}
    lines = [
        hashlib.sha256(
            json.dumps([row[c] for c in COLUMNS], separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        ).hexdigest()
        for row in rows
    ]
    assert [line_hash(row) for row in rows] == lines
    whole = hashlib.sha256("".join(lines[:3]).encode()).hexdigest()
    assert first.subjects["rows_digest"] == f"sha256:{whole}"


def test_no_row_makes_no_entry(engine: Engine) -> None:
    """A request with nothing new in it leaves the journal as it was."""
    with writing(engine) as connection:
        batch = Batch(connection)
        batch.cover([])
        assert batch.enter(connection, actor="a", action="observe", subjects={}, now=NOW) is None
        assert head(connection).seq == 2


def test_a_person_who_was_erased_leaves_a_whole_batch(engine: Engine) -> None:
    """And what is edited beside the tombstone still shows, counted with it."""
    with writing(engine) as connection:
        found = erase_subject(connection, {PERSON}, actor="DPO", reason="request", now=NOW)
    assert found.observations == 1
    assert _edited(engine) == []
    with engine.begin() as connection:
        connection.execute(delete(observations).where(observations.c.row_id == "s3"))
    assert _edited(engine) == [JournalFault(1, "its observations were edited: 3 were received, 2 are there")]


@pytest.mark.parametrize("action", [ERASE_SUBJECT, RETAIN])
def test_tombstones_are_explained_by_the_entry_that_has_their_digest(engine: Engine, action: str) -> None:
    """Of an erasure or of a term; in their order, and none more."""
    hashes = _take_away(engine, "s1", "s4")
    unexplained = "observations were taken away, and no entry says that a person was erased"
    assert _edited(engine) == [JournalFault(3, unexplained)]
    with writing(engine) as connection:
        subjects = {"tombstones": tombstones_digest(hashes)}
        append(connection, actor="DPO", action=action, subjects=subjects, now=NOW)
    assert _edited(engine) == []
    with engine.begin() as connection:
        connection.execute(
            update(erased_observations).where(erased_observations.c.journal_seq == 2).values(seq=0)
        )
    assert JournalFault(3, "what its erasure left was edited") in _edited(engine)


def test_an_erasure_that_left_nothing_has_the_digest_of_nothing(engine: Engine) -> None:
    """Predictions alone may have named the person; an entry without a digest explains nothing."""
    with writing(engine) as connection:
        for subjects in ({"tombstones": tombstones_digest([])}, {}):
            append(connection, actor="DPO", action=ERASE_SUBJECT, subjects=subjects, now=NOW)
    assert _edited(engine) == [JournalFault(4, "what its erasure left was edited")]


def test_an_edit_of_the_content_alone_is_named_by_its_row(engine: Engine) -> None:
    """The digest beside it is what was received: the batch itself is whole."""
    with engine.begin() as connection:
        connection.execute(update(observations).where(observations.c.row_id == "s2").values(row="{}"))
    assert _edited(engine) == [JournalFault(1, "observation 2 was edited")]


def test_rows_moved_under_another_entry_show_at_both(engine: Engine) -> None:
    """One that received less, one that received more, and one that received none."""
    with engine.begin() as connection:
        connection.execute(update(observations).where(observations.c.row_id == "s3").values(journal_seq=2))
    assert _edited(engine) == [
        JournalFault(1, "its observations were edited: 3 were received, 2 are there"),
        JournalFault(2, "its observations were edited: 1 were received, 2 are there"),
    ]
    with engine.begin() as connection:
        connection.execute(update(observations).where(observations.c.row_id == "s3").values(journal_seq=9))
    assert JournalFault(9, "1 observations stand under an entry that received none") in _edited(engine)


def test_what_was_forgotten_excuses_what_came_before_it_and_nothing_after(engine: Engine) -> None:
    """Nor a row of before that stands there still, but edited."""
    kept = _row("s1")
    with writing(engine) as connection:
        forget_all(connection, actor="vigie demo", reason="other data", now=NOW)
    with engine.connect() as connection:
        last = list(entries(connection))[-1]
    assert (last.action, dict(last.subjects), last.reason) == (
        "forget observations",
        {"rows": "4"},
        "other data",
    )
    _receive(engine, _row("s5", 300))
    assert _edited(engine) == []
    with engine.begin() as connection:
        connection.execute(insert(observations).values(**kept, journal_seq=1, salt="00"))
    assert _edited(engine) == [JournalFault(1, "its observations were edited: 3 were received, 1 are there")]


def test_the_end_of_a_version_is_the_reception_of_the_next(engine: Engine) -> None:
    """An edited end hides a row or calls one back; one of another table or row is no next."""
    _receive(engine, _row("s1", 200), {**_row("s1", 150), "kind": "visits"})
    wrong = "observation 1 ends where no later version begins"
    assert _edited(engine) == [JournalFault(1, wrong)]
    for end, expected in ((200, []), (199, [JournalFault(1, wrong)])):
        with engine.begin() as connection:
            connection.execute(update(observations).where(observations.c.seq == 1).values(superseded_at=end))
        assert _edited(engine) == expected


def test_an_entry_of_another_kind_covers_nothing(engine: Engine) -> None:
    """An import does; a word of a person does not, whatever it names."""
    _receive(engine, _row("i1"), action="import")
    assert _edited(engine) == []
    _receive(engine, _row("i2"), action="decide")
    assert _edited(engine) == [JournalFault(4, "1 observations stand under an entry that received none")]


def test_a_table_that_cannot_be_read_is_said_with_what_was_found(engine: Engine) -> None:
    """Rather than a traceback in the middle of an audit."""
    with engine.begin() as connection:
        connection.execute(update(observations).where(observations.c.seq == 1).values(row="{}"))
        connection.execute(text("DROP TABLE erased_observations"))
    (fault,) = _edited(engine)
    assert (fault.seq, fault.message.partition("(")[0]) == (0, "observations cannot be read ")


def test_an_erasure_is_of_the_person_alone_and_counted(engine: Engine) -> None:
    """Every version of a row that ever named them; the entry says how many, and has the digest of what is left."""
    _receive(engine, _row("s2", 200, corrected=True))
    with engine.begin() as connection:
        connection.execute(update(observations).where(observations.c.seq == 2).values(superseded_at=200))
    with writing(engine) as connection:
        found = erase_subject(
            connection, {PERSON, "b" * 32}, actor="DPO", reason="request", now=NOW + timedelta(days=1)
        )
    assert (found.observations, found.predictions, found.decisions, found.payloads) == (2, 0, 0, 0)
    with engine.connect() as connection:
        left = connection.execute(select(erased_observations).order_by(erased_observations.c.seq)).all()
        last = list(entries(connection))[-1]
        names = list(connection.scalars(select(observations.c.row_id).order_by(observations.c.seq)))
    assert names == ["s1", "s3", "s4"]
    assert [(row.seq, row.journal_seq, row.erased_by) for row in left] == [(2, 1, last.seq), (5, 3, last.seq)]
    assert last.subjects["tombstones"] == tombstones_digest(row.line_hash for row in left)
    counts = {name: last.subjects[name] for name in ("observations", "predictions", "decisions", "payloads")}
    assert counts == {"observations": "2", "predictions": "0", "decisions": "0", "payloads": "0"}
    assert _edited(engine) == []
