"""The hospital total's forecast, from what is answered for its units: which are in it, and how far to trust it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import numpy as np

from explain.reasons import select
from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from hospital.errors import HistoryError
from hospital.features.bed_list import of_all_units
from hospital.features.bed_query import BedQuery
from hospital.features.feature import Feature
from hospital.times import DAY, moment
from hospital.words.language import Language
from registry.model.forecast_model import ForecastModel, Rows
from registry.model.hospital_total import HospitalTotal
from registry.model.hospital_total_answer import HospitalTotalAnswer, answer_hospital_total
from registry.model.scope_fallback import Answered
from registry.model.trust_status import TrustStatus
from serving.errors import Problem, RequestFault
from serving.forecasting.comparison import Comparison
from serving.forecasting.explanation_text import ExplanationTerms, Partner
from serving.forecasting.feature_words import partners
from serving.forecasting.hospital_explanation_text import HospitalExplanationText, Relied
from serving.forecasting.reason_sentences import until_words
from serving.forecasting.row_answers import group_terms
from serving.messages.answer_bodies import HospitalForecast, Quantiles, Trust, UnitShare, Wording
from serving.messages.forecast_protocol import BedQuestion
from serving.state.live_state import HospitalState
from serving.state.unknown_units import LATELY_DAYS

__all__ = [
    "AnsweredUnits",
    "PresentUnits",
    "hospital_forecasts",
    "hospital_total_of",
    "present_units",
    "unlearned_units",
]

_P10, _P50, _P90 = LEVELS.index(0.1), LEVELS.index(0.5), LEVELS.index(0.9)


@dataclass(frozen=True)
class PresentUnits:
    """Which units are in the total.

    Attributes:
        names: those whose present demand is known.
        silent: how many were heard of in the last weeks, but not lately enough.
        closed: how many were not.
        unlearned: beds needed in each unit that is in no sum, because the model or the table of units does
            not know it; None: how many is not known.
    """

    names: tuple[str, ...]
    silent: int
    closed: int
    unlearned: Mapping[str, float | None]


@dataclass(frozen=True)
class AnsweredUnits:
    """The present units' answers, unit by unit, each at every horizon.

    Attributes:
        staffed, now_beds: float64 [n], NaN unknown.
    """

    names: Sequence[str]
    query: BedQuery
    rows: Rows
    staffed: Array
    now_beds: Array
    answered: Answered


def hospital_total_of(model: ForecastModel) -> HospitalTotal:
    """What the model has learned of the hospital total.

    Raises:
        Problem: 422, nothing.
    """
    if model.hospital_total is not None:
        return model.hospital_total
    faults = [RequestFault("hospital", "no_hospital_forecast", "problems.faults.no_hospital_forecast")]
    raise Problem(422, "no_hospital_forecast", "problems.no_hospital_forecast", faults=faults)


def present_units(model: ForecastModel, state: HospitalState, question: BedQuestion) -> PresentUnits:
    """The units whose demand at the question's time is known, and how many are not.

    Raises:
        HistoryError: none is.
    """
    learned = {entry.unit for entry in model.manifest.units}
    units = [u.unit for u in state.events.units]
    said = {
        str(row["unit"]): float(row["occupied"]) + float(row.get("waiting") or 0.0)
        for row in question.observations
    }
    now = _demand(state, model, question.at, [said.get(u, np.nan) for u in units])
    lately = _heard_lately(state, model, question.at, now)
    known = ~np.isnan(now)
    names = tuple(u for u, k in zip(units, known, strict=True) if k and u in learned)
    if not names:
        raise HistoryError("problems.no_demand")
    silent = sum(u in learned and not k and s for u, k, s in zip(units, known, lately, strict=True))
    unlisted = state.unlisted.patients(question.at)
    closed = len(learned) - len(names) - silent - len(learned & set(unlisted))
    return PresentUnits(names, silent, closed, {**unlisted, **_listed_unlearned(learned, units, now, lately)})


def unlearned_units(model: ForecastModel, state: HospitalState, at: int) -> dict[str, float | None]:
    """Beds needed at an instant in each unit that the model or the table of units does not know; None: not known."""
    units = [u.unit for u in state.events.units]
    now = _demand(state, model, at, [np.nan] * len(units))
    lately = _heard_lately(state, model, at, now)
    learned = {entry.unit for entry in model.manifest.units}
    return {**state.unlisted.patients(at), **_listed_unlearned(learned, units, now, lately)}


def _heard_lately(state: HospitalState, model: ForecastModel, at: int, now: Array) -> Array:
    """Which units (bool [units]) were heard of in the weeks before, where the present of any is unknown."""
    lately = np.zeros(now.size, bool)
    if np.isnan(now).any():
        for back in range(1, LATELY_DAYS + 1):
            lately |= ~np.isnan(_demand(state, model, at - back * DAY, [np.nan] * now.size))
    return lately


def _listed_unlearned(
    learned: Collection[str], units: Sequence[str], now: Array, lately: Array
) -> dict[str, float | None]:
    """Beds needed in the listed units that the model does not know; None where only earlier counts are."""
    return {
        unit: None if np.isnan(demand) else demand
        for unit, demand, heard in zip(units, now.tolist(), lately, strict=True)
        if unit not in learned and (demand > 0 or (heard and np.isnan(demand)))
    }


def _demand(state: HospitalState, model: ForecastModel, at: int, said: Sequence[float]) -> Array:
    """Beds needed in every unit at an instant (float64 [units]), NaN unknown; `said`: by the caller."""
    n = len(said)
    query = BedQuery(np.arange(n), np.full(n, at, np.int64), np.zeros(n), np.array(said, np.float64))
    return state.beds(model.features).demand_now(query)


def hospital_forecasts(
    model: ForecastModel,
    present: PresentUnits,
    units: AnsweredUnits,
    question: BedQuestion,
    *,
    stale: bool,
    zone: ZoneInfo,
) -> list[HospitalForecast]:
    """One forecast a horizon of the question; `zone`: the hospital's."""
    k = len(question.horizons_hours)
    of = np.tile(np.arange(k), len(present.names))
    horizon = units.query.horizon_hours[:k]
    answered = answer_hospital_total(hospital_total_of(model), units.answered, of, horizon)
    terms = _explanation_terms(answered, units, of, model.features, question.explain.top)
    texts = {
        language: HospitalExplanationText(model.features, language)
        for language in (question.explain.language, *question.explain.translations)
    }
    now = np.bincount(of, weights=units.now_beds)
    staffed = np.bincount(of, weights=units.staffed)
    exceeding = model.exceedances.probability("hospital", answered.quantiles, staffed, horizon).tolist()
    target, out = units.query.target_time, []

    def wording(i: int, language: Language) -> Wording:
        explain = replace(question.explain, language=language)
        until = until_words(question.at, int(target[i]), zone, language)
        relied = _relied(answered, units, of == i, i, present, stale=stale)
        return Wording(
            texts[language].explanation(terms[i], explain, float(now[i]), until), _trust(relied, language)
        )

    for i in range(k):
        p10, p50, p90 = answered.quantiles[i, (_P10, _P50, _P90)].tolist()
        beds = None if np.isnan(staffed[i]) else float(staffed[i])
        said = wording(i, question.explain.language)
        out.append(
            HospitalForecast(
                horizon_hours=float(horizon[i]),
                target_at=moment(int(target[i])),
                mean=float(answered.mean[i]),
                beds=Quantiles(p10=p10, p50=p50, p90=p90),
                staffed=beds,
                tension_probability=None if beds is None else exceeding[i],
                units=_shares(answered, units, of == i),
                explanation=said.explanation,
                trust=said.trust,
                distribution=tuple(answered.quantiles[i].tolist()),
                translations={other: wording(i, other) for other in question.explain.translations},
            )
        )
    return out


def _shares(answered: HospitalTotalAnswer, units: AnsweredUnits, mine: Array) -> tuple[UnitShare, ...]:
    return tuple(
        UnitShare(unit=name, mean=mean, answered_by="model" if inside else "baseline")
        for name, mean, inside in zip(
            units.names, answered.unit_means[mine].tolist(), units.answered.inside[mine].tolist(), strict=True
        )
    )


def _relied(
    answered: HospitalTotalAnswer,
    units: AnsweredUnits,
    mine: Array,
    i: int,
    present: PresentUnits,
    *,
    stale: bool,
) -> Relied:
    return Relied(
        units=len(present.names),
        by_baseline=int((~units.answered.inside[mine]).sum()),
        share_by_baseline=float(answered.by_baseline[i]),
        out_of_range=sum(bool(units.answered.out_of_range[j]) for j in np.flatnonzero(mine)),
        missing=sum(bool(units.answered.missing[j]) for j in np.flatnonzero(mine)),
        unheld=int(units.answered.unheld[mine].sum()),
        silent=present.silent,
        closed=present.closed,
        unlearned=present.unlearned,
        stale=stale,
    )


def _trust(relied: Relied, language: Language) -> Trust:
    """Trusted only where every unit is: one that the baseline answers makes it ``baseline``; a warning says what
    share."""
    status: TrustStatus = "degraded" if relied.degraded else "baseline" if relied.by_baseline else "trusted"
    return Trust(status=status, warnings=relied.warnings(language))


def _explanation_terms(
    answered: HospitalTotalAnswer, units: AnsweredUnits, of: Array, features: Sequence[Feature], top: int
) -> list[ExplanationTerms]:
    ordered, others = select(answered.contributions, top)
    # Where the baseline answers for every unit, no feature says anything.
    columns = [found[answered.contributions[i, found] != 0] for i, found in enumerate(ordered)]
    values = _of_all(units.rows.X.astype(np.float64), of, features)
    usual = _of_all(units.answered.reference_values, of, features)
    groups = [
        group_terms(features, answered.contributions[i : i + 1], found[None])[0]
        for i, found in enumerate(columns)
    ]
    contributions = answered.contributions
    comparisons = [_comparison(units.answered, of == i) for i in range(len(columns))]
    return [
        ExplanationTerms(
            columns=columns[i].tolist(),
            values=values[i, columns[i]].tolist(),
            usual=usual[i, columns[i]].tolist(),
            contributions=answered.contributions[i, columns[i]].tolist(),
            other=float(others[i]),
            base=float(answered.base[i]),
            adjustments={name: float(v[i]) for name, v in answered.adjustments.items()},
            comparison=comparisons[i],
            groups=groups[i],
            partners=_hidden(columns[i].tolist(), partners(features), values[i], usual[i], contributions[i]),
        )
        for i in range(len(columns))
    ]


def _hidden(
    shown: Sequence[int], same: Mapping[int, Sequence[int]], values: Array, usual: Array, contributions: Array
) -> tuple[Partner, ...]:
    """The features that are not shown and say the same as one that is; `same`: `feature_words.partners`."""
    columns = sorted({p for c in shown for p in same.get(c, ())} - set(shown))
    return tuple(Partner(c, float(values[c]), float(usual[c]), float(contributions[c])) for c in columns)


def _comparison(answered: Answered, mine: Array) -> Comparison | None:
    """What the units of a total are compared with, where that is the same for all."""
    widening, cases = answered.widening[mine], answered.cases[mine]
    if not widening.size or (widening != widening[0]).any():
        return None
    return Comparison(int(widening[0]), int(cases.min()), int(answered.situation[mine][0]))


def _of_all(values: Array, of: Array, features: Sequence[Feature]) -> Array:
    """Values of all units together: float64 [k, features], NaN where one is unknown or there is no such thing."""
    kinds = np.array([of_all_units(f) for f in features])
    out = np.full((int(of.max()) + 1, len(features)), np.nan)
    for i in range(len(out)):
        mine = values[of == i]
        out[i, kinds == "sum"] = mine[:, kinds == "sum"].sum(axis=0)
        out[i, kinds == "same"] = _mean_of_known(mine[:, kinds == "same"])
    return out


def _mean_of_known(values: Array) -> Array:
    known = ~np.isnan(values)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)
