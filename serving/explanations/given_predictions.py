"""Predictions that were given, explained further: in another way, and by what the model would say otherwise."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from registry.explanations.basis import Basis
from registry.explanations.counterfactual import Found, Goal, counterfactuals
from registry.record.tokens import Caller
from serving.errors import Problem, RequestFault
from serving.explanations.counterfactual_text import (
    answered_levers,
    notes,
    number_words,
    other_counts,
    outcome_of,
)
from serving.explanations.explainer import Explainer
from serving.explanations.refusals import required_basis
from serving.explanations.replay import Forecast, Replayed, recorded, replayed
from serving.forecasting.prediction_record import unsound_forecasts
from serving.http.problems import invalid
from serving.messages.answer_bodies import HospitalPrediction, StoredPrediction
from serving.messages.counterfactual_bodies import (
    CounterfactualRequest,
    CounterfactualsAnswer,
    ExplanationAnswer,
)
from serving.messages.forecast_protocol import LoadedModel
from serving.messages.forecast_records import BedForecast, HospitalForecast, WaitForecast
from serving.messages.question_records import BedQuestion, ExplainOptions, WaitQuestion

__all__ = ["GivenPredictions"]

_SECONDS = 0.08
"""That the search for two levers may take."""


@dataclass(frozen=True)
class GivenPredictions:
    """Explains predictions by the release in use; it computes them again, and records nothing.

    Attributes:
        release: the release in use of a model, by its name.
    """

    explainer: Explainer
    release: Callable[[str], LoadedModel]

    def explanation(
        self, connection: Connection, caller: Caller, prediction_id: str, options: ExplainOptions, now: int
    ) -> ExplanationAnswer:
        """A prediction explained as `options` ask.

        Raises:
            Problem: there is none that the caller may see, or it cannot be explained so.
        """
        stored = recorded(connection, prediction_id, caller)
        model = self.release(stored.model.name)
        again = replayed(connection, self.explainer.forecaster, model, stored, options, now)
        explained = self._explained(connection, model, caller, again, options, now)
        if unsound_forecasts([explained]):
            raise Problem(500, "explanation_does_not_add_up", "problems.not_exact")
        return ExplanationAnswer(
            prediction_id=prediction_id, model=stored.model, explanation=explained.explanation
        )

    def _explained(
        self,
        connection: Connection,
        model: LoadedModel,
        caller: Caller,
        again: Replayed,
        options: ExplainOptions,
        now: int,
    ) -> Forecast:
        question, forecast = again.question, again.forecast
        if not options.further:
            return forecast
        if options.of == "tension" and isinstance(forecast, WaitForecast):
            raise invalid([RequestFault("explain.of", "of_beds_only", "problems.faults.of_beds_only")])
        if isinstance(question, BedQuestion) and isinstance(forecast, HospitalForecast):
            if options.of != "p50" and (options.against is not None or options.reference != "typical"):
                key = "problems.faults.of_the_median_only"
                raise invalid([RequestFault("explain.reference", "of_the_median_only", key)])
            asked = replace(question, explain=options)
            return self.explainer.totals(connection, model, caller, asked, [forecast], now)[0]
        if isinstance(question, BedQuestion) and isinstance(forecast, BedForecast):
            asked = replace(question, explain=options)
            return self.explainer.beds(connection, model, caller, asked, [forecast], now)[0]
        if isinstance(question, WaitQuestion) and isinstance(forecast, WaitForecast):
            visits = replace(question, explain=options)
            return self.explainer.waits(connection, model, caller, visits, [forecast], now)[0]
        raise TypeError("a question is of waits or of beds")

    def counterfactuals(
        self,
        connection: Connection,
        caller: Caller,
        request: CounterfactualRequest,
        options: ExplainOptions,
        now: int,
    ) -> CounterfactualsAnswer:
        """With which other counts the model's number of a prediction would reach a goal.

        Raises:
            Problem: there is none that the caller may see, it has no such number, or it cannot be computed again.
        """
        stored = recorded(connection, request.prediction_id, caller)
        if isinstance(stored.prediction, HospitalPrediction):  # a lever is a unit's: which one's is not said
            raise Problem(422, "of_units_only", "problems.of_units_only")
        model = self.release(stored.model.name)
        about = replace(options, of=request.of)
        again = replayed(connection, self.explainer.forecaster, model, stored, about, now)
        basis = required_basis(None if isinstance(again.forecast, HospitalForecast) else again.forecast.basis)
        served = _served(request, again)
        goal = _goal(request)
        found = Found((), served, (), True)
        if basis.inside:
            levers = None if request.levers is None else tuple(request.levers)
            found = counterfactuals(basis, goal, seconds=_SECONDS, levers=levers)
        return _answer(request, stored, basis, found, served, options)


def _served(request: CounterfactualRequest, again: Replayed) -> float:
    if request.of == "p50":
        return again.p50
    forecast = again.forecast
    probability = forecast.tension_probability if isinstance(forecast, BedForecast) else None
    if probability is None:
        raise invalid([RequestFault("of", "no_tension_probability", "problems.faults.no_tension_to_ask")])
    return probability


def _goal(request: CounterfactualRequest) -> Goal:
    if request.at_least is not None:
        return Goal(request.of, True, request.at_least)
    return Goal(request.of, False, request.at_most or 0.0)


def _answer(
    request: CounterfactualRequest,
    stored: StoredPrediction,
    basis: Basis,
    found: Found,
    served: float,
    options: ExplainOptions,
) -> CounterfactualsAnswer:
    language = options.language
    goal = _goal(request)
    already = served >= goal.value if goal.least else served <= goal.value
    outcome = outcome_of(found, already=already)
    said = number_words(request.of, served, basis, language)
    return CounterfactualsAnswer(
        prediction_id=request.prediction_id,
        model=stored.model,
        of=request.of,
        unit="probability"
        if request.of == "tension"
        else "min"
        if basis.model.name == "wait-time"
        else "beds",
        served=served,
        outcome=outcome,
        complete=found.complete,
        levers=answered_levers(found, language),
        counterfactuals=tuple(
            other_counts(c, found, basis, request.of, served, language) for c in found.results
        )
        if outcome == "reached"
        else (),
        sentences=notes(found, outcome, basis, said, language),
    )
