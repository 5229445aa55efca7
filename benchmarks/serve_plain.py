"""Vigie's service with the reasons left out, to be set beside it: neither asked of the engine nor written down.

Everything else is the product's: the gate, the features, quantiles and trust, the record, the journal.
"""

from dataclasses import replace

import numpy as np
from sqlalchemy import Connection

from hospital.events import Array
from registry.model import ForecastModel, Rows
from serving.answers import Explanation, WaitForecast
from serving.forecaster import (
    _P50,
    _STALE_ED,
    _Answers,
    _engine,
    _Forecaster,
    _trust,
    _wait_query,
    _wait_rows,
)
from serving.main import real_parts
from serving.parts import Parts
from serving.protocol import ExplainOptions, LoadedModel, WaitQuestion
from serving.service import build_service
from serving.telling import Telling, told_warnings

__all__ = ["Plain"]


class _Unexplained(_Answers):
    """Quantiles and trust of rows; what asks the model for reasons is not called."""

    def __init__(self, model: ForecastModel, rows: Rows, inside: Array, explain: ExplainOptions) -> None:
        self._model, self._rows, self._inside = model, rows, inside
        self._explain, self._unit = explain, "min"
        theirs = model.baseline_quantiles(rows)
        self._quantiles = np.where(inside[:, None], model.quantiles(rows), theirs)
        self._outside = model.out_of_range(rows.X)

    def telling(self, i: int) -> Telling:
        """What warnings are made of."""
        nothing = np.empty(0)
        return Telling(
            features=self._model.features if self._outside[i] else (),
            values=nothing,
            usual=nothing,
            base=float(self._quantiles[i, _P50]),
            contributions=nothing,
            adjustments={},
            inside=bool(self._inside[i]),
            out_of_range=self._outside[i],
            options=self._explain,
            unit=self._unit,
        )


class _PlainForecaster(_Forecaster):
    """`wait_time` as the product's, with an explanation that says the forecast itself and nothing else."""

    def wait_time(
        self, model: LoadedModel, connection: Connection, question: WaitQuestion, now: int
    ) -> list[WaitForecast]:
        engine = _engine(model)
        state = self._states.at(connection, now, engine.manifest)
        query = _wait_query(state, question)
        rows = _wait_rows(state, engine, query, now)
        stale = now - state.heard.get("visits", 0) > _STALE_ED
        departments = [d or "emergency" for d in query.columns["department"]]
        inside = np.array([(d, 0.0) in model.scope for d in departments], bool)
        answers = _Unexplained(engine, rows, inside, question.explain)
        out = []
        for i in range(query.size):
            quantiles, warnings = answers.quantiles(i), told_warnings(answers.telling(i), stale=stale)
            out.append(
                WaitForecast(
                    wait_minutes=quantiles,
                    explanation=_nothing_said(quantiles.p50),
                    trust=_trust(bool(inside[i]), warnings, stale),
                )
            )
        return out


def _nothing_said(p50: float) -> Explanation:
    return Explanation(
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
