"""A database with data goes forward from each earlier form: nothing is lost, and the journal vouches for all of it."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, MetaData, create_engine, insert, select

from hospital.times import instant
from registry.record import observation_batches, token_audit
from registry.record.database import opened_database, writing
from registry.record.erasure import erase_subject
from registry.record.journal import append, entries
from registry.record.journal_audit import verify
from registry.record.observations import columns_in_force
from registry.record.request_keys import RequestKey, claim, earlier
from registry.record.tables.record_tables import decisions, predictions
from registry.record.tokens import authenticate, create_token
from serving.state.observation_versions import version_of
from serving.state.observations import add
from tests.support.installation import NOW
from tests.support.old_database import migrate_to

REVISIONS = ("0001", "0002", "0003", "0004", "0007", "0008", "0009", "0010")
SECRET, TOKEN = "s" * 43, "0123456789ab"
KEY = RequestKey("app", "k1", "sha256:" + "1" * 64)
_STAY = {"stay_id": "s", "unit": "U1", "entered_at": 10}


@pytest.mark.parametrize("revision", REVISIONS)
def test_data_goes_forward_from_each_revision(empty_database_url: str, revision: str) -> None:
    """Each row is there with its values, each entry and token is valid, what was erased stays so, and it goes on."""
    engine = create_engine(empty_database_url)
    migrate_to(engine, revision)
    with writing(engine) as connection:
        secret = _fill(connection, revision)
    before = _rows(engine)
    engine.dispose()
    assert {"observations", "predictions", "decisions", "journal", "payloads", "tokens"} <= set(before)
    with opened_database(empty_database_url) as migrated:
        _require_kept(before, _rows(migrated))
        with migrated.connect() as connection:
            assert _faults(connection) == []
            (decision,) = connection.execute(select(decisions)).all()
            assert (decision.actor, decision.reason) == ("ada", "seen")
            assert authenticate(connection, secret, now=datetime.now(UTC)).name == "app"
            found = columns_in_force(connection, "stays", 50)
            assert found["left_at"].tolist()[-1] == 150
            assert found["received_at"].tolist() == [100, 200]
            if revision >= "0009":
                assert earlier(connection, KEY) == {"written": 1}
            actions = [entry.action for entry in entries(connection)]
        assert ("cover observations" in actions) is (revision < "0008")
        with writing(migrated) as connection:
            add(connection, {"stays": [{**_STAY, "stay_id": "t"}]}, 300, now=datetime.now(UTC))
        with migrated.connect() as connection:
            assert _faults(connection) == []
            assert columns_in_force(connection, "stays", 50)["stay_id"].size == 3


def _fill(connection: Connection, revision: str) -> str:
    """The data of a small service as Vigie of a revision wrote them; returns the secret of its token."""
    secret = _token(connection, revision)
    if revision < "0008":
        for left, received, superseded in ((None, 100, 200), (150, 200, None)):
            row = version_of("stays", {**_STAY, "left_at": left}, received) | {"superseded_at": superseded}
            _insert(connection, "observations", row)
    else:
        add(connection, {"stays": [_STAY]}, 100, actor="app", now=NOW)
        add(connection, {"stays": [{**_STAY, "left_at": 150}]}, 200, actor="app", now=NOW)
    entry = append(
        connection, actor="app", action="predict", subjects={"prediction": "p"}, now=NOW, payload={"a": "é"}
    )
    made = {"prediction_id": "p", "made_at": 5, "model": "wait-time", "version": "1", "digest": "sha256:0"}
    made |= {"actor": "app", "response": '{"prediction":{}}', "journal_seq": entry.seq}
    connection.execute(insert(predictions).values(made))
    entry = append(connection, actor="ada", action="decide", subjects={"decision": "d"}, now=NOW)
    decided = {"decision_id": "d", "prediction_id": "p", "decision": "accept", "reason": "seen"}
    decided |= {"value": None, "actor": "ada", "decided_at": 6, "journal_seq": entry.seq}
    connection.execute(insert(decisions).values(decided))
    if revision >= "0009":
        claim(connection, KEY, {"written": 1}, NOW)
    if revision >= "0010":
        visit = {"visit_id": "erased-one", "arrived_at": 20}
        add(connection, {"visits": [visit]}, 250, actor="app", now=NOW)
        assert erase_subject(connection, ["erased-one"], actor="ada", reason="asked", now=NOW).anything
    return secret


def _token(connection: Connection, revision: str) -> str:
    if revision >= "0008":
        return create_token(connection, "app", ["operator"], now=datetime.now(UTC))
    row: dict[str, Any] = {"token_id": TOKEN, "name": "app", "roles": '["operator"]', "expires_at": None}
    row |= {
        "hash": hashlib.sha256(SECRET.encode()).hexdigest(),
        "created_at": instant(NOW),
        "revoked_at": None,
    }
    if revision == "0007":
        row |= {"scopes": "[]", "identity": "app", "expires_at": instant(datetime.now(UTC)) + 10**12}
    _insert(connection, "tokens", row)
    return f"vigie_{TOKEN}_{SECRET}"


def _insert(connection: Connection, table: str, row: Mapping[str, Any]) -> None:
    """Into a table as it is at this revision."""
    metadata = MetaData()
    metadata.reflect(connection, only=[table])
    connection.execute(insert(metadata.tables[table]).values(dict(row)))


def _rows(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables that have some, in the order of their keys."""
    metadata = MetaData()
    with engine.connect() as connection:
        metadata.reflect(connection)
        found = {
            name: [
                dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()
            ]
            for name, table in metadata.tables.items()
            if name != "alembic_version"
        }
    return {name: rows for name, rows in found.items() if rows}


def _require_kept(
    before: Mapping[str, list[dict[str, Any]]], after: Mapping[str, list[dict[str, Any]]]
) -> None:
    """Each row of before, with each of its values, but for the end that a token without one gets."""
    for table, rows in before.items():
        kept = after[table][: len(rows)]
        for old, new in zip(rows, kept, strict=True):
            expected = {k: v for k, v in old.items() if (k, v) != ("expires_at", None)}
            assert {k: new[k] for k in expected} == expected, table


def _faults(connection: Connection) -> list[str]:
    found = [*verify(connection), *observation_batches.edited(connection), *token_audit.edited(connection)]
    return [f"{fault.seq}: {fault.message}" for fault in found]
