"""The key of pseudonyms is made anew only where none named anything; an erasure finds ids as they were stored."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from cli.main import main
from hospital.errors import VigieError
from hospital.ingest.pseudonyms import load_or_create_key
from hospital.times import instant
from registry.errors import RegistryError
from registry.record.database import opened_database, writing
from registry.record.pseudonym_key import pseudonym_key
from registry.record.tables.record_tables import observations
from registry.settings import Settings
from serving.composition import real_parts
from serving.messages.body_envelopes import Context
from serving.messages.record_requests import observed_rows
from serving.state.observations import add

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home whose record has two stays, as an application sent them; its key lies elsewhere."""
    monkeypatch.setenv("VIGIE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VIGIE_PSEUDONYM_KEY", str(tmp_path / "key"))
    made = Settings()
    key = load_or_create_key(made.pseudonym_key)
    rows = [
        {"stay_id": stay, "unit": "U1", "entered_at": "2026-03-03T01:00:00Z", "source": "emergency"}
        for stay in ("42.0", "7")
    ]
    found = observed_rows({"stays": rows}, Context(instant(NOW), "en", key))
    with opened_database(made.database) as engine, writing(engine) as connection:
        add(connection, found, instant(NOW))
    return made


def _stays(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(select(func.count()).select_from(observations)) or 0)


@pytest.mark.usefixtures("english")
def test_without_its_key_nobody_is_erased_stored_or_served(
    settings: Settings, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A shell without VIGIE_PSEUDONYM_KEY made a new key, found nobody, and said that nothing was there."""
    os.rename(settings.pseudonym_key, tmp_path / "copy")
    assert main(["journal", "erase", "--subject", "7", "--reason", "request"]) == 2
    assert "restore it from its copy" in capsys.readouterr().err
    with pytest.raises(RegistryError):
        pseudonym_key(settings)
    with pytest.raises(VigieError):
        real_parts(settings)
    assert not settings.pseudonym_key.exists()
    os.rename(tmp_path / "copy", settings.pseudonym_key)
    assert main(["journal", "erase", "--subject", "7", "--reason", "request"]) == 0
    assert "1 observation" in capsys.readouterr().out


def test_where_nothing_is_stored_a_key_is_made(tmp_path: Path) -> None:
    """With a database and without one."""
    settings = Settings(home=tmp_path / "home")
    settings.home.mkdir()
    assert len(pseudonym_key(settings)) == 32
    settings.pseudonym_key.unlink()
    with opened_database(settings.database) as engine:
        assert _stays(engine) == 0
    assert len(pseudonym_key(settings)) == 32


@pytest.mark.parametrize("subject", ["42.0", "42", " 42,0 ", "\u200b42.0"])
def test_an_id_is_erased_as_it_was_sent_and_as_it_was_stored(settings: Settings, subject: str) -> None:
    """Of an id that a spreadsheet made a number the whole number is stored: 42.0 was not found."""
    assert main(["journal", "erase", "--subject", subject, "--reason", "request"]) == 0
    with opened_database(settings.database) as engine:
        assert _stays(engine) == 1
