"""Vigie's service with the reasons left out, to be set beside it: neither asked of the engine nor written down.

Everything else is the product's: the gate, the features, quantiles and trust, the record, the journal.
"""

from dataclasses import replace

import numpy as np
from sqlalchemy import Connection

from hospital.arrays import Array
from hospital.times import MISSING_TIME, moment
from hospital.words.catalogue import text
from registry.model.forecast_model import ForecastModel, Rows
from registry.model.scope_fallback import Answered
from registry.model.trust_limits import emergency_of, stale_after
from registry.policy.trusted_scope import in_scope
from serving.composition import real_parts
from serving.forecasting.forecaster import _engine, _Forecaster
from serving.forecasting.row_answers import Answers
from serving.forecasting.unit_wording import warned
from serving.forecasting.wait_moments import WaitMoments
from serving.forecasting.wait_questions import instants, wait_query, wait_rows_of_question
from serving.gateway.service_parts import Parts
from serving.messages.forecast_parts import Explanation
from serving.messages.forecast_protocol import LoadedModel
from serving.messages.forecast_records import WaitForecast
from serving.messages.question_records import WaitQuestion
from serving.service import build_service

__all__ = ["Plain"]


def _unexplained(model: ForecastModel, rows: Rows, inside: Array) -> Answered:
    """Quantiles of rows; what asks the model for reasons is not called."""
    quantiles = model.quantiles(rows)
    if not inside.all():
        quantiles = np.where(inside[:, None], quantiles, model.baseline_quantiles(rows))
    limits = model.training_range
    outside, missing = (limits.names(marked(rows.X)) for marked in (limits.outside, limits.missing))
    return Answered(inside, quantiles, None, None, outside, missing, rows.width, np.zeros(inside.size, bool))


class _PlainForecaster(_Forecaster):
    """`wait_time` as the product's, with an explanation that says the forecast itself and nothing else."""

    def wait_time(
        self, model: LoadedModel, connection: Connection, question: WaitQuestion, now: int
    ) -> list[WaitForecast]:
        engine = _engine(model)
        state = self._states.at(connection, now, engine.manifest)
        query = wait_query(state, question)
        rows = wait_rows_of_question(state, engine, query, now)
        late_after = stale_after(engine.manifest)
        stale = now - state.heard.get("visits", 0) > late_after
        inside = in_scope(model.scope, emergency_of(query.columns["department"]), np.zeros(query.size))
        answered = _unexplained(engine, rows, inside)
        answers = Answers(engine, answered, rows, question.explain, np.zeros(query.size, bool))
        triaged = instants(question.visits, "triaged_at") != MISSING_TIME
        moments = WaitMoments(query, triaged, now, late_after, state.events.zone)
        contradicted, language = state.waits.contradictions(query), question.explain.language
        out = []
        for i in range(query.size):
            quantiles = answers.quantiles(i)
            told = _nothing_said(quantiles["p50"])
            # By how much the floor raises it is one of the reasons: here that it does is enough.
            raised = {"floor": float(quantiles["p50"] <= rows.floor[i])}
            nothing, late = moments.warnings(i, raised, quantiles, language)
            against = (text("trust.contradiction", language),) if contradicted[i] else ()
            trust = warned(answers.trust(i, stale=stale), late, first=(*nothing, *against))
            at = moment(int(query.prediction_time[i]))
            out.append(
                WaitForecast(prediction_time=at, wait_minutes=quantiles, explanation=told, trust=trust)
            )
        return out


def _nothing_said(p50: float) -> Explanation:
    return Explanation(
        of="p50",
        unit="min",
        reference="typical",
        base=p50,
        contributions=(),
        other=0.0,
        adjustments=(),
        reasons=(),
    )


def _parts() -> Parts:
    return replace(real_parts(), forecaster=_PlainForecaster())


Plain = build_service(_parts)
