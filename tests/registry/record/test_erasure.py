"""A person is erased from the record, and it stays whole: tombstones hold their places, and name nobody."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, delete, event, inspect, select, text, update

from hospital.holidays.place import Place
from hospital.ingest.pseudonyms import pseudonym
from hospital.times import HOUR
from registry.package.manifest import Manifest
from registry.record import observation_batches
from registry.record.database import open_database, writing
from registry.record.erasure import Erased, erase_from_files, erase_subject
from registry.record.journal_audit import verify
from registry.record.tables.record_tables import decisions, observations, predictions
from registry.record.tombstones import erased_observations
from serving.forecasting import decision_record, prediction_record
from serving.state.live_state import StateCache
from tests.support.fake_service import VISIT, Service, start
from tests.support.installation import NOW as AT
from tests.support.serving_fakes import NOW

PERSON = pseudonym(b"k" * 32, "Dupont-1984")
PARIS = Place(ZoneInfo("Europe/Paris"))
MANIFEST = cast(Manifest, SimpleNamespace(place=PARIS, cadence_hours=1))


@pytest.fixture
def service(tmp_path: Path, database_url: str) -> Iterator[Service]:
    """Two patients were received, forecast and decided on, in the same requests."""
    found = start(tmp_path, database_url)
    other = {**VISIT, "visit_id": "Martin-1950"}
    stay = {"unit": "U1", "entered_at": "2025-11-03T01:00:00Z", "source": "emergency"}
    stays = [{**stay, "stay_id": "st1", "visit_id": "Dupont-1984"}, {**stay, "stay_id": "st2"}]
    rows = {"visits": [VISIT, other], "stays": stays}
    assert found.ask("POST", "/v1/observations", rows).status_code == 200
    made = found.ask("POST", "/v1/wait-time", {"visits": [VISIT, other]}).json()["predictions"]
    for prediction in made:
        body = {"prediction_id": prediction["prediction_id"], "decision": "accept", "reason": "Mme Dupont"}
        assert found.ask("POST", "/v1/decisions", body, "operator").status_code == 201
    yield found
    found.parts.workers.close()
    found.parts.close()


def _faults(service: Service) -> list[str]:
    with service.parts.engine.connect() as connection:
        found = [
            *verify(connection),
            *observation_batches.edited(connection),
            *prediction_record.edited(connection),
            *decision_record.edited(connection),
        ]
    return [fault.message for fault in found]


def _erase(service: Service) -> Erased:
    with writing(service.parts.engine) as connection:
        return erase_subject(connection, {PERSON}, actor="DPO", reason="request", now=AT)


def test_a_person_is_gone_from_every_table(service: Service) -> None:
    """Every text of every table; the other person is still there, and the record is whole."""
    assert _faults(service) == []
    assert _erase(service) == Erased(observations=2, predictions=1, decisions=1, payloads=2)
    engine = service.parts.engine
    with engine.connect() as connection:
        for table in inspect(engine).get_table_names():
            rows = str(connection.execute(text(f'SELECT * FROM "{table}"')).all())  # noqa: S608
            assert PERSON not in rows, table
    assert (service.count(observations), service.count(predictions), service.count(decisions)) == (2, 1, 1)
    assert _faults(service) == []


def test_thousands_of_ids_are_erased_at_once(service: Service) -> None:
    """A database takes a thousand conditions in one question; each row is counted once, whatever names it."""
    many = {f"{number:032x}" for number in range(2_500)} | {PERSON, pseudonym(b"k" * 32, "st1")}
    with writing(service.parts.engine) as connection:
        erased = erase_subject(connection, many, actor="DPO", reason="request", now=AT)
    assert erased == Erased(observations=2, predictions=1, decisions=1, payloads=2)
    assert _faults(service) == []


def test_erased_again_nothing_is_there(service: Service) -> None:
    """And nothing is entered."""
    _erase(service)
    assert not _erase(service).anything


def test_the_live_state_forgets_the_person(service: Service) -> None:
    """A cache that knew of them reads again."""
    cache = StateCache()
    with service.parts.engine.connect() as connection:
        assert PERSON in cache.at(connection, NOW + HOUR, MANIFEST).visit_rows
    _erase(service)
    with service.parts.engine.connect() as connection:
        assert PERSON not in cache.at(connection, NOW + HOUR, MANIFEST).visit_rows


def test_a_tombstone_without_its_erasure_is_found(service: Service) -> None:
    """Whoever takes a row away cannot leave a tombstone in its place; nor change or remove one."""
    _erase(service)
    with service.parts.engine.begin() as connection:
        connection.execute(update(erased_observations).values(erased_by=1))
    assert "observations were taken away, and no entry says that a person was erased" in _faults(service)
    with service.parts.engine.begin() as connection:
        connection.execute(delete(erased_observations))
        assert connection.execute(select(erased_observations)).first() is None
    assert any("were edited" in words for words in _faults(service))


def _database_file(engine: Engine) -> Path:
    return Path(str(engine.url.database))


def _in_files(engine: Engine) -> bool:
    """Whether the person stands in any file of the database."""
    file = _database_file(engine)
    return any(PERSON.encode() in one.read_bytes() for one in file.parent.glob(f"{file.name}*"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # PostgreSQL's files are its own
def test_the_files_forget_the_person_while_a_service_has_them_open(service: Service) -> None:
    """Neither the database's file nor its log holds what was erased; nor do pages that are free."""
    engine = service.parts.engine
    with engine.connect():  # as a service's, which keeps SQLite from cutting the log at the end
        _erase(service)
        assert _in_files(engine)
        assert erase_from_files(engine)
        assert not _in_files(engine)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # PostgreSQL's files are its own
def test_what_is_read_meanwhile_is_said_to_be_left(service: Service) -> None:
    """A reader that holds what was before keeps it in the files."""
    engine = service.parts.engine
    _database_file(engine)
    with engine.connect() as reader:
        assert reader.execute(text("SELECT count(*) FROM journal")).scalar_one() > 0
        _erase(service)
        hasty = open_database(str(engine.url))
        event.listen(hasty, "checkout", lambda raw, *_: raw.execute("PRAGMA busy_timeout=0"))
        assert not erase_from_files(hasty)
        hasty.dispose()
    assert erase_from_files(engine)


def test_pages_are_overwritten_whatever_sqlite_was_built_with(tmp_path: Path) -> None:
    """Some are built to leave what was deleted where it stood."""
    engine = open_database(f"sqlite:///{tmp_path / 'vigie.db'}")
    engine.dispose()
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA secure_delete=OFF"), insert=True)
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA secure_delete")).scalar_one() == 1
    engine.dispose()
