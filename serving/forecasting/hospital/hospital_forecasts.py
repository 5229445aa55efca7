"""The hospital total's forecast, from what is answered for its units: which are in it, and how far to trust it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from explain.reasons import select
from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from hospital.features.bed_query import BedQuery
from hospital.holidays.place import Place
from hospital.times import moment
from hospital.words.language import Language
from registry.cards.tension.tension_proof import TensionProof
from registry.explanations.total_basis import TotalBasis
from registry.model.forecast_model import Explained, ForecastModel, Rows
from registry.model.hospital.all_units import partly_unknown, values_of_all_units
from registry.model.hospital.hospital_total_answer import HospitalTotalAnswer, answer_hospital_total
from registry.model.scope_fallback import Answered
from registry.model.trust_status import TrustStatus
from serving.forecasting.comparison import Comparison, holidays
from serving.forecasting.explanation_text import ExplanationTerms, Partner
from serving.forecasting.hospital.hospital_explanation_text import HospitalExplanationText, Relied
from serving.forecasting.hospital.present_units import PresentUnits, hospital_total_of
from serving.forecasting.reason_sentences import until_words
from serving.forecasting.row_answers import FeatureRelations, group_terms
from serving.messages.forecast_parts import Quantiles, Trust, UnitShare
from serving.messages.forecast_records import HospitalForecast, Wording
from serving.messages.question_records import BedQuestion
from serving.state.unit_standing import UnitStanding

__all__ = ["AnsweredUnits", "hospital_forecasts"]

_P10, _P50, _P90 = LEVELS.index(0.1), LEVELS.index(0.5), LEVELS.index(0.9)


@dataclass(frozen=True)
class AnsweredUnits:
    """The present units' answers, unit by unit, each at every horizon.

    Attributes:
        staffed, now_beds: float64 [n], NaN unknown.
        standing: by unit, what the record says against it.
    """

    names: Sequence[str]
    query: BedQuery
    rows: Rows
    staffed: Array
    now_beds: Array
    answered: Answered
    standing: Mapping[str, UnitStanding]


def hospital_forecasts(
    model: ForecastModel,
    present: PresentUnits,
    units: AnsweredUnits,
    question: BedQuestion,
    *,
    stale: bool,
    place: Place,
    proof: TensionProof,
) -> list[HospitalForecast]:
    """One forecast a horizon of the question; `place`: the hospital's; `proof`: of which probabilities count."""
    k = len(question.horizons_hours)
    of = np.tile(np.arange(k), len(present.names))
    horizon = units.query.horizon_hours[:k]
    answered = answer_hospital_total(hospital_total_of(model), units.answered, of, horizon)
    holiday = bool(holidays(units.query.prediction_time[:1], place).any())
    terms = _explanation_terms(answered, units, of, model, question.explain.top, holiday)
    terms = [replace(t, baseline=_baseline(model, units, of == i)) for i, t in enumerate(terms)]
    texts = {
        language: HospitalExplanationText(model.features, language)
        for language in (question.explain.language, *question.explain.translations)
    }
    now = np.bincount(of, weights=units.now_beds)
    staffed = np.bincount(of, weights=units.staffed)
    exceeding = model.exceedances.probability("hospital", answered.quantiles, staffed, horizon).tolist()
    target, out = units.query.target_time, []

    def basis(i: int) -> TotalBasis | None:
        if not (question.explain.basis or question.explain.further):
            return None
        both = (units.rows, units.answered, units.staffed)
        total, p50 = hospital_total_of(model), float(answered.p50[i])
        places = np.flatnonzero(of == i)
        return TotalBasis.of(model, total, tuple(present.names), both, places, float(horizon[i]), p50)

    def wording(i: int, language: Language) -> Wording:
        explain = replace(question.explain, language=language)
        until = until_words(question.at, int(target[i]), place.zone, language)
        relied = _relied(answered, units, of == i, i, present, int(target[i]), stale=stale)
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
                tension_calibrated=None if beds is None else proof.of_total(None, float(horizon[i])),
                distribution=tuple(answered.quantiles[i].tolist()),
                basis=basis(i),
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
    target: int,
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
        quiet=sum(units.standing[name].silent_minutes is not None for name in present.names),
        closed_then=sum(units.standing[name].is_closed(target) for name in present.names),
        stale=stale,
        uncounted=sum(units.standing[name].counted_from is not None for name in present.names),
    )


def _trust(relied: Relied, language: Language) -> Trust:
    """Trusted only where every unit is: one that the baseline answers makes it ``baseline``; a warning says what
    share."""
    status: TrustStatus = "degraded" if relied.degraded else "baseline" if relied.by_baseline else "trusted"
    return Trust(status=status, warnings=relied.warnings(language))


def _explanation_terms(
    answered: HospitalTotalAnswer,
    units: AnsweredUnits,
    of: Array,
    model: ForecastModel,
    top: int,
    holiday: bool,
) -> list[ExplanationTerms]:
    features, relations = model.features, FeatureRelations.of(model)
    ordered, others = select(answered.contributions, top)
    # Where the baseline answers for every unit, no feature says anything.
    columns = [found[answered.contributions[i, found] != 0] for i, found in enumerate(ordered)]
    values = values_of_all_units(units.rows.X.astype(np.float64), of, features)
    explained = units.answered.compared
    # What is usual of a unit is known, too, where the baseline answers for it: values are those of all units.
    usual = values_of_all_units(explained.reference_values, of, features)
    groups = [
        group_terms(relations, answered.contributions[i : i + 1], found[None])[0]
        for i, found in enumerate(columns)
    ]
    contributions = answered.contributions
    comparisons = [
        _comparison(explained, of == i, holiday) if units.answered.inside[of == i].any() else None
        for i in range(len(columns))
    ]
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
            partly_unknown=partly_unknown(units.rows.X[of == i], features),
            partners=_hidden(columns[i].tolist(), relations.partners, values[i], usual[i], contributions[i]),
        )
        for i in range(len(columns))
    ]


def _baseline(model: ForecastModel, units: AnsweredUnits, mine: Array) -> str | None:
    """The baseline that answers for every unit; None: the model does for some, or not all have the same."""
    if units.answered.inside[mine].any():
        return None
    names = set(model.baseline_names(units.rows.at(np.flatnonzero(mine))))
    return names.pop() if len(names) == 1 else None


def _hidden(
    shown: Sequence[int], same: Mapping[int, Sequence[int]], values: Array, usual: Array, contributions: Array
) -> tuple[Partner, ...]:
    """The features that are not shown and say the same as one that is; `same`: `feature_words.partners`."""
    columns = sorted({p for c in shown for p in same.get(c, ())} - set(shown))
    return tuple(Partner(c, float(values[c]), float(usual[c]), float(contributions[c])) for c in columns)


def _comparison(explained: Explained, mine: Array, holiday: bool) -> Comparison | None:
    """What the units of a total are compared with, where that is the same for all; `cases`: of the one with fewest."""
    widening, cases = explained.widening[mine], explained.cases[mine]
    if not widening.size or (widening != widening[0]).any():
        return None
    return Comparison(int(widening[0]), int(cases.min()), int(explained.situation[mine][0]), holiday)
