"""Forecasts of bed demand for what stands above serving: verified, and recorded under the name of who asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from hospital.errors import HistoryError
from hospital.words import names
from hospital.words.language import LANGUAGES, Language
from registry.cards.tension.tension_proof import NOTHING_PROVEN, TensionProof
from registry.components.exceedance_curve import share_above
from registry.record.tokens import Caller
from serving.errors import Problem
from serving.gateway.service_parts import Parts
from serving.messages.forecast_parts import Contribution, Explanation, Quantiles
from serving.messages.forecast_records import BedForecast, HospitalForecast
from serving.messages.question_records import BedQuestion, ExplainOptions
from serving.pages.unknown_units import unlearned_units

__all__ = [
    "CENTRE",
    "LANGUAGES",
    "BedForecast",
    "BedForecasts",
    "Contribution",
    "Explanation",
    "HospitalForecast",
    "Language",
    "Quantiles",
    "TensionProof",
    "bed_forecasts",
    "group_names",
    "share_above",
    "share_of_quantiles_above",
    "unit_groups",
    "unit_labels",
    "unlearned_units",
]

CENTRE = Caller("vigie", frozenset({"operator"}))
"""Who asks for the forecasts on which recommendations rest."""
_REASONS = 3
_NO_TOTAL = "no_hospital_forecast"


@dataclass(frozen=True)
class BedForecasts:
    """Forecasts with the ids under which they are recorded.

    Attributes:
        units: each unit of the release at each of its horizons.
        hospital: the hospital total at each horizon; empty where the release has none.
        unavailable: the code of why there is none at all, or None.
        unit_names: of each unit for people, by language.
        proof: which probabilities of tension the check showed to be better than how often it was before.
    """

    units: Sequence[tuple[str, BedForecast]]
    hospital: Sequence[tuple[str, HospitalForecast]]
    unavailable: str | None = None
    unit_names: Mapping[str, Mapping[Language, str]] = field(default_factory=dict)
    proof: TensionProof = NOTHING_PROVEN


def bed_forecasts(
    parts: Parts, caller: Caller, now: int, translations: tuple[Language, ...] = ()
) -> BedForecasts:
    """The forecasts of all units and of the hospital total, by the release in use.

    Args:
        now: the service's instant.
        translations: languages in which they say the same besides.
    """
    try:
        model = parts.releases.current("bed-demand")
        try:
            return _asked(parts, caller, now, translations, hospital=True)
        except Problem as problem:
            if problem.code != _NO_TOTAL or not model.units:
                raise
            return _asked(parts, caller, now, translations, hospital=False)
    except HistoryError:
        return BedForecasts((), (), "no_history")
    except Problem as problem:
        if problem.status not in (422, 503):
            raise
        return BedForecasts((), (), problem.code)


def _asked(
    parts: Parts, caller: Caller, now: int, translations: tuple[Language, ...], *, hospital: bool
) -> BedForecasts:
    model = parts.releases.current("bed-demand")
    explain = ExplainOptions(_REASONS, "typical", parts.language, translations=translations)
    units = [unit.unit for unit in model.units]
    question = BedQuestion(units, sorted(model.horizons_hours), now, (), explain, hospital=hospital)
    made, total = parts.forecasts.bed_demand(caller, question, now)
    return BedForecasts(
        tuple(zip(made.ids, made.forecasts, strict=True)),
        tuple(zip(total.ids, total.forecasts, strict=True)),
        unit_names={u.unit: {spoken: u.name_in(spoken) for spoken in LANGUAGES} for u in model.units},
        proof=model.proven.exceedance,
    )


def share_of_quantiles_above(quantiles: Sequence[float], beds: float) -> float:
    """Probability (0 to 1) of more than `beds` whole beds, by a forecast's quantiles at every level."""
    return share_above(np.array(quantiles), beds)


def unit_labels(parts: Parts, language: Language) -> dict[str, str]:
    """Names for people of the units of the release in use, in a language, by their ids."""
    loaded = parts.releases.states["bed-demand"].loaded
    return {u.unit: u.name_in(language) for u in loaded.units} if loaded is not None else {}


def group_names(parts: Parts, language: Language) -> dict[str, str]:
    """Names for people of the unit groups of the release in use, in a language, by their ids."""
    loaded = parts.releases.states["bed-demand"].loaded
    if loaded is None:
        return {}
    return {u.group: names.value("unit_group", u.group, language, loaded.names) for u in loaded.units}


def unit_groups(parts: Parts) -> dict[str, str]:
    """Groups of the units of the release in use, by their ids."""
    loaded = parts.releases.states["bed-demand"].loaded
    return {u.unit: u.group for u in loaded.units} if loaded is not None else {}
