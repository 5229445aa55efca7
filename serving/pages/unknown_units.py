"""What the pages say of units that are received and in no forecast."""

from collections.abc import Mapping
from dataclasses import dataclass

from hospital.errors import HistoryError
from hospital.words.language import Language
from serving.errors import Problem
from serving.forecasting.hospital.hospital_explanation_text import units_with_patients
from serving.gateway.service_parts import Parts

__all__ = ["UnknownUnits", "unknown_units", "unlearned_units"]


@dataclass(frozen=True)
class UnknownUnits:
    """The units with their patients in words, and how many units they are."""

    words: str
    count: int


def unknown_units(parts: Parts, language: Language) -> UnknownUnits:
    """The units that are received and in no forecast, as known at this moment."""
    units = unlearned_units(parts)
    return UnknownUnits(units_with_patients(units, language), len(units))


def unlearned_units(parts: Parts) -> Mapping[str, float | None]:
    """Beds needed now in each such unit, by its id; None: how many is not known. Empty where no release can say so."""
    loaded = parts.releases.states["bed-demand"].loaded
    if loaded is None:
        return {}
    try:
        with parts.engine.connect() as connection:
            return parts.forecaster.unlearned_units(loaded, connection, parts.clock.now())
    except (Problem, HistoryError):
        return {}
