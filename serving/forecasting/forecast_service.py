"""The use case: a question becomes forecasts, which are verified and recorded before anybody is answered.

question → compute (`Forecaster`) → verify (`unsound_forecasts`) → record (`prediction_record`) → answer

Routes and pages call it. Wait times that are asked for at the same moment are computed and recorded together: one
state of the hospital, one pass over the trees, one durable commit. Each caller's answer is the one it would have had
alone.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine

from hospital.words.language import Language
from registry.record.database import writing_on
from registry.record.journal import Draft, append_all
from registry.record.request_keys import RequestKey, claim
from registry.record.tokens import Caller
from serving.errors import Problem
from serving.forecasting.prediction_record import Forecast, Made, new_id, record, unsound_forecasts
from serving.http.clock import system_time
from serving.http.metrics import Metrics
from serving.http.workers import Written
from serving.http.write_outcome import about_to_commit
from serving.messages.forecast_protocol import Forecaster, FurtherReasons, LoadedModel
from serving.messages.forecast_records import BedForecast, HospitalForecast, WaitForecast
from serving.messages.question_records import BedQuestion, WaitQuestion
from serving.releases.monitored_alarms import degraded, in_each_language, lowered
from serving.releases.releases_in_use import Releases
from serving.state.clock_trust import ClockTrust

__all__ = ["ForecastService", "RecordedForecasts"]

F = TypeVar("F", bound=Forecast)
B = TypeVar("B", BedForecast, HospitalForecast)


@dataclass(frozen=True)
class RecordedForecasts(Generic[F]):
    """Forecasts that were verified and recorded.

    Attributes:
        model: the release that answers.
        forecasts: in the order of the question.
        ids: of the recorded predictions, in the same order.
    """

    model: LoadedModel
    forecasts: Sequence[F]
    ids: Sequence[str]


@dataclass(frozen=True)
class _Computed:
    """What was computed for one caller.

    Attributes:
        identities: what names each prediction beside its id, as it is recorded.
        question: as it is recorded.
    """

    caller: Caller
    forecasts: Sequence[Forecast]
    identities: Sequence[Mapping[str, Any]]
    question: Mapping[str, Any]


@dataclass(frozen=True)
class ForecastService:
    """Answers questions by the releases in use."""

    engine: Engine
    releases: Releases
    forecaster: Forecaster
    metrics: Metrics
    clock: ClockTrust | None = None
    further: FurtherReasons | None = None

    def wait_time(self, caller: Caller, question: WaitQuestion, now: int) -> RecordedForecasts[WaitForecast]:
        """One forecast a visit; `now`: the service's instant.

        Raises:
            Problem: no release answers, or an explanation does not add up.
        """
        try:
            (answer,) = self.wait_times([(caller, question)], now)
        except Written as error:
            raise error.cause from error
        if isinstance(answer, Problem):
            raise answer
        return answer

    def wait_times(
        self, asked: Sequence[tuple[Caller, WaitQuestion]], now: int, key: RequestKey | None = None
    ) -> list[RecordedForecasts[WaitForecast] | Problem]:
        """The answers of several callers, or why one of them gets none.

        Args:
            key: of the request, where it is one alone: recorded before, it is not recorded again (`RepeatedError`).

        Raises:
            Problem: no release answers.
            Written: recording failed, and may have happened.
        """
        model = self.releases.current("wait-time")
        with self.engine.connect() as connection:
            questions = [question for _, question in asked]
            computed = [
                self._explained_waits(connection, model, caller, q, made, now)
                for (caller, q), made in zip(
                    asked, self._compute_waits(connection, model, questions, now), strict=True
                )
            ]
            sound = [c for c in computed if not isinstance(c, Problem)]
            try:
                ids = iter(self._record(connection, model, sound, now, key))
            except Exception as error:
                raise Written(error) from error
        return [_recorded(model, c, next(ids)) if isinstance(c, _Computed) else c for c in computed]

    def _explained_waits(
        self,
        connection: Connection,
        model: LoadedModel,
        caller: Caller,
        question: WaitQuestion,
        made: list[WaitForecast],
        now: int,
    ) -> _Computed | Problem:
        """The forecasts of one caller with the reasons that it asks for, or why it gets none: others are answered."""
        try:
            if self.further is not None and question.explain.further:
                made = self.further.waits(connection, model, caller, question, made, now)
        except Problem as problem:
            return problem
        names = [{"visit_id": v["visit_id"]} for v in question.visits]
        return _Computed(caller, made, names, question.asked)

    def bed_demand(
        self, caller: Caller, question: BedQuestion, now: int, key: RequestKey | None = None
    ) -> tuple[RecordedForecasts[BedForecast], RecordedForecasts[HospitalForecast]]:
        """The units' forecasts, and those of the hospital total where it was asked for.

        Raises:
            Problem: no release answers, it does not know a unit or horizon, or an explanation does not add up.
            RepeatedError: the key's request was recorded before.
        """
        model = self.releases.current("bed-demand")
        with self.engine.connect() as connection:
            units, hospital = self._compute_beds(connection, model, question, now, caller)
            both: list[Forecast] = [*units, *hospital]
            computed = _Computed(caller, both, [{}] * len(both), question.asked)
            (ids,) = self._record(connection, model, [computed], now, key)
        if isinstance(ids, Problem):
            raise ids
        first = len(units)
        return RecordedForecasts(model, units, ids[:first]), RecordedForecasts(model, hospital, ids[first:])

    def unrecorded_bed_demand(
        self, question: BedQuestion, now: int, caller: Caller | None = None
    ) -> tuple[LoadedModel, list[BedForecast], list[HospitalForecast]]:
        """The same for a screen that is left open, whose forecasts nobody asked for: computed and verified alike.

        Raises:
            Problem: as `bed_demand`; nothing is written of it.
        """
        model = self.releases.current("bed-demand")
        with self.engine.connect() as connection:
            units, hospital = self._compute_beds(connection, model, question, now, caller)
        if unsound_forecasts([*units, *hospital]):
            raise _does_not_add_up()
        return model, units, hospital

    def _compute_beds(
        self,
        connection: Connection,
        model: LoadedModel,
        question: BedQuestion,
        now: int,
        caller: Caller | None = None,
    ) -> tuple[list[BedForecast], list[HospitalForecast]]:
        """The units' forecasts and the hospital total's, with the reasons asked for, lowered by alarms and the clock.

        Args:
            caller: None: nobody asked, and no further reasons are given.
        """
        language = question.explain.language
        units: list[BedForecast] = []
        hospital: list[HospitalForecast] = []

        def lower(made: Sequence[B], spoken: Language) -> Sequence[B]:
            monitored = degraded(
                made, model.alarms, spoken, halted=model.halted, groups=_groups(model), own=model.names
            )
            return self._with_clock_warnings(connection, monitored, spoken)

        if question.units:
            made = self.forecaster.bed_demand(model, connection, question, now)
            if self.further is not None and caller is not None and question.explain.further:
                made = self.further.beds(connection, model, caller, question, made, now)
            units = in_each_language(made, language, lower)
        if question.hospital:
            hospital_total = self.forecaster.hospital(model, connection, question, now)
            if self.further is not None and caller is not None and question.explain.further:
                hospital_total = self.further.totals(connection, model, caller, question, hospital_total, now)
            hospital = in_each_language(hospital_total, language, lower)
        return units, hospital

    def _compute_waits(
        self, connection: Connection, model: LoadedModel, questions: Sequence[WaitQuestion], now: int
    ) -> list[list[WaitForecast]]:
        """The forecasts of each question; those that want the same reasons are asked as one."""
        out: list[list[WaitForecast]] = [[] for _ in questions]
        for explain in dict.fromkeys(q.explain for q in questions):
            alike = [i for i, q in enumerate(questions) if q.explain == explain]
            visits = [v for i in alike for v in questions[i].visits]
            ed_states = list(chain.from_iterable(questions[i].ed_states for i in alike))
            made = self.forecaster.wait_time(model, connection, WaitQuestion(visits, ed_states, explain), now)
            said = self._with_clock_warnings(
                connection,
                degraded(made, model.alarms, explain.language, halted=model.halted, own=model.names),
                explain.language,
            )
            forecasts = iter(said)
            for i in alike:
                out[i] = [next(forecasts) for _ in questions[i].visits]
        return out

    def _with_clock_warnings(self, connection: Connection, forecasts: list[F], language: Language) -> list[F]:
        """The forecasts, ``degraded`` where the clock cannot be relied on."""
        words = self.clock.warnings(connection, language) if self.clock is not None else ()
        return lowered(forecasts, words)

    def _record(
        self,
        connection: Connection,
        model: LoadedModel,
        computed: Sequence[_Computed],
        now: int,
        key: RequestKey | None,
    ) -> list[list[str] | Problem]:
        """The ids of what each caller gets, recorded in one transaction; whose reasons do not add up gets nothing."""
        out: list[list[str] | Problem] = []
        made, refusals, statuses = [], [], Counter[str]()
        for one in computed:
            wrong = unsound_forecasts(one.forecasts)
            if wrong:
                refusals.append(_refusal(one, model, wrong))
                out.append(_does_not_add_up())
                continue
            ids = [new_id() for _ in one.forecasts]
            bodies = [{**i, **f.body()} for i, f in zip(one.identities, one.forecasts, strict=True)]
            made.append(Made(dict(zip(ids, bodies, strict=True)), one.caller.actor, one.question))
            statuses.update(f.trust["status"] for f in one.forecasts)
            out.append(ids)
        with writing_on(connection):
            append_all(connection, refusals, now=system_time())
            record(connection, model, made, made_at=now)
            if made:
                claim(connection, key, {"predictions": list(made[0].predictions)}, system_time())
            about_to_commit()
        for status, number in statuses.items():
            self.metrics.forecasts.labels(model.name, status).inc(number)
        return out


def _recorded(
    model: LoadedModel, computed: _Computed, ids: list[str] | Problem
) -> RecordedForecasts[WaitForecast] | Problem:
    if isinstance(ids, Problem):
        return ids
    return RecordedForecasts(model, [f for f in computed.forecasts if isinstance(f, WaitForecast)], ids)


def _refusal(computed: _Computed, model: LoadedModel, wrong: int) -> Draft:
    subjects = {
        "model": model.name,
        "version": model.version,
        "digest": model.digest,
        "wrong": f"{wrong} of {len(computed.forecasts)}",
    }
    reason = "an explanation does not add up to the number it explains"
    return Draft(computed.caller.actor, "refuse to answer", subjects, reason)


def _does_not_add_up() -> Problem:
    return Problem(
        500,
        "explanation_does_not_add_up",
        "problems.not_exact",
    )


def _groups(model: LoadedModel) -> dict[str, str]:
    return {unit.unit: unit.group for unit in model.units}
