"""A question about units as the rows that the model answers, and what is refused of it."""

from collections.abc import Mapping, Sequence

import numpy as np

from hospital.arrays import Array
from hospital.errors import HistoryError
from hospital.features.bed_query import BedQuery, BedState
from hospital.record.events import Unit
from hospital.times import DAY
from registry.model.forecast_model import ForecastModel, Rows
from registry.model.model_rows import bed_rows
from registry.model.scope_fallback import Answered, answer
from registry.model.trust_limits import stale_after
from registry.policy.trusted_scope import in_scope
from serving.errors import Problem, RequestFault
from serving.messages.forecast_protocol import LoadedModel
from serving.messages.question_records import BedQuestion
from serving.state.live_state import HospitalState

__all__ = [
    "answered_in_scope",
    "bed_query",
    "bed_rows_of_question",
    "is_stale",
    "known_units",
    "reference_rows",
    "refuse_unknown_present",
    "unknown_beds",
]


def known_units(model: ForecastModel, state: HospitalState, question: BedQuestion) -> dict[str, int]:
    """Place of each unit in the state.

    Raises:
        Problem: 422, a unit is named that nobody knows.
        HistoryError: of one that is known nothing was ever received.
    """
    known = {entry.unit for entry in model.manifest.units}
    at = {u.unit: i for i, u in enumerate(state.events.units)}
    asked = question.units
    words = "problems.faults.unknown_unit"
    faults = [
        RequestFault(f"units[{i}]", "unknown_unit", words)
        for i, unit in enumerate(asked)
        if unit not in known
    ]
    words = "problems.faults.undescribed_unit"
    faults += [
        RequestFault(f"observations[{i}].unit", "unknown_unit", words)
        for i, row in enumerate(question.observations)
        if row["unit"] not in known and row["unit"] not in at
    ]
    if faults:
        raise Problem(422, "unknown_unit", "problems.unknown_units", faults=faults)
    silent = [i for i, unit in enumerate(asked) if unit not in at]
    if silent:
        raise HistoryError("problems.silent_units", n=len(silent))
    return at


def bed_query(
    model: ForecastModel, question: BedQuestion, unit_of: Mapping[str, int]
) -> tuple[BedQuery, list[Unit]]:
    """The query of every unit at every horizon, and of which unit each of its rows is.

    Args:
        unit_of: place of each unit in the state.

    Raises:
        Problem: 422, a horizon that the model does not know.
    """
    horizons = model.manifest.horizons_hours
    wrong = [
        RequestFault(
            f"horizons_hours[{i}]",
            "unknown_horizon",
            "problems.faults.unknown_horizon",
        )
        for i, h in enumerate(question.horizons_hours)
        if float(h) not in horizons
    ]
    if wrong:
        raise Problem(422, "unknown_horizon", "problems.unknown_horizons", faults=wrong)
    by_id = {entry.unit: Unit(**entry.model_dump()) for entry in model.manifest.units}
    pairs = [(unit, float(h)) for unit in question.units for h in question.horizons_hours]
    said: dict[str, float] = {}
    for row in question.observations:
        said[str(row["unit"])] = float(row["occupied"]) + float(row.get("waiting") or 0.0)
    query = BedQuery(
        np.array([unit_of[unit] for unit, _ in pairs], np.int64),
        np.full(len(pairs), question.at, np.int64),
        np.array([h for _, h in pairs]),
        np.array([said.get(unit, np.nan) for unit, _ in pairs]),
    )
    return query, [by_id[unit] for unit, _ in pairs]


def bed_rows_of_question(
    state: HospitalState, model: ForecastModel, query: BedQuery
) -> tuple[Rows, BedState]:
    """The rows of a query as the model takes them, and what its units have now and then."""
    computer, baselines = state.beds(model.features), model.beds_or_raise
    names = [u.unit for u in state.events.units]
    unit = np.array([baselines.units.index(names[u]) for u in query.unit], np.int64)
    place, cadence = state.events.place, state.events.cadence_hours
    beds = computer.state(query)
    X = computer.compute(query, beds)
    return bed_rows(baselines, X, query, unit, beds.now, beds.then_before, place, cadence), beds


def reference_rows(
    state: HospitalState, engine: ForecastModel, question: BedQuestion, query: BedQuery
) -> Rows | None:
    """The rows that a question compares its own with, one each; None: what is usual."""
    if question.explain.reference != "last_week":
        return None
    at = query.prediction_time - 7 * DAY
    earlier = BedQuery(query.unit, at, query.horizon_hours, unknown_beds(query.unit.size))
    return bed_rows_of_question(state, engine, earlier)[0]


def answered_in_scope(
    model: LoadedModel,
    engine: ForecastModel,
    query: BedQuery,
    rows: Rows,
    units: Sequence[Unit],
    reference: Rows | None,
) -> Answered:
    """The answers to rows of bed demand: by the model in the release's scope."""
    inside = in_scope(model.scope, [unit.group for unit in units], query.horizon_hours)
    return answer(engine, rows, inside, reference)


def is_stale(state: HospitalState, engine: ForecastModel, at: int) -> bool:
    """Whether nothing was received of the units for too long before an instant."""
    table = "stays" if state.events.counted else "census"
    return at - state.heard.get(table, 0) > stale_after(engine.manifest)


def refuse_unknown_present(rows: Rows, units: Sequence[Unit]) -> None:
    """Raises HistoryError: the present demand of a unit is not known."""
    unknown = {units[int(i)].unit for i in np.flatnonzero(np.isnan(rows.offset))}
    if unknown:
        raise HistoryError("problems.unknown_demand", n=len(unknown))


def unknown_beds(n: int) -> Array:
    """Float64 [n], NaN: the caller says nothing of the present beds."""
    return np.full(n, np.nan)
