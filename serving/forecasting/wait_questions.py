"""From a question about visits to the rows that a model forecasts."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from hospital.arrays import Array
from hospital.features.reader_counts import kinds_of_waiting
from hospital.features.wait import VITAL_SIGNS, WaitQuery, prediction_times
from hospital.times import DAY, MISSING_TIME
from registry.model.forecast_model import ForecastModel, Rows
from registry.model.model_rows import wait_rows
from serving.messages.question_records import EdState, WaitQuestion
from serving.state.live_state import HospitalState

__all__ = ["a_week_earlier", "instants", "is_long_queue", "wait_query", "wait_rows_of_question"]

_LONG_QUEUE = 12
"""Patients said to wait from which a forecast without their urgency is too short (docs/explanations.md)."""


def wait_query(state: HospitalState, question: WaitQuestion) -> WaitQuery:
    """The visits of a question as features ask for them, with what is said of the department beside them."""
    visits = question.visits
    arrived = instants(visits, "arrived_at")
    at = prediction_times(arrived, instants(visits, "triaged_at"))
    row = np.array([state.visit_rows.get(v.get("visit_id") or "", -1) for v in visits], np.int64)
    columns: dict[str, Array] = {
        n: _texts(visits, n) for n in ("department", "triage", "arrival_mode", "reason")
    }
    columns |= {name: _numbers(visits, name) for name in ("age_years", *VITAL_SIGNS)}
    said = [s or EdState() for s in question.ed_states]
    overlay = {
        "ed_waiting": _said([s.waiting for s in said]),
        "ed_boarding": _said([s.boarding for s in said]),
        "ed_doctors": _said([s.staff for s in said]),
        **kinds_of_waiting([s.waiting_by_triage for s in said], columns["triage"]),
    }
    return WaitQuery(at, arrived, row, columns, overlay)


def wait_rows_of_question(state: HospitalState, model: ForecastModel, query: WaitQuery, now: int) -> Rows:
    """The rows that a model forecasts; `now`: the instant of the question."""
    X = state.waits.compute(query, model.features)
    rows = wait_rows(model.waits_or_raise, X, query, model.features, state.events.place)
    # Who is asked about later than at triage has waited longer than at triage.
    waited = (np.maximum(query.prediction_time, now) - query.arrived_at) / 60e6
    return Rows(**{**vars(rows), "floor": np.maximum(rows.floor, waited)})


def is_long_queue(said: EdState | None, missing: Collection[str]) -> bool:
    """Whether many are said to wait and nobody knows how urgent they are; `missing`: of the row's features."""
    waiting = None if said is None else said.waiting
    return waiting is not None and waiting >= _LONG_QUEUE and "ed_waiting_urgent" in missing


def a_week_earlier(query: WaitQuery) -> WaitQuery:
    """The same patients a week before, as the record knew the department then."""
    week = 7 * DAY
    nobody = np.full(query.size, -1, np.int64)
    return WaitQuery(query.prediction_time - week, query.arrived_at - week, nobody, query.columns, {})


def instants(rows: Sequence[Mapping[str, Any]], name: str) -> Array:
    """A column of times of rows (int64 [n]), `MISSING_TIME` where there is none."""
    values = [row.get(name) for row in rows]
    return np.array([MISSING_TIME if v is None else int(v) for v in values], np.int64)


def _texts(rows: Sequence[Mapping[str, Any]], name: str) -> Array:
    out = np.empty(len(rows), object)
    out[:] = [row.get(name) for row in rows]
    return out


def _numbers(rows: Sequence[Mapping[str, Any]], name: str) -> Array:
    return _said([row.get(name) for row in rows])


def _said(values: Sequence[float | None]) -> Array:
    return np.array([np.nan if v is None else float(v) for v in values], np.float64)
