"""A forecast that was given, computed again as it was: what it was made of is not stored, what was asked is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from hospital.contracts.tables import TABLES
from hospital.errors import HistoryError
from hospital.times import instant, moment
from registry.record.tables.record_tables import payloads
from registry.record.tokens import Caller
from serving.errors import Problem
from serving.forecasting.prediction_record import find
from serving.messages.answer_bodies import BedPrediction, HospitalPrediction, StoredPrediction, WaitPrediction
from serving.messages.forecast_parts import Quantiles
from serving.messages.forecast_protocol import Forecaster, LoadedModel
from serving.messages.forecast_records import BedForecast, HospitalForecast, WaitForecast
from serving.messages.question_records import BedQuestion, EdState, ExplainOptions, WaitQuestion

__all__ = ["Forecast", "Replayed", "recorded", "replayed"]

Forecast = BedForecast | HospitalForecast | WaitForecast
_SAME = 1e-7
"""How far a number computed again may be from the one served, in minutes, beds or probability."""
_COLUMNS = tuple(c.name for c in TABLES["visits"].columns)


@dataclass(frozen=True)
class Replayed:
    """A forecast computed again, with its basis.

    Attributes:
        stored: as it was given.
        p50: as it was served.
        question: what was asked: of this unit and horizon, or visit, alone.
    """

    stored: StoredPrediction
    forecast: Forecast
    p50: float
    question: BedQuestion | WaitQuestion

    @property
    def made(self) -> datetime:
        """When it was made: of beds, the time that was asked about."""
        return moment(self.question.at) if isinstance(self.question, BedQuestion) else self.stored.made_at


def recorded(connection: Connection, prediction_id: str, caller: Caller) -> StoredPrediction:
    """A prediction that the caller may see and that can be explained again.

    Raises:
        Problem: 404, there is none.
    """
    return find(connection, prediction_id, caller)


def replayed(
    connection: Connection,
    forecaster: Forecaster,
    model: LoadedModel,
    stored: StoredPrediction,
    options: ExplainOptions,
    now: int,
) -> Replayed:
    """The forecast computed again, from what had been received by then.

    Args:
        model: the release in use.
        options: of its explanation.
        now: the service's instant.

    Raises:
        Problem: 409, another release gave it, what was asked was erased, or the numbers that are explained (the p50,
            and what `options.of` names) do not come out again.
    """
    if (stored.model.version, stored.model.digest) != (model.version, model.digest):
        raise Problem(409, "another_release", "problems.another_release")
    question = _question(connection, stored, options)
    made: Sequence[Forecast]
    try:
        if isinstance(question, BedQuestion) and question.hospital:
            made = forecaster.hospital(model, connection, question, now)
        elif isinstance(question, BedQuestion):
            made = forecaster.bed_demand(model, connection, question, now)
        else:
            made = forecaster.wait_time(model, connection, question, now)
    except HistoryError:
        made = []
    served = _quantiles(stored)
    for place, forecast in enumerate(made):
        if abs(forecast.quantiles["p50"] - served["p50"]) <= _SAME and _is_same(stored, forecast, options.of):
            return Replayed(stored, forecast, served["p50"], _alone(question, place))
    raise Problem(409, "not_reproducible", "problems.not_reproducible")


def _quantiles(stored: StoredPrediction) -> Quantiles:
    prediction = stored.prediction
    return prediction.wait_minutes if isinstance(prediction, WaitPrediction) else prediction.beds


def _is_same(stored: StoredPrediction, forecast: Forecast, of: str) -> bool:
    """Whether the number that is explained beside the p50 is the one that was served."""
    if of == "interval":
        served, again = _quantiles(stored), forecast.quantiles
        return all(abs(again[q] - served[q]) <= _SAME for q in ("p10", "p90"))
    prediction = stored.prediction
    if of == "p50" or isinstance(prediction, WaitPrediction) or isinstance(forecast, WaitForecast):
        return True
    before, after = prediction.tension_probability, forecast.tension_probability
    if before is None or after is None:
        return before is after
    return abs(after - before) <= _SAME


def _alone(question: BedQuestion | WaitQuestion, place: int) -> BedQuestion | WaitQuestion:
    if isinstance(question, BedQuestion):
        return question
    visits, states = [question.visits[place]], [question.ed_states[place]]
    return WaitQuestion(visits, states, question.explain, question.at)


def _question(
    connection: Connection, stored: StoredPrediction, options: ExplainOptions
) -> BedQuestion | WaitQuestion:
    asked = _asked(connection, stored)
    explain = replace(options, of="p50", against=None, basis=True)
    prediction = stored.prediction
    if isinstance(prediction, BedPrediction):
        unit, hours = (prediction.unit,), (prediction.horizon_hours,)
        return BedQuestion(unit, hours, int(asked["at"]), asked["observations"], explain)
    if isinstance(prediction, HospitalPrediction):
        hours = (prediction.horizon_hours,)
        return BedQuestion((), hours, int(asked["at"]), asked["observations"], explain, hospital=True)
    of = prediction.visit_id
    places = [i for i, v in enumerate(asked["visits"]) if v.get("visit_id") == of]
    nothing: dict[str, Any] = dict.fromkeys(_COLUMNS)
    visits = [{**nothing, "audit": None, **asked["visits"][i]} for i in places]
    said = [asked["ed_states"][i] for i in places]
    states = [None if s is None else EdState(**s) for s in said]
    return WaitQuestion(visits, states, explain, at=instant(stored.made_at))


def _asked(connection: Connection, stored: StoredPrediction) -> Mapping[str, Any]:
    """What was asked, from the journal's payload."""
    found = connection.scalar(select(payloads.c.payload).where(payloads.c.seq == stored.journal_entry))
    if found is None:
        raise Problem(409, "question_erased", "problems.question_erased")
    question: Mapping[str, Any] = json.loads(found)["question"]
    return question
