"""What bodies ask to be recorded or set: rows of the contracts, a person's decision, the speed of a simulated clock."""

from typing import Any

from hospital.contracts.tables import TABLES
from serving.errors import RequestFault
from serving.http.problems import invalid
from serving.messages.body_envelopes import Context, envelope_of, listed, read_body, rows_of_contract
from serving.messages.request_bodies import MAX_ROWS, ClockRequest, DecisionRequest, ObservationsRequest
from serving.messages.request_pseudonyms import pseudonymised

__all__ = ["clock_request", "decision_request", "observed_rows"]

_ObservationsEnvelope = envelope_of(ObservationsRequest)


def observed_rows(body: object, context: Context) -> dict[str, list[dict[str, Any]]]:
    """The rows in a body of observations by table, ids as pseudonyms.

    Raises:
        Problem: 422 with every fault.
    """
    envelope, faults = read_body(_ObservationsEnvelope, body)
    found: dict[str, list[dict[str, Any]]] = {}
    total = 0
    for name in TABLES:
        sent = listed(body, name)
        total += len(sent)
        if sent and total <= MAX_ROWS:
            found[name] = rows_of_contract(name, sent, context, name, faults)
    if total > MAX_ROWS:
        faults.append(RequestFault("", "too_many", "problems.faults.too_many_rows", {"n": MAX_ROWS}))
    if not total and not faults:
        faults.append(RequestFault("", "too_short", "problems.faults.no_row"))
    if faults or envelope is None:
        raise invalid(faults)
    return {name: [pseudonymised(r, context.key) for r in rows] for name, rows in found.items()}


def decision_request(body: object) -> DecisionRequest:
    """The decision in a body.

    Raises:
        Problem: 422 with every fault.
    """
    found, faults = read_body(DecisionRequest, body)
    request: DecisionRequest | None = found
    if faults or request is None:
        raise invalid([_decision_fault(f) for f in faults])
    return request


def clock_request(body: object) -> ClockRequest:
    """The speed in a body.

    Raises:
        Problem: 422 with every fault.
    """
    found, faults = read_body(ClockRequest, body)
    request: ClockRequest | None = found
    if faults or request is None:
        raise invalid(faults)
    return request


def _decision_fault(fault: RequestFault) -> RequestFault:
    if fault.code == "value_without_override":
        return RequestFault("value", fault.code, "problems.faults.value_without_override")
    if fault.code == "string_pattern_mismatch":
        return RequestFault(fault.path, "not_an_id", "problems.faults.not_an_id")
    return fault
