"""What an audit of the journal finds, and what it does not take for an excuse: by entries made by hand."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete, insert, text, update

from registry.record.database import open_database, opened_database, writing
from registry.record.journal import (
    GENESIS,
    Draft,
    Head,
    about,
    append,
    append_all,
    appended_here,
    entries,
    entries_of,
    head,
    rows,
)
from registry.record.journal_audit import Audit, audit
from registry.record.tables.record_tables import journal, payloads
from registry.record.tombstones import RETAIN
from tests.support.installation import NOW

GONE = "its payload is gone, and no entry says that it was erased"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A journal of three entries with payloads and two without."""
    engine = open_database(database_url)
    drafts = [
        Draft("Ada", "predict", {"n": str(n)}, "why", {"wait": n} if n < 4 else None) for n in range(1, 6)
    ]
    with writing(engine) as connection:
        append_all(connection, drafts, now=NOW)
    yield engine
    engine.dispose()


def _audit(engine: Engine, **options: Any) -> Audit:
    with engine.connect() as connection:
        return audit(connection, **options)


def _faults(engine: Engine, **options: Any) -> list[tuple[int, str]]:
    return [(fault.seq, fault.message) for fault in _audit(engine, **options).faults]


def _write(engine: Engine, *statements: Any) -> None:
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(text("PRAGMA defer_foreign_keys=ON"))
        for statement in statements:
            connection.execute(statement)


def _retain(engine: Engine, **subjects: str) -> None:
    """An entry that says whose payloads were older than their term."""
    with writing(engine) as connection:
        append(connection, actor="DPO", action=RETAIN, subjects=subjects, now=NOW)


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def test_the_chain_is_what_anybody_can_compute(engine: Engine) -> None:
    """By hashlib and JSON alone: each entry's digest is over its parts and the digest before it, from zeros on."""
    before = "sha256:" + "0" * 64
    assert before == GENESIS
    with engine.connect() as connection:
        found = [dict(row) for row in rows(connection)]
    for number, row in enumerate(found, 1):
        parts = {k: row[k] for k in ("seq", "at", "actor", "action", "reason", "payload_digest", "previous")}
        parts["subjects"] = json.loads(row["subjects"])
        assert (row["seq"], row["previous"]) == (number, before)
        before = "sha256:" + hashlib.sha256(_canonical(parts)).hexdigest()
        assert row["digest"] == before
        if row["payload"] is None:
            assert (row["payload_digest"], number in (4, 5)) == ("", True)
        else:
            assert len(row["salt"]) == 32
            whole = f"{row['salt']}\n{row['payload']}".encode()
            assert row["payload_digest"] == "sha256:" + hashlib.sha256(whole).hexdigest()
            assert json.loads(row["payload"]) == {"wait": number}


def test_an_entry_says_no_more_than_it_was_given(database_url: str) -> None:
    """No reason and no payload of its own; a payload that is empty, or a zero, is one."""
    with opened_database(database_url) as engine:
        with writing(engine) as connection:
            assert head(connection) == Head(0, GENESIS)
            assert append_all(connection, [], now=NOW) == []
            plain = append(connection, actor="a", action="b", subjects={}, now=NOW)
            empty = [
                append(connection, actor="a", action="b", subjects={}, now=NOW, payload=p)
                for p in (0, {}, "")
            ]
            assert head(connection) == Head(4, empty[-1].digest)
        assert (plain.reason, plain.payload_digest) == ("", "")
        assert all(entry.payload_digest for entry in empty)
        assert Draft("a", "b", {}) == Draft("a", "b", {}, "", None)
        assert _audit(engine).faults == ()
        with engine.connect() as connection:
            assert [row["payload"] for row in rows(connection)] == [None, "0\n", "{}\n", '""\n']


def test_a_process_knows_how_many_entries_it_made(engine: Engine) -> None:
    """The service looks at the journal's signed heads by that number."""
    before = appended_here()
    with writing(engine) as connection:
        append_all(connection, [Draft("a", "b", {})] * 3, now=NOW)
        append(connection, actor="a", action="b", subjects={}, now=NOW)
    assert appended_here() == before + 4


def test_entries_are_found_by_place_action_and_subject(engine: Engine) -> None:
    """Each in order, and exactly those."""
    with writing(engine) as connection:
        for action, n in (("decide", "2"), ("erase", "9"), ("decide", "1")):
            append(connection, actor="a", action=action, subjects={"n": n, "m": "x"}, now=NOW)
    with engine.connect() as connection:
        assert [e.seq for e in entries(connection)] == [1, 2, 3, 4, 5, 6, 7, 8]
        assert [e.seq for e in entries(connection, after=2, limit=3)] == [3, 4, 5]
        assert [e.seq for e in entries(connection, limit=1)] == [1]
        assert list(entries(connection, after=8)) == []
        assert [e.seq for e in entries_of(connection, ("erase", "decide"))] == [6, 7, 8]
        assert [dict(e.subjects) for e in about(connection, {"n": "2"})] == [{"n": "2"}]
        assert [e.seq for e in about(connection, {"m": "x", "n": "1"})] == [8]
        assert about(connection, {"m": "x"}) == []


def test_a_payload_that_is_gone_is_explained_by_its_erasure_and_by_nothing_else(engine: Engine) -> None:
    """Not by an entry that only names it, nor by the erasure of another."""
    _write(engine, delete(payloads).where(payloads.c.seq == 2))
    assert (_faults(engine), _audit(engine).erased) == ([(2, GONE)], (2,))
    with writing(engine) as connection:
        append(connection, actor="Eve", action="decide", subjects={"entry": "2"}, now=NOW)
        append(connection, actor="Eve", action="erase", subjects={"entry": "3"}, now=NOW)
    assert _faults(engine) == [(2, GONE)]
    with writing(engine) as connection:
        append(connection, actor="DPO", action="erase", subjects={"entry": "2"}, now=NOW)
    assert _faults(engine) == []


def test_payloads_over_their_term_are_explained_by_the_entry_that_says_so(engine: Engine) -> None:
    """Those that it names; and none that came after it, which cannot have been old then."""
    _write(engine, delete(payloads).where(payloads.c.seq.in_((1, 2, 3))))
    _retain(engine, payloads="1-2")
    assert _faults(engine) == [(3, GONE)]
    _retain(engine, payloads="3")
    assert _faults(engine) == []
    with writing(engine) as connection:
        append(connection, actor="a", action="predict", subjects={}, now=NOW, payload=1)
    _write(engine, delete(payloads))
    assert _faults(engine) == [(8, GONE)]


def test_an_entry_over_terms_explains_nothing_that_is_still_to_come(engine: Engine) -> None:
    """Whoever writes "1-900" once would take away whatever is recorded later."""
    _retain(engine, payloads="1-900")
    with writing(engine) as connection:
        append(connection, actor="a", action="predict", subjects={}, now=NOW, payload=1)
    _write(engine, delete(payloads))
    assert _faults(engine) == [(7, GONE)]


@pytest.mark.parametrize("action", ["retained", "predict"])
def test_another_entry_that_names_payloads_explains_none(engine: Engine, action: str) -> None:
    """Only the one that is made where terms are carried out."""
    with writing(engine) as connection:
        append(connection, actor="Eve", action=action, subjects={"payloads": "1-3"}, now=NOW)
    _write(engine, delete(payloads))
    assert _faults(engine) == [(1, GONE), (2, GONE), (3, GONE)]


@pytest.mark.parametrize("subjects", ["no json", "[]", "3", '{"payloads":[1,2,3]}', "{}"])
def test_an_edited_entry_over_terms_explains_none(engine: Engine, subjects: str) -> None:
    """And is no reason to stop reading."""
    _retain(engine, payloads="1-3")
    _write(engine, delete(payloads), update(journal).where(journal.c.seq == 6).values(subjects=subjects))
    assert _faults(engine) == [
        (6, "was edited: its digest is another"),
        (1, GONE),
        (2, GONE),
        (3, GONE),
    ]


def test_a_payload_whose_entry_was_taken_away_is_found(tmp_path: Path) -> None:
    """By a hand that SQLite's foreign keys do not hold: what stays belongs to nothing that could erase it."""
    with opened_database(f"sqlite:///{tmp_path / 'vigie.db'}") as engine:
        with writing(engine) as connection:
            append_all(connection, [Draft("a", "b", {}, payload=n) for n in range(3)], now=NOW)
        with sqlite3.connect(tmp_path / "vigie.db") as raw:
            raw.execute("DELETE FROM journal WHERE seq = 2")
        raw.close()
        assert _faults(engine) == [(3, "entries 2 to 2 are missing"), (2, "a payload without its entry")]


def test_every_missing_entry_is_counted(engine: Engine) -> None:
    """Two in the middle, and the first of all."""
    _write(engine, delete(payloads), delete(journal).where(journal.c.seq.in_((2, 3))))
    assert _faults(engine)[0] == (4, "entries 2 to 3 are missing")
    _write(engine, delete(journal).where(journal.c.seq == 1))
    found = _audit(engine)
    assert [(f.seq, f.message) for f in found.faults] == [(4, "entries 1 to 3 are missing")]
    assert (found.entries, found.head.seq) == (2, 5)


def test_a_journal_that_begins_with_another_past_is_found(engine: Engine) -> None:
    """Its first entry follows nothing."""
    _write(engine, update(journal).where(journal.c.seq == 1).values(previous="sha256:" + "1" * 64))
    assert _faults(engine) == [
        (1, "does not follow the entry before it"),
        (1, "was edited: its digest is another"),
    ]


@pytest.mark.parametrize(
    ("number", "place", "before"),
    [
        ("x", 4, []),
        (-3, -3, [(1, "entries -2 to 0 are missing")]),
        (0, 0, [(1, "does not follow the entry before it")]),
    ],
)
def test_a_number_that_was_edited_is_found_where_it_stands(
    tmp_path: Path, number: object, place: int, before: list[tuple[int, str]]
) -> None:
    """SQLite keeps any type in any column: a word, or a number below the first."""
    with opened_database(f"sqlite:///{tmp_path / 'vigie.db'}") as engine:
        with writing(engine) as connection:
            append_all(connection, [Draft("a", "b", {})] * 3, now=NOW)
        _write(engine, text("UPDATE journal SET seq = :n WHERE seq = 2").bindparams(n=number))
        faults = _faults(engine)
    edited = [(place, "its number was edited"), (place, "was edited: its digest is another")]
    assert sorted(faults) == sorted([*edited, *before, (3, "entries 2 to 2 are missing")])


def test_digests_of_noted_entries_are_read_on_the_way(engine: Engine) -> None:
    """A checkpoint is held against them: those that were asked for and are there."""
    with engine.connect() as connection:
        found = list(entries(connection))
    assert _audit(engine).digests == {}
    assert _audit(engine, noted={2, 5, 9}).digests == {2: found[1].digest, 5: found[4].digest}


def test_a_head_that_was_noted_is_found_wherever_it_stands_now(engine: Engine) -> None:
    """With its number and its digest: a journal that was written anew up to it has another."""
    cut = "the entry noted earlier is gone or another: entries were cut off"
    with engine.connect() as connection:
        found = list(entries(connection))
    for entry in (found[0], found[2], found[4]):
        assert _faults(engine, kept=Head(entry.seq, entry.digest)) == []
    assert _faults(engine, kept=Head(3, found[3].digest)) == [(3, cut)]
    assert _faults(engine, kept=Head(4, found[2].digest)) == [(4, cut)]
    assert _faults(engine, kept=Head(6, found[4].digest)) == [(6, cut)]
    assert _faults(engine, kept=Head(0, "")) == []


def test_a_damaged_page_is_said_and_what_was_read_before_it_counts(tmp_path: Path) -> None:
    """A disk that fails in the middle: no traceback, and no value of the page in words."""
    path = tmp_path / "vigie.db"
    with opened_database(f"sqlite:///{path}") as engine, writing(engine) as connection:
        drafts = [Draft("Ada", "predict", {"n": str(n)}, "x" * 100) for n in range(1300)]
        append_all(connection, drafts, now=NOW)
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = raw.execute("PRAGMA page_size").fetchone()[0]
    raw.close()
    content = bytearray(path.read_bytes())
    at = content.index(b'{"n":"1200"}') // size * size
    content[at : at + size] = b"\xff" * size
    path.write_bytes(content)
    with opened_database(f"sqlite:///{path}") as engine:
        found = _audit(engine, noted={1})
    (fault,) = found.faults
    assert 1 < found.head.seq < 1201
    assert found.entries == found.head.seq
    assert list(found.digests) == [1]
    assert fault.seq == found.head.seq + 1
    assert "DatabaseError" in fault.message
    assert "Ada" not in fault.message


def test_an_audit_can_be_given_no_payload_by_an_entry_of_another_number(engine: Engine) -> None:
    """A payload moved to another entry is that entry's forgery, and the first one's is gone."""
    with engine.connect() as connection:
        salt, payload = next((r["salt"], r["payload"]) for r in rows(connection) if r["seq"] == 2)
    _write(
        engine,
        delete(payloads).where(payloads.c.seq == 2),
        insert(payloads).values(seq=4, salt=salt, payload=payload),
    )
    assert _faults(engine) == [(4, "its payload was edited"), (2, GONE)]
