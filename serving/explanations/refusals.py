"""What cannot be explained further, and why: other units, departments and models, times without a history."""

from collections.abc import Sequence
from typing import TypeVar

from registry.explanations.basis import Basis
from registry.explanations.total_basis import TotalBasis
from serving.errors import Problem, RequestFault
from serving.explanations.replay import Replayed
from serving.messages.forecast_records import BedForecast, HospitalForecast
from serving.messages.question_records import BedQuestion, ExplainOptions, WaitQuestion

__all__ = [
    "REFERENCE",
    "nothing_then",
    "refuse_departments",
    "refuse_units",
    "refuse_unknown_tension",
    "refuse_unknown_total_tension",
    "refused",
    "required_basis",
    "required_total",
]

REFERENCE = "explain.reference"
B = TypeVar("B", Basis, TotalBasis)


def required_basis(basis: B | None) -> B:
    """What a forecast was made of; 409 where it is not kept."""
    if basis is None:
        raise Problem(409, "no_further_reasons", "problems.no_further_reasons")
    return basis


def required_total(other: Replayed) -> HospitalForecast:
    """The hospital total that a prediction is of; 422 where it is of a unit or of a wait."""
    if isinstance(other.forecast, HospitalForecast):
        return other.forecast
    fault = RequestFault("hospital", "another_unit", "problems.faults.another_unit")
    raise Problem(422, "another_unit", "problems.another_unit", faults=[fault])


def refuse_unknown_tension(question: BedQuestion, forecasts: Sequence[BedForecast]) -> None:
    """Refuses a tension of units whose staffed beds are not known: 422, each by its place."""
    if question.explain.of != "tension":
        return
    unknown = {f.unit for f in forecasts if f.tension_probability is None}
    paths = [f"units[{i}]" for i, unit in enumerate(question.units) if unit in unknown]
    if paths:
        raise _no_tension(paths)


def refuse_unknown_total_tension(options: ExplainOptions, forecast: HospitalForecast) -> None:
    """Refuses a tension of the hospital total whose staffed beds are not known: 422."""
    if options.of == "tension" and forecast.tension_probability is None:
        raise _no_tension(["hospital"])


def _no_tension(paths: Sequence[str]) -> Problem:
    key = "problems.faults.no_tension_probability"
    faults = [RequestFault(path, "no_tension_probability", key) for path in paths]
    return Problem(422, "no_tension_probability", "problems.no_tension_probability", faults=faults)


def refuse_units(question: BedQuestion, other: Replayed) -> None:
    """Refuses units other than the one that a prediction is of: 422, each by its place."""
    unit = other.forecast.unit if isinstance(other.forecast, BedForecast) else None
    key = "problems.faults.another_unit"
    faults = [
        RequestFault(f"units[{i}]", "another_unit", key)
        for i, asked in enumerate(question.units)
        if asked != unit
    ]
    if faults:
        raise Problem(422, "another_unit", "problems.another_unit", faults=faults)


def refuse_departments(question: WaitQuestion, other: Replayed) -> None:
    """Refuses visits of departments other than the one that a prediction is of: 422, each by its place."""
    then = other.question.visits[0].get("department") if isinstance(other.question, WaitQuestion) else None
    key = "problems.faults.another_department"
    faults = [
        RequestFault(f"visits[{i}].department", "another_department", key)
        for i, visit in enumerate(question.visits)
        if visit.get("department") != then
    ]
    if faults:
        raise Problem(422, "another_department", "problems.another_department", faults=faults)


def refused(path: str, code: str, key: str) -> Problem:
    """A reference that nothing can be compared with: 422."""
    return Problem(422, code, "problems.not_compared", faults=[RequestFault(path, code, key)])


def nothing_then() -> Problem:
    """Nothing had been received by the time that is compared with: 422."""
    return refused(f"{REFERENCE}.at", "no_history_then", "problems.faults.no_history_then")
