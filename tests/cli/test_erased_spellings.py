"""A person is erased however their id was typed: it is read as requests and files are."""

import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from cli.main import main
from hospital.ingest.pseudonyms import load_or_create_key, pseudonym
from hospital.times import instant
from registry.record.database import opened_database, writing
from registry.record.tables.record_tables import observations
from registry.settings import Settings
from serving.state.observations import add

PERSON = "Béatrice Noël-19"


@pytest.mark.parametrize(
    "typed",
    [
        PERSON,
        unicodedata.normalize("NFD", PERSON),
        PERSON.replace(" ", "\u00a0"),
        PERSON.replace("-", "\u2060-\u200b"),
        f"\ufeff {PERSON}\u200e",
    ],
    ids=["as it is", "accents apart", "no-break space", "signs without width", "marks around it"],
)
@pytest.mark.usefixtures("english")
def test_who_is_asked_for_is_found(
    typed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pasted from a mail or a page it says the same; nothing was found, and the exit code was 0."""
    settings = Settings(home=tmp_path / "home")
    monkeypatch.setenv("VIGIE_HOME", str(settings.home))
    monkeypatch.setenv("VIGIE_PSEUDONYM_KEY", str(settings.pseudonym_key))
    settings.home.mkdir()
    key = load_or_create_key(settings.pseudonym_key)
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    row = {"stay_id": pseudonym(key, PERSON), "unit": "U1", "entered_at": instant(at), "source": "elective"}
    with opened_database(settings.database) as engine:
        with writing(engine) as connection:
            add(connection, {"stays": [row]}, instant(at))
        assert main(["journal", "erase", "--subject", typed, "--reason", "request"]) == 0
        assert "Erased: 1 observation" in capsys.readouterr().out
        with engine.connect() as connection:
            assert not any(row["stay_id"] in str(found) for found in connection.execute(select(observations)))
