"""Observations, predictions as given, decisions, the journal."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from hospital.contracts.tables import ROLES
from hospital.times import moment
from registry.record.database import writing
from registry.record.journal import entries
from registry.record.request_keys import RepeatedError, claim, earlier
from serving.forecasting import decision_record as decisions
from serving.forecasting import prediction_record as predictions
from serving.gateway.endpoint import Call, Endpoint, Parameter, json_response
from serving.gateway.service_parts import Parts
from serving.http.clock import system_time
from serving.http.write_outcome import REPEATED, about_to_commit
from serving.messages.answer_bodies import StoredPrediction
from serving.messages.record_bodies import (
    AddedObservations,
    Decision,
    DecisionPage,
    JournalEntry,
    JournalPage,
    TableCount,
    UnknownUnitRows,
    UnreadRoleRows,
)
from serving.messages.record_requests import decision_request, observed_rows
from serving.messages.request_bodies import DecisionRequest, ObservationsRequest
from serving.state import observations
from serving.state.observations import next_reception
from serving.state.unknown_units import listed_units, unknown_units

__all__ = ["ENDPOINTS"]

_PAGE = 100
_LIMIT = Parameter({"type": "integer", "minimum": 1, "maximum": 1_000, "default": _PAGE}, "how many at most")
_AFTER = Parameter(
    {"type": "integer", "minimum": 0, "maximum": 10**18, "default": 0},
    "only those after this one: `next` of the page before",
)
MEGABYTE = 1_048_576


def add_observations(call: Call) -> Response:
    """POST /v1/observations"""
    parts = call.parts
    context = parts.context()
    rows = observed_rows(call.body, context)
    try:
        with writing(parts.engine) as connection:
            if call.key is not None and (before := earlier(connection, call.key)) is not None:
                return _observations_again(before)
            received_at = next_reception(context.now, parts.receptions.last(connection))
            counts = observations.add(connection, rows, received_at, actor=call.caller.actor)
            unknown = _unknown_units(parts, connection, rows, received_at)
            tables = {kind: TableCount(**c.__dict__) for kind, c in counts.items()}
            answer = AddedObservations(
                received_at=moment(received_at),
                tables=tables,
                unknown_units=unknown,
                unread_roles=_unread_roles(rows.get("staffing", ())),
            ).model_dump_json()
            claim(connection, call.key, {"observations": answer}, system_time())
            about_to_commit()
    except RepeatedError as repeated:
        return _observations_again(repeated.answer)
    return Response(answer, media_type="application/json")


def _observations_again(before: Mapping[str, Any]) -> Response:
    """The answer of a request that was sent before; it names no patient, and was kept."""
    return Response(before["observations"], media_type="application/json", headers=REPEATED)


def _unknown_units(
    parts: Parts, connection: Connection, rows: Mapping[str, Sequence[Mapping[str, Any]]], received_at: int
) -> tuple[UnknownUnitRows, ...]:
    """The units in rows that neither a release in use nor the table of units knows."""
    released = [s.loaded for s in parts.releases.states.values() if s.loaded is not None]
    known = {unit.unit for model in released for unit in model.units} | listed_units(connection)
    departments = {name for model in released for name in model.departments}
    found = unknown_units(rows, known, departments, received_at)
    return tuple(UnknownUnitRows(unit=u.unit, rows=u.rows, patients=u.patients) for u in found)


def _unread_roles(staffing: Sequence[Mapping[str, Any]]) -> tuple[UnreadRoleRows, ...]:
    """The roles in rows of staffing that no forecast and no count of staff reads."""
    rows = Counter(str(row["role"]) for row in staffing)
    return tuple(UnreadRoleRows(role=role, rows=rows[role]) for role in sorted(rows.keys() - set(ROLES)))


def prediction(call: Call) -> Response:
    """GET /v1/predictions/{prediction_id}"""
    with call.parts.engine.connect() as connection:
        return json_response(predictions.find(connection, call.path["prediction_id"], call.caller))


def decide(call: Call) -> Response:
    """POST /v1/decisions"""
    request = decision_request(call.body)
    with writing(call.parts.engine) as connection:
        decision, repeated = decisions.decide_once(
            connection, request, call.caller, call.parts.clock.now(), call.key
        )
        about_to_commit()
    response = json_response(decision, 201)
    response.headers.update(REPEATED if repeated else {})
    return response


def list_decisions(call: Call) -> Response:
    """GET /v1/decisions"""
    with call.parts.engine.connect() as connection:
        page = decisions.page(
            connection,
            call.caller,
            prediction_id=call.query.get("prediction_id"),
            after=_number(call.query, "after", 0),
            limit=_number(call.query, "limit", _PAGE),
        )
    return json_response(page)


def journal(call: Call) -> Response:
    """GET /v1/journal"""
    limit = _number(call.query, "limit", _PAGE)
    with call.parts.engine.connect() as connection:
        found = [
            JournalEntry(**{**e.__dict__, "at": moment(e.at), "subjects": dict(e.subjects)})
            for e in entries(connection, after=_number(call.query, "after", 0), limit=limit)
        ]
    return json_response(
        JournalPage(entries=tuple(found), next=found[-1].seq if len(found) == limit else None)
    )


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    return int(query.get(name, default))


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/observations",
        add_observations,
        "Rows of the contracts: idempotent, revisions kept, all or nothing",
        roles=frozenset({"application", "operator", "admin"}),
        scope="observations",
        body=ObservationsRequest,
        answer=AddedObservations,
        problems=(409,),
        max_bytes=8 * MEGABYTE,
        keyed=True,
    ),
    Endpoint(
        "GET",
        "/v1/predictions/{prediction_id}",
        prediction,
        "A prediction as it was given; an application sees its own",
        roles=frozenset({"application", "operator", "auditor", "admin"}),
        scope="predictions",
        answer=StoredPrediction,
        problems=(404,),
    ),
    Endpoint(
        "POST",
        "/v1/decisions",
        decide,
        "What a person decided on a prediction, and why",
        roles=frozenset({"operator", "admin"}),
        scope="decisions",
        body=DecisionRequest,
        answer=Decision,
        problems=(404,),
        max_bytes=65_536,
        keyed=True,
    ),
    Endpoint(
        "GET",
        "/v1/decisions",
        list_decisions,
        "Decisions in their order",
        roles=frozenset({"operator", "board", "auditor", "admin"}),
        scope="decisions",
        answer=DecisionPage,
        parameters={
            "prediction_id": Parameter({"type": "string", "maxLength": 64}, "only those on this prediction"),
            "after": _AFTER,
            "limit": _LIMIT,
        },
    ),
    Endpoint(
        "GET",
        "/v1/journal",
        journal,
        "Entries of the journal in their order",
        roles=frozenset({"auditor", "admin"}),
        scope="journal",
        answer=JournalPage,
        parameters={"after": _AFTER, "limit": _LIMIT},
    ),
)
