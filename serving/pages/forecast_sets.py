"""The forecasts that the start page shows: asked for and recorded as any others, shown again while they are fresh."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hospital.contracts.tables import TABLES
from hospital.errors import HistoryError
from hospital.times import HOUR, MINUTE
from hospital.words.language import Language
from registry.cards.tension.tension_proof import NOTHING_PROVEN, TensionProof
from registry.record.tokens import Caller
from serving.errors import Problem
from serving.gateway.service_parts import Parts
from serving.http.authentication import ENTERED_BY_LINK
from serving.messages.forecast_protocol import LoadedModel, UnitHistory
from serving.messages.forecast_records import BedForecast, HospitalForecast, WaitForecast
from serving.messages.judged_tension import JudgedTension
from serving.messages.question_records import BedQuestion, ExplainOptions, WaitQuestion

__all__ = ["BedSet", "ForecastSet", "WaitSet", "forecast_set", "screen_beds", "shown_horizons"]

HISTORY_HOURS = 48
MOST_UNITS, MOST_HORIZONS, REASONS = 200, 4, 3
_PAGE = Caller(ENTERED_BY_LINK, frozenset({"operator"}))


@dataclass(frozen=True)
class BedSet:
    """Bed demand as the page shows it; `fault` is a text of ``pages`` in place of forecasts.

    Attributes:
        forecasts: by unit, each with its prediction's id ("" where it is not recorded), the nearest horizon first.
        hospital: the hospital total at each horizon, likewise; empty where the release has none.
    """

    model: LoadedModel | None
    forecasts: Mapping[str, list[tuple[str, BedForecast]]]
    history: Mapping[str, UnitHistory]
    fault: str | None
    hospital: Sequence[tuple[str, HospitalForecast]] = ()

    @property
    def proof(self) -> TensionProof:
        """Which probabilities of tension the check showed to be better than how often it was before."""
        return NOTHING_PROVEN if self.model is None else self.model.proven.exceedance


@dataclass(frozen=True)
class WaitSet:
    """Waits as the page shows them: department, triage level, prediction's id and forecast of each tile."""

    model: LoadedModel | None
    forecasts: Sequence[tuple[str, str, str, WaitForecast]]
    fault: str | None


@dataclass(frozen=True)
class ForecastSet:
    """All that the page shows; at: instant that it was made at."""

    at: int
    beds: BedSet
    waits: WaitSet


def forecast_set(parts: Parts, language: Language, *, asked: bool) -> ForecastSet:
    """The forecasts to be shown now; every one of them is in the record, under the id that the page names.

    Args:
        asked: by a person; a page that renews itself is content with somewhat older ones (`Reuse`).
    """
    key = _key(parts, language)
    with parts.engine.connect() as connection:
        received = parts.receptions.last(connection)
    at = parts.page_reuse.moment(key, parts.clock.now(), received, asked=asked)
    try:
        made: ForecastSet = parts.page_results.get(
            (at, *key),
            lambda: ForecastSet(at, _beds(parts, at, language), _waits(parts, at, language)),
            keep=lambda kept: kept[1:] != key and at - kept[0] < HOUR,
        )
    except BaseException:
        parts.page_reuse.forget(key)
        raise
    if made.beds.fault and made.waits.fault:
        parts.page_reuse.forget(key)  # nothing was recorded, and what is missing may come at any moment
    return made


def screen_beds(parts: Parts, language: Language) -> tuple[int, BedSet]:
    """The bed forecasts of a screen that is left open, and their instant: for it nothing is ever recorded.

    What was recorded for people is shown while nothing came since; then forecasts that are made without a record, one
    set a minute however many screens look.
    """
    key, now = _key(parts, language), parts.clock.now()
    with parts.engine.connect() as connection:
        received = parts.receptions.last(connection)
    shown = parts.page_reuse.unchanged(key, now, received)
    recorded: ForecastSet | None = None if shown is None else parts.page_results.ready((shown, *key))
    if recorded is not None:
        return recorded.at, recorded.beds
    minute = now // MINUTE
    made: tuple[int, BedSet] = parts.screen_results.get(
        (minute, *key),
        lambda: (now, _beds(parts, now, language, recorded=False)),
        keep=lambda kept: kept[0] == minute,
    )
    return made


def _key(parts: Parts, language: Language) -> tuple[Any, ...]:
    """What forecasts of an instant depend on."""
    stamps = tuple(
        None if s.loaded is None else (s.loaded.digest, tuple(a.alarm_id for a in s.loaded.alarms))
        for s in parts.releases.states.values()
    )
    return language, stamps, tuple(s.fault for s in parts.releases.states.values())


def _beds(parts: Parts, now: int, language: Language, *, recorded: bool = True) -> BedSet:
    try:
        model, forecasts, hospital = _answered(parts, now, language, recorded=recorded)
        with parts.engine.connect() as connection:
            history = parts.forecaster.history(model, connection, HISTORY_HOURS, now)
    except (Problem, HistoryError) as error:
        return BedSet(parts.releases.states["bed-demand"].loaded, {}, {}, _fault(error))
    by_unit: dict[str, list[tuple[str, BedForecast]]] = {}
    for prediction_id, forecast in forecasts:
        by_unit.setdefault(forecast.unit, []).append((prediction_id, forecast))
    return BedSet(model, by_unit, {h.unit: h for h in history}, None, hospital)


_Beds = tuple[LoadedModel, list[tuple[str, BedForecast]], list[tuple[str, HospitalForecast]]]


def _answered(parts: Parts, now: int, language: Language, *, recorded: bool) -> _Beds:
    """The units' forecasts and the hospital total's; without the latter where the release has none."""
    model = parts.releases.current("bed-demand")
    units = [u.unit for u in model.units][:MOST_UNITS]
    explain = ExplainOptions(REASONS, "typical", language, stability=True)
    question = BedQuestion(units, shown_horizons(model), now, (), explain, hospital=True)
    try:
        return _made(parts, question, now, recorded=recorded)
    except Problem as problem:
        if problem.code != "no_hospital_forecast":
            raise
        return _made(parts, replace(question, hospital=False), now, recorded=recorded)


def _made(parts: Parts, question: BedQuestion, now: int, *, recorded: bool) -> _Beds:
    if not recorded:
        model, units, hospital = parts.forecasts.unrecorded_bed_demand(question, now)
        return model, [("", f) for f in units], [("", f) for f in hospital]
    made, total = parts.forecasts.bed_demand(_PAGE, question, now)
    return (
        made.model,
        list(zip(made.ids, made.forecasts, strict=True)),
        list(zip(total.ids, total.forecasts, strict=True)),
    )


def shown_horizons(model: LoadedModel) -> tuple[float, ...]:
    """A few of the horizons: those of which a probability of tension is shown, then others up to the farthest."""
    ordered = sorted(model.horizons_hours)
    shown = [hours for hours in ordered if _has_probability(model.proven, hours)][:MOST_HORIZONS]
    others, room = [h for h in ordered if h not in shown], MOST_HORIZONS - len(shown)
    if len(ordered) <= MOST_HORIZONS or not room:
        return tuple(ordered if room else shown)
    last = len(others) - 1
    picked = [others[round(i * last / (room - 1))] for i in range(room)] if room > 1 else others[-1:]
    return tuple(sorted([*shown, *picked]))


def _has_probability(proven: JudgedTension, hours: float) -> bool:
    proof = proven.exceedance
    return hours in proof.horizons or proof.of_total(None, hours) or hours in proven.boarding


def _waits(parts: Parts, now: int, language: Language) -> WaitSet:
    try:
        model = parts.releases.current("wait-time")
        cases = [(d, t) for d in (model.departments or ("",)) for t in (model.triage_levels or ("",))]
        rows = [_arriving(model, department, triage, now) for department, triage in cases]
        question = WaitQuestion(
            rows, [None] * len(rows), ExplainOptions(REASONS, "typical", language, stability=True)
        )
        answer = parts.forecasts.wait_time(_PAGE, question, now)
        model, forecasts, ids = answer.model, answer.forecasts, answer.ids
    except (Problem, HistoryError) as error:
        return WaitSet(parts.releases.states["wait-time"].loaded, (), _fault(error))
    found = [(d, t, i, f) for (d, t), i, f in zip(cases, ids, forecasts, strict=True)]
    return WaitSet(model, found, None)


def _arriving(model: LoadedModel, department: str, triage: str, now: int) -> dict[str, Any]:
    """The usual patient of a department, as the page says, who arrives and is triaged now."""
    row: dict[str, Any] = dict.fromkeys(c.name for c in TABLES["visits"].columns)
    known = {"visit_id": f"page {department} {triage}".strip(), "arrived_at": now, "received_at": now}
    triaged = {"triage": triage, "triaged_at": now} if triage else {}
    usual = model.usual_patients.get(department, {})
    return {**row, "audit": None, **usual, **known, **triaged, "department": department or None}


def _fault(error: Problem | HistoryError) -> str:
    if isinstance(error, HistoryError):
        return "no_history"
    return {"no_release": "no_release", "release_refused": "refused"}.get(error.code, "no_history")
