"""What a feature is to people and to a model."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from hospital.arrays import Array
from hospital.calendar import local_day
from hospital.holidays.school_holidays import school_days
from hospital.record.events import Events
from hospital.times import DAY
from hospital.words.catalogue import has_text, text, unbroken
from hospital.words.language import Language

__all__ = [
    "GROUPS",
    "SCHOOL_FEATURES",
    "SEASON_DAYS",
    "TRIAGE_RANK",
    "Feature",
    "encode",
    "in_group_order",
    "lacking_school_features",
    "with_levels",
]

TRIAGE_RANK: Mapping[str, float] = {"1": 1.0, "2": 2.0, "3A": 3.0, "3": 3.25, "3B": 3.5, "4": 4.0, "5": 5.0}
"""Triage levels in order of urgency; a plain 3 (where a hospital does not split it) lies between 3A and 3B."""


GROUPS = (
    "calendar",
    "census",
    "covariate",
    "crowding",
    "flow",
    "seasonal_profile",
    "patient",
    "planned",
    "staff",
)
"""Groups of features, in the order in which they are added up: no sum may depend on what they are called."""
SEASON_DAYS = 760
"""Two years and a margin: with less, each day of the year was seen once, and a tree takes one winter for winter."""

SCHOOL_FEATURES = frozenset({"school_holiday", "target_school_holiday", "days_to_school_holiday_then"})
"""Of all models: what a hospital without a school zone lacks."""


@dataclass(frozen=True)
class Feature:
    """One column of a model's input.

    Attributes:
        name: snake_case, stable: packages name it.
        group: what it is about, one of `GROUPS`.
        label_fr, label_en: for people. They are a part of the features' digest, by which packages are refused
            (`definition_digest`): where one is to be worded otherwise, the catalogue has it (``about.label``).
        unit: of its values, "" where there is none.
        levels: of a category, in the order of its codes 0, 1, …; empty for a number.
    """

    name: str
    group: str
    label_fr: str
    label_en: str
    unit: str = ""
    levels: tuple[str, ...] = ()

    def label(self, language: Language) -> str:
        """The label in French or English: the catalogue's where it has one, and so also of packages of before."""
        if has_text(f"about.label.{self.name}"):
            return text(f"about.label.{self.name}", language)
        return unbroken(self.label_fr) if language == "fr" else self.label_en


def in_group_order(groups: Iterable[str]) -> tuple[str, ...]:
    """Each of these groups once, in the order of `GROUPS`."""
    return tuple(sorted(set(groups), key=GROUPS.index))


def with_levels(features: tuple[Feature, ...], levels: Mapping[str, tuple[str, ...]]) -> tuple[Feature, ...]:
    """The features, those named in `levels` with the levels learned from the data."""
    return tuple(replace(f, levels=levels[f.name]) if f.name in levels else f for f in features)


def encode(values: Array, levels: tuple[str, ...]) -> Array:
    """Codes (float64 [n]) of texts (object [n]); NaN for what is missing or has no level."""
    codes = {level: float(i) for i, level in enumerate(levels)}
    return np.fromiter((codes.get(v, np.nan) for v in values), np.float64, len(values))


def lacking_school_features(events: Events) -> frozenset[str]:
    """Those that are never known: no zone is named, or the record ends before its calendar begins, or begins after."""
    start, length = events.history_from, round(events.history_days)
    days = local_day(start + np.arange(length + 1, dtype=np.int64) * DAY, events.zone)
    known = school_days(days, events.locality.school_zone)
    return frozenset() if np.isfinite(known).any() else SCHOOL_FEATURES
