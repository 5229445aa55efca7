"""Explains forecasts further, as they are asked for, and those that were given."""

from collections.abc import Sequence
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
from registry.explanations.total_basis import TotalBasis
from registry.explanations.total_uncertainty import explain_total
from registry.explanations.uncertainty import explain_tension, explain_width
from registry.explanations.uncertainty_contrast import contrast_uncertainty
from registry.record.tokens import Caller
from serving.errors import Problem, RequestFault
from serving.explanations.contrast_text import Pair, contrast_explanation
from serving.explanations.refusals import (
    REFERENCE,
    nothing_then,
    refuse_departments,
    refuse_units,
    refuse_unknown_tension,
    refused,
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
            explained = _contrasted(_basis(forecast), earlier, times, options, ZoneInfo(model.zone))
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
            earlier = self._beds_then(connection, model, question, _time(options, question.at), now)
        out = []
        for forecast, before in zip(forecasts, earlier, strict=True):
            times = (moment(question.at), forecast.target_at)
            explained = _contrasted(_basis(forecast), before, times, options, ZoneInfo(model.zone))
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
            if not isinstance(other.forecast, HospitalForecast):
                fault = RequestFault("hospital", "another_unit", "problems.faults.another_unit")
                raise Problem(422, "another_unit", "problems.another_unit", faults=[fault])
            made, at = [other.forecast] * len(forecasts), instant(other.made)
        else:
            at = question.at if options.against.at is None else options.against.at
            made = self._totals_then(connection, model, question, at, now)
        zone, out = ZoneInfo(model.zone), []
        for forecast, then in zip(forecasts, made, strict=True):
            later, earlier = _total_basis(forecast), _total_basis(then)
            times = moment(question.at), moment(at), forecast.target_at, then.target_at
            found = contrast_totals(later, earlier)
            base = then.beds["p50"] if other is None else other.p50
            explained = contrast_explanation(Pair(later, earlier, *times), found, base, options, zone)
            out.append(replace(forecast, explanation=explained, basis=None))
        return out

    def _totals_then(
        self, connection: Connection, model: LoadedModel, question: BedQuestion, at: int, now: int
    ) -> list[HospitalForecast]:
        """What the release says of the total at another time."""
        earlier = replace(question, at=at, observations=(), explain=_plainly(question.explain))
        try:
            return self.forecaster.hospital(model, connection, earlier, now)
        except HistoryError:
            raise nothing_then() from None

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

    def _beds_then(
        self, connection: Connection, model: LoadedModel, question: BedQuestion, at: int, now: int
    ) -> list[_Earlier]:
        """What the release says of the same units and horizons at another time."""
        earlier = replace(question, at=at, observations=(), explain=_plainly(question.explain))
        try:
            made = self.forecaster.bed_demand(model, connection, earlier, now)
        except HistoryError:
            raise nothing_then() from None
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
        at = _time(question.explain, instant(forecast.prediction_time))
        back = instant(forecast.prediction_time) - at
        visit = dict(question.visits[place])
        for name, value in visit.items():
            if name.endswith("_at") and isinstance(value, int):
                visit[name] = value - back
        visit["visit_id"] = None  # nobody of the record: who came then is counted as they were
        asked_at = (now if question.at is None else question.at) - back
        earlier = WaitQuestion([visit], [None], _plainly(question.explain), at=asked_at)
        try:
            (made,) = self.forecaster.wait_time(model, connection, earlier, now)
        except HistoryError:
            raise nothing_then() from None
        return _Earlier(_basis(made), made.wait_minutes["p50"], moment(at), None)


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
    bases = [_basis(f) for f in forecasts]
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
    basis = _total_basis(forecast)
    of = options.uncertainty
    if of == "tension" and forecast.tension_probability is None:
        fault = RequestFault("hospital", "no_tension_probability", "problems.faults.no_tension_probability")
        raise Problem(422, "no_tension_probability", "problems.no_tension_probability", faults=[fault])
    return total_uncertainty_explanation(basis, explain_total(basis, of), options)


def _total_basis(forecast: HospitalForecast) -> TotalBasis:
    if forecast.basis is None:
        raise Problem(409, "no_further_reasons", "problems.no_further_reasons")
    return forecast.basis


def _as_given(other: Replayed) -> _Earlier:
    prediction = other.stored.prediction
    target = prediction.target_at if isinstance(prediction, BedPrediction) else None
    if isinstance(other.forecast, HospitalForecast):
        raise TypeError("a total is compared with totals")
    return _Earlier(_basis(other.forecast), other.p50, other.made, target)


def _contrasted(
    later: Basis,
    then: _Earlier,
    times: tuple[datetime, datetime | None],
    options: ExplainOptions,
    zone: ZoneInfo,
) -> Explanation:
    """Why a forecast of one row differs from an earlier one; `times`: when it was made, and the time that it is of."""
    made, target = times
    pair = Pair(later, then.basis, made, then.made, target, then.target)
    if options.of != "p50":
        of = options.uncertainty
        if of == "tension" and then.basis.staffed is None:
            raise refused(REFERENCE, "no_tension_probability", "problems.faults.no_tension_then")
        changed = contrast_uncertainty(later, then.basis, of)
        return uncertainty_contrast_explanation(pair, changed, options, zone)
    return contrast_explanation(pair, contrast(later, then.basis), then.p50, options, zone)


def _basis(forecast: BedForecast | WaitForecast) -> Basis:
    if forecast.basis is None:
        raise Problem(409, "no_further_reasons", "problems.no_further_reasons")
    return forecast.basis
