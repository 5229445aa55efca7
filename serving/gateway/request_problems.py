"""What a request is answered with where something came in its way."""

from hospital.errors import HistoryError
from registry.record.request_keys import OtherBodyError
from serving.errors import Problem
from serving.gateway.request_reading import SenderLeftError
from serving.gateway.service_parts import Parts
from serving.http.request_log import log_storage_fault, log_unexpected
from serving.http.storage_faults import storage_problem
from serving.http.write_outcome import OutcomeUnknownError

__all__ = ["UNEXPECTED", "problem_of"]


def problem_of(error: Exception, parts: Parts, request_id: str) -> Problem:
    """What a request is answered with when this came in its way."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, OtherBodyError):
        return _OTHER_BODY
    if isinstance(error, SenderLeftError):
        raise error
    if isinstance(error, HistoryError):
        return Problem(503, "history_too_short", "problems.history_too_short", why=error)
    unknown = isinstance(error, OutcomeUnknownError)
    error = error.__cause__ if unknown and isinstance(error.__cause__, Exception) else error
    problem = storage_problem(error)
    if problem is not None and unknown and problem.code != "storage_full":  # a full disk took nothing
        problem = Problem(503, "outcome_unknown", "problems.database_failed", headers=problem.headers)
    if problem is None:
        log_unexpected(request_id, error)
        return UNEXPECTED
    log_storage_fault(request_id, error, problem.code)
    parts.readiness.fault()
    return problem


_OTHER_BODY = Problem(
    422,
    "key_of_another_request",
    "problems.key_of_another_request",
)
UNEXPECTED = Problem(500, "unexpected", "problems.unexpected")
