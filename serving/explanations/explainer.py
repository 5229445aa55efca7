"""Explains forecasts further, as they are asked for, and those that were given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection

from hospital.errors import HistoryError
from hospital.times import DAY, instant, moment
from registry.explanations.basis import Basis
from registry.explanations.contrast import contrast, contrast_totals
from registry.explanations.total_uncertainty import explain_total
from registry.explanations.uncertainty import explain_tension, explain_width
from registry.explanations.uncertainty_contrast import contrast_uncertainty
from registry.record.tokens import Caller
from serving.explanations.contrast_text import Pair, contrast_explanation
from serving.explanations.refusals import (
    REFERENCE,
    nothing_then,
    refuse_departments,
    refuse_units,
    refuse_unknown_tension,
    refuse_unknown_total_tension,
    refused,
    required_basis,
    required_total,
)
from serving.explanations.replay import Replayed, recorded, replayed
from serving.explanations.uncertainty_contrast_text import uncertainty_contrast_explanation
from serving.explanations.uncertainty_text import total_uncertainty_explanation, uncertainty_explanation
from serving.messages.answer_bodies import BedPrediction
from serving.messages.forecast_parts import Explanation
from serving.messages.forecast_protocol import Forecaster, LoadedModel
from serving.messages.forecast_records import BedForecast, HospitalForecast, WaitForecast
from serving.messages.question_records import BedQuestion, ExplainOptions, WaitQuestion

__all__ = ["Explainer"]

F = TypeVar("F", BedForecast, WaitForecast)
A = TypeVar("A", BedForecast, HospitalForecast, WaitForecast)
Q = TypeVar("Q", BedQuestion, WaitQuestion)


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
        if options.against is None and options.reference == "typical":
            return [replace(f, explanation=e, basis=None) for f, e in _uncertain(forecasts, options)]
        asked_at = now if question.at is None else question.at
        out = []
        other = self._given(connection, model, caller, options, now)
        if other is not None:
            refuse_departments(question, other)
        for place, forecast in enumerate(forecasts):
            earlier = (
                _as_given(other)
                if other is not None
                else self._wait_then(connection, model, question, place, forecast, now)
            )
            times = (moment(asked_at), None)
            explained = _contrasted(forecast, earlier, times, options, ZoneInfo(model.zone))
            out.append(replace(forecast, explanation=explained, basis=None))
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
        refuse_unknown_tension(question, forecasts)
        if options.against is None and options.reference == "typical":
            return [replace(f, explanation=e, basis=None) for f, e in _uncertain(forecasts, options)]
        other = self._given(connection, model, caller, options, now)
        if other is not None:
            refuse_units(question, other)
            earlier = [_as_given(other)] * len(forecasts)
        else:
            at = _time(options, question.at)
            then = replace(question, at=at, observations=())
            made = _of_another_time(self.forecaster.bed_demand, model, connection, then, now)
            earlier = [
                _Earlier(required_basis(f.basis), f.beds["p50"], moment(at), f.target_at) for f in made
            ]
        out = []
        for forecast, before in zip(forecasts, earlier, strict=True):
            times = (moment(question.at), forecast.target_at)
            explained = _contrasted(forecast, before, times, options, ZoneInfo(model.zone))
            out.append(replace(forecast, explanation=explained, basis=None))
        return out

    def totals(
        self,
        connection: Connection,
        model: LoadedModel,
        caller: Caller,
        question: BedQuestion,
        forecasts: Sequence[HospitalForecast],
        now: int,
    ) -> list[HospitalForecast]:
        """The same of the hospital total: its units' differences and uncertainties, added up."""
        options = question.explain
        if options.against is None:
            return [replace(f, explanation=_total_uncertain(f, options), basis=None) for f in forecasts]
        other = self._given(connection, model, caller, options, now)
        if other is not None:
            made, at = [required_total(other)] * len(forecasts), instant(other.made)
        else:
            at = question.at if options.against.at is None else options.against.at
            then = replace(question, at=at, observations=())
            made = _of_another_time(self.forecaster.hospital, model, connection, then, now)
        zone, out = ZoneInfo(model.zone), []
        for forecast, before in zip(forecasts, made, strict=True):
            later, earlier = required_basis(forecast.basis), required_basis(before.basis)
            times = moment(question.at), moment(at), forecast.target_at, before.target_at
            found = contrast_totals(later, earlier)
            base = before.beds["p50"] if other is None else other.p50
            explained = contrast_explanation(Pair(later, earlier, *times), found, base, options, zone)
            out.append(replace(forecast, explanation=explained, basis=None))
        return out

    def _given(
        self, connection: Connection, model: LoadedModel, caller: Caller, options: ExplainOptions, now: int
    ) -> Replayed | None:
        """The prediction that is compared with; None: none is."""
        if options.against is None or options.against.prediction_id is None:
            return None
        stored = recorded(connection, options.against.prediction_id, caller)
        if stored.model.name != model.name:
            raise refused(REFERENCE, "another_model", "problems.faults.another_model")
        return replayed(connection, self.forecaster, model, stored, options, now)

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
        at = _time(question.explain, instant(forecast.prediction_time))
        back = instant(forecast.prediction_time) - at
        visit = dict(question.visits[place])
        for name, value in visit.items():
            if name.endswith("_at") and isinstance(value, int):
                visit[name] = value - back
        visit["visit_id"] = None  # nobody of the record: who came then is counted as they were
        asked_at = (now if question.at is None else question.at) - back
        then = WaitQuestion([visit], [None], question.explain, at=asked_at)
        (made,) = _of_another_time(self.forecaster.wait_time, model, connection, then, now)
        return _Earlier(required_basis(made.basis), made.wait_minutes["p50"], moment(at), None)


def _of_another_time(
    ask: Callable[[LoadedModel, Connection, Q, int], list[A]],
    model: LoadedModel,
    connection: Connection,
    question: Q,
    now: int,
) -> list[A]:
    """What the release says of a question of another time, with what it was made of.

    Raises:
        Problem: 422, nothing had been received by then.
    """
    try:
        return ask(model, connection, replace(question, explain=_plainly(question.explain)), now)
    except HistoryError:
        raise nothing_then() from None


def _plainly(options: ExplainOptions) -> ExplainOptions:
    """How the forecast of another time is asked for: as it is, with what it was made of."""
    return replace(options, top=0, reference="typical", of="p50", against=None, basis=True)


def _time(options: ExplainOptions, at: int) -> int:
    """The time that a forecast of `at` is compared with (instants): the one asked for, or a week before."""
    if options.against is not None and options.against.at is not None:
        return options.against.at
    return at - 7 * DAY


def _uncertain(forecasts: Sequence[F], options: ExplainOptions) -> list[tuple[F, Explanation]]:
    """Forecasts of one answer with the reasons of how uncertain they are."""
    if options.of == "p50" or not forecasts:
        return [(f, f.explanation) for f in forecasts]
    bases = [required_basis(f.basis) for f in forecasts]
    if options.of == "interval":
        found = explain_width(bases[0])
    else:
        staffed = np.array([np.nan if b.staffed is None else b.staffed for b in bases], np.float64)
        found = explain_tension(bases[0], staffed)
    return [(f, uncertainty_explanation(b, found, options)) for f, b in zip(forecasts, bases, strict=True)]


def _total_uncertain(forecast: HospitalForecast, options: ExplainOptions) -> Explanation:
    """The reasons of how uncertain a total is.

    Raises:
        Problem: 422, its staffed beds are not known.
    """
    basis = required_basis(forecast.basis)
    refuse_unknown_total_tension(options, forecast)
    return total_uncertainty_explanation(basis, explain_total(basis, options.uncertainty), options)


def _as_given(other: Replayed) -> _Earlier:
    prediction = other.stored.prediction
    target = prediction.target_at if isinstance(prediction, BedPrediction) else None
    if isinstance(other.forecast, HospitalForecast):
        raise TypeError("a total is compared with totals")
    return _Earlier(required_basis(other.forecast.basis), other.p50, other.made, target)


def _contrasted(
    forecast: BedForecast | WaitForecast,
    then: _Earlier,
    times: tuple[datetime, datetime | None],
    options: ExplainOptions,
    zone: ZoneInfo,
) -> Explanation:
    """Why a forecast of one row differs from an earlier one; `times`: when it was made, and the time that it is of."""
    later, (made, target) = required_basis(forecast.basis), times
    pair = Pair(later, then.basis, made, then.made, target, then.target)
    if options.of != "p50":
        of = options.uncertainty
        if of == "tension" and then.basis.staffed is None:
            raise refused(REFERENCE, "no_tension_probability", "problems.faults.no_tension_then")
        changed = contrast_uncertainty(later, then.basis, of)
        return uncertainty_contrast_explanation(pair, changed, options, zone)
    return contrast_explanation(pair, contrast(later, then.basis), then.p50, options, zone)
