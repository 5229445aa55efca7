"""The file of checkpoints taken away, and begun anew over a journal that was written anew: it shows, and for ever."""

import json
import os
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from cli.main import main
from registry.checkpoints.checkpointing import checkpoint
from registry.checkpoints.lost_file import accept_lost_file
from registry.checkpoints.service_key import accepted_keys, trust_service_key
from registry.digests import read_plain_file, sha256_file
from registry.errors import CheckpointError, TrustError
from registry.record.database import opened_database
from registry.record.journal import GENESIS, Entry, entries, export
from registry.record.tables.record_tables import journal
from registry.settings import Settings
from registry.trust.keys import Key, create_key, load_key
from registry.trust.trust_changes import found_trust, trust_key
from registry.trust.trust_store import load_trust
from tests.support.installation import NOW
from tests.support.repository import ROOT

pytestmark = pytest.mark.usefixtures("english")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Founded with the service's key, as `vigie init` does; a checkpoint at once, and a later one."""
    found = Settings(home=tmp_path / "home")
    monkeypatch.setenv("VIGIE_HOME", str(found.home))
    board = [create_key(name, tmp_path / f"{name}.key") for name in ("Ada Ader", "Bob Baur")]
    for key in board:
        trust_key(found, key.name, key.public_key, ("board",), now=NOW)
    trust_service_key(found, NOW)
    found_trust(found, now=NOW, signers=board)
    checkpoint(found, now=NOW)
    cid = create_key("Cid Cern", tmp_path / "cid.key")
    trust_key(found, cid.name, cid.public_key, ("releaser",), now=NOW, signers=board)
    checkpoint(found, now=NOW + timedelta(hours=1))
    return found


def written_anew(settings: Settings) -> None:
    """Every entry under another name, each digest as it should be."""
    with opened_database(settings.database) as engine, engine.begin() as connection:
        last = GENESIS
        for entry in list(entries(connection)):
            made = Entry(**{**entry.__dict__, "previous": last, "actor": "somebody"})
            last = made.computed_digest()
            values = {"actor": made.actor, "previous": made.previous, "digest": last}
            connection.execute(update(journal).where(journal.c.seq == made.seq).values(**values))


def test_from_the_founding_on_nothing_is_found(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """However long ago that was."""
    assert main(["journal", "verify"]) == 0
    assert "the chain is whole" in capsys.readouterr().out


def test_begun_anew_it_is_named(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """The service signs what it finds; that it had signed before is not forgotten."""
    written_anew(settings)
    settings.checkpoints.unlink()
    checkpoint(settings, now=NOW + timedelta(hours=2))
    assert main(["journal", "verify"]) == 1
    assert "the file of before is gone" in capsys.readouterr().out
    assert json.loads(settings.checkpoints.read_text())["body"]["seq"] > 1


def begun_anew(settings: Settings, tmp_path: Path) -> list[Key]:
    """The file is gone, and the service has begun another; the board's keys."""
    settings.checkpoints.unlink()
    checkpoint(settings, now=NOW + timedelta(hours=2))
    return [load_key(tmp_path / f"{name}.key") for name in ("Ada Ader", "Bob Baur")]


def test_a_loss_that_the_board_has_signed_for_is_named_and_is_no_fault(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By a quorum, with a reason, once; an auditor without Vigie reads who signed."""
    ada, bob = begun_anew(settings, tmp_path)
    assert main(["journal", "verify"]) == 1
    with pytest.raises(CheckpointError, match="1 of 2 members"):
        accept_lost_file(settings, [ada], reason="the volume burnt", now=NOW + timedelta(hours=3))
    cid = load_key(tmp_path / "cid.key")
    with pytest.raises(CheckpointError, match="Nothing is accepted"):
        accept_lost_file(settings, [bob, cid], reason="the volume burnt", now=NOW + timedelta(hours=3))
    capsys.readouterr()
    keys = ["--key", str(tmp_path / "Bob Baur.key"), "--reason", "the volume burnt"]
    assert main(["journal", "accept-lost-checkpoints", *keys]) == 0
    assert "Ada Ader and Bob Baur have accepted it" in capsys.readouterr().out
    checkpoint(settings, now=NOW + timedelta(hours=4))
    assert main(["journal", "verify"]) == 0
    said = capsys.readouterr().out
    assert said.count("their file was lost, accepted by Ada Ader and Bob Baur") == 1
    assert "the volume burnt" in said
    with pytest.raises(CheckpointError, match="their loss has been accepted"):
        accept_lost_file(settings, [ada, bob], reason="again", now=NOW + timedelta(hours=5))
    assert "whose file was lost; accepted by Ada Ader" in audited(settings, tmp_path)


def test_what_was_accepted_once_opens_nothing_afterwards(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second loss is another, and so is one that nobody signed; a file that was never lost cannot be accepted."""
    board = [load_key(tmp_path / f"{name}.key") for name in ("Ada Ader", "Bob Baur")]
    with pytest.raises(CheckpointError, match="of the journal's beginning"):
        accept_lost_file(settings, board, reason="none", now=NOW)
    begun_anew(settings, tmp_path)
    accept_lost_file(settings, board, reason="the volume burnt", now=NOW + timedelta(hours=3))
    written_anew(settings)
    settings.checkpoints.unlink()
    checkpoint(settings, now=NOW + timedelta(hours=4))
    assert main(["journal", "verify"]) == 1
    assert "the file of before is gone" in capsys.readouterr().out
    content = settings.checkpoints.read_bytes()
    for left, why in (
        (content.replace(b'"seq":', b'"sea":', 1), "Settle that first"),
        (b"", "begins a new"),
    ):
        settings.checkpoints.write_bytes(left)
        with pytest.raises(CheckpointError, match=why):
            accept_lost_file(settings, board, reason="none", now=NOW)


def audited(settings: Settings, tmp_path: Path) -> str:
    """What the verifier that needs nothing of Vigie says."""
    with opened_database(settings.database) as engine, engine.connect() as connection:
        (tmp_path / "journal.jsonl").write_bytes(b"".join(export(connection)))
    (key,) = accepted_keys(settings)
    program = str(ROOT / "docs" / "verify_journal.py")
    files = [str(tmp_path / "journal.jsonl"), str(settings.checkpoints)]
    done = subprocess.run([sys.executable, program, *files, key], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("what", ["pipe", "folder"])
def test_a_trust_file_that_is_none_holds_up_no_checkpoint(settings: Settings, what: str) -> None:
    """A pipe in its place froze the service's thread for ever."""
    path = settings.trust / "trust.json"
    path.unlink()
    if what == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    ended: list[BaseException] = []

    def signing() -> None:
        try:
            sha256_file(path)
        except OSError as error:
            ended.append(error)

    thread = threading.Thread(target=signing, daemon=True)
    thread.start()
    thread.join(timeout=20)
    assert len(ended) == 1


@pytest.mark.parametrize("name", ["trust.json", "policy.toml", "pending.json"])
def test_a_file_of_a_terabyte_in_the_trust_folder_is_not_read(settings: Settings, name: str) -> None:
    """It is of holes; whoever reads it would end for want of memory."""
    path = settings.trust / name
    path.touch()
    os.truncate(path, 2**40)
    with pytest.raises(OSError, match="is larger than 64 MiB"):
        read_plain_file(path, follow=True)
    if name == "trust.json":
        with pytest.raises(TrustError):
            load_trust(settings.trust)
