"""An entry that says the same, written otherwise: no digest shows it, and nothing finds it by its text any more."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from registry.checkpoints.checkpoint_file import CheckpointFile
from registry.record.database import open_database, writing
from registry.record.journal import about, append, export, head
from registry.record.journal_audit import verify
from registry.record.tables.record_tables import journal, payloads
from registry.trust.keys import Key, create_key
from tests.support.installation import NOW
from tests.support.repository import ROOT

SUBJECTS = {"model": "wait-time", "version": "1"}


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A journal of three entries."""
    engine = open_database(database_url)
    for _ in range(3):
        with writing(engine) as connection:
            append(connection, actor="Ada", action="refuse", subjects=SUBJECTS, now=NOW, payload={"a": "b"})
    yield engine
    engine.dispose()


def faults(engine: Engine) -> list[tuple[int, str]]:
    """What `verify` says."""
    with engine.connect() as connection:
        return [(fault.seq, fault.message) for fault in verify(connection)]


@pytest.mark.parametrize(
    "text",
    [
        '{"model": "wait-time","version":"1"}\n',
        '{"version":"1","model":"wait-time"}\n',
        '{"model":"bed-demand","model":"wait-time","version":"1"}\n',
        '{"model":"wait\\u002dtime","version":"1"}\n',
        '{"model":"wait-time","version":"1"}',
        ' {"model":"wait-time","version":"1"}\n',
    ],
    ids=["a space", "another order", "a name twice", "an escape", "no line end", "a space before"],
)
def test_subjects_written_otherwise_are_an_edit(engine: Engine, text: str) -> None:
    """The entry hides from whoever asks what is about these subjects, as a promotion does before it is mended."""
    with engine.begin() as connection:
        connection.execute(update(journal).where(journal.c.seq == 2).values(subjects=text))
    with engine.connect() as connection:
        assert [e.seq for e in about(connection, SUBJECTS)] == [1, 3]
    assert faults(engine) == [(2, "was edited: its digest is another")]


def test_a_payload_parted_elsewhere_is_an_edit(engine: Engine) -> None:
    """Salt and payload are digested one after the other: the payload's text could be moved into the salt."""
    with engine.begin() as connection:
        row = connection.execute(select(payloads).where(payloads.c.seq == 2)).one()
        moved = {"salt": f"{row.salt}\n{row.payload.rstrip()}", "payload": ""}
        connection.execute(update(payloads).where(payloads.c.seq == 2).values(**moved))
    assert faults(engine) == [(2, "its payload was edited")]


class TestOfAnAuditor:
    """The script that needs no Vigie reads what a person would read in the file."""

    @pytest.fixture
    def key(self, tmp_path: Path) -> Key:
        """The service's."""
        return create_key("service", tmp_path / "key")

    def said(self, engine: Engine, key: Key, folder: Path, old: bytes = b"", new: bytes = b"") -> str:
        """What the script says of the exported journal, with something in it replaced once."""
        with engine.connect() as connection:
            content = b"".join(export(connection, with_payloads=True))
            last = head(connection)
        assert old in content
        (folder / "journal").write_bytes(content.replace(old, new, 1))
        path = folder / "checkpoints"
        with CheckpointFile(path).held() as file:
            file.add(key, last.seq, last.digest, 1, "")
        script = str(ROOT / "docs" / "verify_journal.py")
        command = [sys.executable, script, str(folder / "journal"), str(path), key.public_key]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    def test_as_it_was_exported_it_is_whole(self, engine: Engine, key: Key, tmp_path: Path) -> None:
        """With payloads."""
        assert "3 entries, checkpoints cover 1 to 3: whole." in self.said(engine, key, tmp_path)

    def test_what_a_terminal_would_obey_stands_as_its_code(
        self, engine: Engine, key: Key, tmp_path: Path
    ) -> None:
        """As `vigie journal export` prints it: the line says the same, in other bytes."""
        with writing(engine) as connection:
            append(
                connection,
                actor="Ada",
                action="x",
                subjects=SUBJECTS,
                now=NOW,
                reason="a\u202eb",
                payload="\u200b",
            )
        old, new = ("a\u202eb".encode(), b"a\\u202eb")
        assert "4 entries, checkpoints cover 1 to 4: whole." in self.said(engine, key, tmp_path, old, new)

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            (b'"actor":"Ada"', b'"actor":"Eve","actor":"Ada"', "line 1 of the journal is no entry"),
            (b'"model":"w', b'"model":"x","model":"w', "line 1 of the journal is no entry"),
            (b'"actor":"Ada"', b'"Actor":"Eve","actor":"Ada"', "line 1 of the journal is no entry"),
            (b'"payload":{"a":"b"}', b'"payload":{"a":"c"}', "the payload of entry 1 was edited"),
        ],
        ids=["a name twice", "a subject twice", "a name that is none", "another payload"],
    )
    def test_what_is_put_into_a_line_is_found(
        self, engine: Engine, key: Key, tmp_path: Path, old: bytes, new: bytes, words: str
    ) -> None:
        """Who reads the line would read it, and no digest covered it."""
        assert words in self.said(engine, key, tmp_path, old, new)
