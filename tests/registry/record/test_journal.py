"""The journal: one chain whoever writes, and every edit of it found."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, delete, insert, select, text, update

from registry.errors import JournalError
from registry.record.database import open_database, writing
from registry.record.journal import Head, append, entries, erase, export, head
from registry.record.journal_audit import audit, verify
from registry.record.tables.record_tables import journal, payloads
from tests.support.installation import NOW
from tests.support.repository import ROOT


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A database whose journal has five entries, each with a payload but the last."""
    engine = open_database(database_url)
    for number in range(5):
        payload = {"patient": f"p{number}", "wait": 12.5} if number < 4 else None
        with writing(engine) as connection:
            append(
                connection,
                actor="Ada",
                action="predict",
                subjects={"model": "wait-time", "n": str(number)},
                now=NOW,
                reason="é",
                payload=payload,
            )
    yield engine
    engine.dispose()


def _faults(engine: Engine) -> list[tuple[int, str]]:
    with engine.connect() as connection:
        return [(fault.seq, fault.message) for fault in verify(connection)]


def _write(engine: Engine, statement: object) -> None:
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(text("PRAGMA defer_foreign_keys=ON"))
        connection.execute(statement)  # type: ignore[call-overload]


def test_a_journal_that_nobody_touched_is_whole(engine: Engine) -> None:
    """And says how long it is."""
    with engine.connect() as connection:
        found = audit(connection)
        assert (found.entries, found.head.seq, found.faults, found.erased) == (5, 5, (), ())
        assert found.head == head(connection)


def test_an_empty_journal_is_whole(database_url: str) -> None:
    """Nothing is missing where nothing was."""
    other = open_database(database_url)
    assert _faults(other) == []
    other.dispose()


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "Bob"},
        {"action": "decide"},
        {"reason": ""},
        {"at": 1},
        {"subjects": '{"model":"bed-demand","n":"2"}'},
        {"subjects": "no json"},
        {"payload_digest": "sha256:0"},
    ],
)
def test_an_edited_entry_is_found(engine: Engine, change: dict[str, object]) -> None:
    """Whatever column was edited, even into something that cannot be read."""
    _write(engine, update(journal).where(journal.c.seq == 3).values(change))
    assert (3, "was edited: its digest is another") in _faults(engine)


def test_an_entry_edited_with_its_digest_breaks_the_next(engine: Engine) -> None:
    """Who computes the digest anew would have to do so to the end."""
    with engine.connect() as connection:
        third = list(entries(connection))[2]
    forged = third.__class__(**{**third.__dict__, "actor": "Bob"})
    values = {"actor": "Bob", "digest": forged.computed_digest()}
    _write(engine, update(journal).where(journal.c.seq == 3).values(values))
    assert _faults(engine) == [(4, "does not follow the entry before it")]


def test_an_entry_taken_from_the_middle_is_found(engine: Engine) -> None:
    """With its payload or without."""
    _write(engine, delete(payloads).where(payloads.c.seq == 3))
    _write(engine, delete(journal).where(journal.c.seq == 3))
    assert _faults(engine) == [(4, "entries 3 to 3 are missing")]


def test_entries_in_another_order_are_found(engine: Engine) -> None:
    """Two entries that change places carry their numbers in their digests."""
    with engine.connect() as connection:
        rows = {r["seq"]: dict(r) for r in connection.execute(select(journal)).mappings()}
    for seq, other in ((2, 3), (3, 2)):
        _write(engine, update(journal).where(journal.c.seq == seq).values({**rows[other], "seq": seq}))
    assert {seq for seq, _ in _faults(engine)} >= {2, 3}


def test_entries_cut_off_at_the_end_show_against_a_head_kept_elsewhere(engine: Engine) -> None:
    """The chain alone cannot tell: an auditor notes the head."""
    with engine.connect() as connection:
        noted = head(connection)
    _write(engine, delete(journal).where(journal.c.seq == 5))
    assert _faults(engine) == []
    with engine.connect() as connection:
        assert [fault.seq for fault in verify(connection, kept=noted)] == [5]
        assert verify(connection, kept=Head(0, "")) == []


def test_an_edited_payload_is_found(engine: Engine) -> None:
    """The entry holds its salted digest."""
    _write(engine, update(payloads).where(payloads.c.seq == 2).values(payload='{"patient":"p9"}\n'))
    assert _faults(engine) == [(2, "its payload was edited")]


def test_a_payload_put_where_there_was_none_is_found(engine: Engine) -> None:
    """An entry without a payload has an empty digest."""
    _write(engine, insert(payloads).values(seq=5, salt="", payload="{}"))
    assert _faults(engine) == [(5, "its payload was edited")]


def test_an_erased_payload_is_reported_and_is_no_fault(engine: Engine) -> None:
    """A person's data can go; that it went, who took it and why stays."""
    with writing(engine) as connection:
        erase(connection, 2, actor="DPO", reason="request of the person", now=NOW)
    with engine.connect() as connection:
        found = audit(connection)
        last = list(entries(connection, after=5))
    assert (found.faults, found.erased) == ((), (2,))
    assert [(e.actor, e.action, dict(e.subjects), e.reason) for e in last] == [
        ("DPO", "erase", {"entry": "2"}, "request of the person")
    ]
    with pytest.raises(JournalError, match="nothing to erase"), writing(engine) as connection:
        erase(connection, 2, actor="DPO", reason="again", now=NOW)


def test_equal_payloads_have_different_digests(engine: Engine) -> None:
    """Without its salt nobody can try out which patient an entry was about."""
    with writing(engine) as connection:
        one, two = (
            append(connection, actor="a", action="predict", subjects={}, now=NOW, payload={"wait": 1})
            for _ in range(2)
        )
    assert one.payload_digest != two.payload_digest


def test_what_is_rolled_back_leaves_no_entry(engine: Engine) -> None:
    """An entry stands or falls with what it is about."""
    with writing(engine) as connection:
        append(connection, actor="a", action="promote", subjects={}, now=NOW)
        connection.rollback()
    with engine.connect() as connection:
        assert head(connection).seq == 5


def test_the_export_leaves_payloads_at_home_unless_asked(engine: Engine) -> None:
    """One JSON object a line."""
    with engine.connect() as connection:
        lines = [json.loads(line) for line in export(connection)]
        full = [json.loads(line) for line in export(connection, with_payloads=True)]
    assert [line["seq"] for line in lines] == [1, 2, 3, 4, 5]
    assert not any("payload" in line or "salt" in line for line in lines)
    assert full[1]["payload"] == {"patient": "p1", "wait": 12.5}
    assert "payload" not in full[4]


_WRITER = """
import sys
from datetime import UTC, datetime
from threading import Thread
from registry.record.database import open_database, writing
from registry.record.journal import append

engine = open_database(sys.argv[1])

def write():
    for number in range(10):
        with writing(engine) as connection:
            now = datetime.now(UTC)
            append(connection, actor=sys.argv[2], action="predict", subjects={}, now=now, payload=number)

threads = [Thread(target=write) for _ in range(3)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def test_processes_and_threads_that_write_at_once_make_one_chain(engine: Engine, database_url: str) -> None:
    """No entry is lost, none doubled, and each follows the one before."""
    root = ROOT
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, database_url, f"writer-{i}"], cwd=root)
        for i in range(2)
    ]
    assert [writer.wait(50) for writer in writers] == [0, 0]
    with engine.connect() as connection:
        found = audit(connection)
    assert (found.entries, found.faults) == (5 + 2 * 3 * 10, ())
