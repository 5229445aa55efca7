"""A backup of before an erasure, restored: the person is there again, it is said, and they can be erased at once."""

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from cli.main import main
from hospital.ingest.pseudonyms import pseudonym
from registry.checkpoints.checkpointing import checkpoint
from registry.checkpoints.service_key import trust_service_key
from registry.record.database import opened_database
from registry.record.tables.record_tables import observations
from registry.settings import Settings
from registry.trust.keys import create_key
from registry.trust.trust_changes import found_trust, trust_key
from tests.support.fake_service import VISIT, start

pytestmark = pytest.mark.usefixtures("english")

KEY = b"k" * 32
"""Under which the service of tests stores."""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Founded, with four visits of which some names begin as others do, and a backup of all."""
    home = tmp_path / "home"
    home.mkdir()
    service, found = start(home), Settings(home=home)
    monkeypatch.setenv("VIGIE_HOME", str(home))
    found.pseudonym_key.write_text(f"{KEY.hex()}\n", encoding="ascii")
    os.chmod(found.pseudonym_key, 0o600)
    board = [create_key(name, tmp_path / f"{name}.key") for name in ("Ada", "Bob")]
    now = datetime.now(UTC)
    for key in board:
        trust_key(found, key.name, key.public_key, ("board",), now=now)
    trust_service_key(found, now)
    found_trust(found, now=now, signers=board)
    rows = {"visits": [{**VISIT, "visit_id": name} for name in ("v1", "v12", "v123", "42")]}
    assert service.ask("POST", "/v1/observations", rows).status_code == 200
    service.parts.workers.close()
    service.parts.close()
    checkpoint(found, now=now)
    with (
        closing(sqlite3.connect(home / "vigie.db")) as source,
        closing(sqlite3.connect(tmp_path / "backup.db")) as target,
    ):
        source.backup(target)
    return found


def _there(settings: Settings) -> set[str]:
    """Of whom a row is stored."""
    with opened_database(settings.database) as engine, engine.connect() as connection:
        rows = list(connection.scalars(select(observations.c.row)))
    return {name for name in ("v1", "v12", "v123", "42") if any(pseudonym(KEY, name) in row for row in rows)}


def _erase(*names: str) -> int:
    return main(
        ["journal", "erase", *(word for n in names for word in ("--subject", n)), "--reason", "asked"]
    )


def test_an_id_that_begins_another_is_another_persons(settings: Settings) -> None:
    """Nor does one name others by a sign that databases take for any; asked twice it is done."""
    assert _erase("v1") == _erase("v1") == _erase("v%", "v_2", "V12") == 0
    assert _there(settings) == {"v12", "v123", "42"}
    assert _erase("42.0", " v12 ") == 0
    assert _there(settings) == {"v123"}


def test_restored_they_are_there_again_and_can_be_erased_before_the_board_accepts_it(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Verify names the entries that are gone, the acceptance says to erase again; who was erased stays erased then."""
    assert _erase("v1", "42") == 0
    for name in ("vigie.db", "vigie.db-wal", "vigie.db-shm"):
        (settings.home / name).unlink(missing_ok=True)
    shutil.copyfile(tmp_path / "backup.db", settings.home / "vigie.db")
    assert _there(settings) == {"v1", "v12", "v123", "42"}
    assert main(["journal", "verify"]) == 1
    assert "an older copy was put back" in capsys.readouterr().out
    assert _erase("v1") == 0
    keys = [word for name in ("Ada", "Bob") for word in ("--key", str(tmp_path / f"{name}.key"))]
    assert main(["journal", "accept-restore", *keys, "--reason", "the disk"]) == 0
    assert "erase again whoever was erased" in capsys.readouterr().out
    assert _erase("42") == 0
    assert _there(settings) == {"v12", "v123"}
    main(["journal", "verify"])
    said = capsys.readouterr().out
    assert "lost for ever: entries" in said
    assert "tombstone" not in said
