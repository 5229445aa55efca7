"""Explains forecasts further, as they are asked for, and those that were given."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection

from hospital.errors import HistoryError
from hospital.times import instant, moment
from registry.explanations.basis import Basis
from registry.explanations.contrast import contrast
from registry.explanations.uncertainty import explain_tension, explain_width
from registry.record.tokens import Caller
from serving.errors import Problem, RequestFault
from serving.explanations.contrast_text import Pair, contrast_explanation
from serving.explanations.replay import Replayed, recorded, replayed
from serving.explanations.uncertainty_text import uncertainty_explanation
from serving.messages.answer_bodies import BedPrediction
from serving.messages.forecast_parts import Explanation
from serving.messages.forecast_protocol import Forecaster, LoadedModel
from serving.messages.forecast_records import BedForecast, WaitForecast
from serving.messages.question_records import Against, BedQuestion, ExplainOptions, WaitQuestion

__all__ = ["Explainer"]

_REFERENCE = "explain.reference"
F = TypeVar("F", BedForecast, WaitForecast)


@dataclass(frozen=True)
class _Earlier:
    """A forecast that another is compared with."""

    basis: Basis
    p50: float
    made: datetime
    target: datetime | None


@dataclass(frozen=True)
class Explainer:
    """Explains by the release in use; it computes again, and records nothing."""

    forecaster: Forecaster

    def waits(
        self,
        connection: Connection,
        model: LoadedModel,
        caller: Caller,
        question: WaitQuestion,
        forecasts: Sequence[WaitForecast],
        now: int,
    ) -> list[WaitForecast]:
        """The forecasts of a question, explained as it asks.

        Raises:
            Problem: the other forecast is not there, is of another department or release, or cannot be computed.
        """
        options = question.explain
        if options.against is None:
            return [replace(f, explanation=e, basis=None) for f, e in _uncertain(forecasts, options)]
        asked_at = now if question.at is None else question.at
        out = []
        other = self._given(connection, model, caller, options, now)
        if other is not None:
            _refuse_departments(question, other)
        for place, forecast in enumerate(forecasts):
            earlier = (
                _as_given(other)
                if other is not None
                else self._wait_then(connection, model, question, place, forecast, now)
            )
            basis = _basis(forecast)
            pair = Pair(basis, earlier.basis, moment(asked_at), earlier.made)
            out.append(replace(forecast, explanation=_contrasted(pair, earlier, options, model), basis=None))
        return out

    def beds(
        self,
        connection: Connection,
        model: LoadedModel,
        caller: Caller,
        question: BedQuestion,
        forecasts: Sequence[BedForecast],
        now: int,
    ) -> list[BedForecast]:
        """The same of units."""
        options = question.explain
        if options.against is None:
            _refuse_unknown_tension(question, forecasts)
            return [replace(f, explanation=e, basis=None) for f, e in _uncertain(forecasts, options)]
        other = self._given(connection, model, caller, options, now)
        if other is not None:
            _refuse_units(question, other)
            earlier = [_as_given(other)] * len(forecasts)
        else:
            earlier = self._beds_then(connection, model, question, options.against, now)
        out = []
        for forecast, before in zip(forecasts, earlier, strict=True):
            pair = Pair(
                _basis(forecast),
                before.basis,
                moment(question.at),
                before.made,
                forecast.target_at,
                before.target,
            )
            out.append(replace(forecast, explanation=_contrasted(pair, before, options, model), basis=None))
        return out

    def _given(
        self, connection: Connection, model: LoadedModel, caller: Caller, options: ExplainOptions, now: int
    ) -> Replayed | None:
        """The prediction that is compared with; None: none is."""
        if options.against is None or options.against.prediction_id is None:
            return None
        stored = recorded(connection, options.against.prediction_id, caller)
        if stored.model.name != model.name:
            raise _refused(_REFERENCE, "another_model", "problems.faults.another_model")
        return replayed(connection, self.forecaster, model, stored, options, now)

    def _beds_then(
        self, connection: Connection, model: LoadedModel, question: BedQuestion, against: Against, now: int
    ) -> list[_Earlier]:
        """What the release says of the same units and horizons at another time."""
        at = question.at if against.at is None else against.at
        explain = replace(question.explain, top=0, against=None, basis=True)
        earlier = replace(question, at=at, observations=(), explain=explain)
        try:
            made = self.forecaster.bed_demand(model, connection, earlier, now)
        except HistoryError:
            raise _nothing_then() from None
        return [_Earlier(_basis(f), f.beds["p50"], moment(at), f.target_at) for f in made]

    def _wait_then(
        self,
        connection: Connection,
        model: LoadedModel,
        question: WaitQuestion,
        place: int,
        forecast: WaitForecast,
        now: int,
    ) -> _Earlier:
        """What the release says of the same patient, had they come at another time."""
        then = question.explain.against
        at = now if then is None or then.at is None else then.at
        back = instant(forecast.prediction_time) - at
        visit = dict(question.visits[place])
        for name, value in visit.items():
            if name.endswith("_at") and isinstance(value, int):
                visit[name] = value - back
        visit["visit_id"] = None  # nobody of the record: who came then is counted as they were
        explain = replace(question.explain, top=0, against=None, basis=True)
        asked_at = (now if question.at is None else question.at) - back
        earlier = WaitQuestion([visit], [None], explain, at=asked_at)
        try:
            (made,) = self.forecaster.wait_time(model, connection, earlier, now)
        except HistoryError:
            raise _nothing_then() from None
        return _Earlier(_basis(made), made.wait_minutes["p50"], moment(at), None)


def _uncertain(forecasts: Sequence[F], options: ExplainOptions) -> list[tuple[F, Explanation]]:
    """Forecasts of one answer with the reasons of how uncertain they are."""
    if options.of == "p50" or not forecasts:
        return [(f, f.explanation) for f in forecasts]
    bases = [_basis(f) for f in forecasts]
    if options.of == "interval":
        found = explain_width(bases[0])
    else:
        staffed = np.array([np.nan if b.staffed is None else b.staffed for b in bases], np.float64)
        found = explain_tension(bases[0], staffed)
    return [(f, uncertainty_explanation(b, found, options)) for f, b in zip(forecasts, bases, strict=True)]


def _refuse_unknown_tension(question: BedQuestion, forecasts: Sequence[BedForecast]) -> None:
    if question.explain.of != "tension":
        return
    key = "problems.faults.no_tension_probability"
    unknown = {f.unit for f in forecasts if f.tension_probability is None}
    faults = [
        RequestFault(f"units[{i}]", "no_tension_probability", key)
        for i, unit in enumerate(question.units)
        if unit in unknown
    ]
    if faults:
        raise Problem(422, "no_tension_probability", "problems.no_tension_probability", faults=faults)


def _as_given(other: Replayed) -> _Earlier:
    prediction = other.stored.prediction
    target = prediction.target_at if isinstance(prediction, BedPrediction) else None
    question = other.question
    made = moment(question.at) if isinstance(question, BedQuestion) else other.stored.made_at
    return _Earlier(_basis(other.forecast), other.p50, made, target)


def _contrasted(pair: Pair, earlier: _Earlier, options: ExplainOptions, model: LoadedModel) -> Explanation:
    found = contrast(pair.later, pair.earlier)
    return contrast_explanation(pair, found, earlier.p50, options, ZoneInfo(model.zone))


def _basis(forecast: BedForecast | WaitForecast) -> Basis:
    if forecast.basis is None:
        raise Problem(409, "no_further_reasons", "problems.no_further_reasons")
    return forecast.basis


def _refuse_units(question: BedQuestion, other: Replayed) -> None:
    unit = other.forecast.unit if isinstance(other.forecast, BedForecast) else None
    key = "problems.faults.another_unit"
    faults = [
        RequestFault(f"units[{i}]", "another_unit", key)
        for i, asked in enumerate(question.units)
        if asked != unit
    ]
    if faults:
        raise Problem(422, "another_unit", "problems.another_unit", faults=faults)


def _refuse_departments(question: WaitQuestion, other: Replayed) -> None:
    then = other.question.visits[0].get("department") if isinstance(other.question, WaitQuestion) else None
    key = "problems.faults.another_department"
    faults = [
        RequestFault(f"visits[{i}].department", "another_department", key)
        for i, visit in enumerate(question.visits)
        if visit.get("department") != then
    ]
    if faults:
        raise Problem(422, "another_department", "problems.another_department", faults=faults)


def _refused(path: str, code: str, key: str) -> Problem:
    return Problem(422, code, "problems.not_compared", faults=[RequestFault(path, code, key)])


def _nothing_then() -> Problem:
    return _refused(f"{_REFERENCE}.at", "no_history_then", "problems.faults.no_history_then")
