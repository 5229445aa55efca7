"""Rows of predictions, decisions, recommendations and alarms beside the journal: whatever column was edited shows."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import Engine, Table, delete, insert, select, update

from hospital.times import instant
from registry.digests import sha256_bytes
from registry.monitoring import alarm_audit
from registry.monitoring.acknowledgement import acknowledge_alarm
from registry.monitoring.alarms import raise_alarm
from registry.record.database import open_database, writing
from registry.record.journal import append
from registry.record.journal_audit import verify
from registry.record.tables.recommendation_tables import recommendations
from registry.record.tables.record_tables import alarms, decisions, predictions
from registry.trust.trust_store import load_trust
from serving.forecasting import decision_record, prediction_record
from serving.interface.recommendations import audit
from serving.interface.recommendations.store import RecommendationStore
from tests.support.installation import Installation, after
from tests.support.releasing import promote_version

ID = "0" * 24
RESPONSE = (
    '{"model":{"name":"wait-time","version":"1","digest":"sha256:d","released_at":"2026-03-01T10:00:00Z","card":""},'
    f'"prediction":{{"prediction_id":"{ID}"}}}}'
)


@pytest.fixture
def engine(installation: Installation) -> Iterator[Engine]:
    """One prediction, one decision on it, a recommendation that was signed for and one that expired, two alarms."""
    installation.approved()
    promote_version(installation)
    settings, at = installation.settings, instant(after(3))
    engine = open_database(settings.database)
    with writing(engine) as connection:
        given = {ID: sha256_bytes(f"app\n{at}\n{RESPONSE}".encode())}
        release = {"model": "wait-time", "version": "1", "digest": "sha256:d"}
        entry = append(
            connection,
            actor="app",
            action="predict",
            subjects=release,
            payload={"predictions": given, "question": {}},
            now=after(3),
        )
        row = {"prediction_id": ID, "made_at": at, "actor": "app", "response": RESPONSE}
        connection.execute(insert(predictions).values(**row, **release, journal_seq=entry.seq))
        entry = append(
            connection,
            actor="Ann",
            action="decide",
            subjects={"decision": "d1", "prediction": ID},
            payload={
                "decision_id": "d1",
                "prediction_id": ID,
                "decision": "accept",
                "reason": "as seen",
                "value": None,
                "decided_by": "Ann",
                "decided_at": at,
            },
            now=after(3),
        )
        decided = {"decision_id": "d1", "prediction_id": ID, "decision": "accept", "reason": "as seen"}
        decided |= {"value": None, "actor": "Ann", "decided_at": at, "journal_seq": entry.seq}
        connection.execute(insert(decisions).values(**decided))
        store = RecommendationStore(connection)
        for kind in ("signed", "expired"):
            one = store.propose("ICU", "red", {"step": "open beds"}, now=at, decide_by=at + 9)
            store.act(one, kind, "Ann", at + 1, {"reason": "full"}, closes=True)
        for day in (20_000, 20_001):
            raise_alarm(
                connection,
                model="wait-time",
                release=1,
                digest="sha256:d",
                figure=("errors", f"all {day}"),
                evidence={"day": day, "since": day},
                stops=True,
                now=after(3),
            )
        first = connection.scalars(select(alarms.c.alarm_id).order_by(alarms.c.day)).first()
        assert first is not None
        acknowledge_alarm(
            connection, settings, first, key=installation.people["ada"], reason="known", now=after(4)
        )
    yield engine
    engine.dispose()


def faults(engine: Engine, installation: Installation) -> list[str]:
    """What is found; the journal itself is whole."""
    trust = load_trust(installation.settings.trust)
    with engine.connect() as connection:
        assert verify(connection) == []
        found = [
            *prediction_record.edited(connection),
            *decision_record.edited(connection),
            *audit.edited(connection),
            *alarm_audit.edited(connection, trust),
        ]
    return [fault.message for fault in found]


def test_what_was_written_is_whole(engine: Engine, installation: Installation) -> None:
    """Nothing is found where nothing was edited."""
    assert faults(engine, installation) == []


@pytest.mark.parametrize("column", ["model", "version", "digest", "actor", "response", "made_at"])
def test_an_edited_prediction_is_found(engine: Engine, installation: Installation, column: str) -> None:
    """By its entry, which names the release, too."""
    value = 1 if column == "made_at" else "x"
    with engine.begin() as connection:
        connection.execute(update(predictions).values(**{column: value}))
    assert faults(engine, installation) == [f"prediction {ID} was edited"]


@pytest.mark.parametrize("entry", ["none", "another's"])
def test_a_decision_that_was_put_in_is_found(engine: Engine, installation: Installation, entry: str) -> None:
    """Under a number that no entry has, or under the entry of another decision."""
    with engine.begin() as connection:
        row = dict(connection.execute(select(decisions)).mappings().one())
        number = 10**6 if entry == "none" else row["journal_seq"]
        put_in = {**row, "decision_id": "d2", "actor": "Bea", "journal_seq": number}
        connection.execute(insert(decisions).values(**put_in))
    assert faults(engine, installation) == ["decision d2 has no entry"]


@pytest.mark.parametrize("closed_at", [None, 5])
def test_a_recommendation_is_closed_by_its_acts_alone(
    engine: Engine, installation: Installation, closed_at: int | None
) -> None:
    """One that expired, opened again; one that was decided, closed at another time."""
    with engine.begin() as connection:
        connection.execute(update(recommendations).values(closed_at=closed_at))
    found = faults(engine, installation)
    assert len(found) == (1 if closed_at is None else 2)
    assert all("otherwise than its acts say" in words for words in found)


@pytest.mark.parametrize(
    "change",
    [
        {"release": 2},
        {"model": "bed-demand"},
        {"family": "inputs"},
        {"name": "other"},
        {"raised_at": 1},
        {"day": 1},
        {"stops": 0},
        {"evidence": "{}"},
        {"journal_seq": 1},
        {
            "acknowledged_at": 1,
            "acknowledged_day": 1,
            "acknowledged_by": "ada",
            "acknowledged_reason": "well",
        },
        {"acknowledged_day": 1},
    ],
    ids=lambda change: ",".join(change),
)
def test_an_edited_alarm_is_found(
    engine: Engine, installation: Installation, change: Mapping[str, Any]
) -> None:
    """One that stands, and that somebody with the database cleared or changed."""
    with engine.begin() as connection:
        connection.execute(update(alarms).where(alarms.c.day == 20_001).values(**change))
    assert faults(engine, installation)


def test_an_alarm_that_is_gone_or_called_back_is_found(engine: Engine, installation: Installation) -> None:
    """Taken out; and one that was acknowledged, standing again."""
    with engine.begin() as connection:
        connection.execute(delete(alarms).where(alarms.c.day == 20_001))
        kept = dict.fromkeys(("acknowledged_at", "acknowledged_day", "acknowledged_by"))
        connection.execute(update(alarms).values(**kept, acknowledged_reason=None))
    words = sorted(w.split(" ")[0] for w in faults(engine, installation))
    assert words == ["its", "that"]


def test_an_acknowledgement_that_the_board_did_not_sign_is_found(
    engine: Engine, installation: Installation
) -> None:
    """Row and entry were written by somebody with the database: in the chain, and of nobody who may."""
    with writing(engine) as connection:
        row = connection.execute(select(alarms).where(alarms.c.day == 20_001)).mappings().one()
        subjects = {"model": "wait-time", "release": "1", "alarm": row["alarm_id"], "until_day": "20001"}
        body = {**subjects, "reason": "well", "at": instant(after(5))}
        signed = installation.people["stranger"].sign("vigie-acknowledgement-v1", body)
        append(
            connection,
            actor="ada",
            action="acknowledge alarm",
            subjects=subjects,
            reason="well",
            payload=signed.to_json(),
            now=after(5),
        )
        cleared = {"acknowledged_at": instant(after(5)), "acknowledged_by": "ada"}
        mine = alarms.c.alarm_id == row["alarm_id"]
        connection.execute(
            update(alarms).where(mine).values(**cleared, acknowledged_day=20_001, acknowledged_reason="well")
        )
    assert [words for words in faults(engine, installation) if "no member of the board" in words]


@pytest.mark.parametrize("table", [predictions, decisions, recommendations, alarms], ids=lambda t: t.name)
def test_a_row_that_is_gone_is_found(engine: Engine, installation: Installation, table: Table) -> None:
    """Of each kind."""
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        if table is predictions:
            connection.execute(delete(decisions))
        connection.execute(delete(table)) if table is not recommendations else connection.exec_driver_sql(
            "UPDATE recommendations SET journal_seq = 0"
        )
    assert faults(engine, installation)
