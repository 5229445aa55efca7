"""From stored observations to explained forecasts: features, model and reasons put together for one answer."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Literal
from weakref import WeakKeyDictionary

import numpy as np
from sqlalchemy import Connection

from hospital.errors import HistoryError
from hospital.features.bed_query import BedQuery
from hospital.times import HOUR, MISSING_TIME, moment
from hospital.words.catalogue import text
from hospital.words.language import Language
from registry.model.forecast_model import ForecastModel, Rows
from registry.model.forecast_rows import with_widths
from registry.model.scope_fallback import answer
from registry.model.trust_limits import emergency_of, stale_after
from registry.policy.trusted_scope import in_scope
from registry.settings import Settings
from serving.errors import Problem
from serving.forecasting.bed_questions import (
    answered_in_scope,
    bed_query,
    bed_rows_of_question,
    is_stale,
    known_units,
    reference_rows,
    refuse_unknown_present,
    unknown_beds,
)
from serving.forecasting.comparison import holidays
from serving.forecasting.explanation_text import ExplanationText
from serving.forecasting.hospital.hospital_forecasts import AnsweredUnits, hospital_forecasts
from serving.forecasting.hospital.present_units import hospital_total_of, present_units, unlearned_units
from serving.forecasting.interval_widths import ErrorHistories
from serving.forecasting.row_answers import Answers
from serving.forecasting.unit_wording import UnitWording, contradicts, warned
from serving.forecasting.wait_moments import WaitMoments
from serving.forecasting.wait_questions import (
    a_week_earlier,
    instants,
    is_long_queue,
    wait_query,
    wait_rows_of_question,
)
from serving.messages.forecast_protocol import Forecaster, LoadedModel, UnitHistory
from serving.messages.forecast_records import BedForecast, HospitalForecast, WaitForecast
from serving.messages.question_records import BedQuestion, WaitQuestion
from serving.state.live_state import HospitalState, StateCache
from serving.state.unit_standing import UnitStanding, standings

__all__ = ["make_forecaster"]


def make_forecaster(settings: Settings) -> Forecaster:
    """The forecaster of an installation."""
    del settings  # everything it needs comes with the release and the connection
    return _Forecaster()


class _Forecaster:
    def __init__(self) -> None:
        self._states = StateCache()
        self._error_histories = ErrorHistories()
        self._explanation_texts: WeakKeyDictionary[ForecastModel, dict[str, ExplanationText]] = (
            WeakKeyDictionary()
        )

    def wait_time(
        self, model: LoadedModel, connection: Connection, question: WaitQuestion, now: int
    ) -> list[WaitForecast]:
        engine = _engine(model)
        asked_at = now if question.at is None else question.at
        state = self._states.at(connection, asked_at, engine.manifest, now)
        if "visits" not in state.events.tables:
            raise HistoryError("problems.no_visits")
        query = wait_query(state, question)
        rows = wait_rows_of_question(state, engine, query, asked_at)
        reference = None
        if question.explain.reference == "last_week":
            earlier = a_week_earlier(query)
            reference = wait_rows_of_question(
                state, engine, earlier, int(earlier.prediction_time.max(initial=0))
            )
        stale = asked_at - state.heard.get("visits", 0) > stale_after(engine.manifest)
        inside = in_scope(model.scope, emergency_of(query.columns["department"]), np.zeros(query.size))
        answered = answer(engine, rows, inside, reference)
        language = question.explain.language
        holiday = holidays(query.prediction_time, state.events.place)
        answers = Answers(engine, answered, rows, question.explain, holiday, reference)
        explanation_text = self._explanation_text(engine, language)
        oldest = state.oldest_input(now)
        contradicted = state.waits.contradictions(query)
        moments = WaitMoments(
            query,
            instants(question.visits, "triaged_at") != MISSING_TIME,
            asked_at,
            stale_after(engine.manifest),
            state.events.zone,
        )
        out = []
        for i in range(query.size):
            terms = answers.terms(i)
            why = explanation_text.wait(terms, question.explain)
            if question.explain.stability:
                why["reliability"] = answers.reliability(i, oldest)
            quantiles = answers.quantiles(i)
            nothing, late = moments.warnings(i, terms.adjustments, quantiles, language)
            against: tuple[str, ...] = (text("trust.contradiction", language),) if contradicted[i] else ()
            if is_long_queue(question.ed_states[i], answered.missing[i]):
                against += (text("trust.unknown_queue", language),)
            out.append(
                WaitForecast(
                    prediction_time=moment(int(query.prediction_time[i])),
                    wait_minutes=quantiles,
                    explanation=why,
                    trust=warned(answers.trust(i, stale=stale), late, first=(*nothing, *against)),
                    basis=answers.basis(i),
                )
            )
        return out

    def bed_demand(
        self, model: LoadedModel, connection: Connection, question: BedQuestion, now: int
    ) -> list[BedForecast]:
        engine = _engine(model)
        state = self._states.at(connection, min(question.at, now), engine.manifest, now)
        unit_of = known_units(engine, state, question)
        query, units = bed_query(engine, question, unit_of)
        rows, known = bed_rows_of_question(state, engine, query)
        refuse_unknown_present(rows, units)
        rows = self._stretched(engine, state, query, rows)
        reference = reference_rows(state, engine, question, query)
        answered = answered_in_scope(model, engine, query, rows, units, reference)
        at, zone, language = question.at, state.events.zone, question.explain.language
        holiday = holidays(query.prediction_time, state.events.place)
        answers = Answers(engine, answered, rows, question.explain, holiday, reference)
        target = query.target_time
        exceeding = engine.exceedances.of_units(
            answered.inside, answered.quantiles, known.staffed_then, query.horizon_hours
        ).tolist()
        staffed = [None if np.isnan(beds) else float(beds) for beds in known.staffed_then]
        quantiles = [answers.quantiles(i) for i in range(len(staffed))]
        standing = _standing(state, engine, question)
        horizons, proven = query.horizon_hours.tolist(), model.proven.exceedance
        wording = UnitWording(
            answers,
            question,
            known.now,
            target,
            zone,
            is_stale(state, engine, at),
            state.oldest_input(at),
            partial(self._explanation_text, engine),
            [
                beds is not None and contradicts(between, beds, probability)
                for between, beds, probability in zip(quantiles, staffed, exceeding, strict=True)
            ],
            [standing[unit.unit] for unit in units],
        )
        out = []
        for i in range(query.unit.size):
            beds = staffed[i]
            said = wording.of(i, language)
            out.append(
                BedForecast(
                    unit=units[i].unit,
                    horizon_hours=horizons[i],
                    target_at=moment(int(target[i])),
                    beds=quantiles[i],
                    staffed=beds,
                    tension_probability=None if beds is None else exceeding[i],
                    explanation=said.explanation,
                    trust=said.trust,
                    width_factor=float(answered.width[i]),
                    tension_calibrated=None if beds is None else proven.of_unit(units[i].unit, horizons[i]),
                    distribution=answers.distribution(i),
                    basis=answers.basis(i, beds),
                    translations=wording.translations(i),
                )
            )
        return out

    def hospital(
        self, model: LoadedModel, connection: Connection, question: BedQuestion, now: int
    ) -> list[HospitalForecast]:
        engine = _engine(model)
        hospital_total_of(engine)
        state = self._states.at(connection, min(question.at, now), engine.manifest, now)
        known_units(engine, state, question)
        present = present_units(engine, state, question)
        at = {u.unit: i for i, u in enumerate(state.events.units)}
        query, units = bed_query(engine, replace(question, units=present.names), at)
        rows, beds = bed_rows_of_question(state, engine, query)
        rows = self._stretched(engine, state, query, rows)
        answered = answered_in_scope(
            model, engine, query, rows, units, reference_rows(state, engine, question, query)
        )
        standing = _standing(state, engine, question)
        made = AnsweredUnits(present.names, query, rows, beds.staffed_then, beds.now, answered, standing)
        stale = is_stale(state, engine, question.at)
        return hospital_forecasts(
            engine,
            present,
            made,
            question,
            stale=stale,
            place=state.events.place,
            proof=model.proven.exceedance,
        )

    def unlearned_units(
        self, model: LoadedModel, connection: Connection, now: int
    ) -> Mapping[str, float | None]:
        engine = _engine(model)
        return unlearned_units(engine, self._states.at(connection, now, engine.manifest), now)

    def history(self, model: LoadedModel, connection: Connection, hours: int, now: int) -> list[UnitHistory]:
        engine = _engine(model)
        state = self._states.at(connection, now, engine.manifest)
        step = engine.manifest.cadence_hours * HOUR
        times = np.arange(now - hours * HOUR, now + 1, step, dtype=np.int64)
        computer, out = state.beds(engine.features), []
        at = {u.unit: i for i, u in enumerate(state.events.units)}
        for unit in model.units:
            if unit.unit not in at:
                continue
            of = np.full(times.size, at[unit.unit], np.int64)
            query = BedQuery(of, times, np.ones(times.size), unknown_beds(times.size))
            beds = [None if np.isnan(v) else float(v) for v in computer.demand_now(query)]
            last = BedQuery(of[-1:], times[-1:], np.zeros(1), unknown_beds(1))
            staffed = float(computer.state(last).staffed_then[0])
            out.append(
                UnitHistory(
                    unit.unit, tuple(times.tolist()), tuple(beds), None if np.isnan(staffed) else staffed
                )
            )
        return out

    def _stretched(self, engine: ForecastModel, state: HospitalState, query: BedQuery, rows: Rows) -> Rows:
        """The rows with what their intervals are stretched by, after recent errors of the same unit and horizon."""
        at = query.prediction_time
        history = self._error_histories.of(engine, state, int(at.max(initial=0)))
        if history is None or engine.adaptive is None:
            return rows
        baselines = engine.beds_or_raise
        unit = rows.cell // len(baselines.horizons)
        widths = history.widths(engine.adaptive, baselines, at, unit, query.horizon_hours)
        return with_widths(rows, widths)

    def _explanation_text(self, model: ForecastModel, language: Language) -> ExplanationText:
        known = self._explanation_texts.setdefault(model, {})
        if language not in known:
            unit: Literal["min", "beds"] = "min" if model.name == "wait-time" else "beds"
            known[language] = ExplanationText(model.features, unit, language, model.manifest.names)
        return known[language]


def _standing(
    state: HospitalState, engine: ForecastModel, question: BedQuestion
) -> Mapping[str, UnitStanding]:
    """What is known against each unit; silence counts where others are heard of, and the caller says nothing of it."""
    at = question.at
    after = at if is_stale(state, engine, at) else stale_after(engine.manifest)
    found = standings(state.events, state.beds(engine.features), at, after)
    said = {str(row["unit"]) for row in question.observations}
    return {name: UnitStanding(one.span) if name in said else one for name, one in found.items()}


def _engine(model: LoadedModel) -> ForecastModel:
    if model.engine is None:
        raise Problem(503, "model_not_loaded", "problems.model_not_loaded", model=model.name)
    return model.engine
