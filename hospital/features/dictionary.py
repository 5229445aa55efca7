"""The dictionary of features, one table: label, unit, group and direction of each, and what it is to people.

Labels, units and groups are those by which `hospital.features.bed_list` and `hospital.features.wait` declare features;
what a reader and an application need beside them stands here, a line a feature, and a test demands a line of each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hospital.features.feature import Feature
from hospital.words import names
from hospital.words.language import Language

__all__ = ["Entry", "Kind", "Model", "direction", "entries", "entry", "expectation", "kind"]

Model = Literal["bed-demand", "wait-time"]


@dataclass(frozen=True)
class Kind:
    """What a feature is to people.

    Attributes:
        lever: whether somebody in the hospital can act on it before the time that is forecast.
        sensitive: whether it tells of a patient's person or health.
        wait_direction: 1, more of it never makes the forecast wait shorter; -1, never longer; 0, either.
        expectation: as `expectation` has it.
    """

    lever: bool = False
    sensitive: bool = False
    wait_direction: int = 0
    expectation: int = 0


@dataclass(frozen=True)
class Entry:
    """A line of the dictionary, in one language.

    Attributes:
        feature: its name in packages and answers.
        label, group_label: for people.
        unit: of its values, "" where there is none.
        group: one of `hospital.features.feature.GROUPS`.
        direction: as `direction` has it.
        lever, sensitive: as in `Kind`.
    """

    feature: str
    label: str
    unit: str
    group: str
    group_label: str
    direction: int
    lever: bool
    sensitive: bool


_PLAIN, _LEVER, _PERSON = Kind(), Kind(lever=True), Kind(sensitive=True)
_QUEUE = Kind(expectation=1)
_PLAIN_NAMES = (
    # calendar
    "unit",
    "horizon_hours",
    "hour",
    "target_hour",
    "weekday",
    "target_weekday",
    "season_cos",
    "season_sin",
    "holiday",
    "target_holiday",
    "holidays_until",
    "holidays_last_week",
    "holidays_before_then",
    "holidays_after_then",
    "school_holiday",
    "target_school_holiday",
    "days_to_school_holiday_then",
    "days_from_new_year",
    # census and the unit's seasonal profile
    "demand_now",
    "demand_change_24h",
    "demand_change_7d",
    "above_usual",
    "usual_then",
    "seasonal_profile",
    "last_week_change",
    "usual_level",
    "change_24h_share",
    "change_7d_share",
    "above_week_share",
    "above_month_share",
    "above_usual_share",
    "usual_then_share",
    "seasonal_profile_share",
    "hospital_change_24h",
    "hospital_above_usual",
    "hospital_usual_change",
    # flow and crowding
    "admissions_24h",
    "discharges_24h",
    "waiting_for_bed",
    "expected_departures",
    "ed_seen_1h",
    "ed_left_unseen_4h",
    # the department, and when the patient came: nothing of the person
    "department",
    "minutes_since_arrival",
    # follow from levers and from who waits: nobody acts on them by themselves
    "free_then",
)
_QUEUE_NAMES = (
    "ed_waiting",
    "ed_waiting_urgent",
    "ed_waiting_over_1h",
    "ed_waiting_over_2h",
    "ed_mean_wait_so_far",
    "ed_present",
    "ed_arrivals_1h",
    "ed_arrivals_3h",
    "last_wait_triage",
    "recent_wait_all",
    "waiting_per_doctor",  # nobody acts on it by itself
)
_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(_PLAIN_NAMES, _PLAIN),
    **dict.fromkeys(_QUEUE_NAMES, _QUEUE),
    "ed_waiting_ahead": Kind(wait_direction=1, expectation=1),
    "ed_boarding": Kind(wait_direction=1, expectation=1),
    "recent_wait_triage": Kind(wait_direction=1, expectation=1),
    "ed_doctors": Kind(lever=True, wait_direction=-1, expectation=-1),
    "ed_nurses": Kind(lever=True, expectation=-1),
    "staffed_now": _LEVER,
    "staffed_then": _LEVER,
    "planned_operations": _LEVER,
    "triage": _PERSON,
    "age_years": _PERSON,
    "arrival_mode": _PERSON,
    "reason": _PERSON,
    "heart_rate": _PERSON,
    "systolic_mmhg": _PERSON,
    "respiratory_rate": _PERSON,
    "temperature_celsius": _PERSON,
    "spo2_percent": _PERSON,
    "pain_0_10": _PERSON,
}


def kind(name: str) -> Kind | None:
    """What a feature is to people; None: the table has no line of it, as of a hospital's own variables."""
    return _KINDS.get(name)


def direction(name: str, model: Model) -> int:
    """Which way a feature moves a model's forecast by the way that it is made; 0: either way.

    Wait time is trained so that some features move it one way only (`training.monotone`); bed demand is not.
    """
    found = _KINDS.get(name, _PLAIN)
    return found.wait_direction if model == "wait-time" else 0


def expectation(name: str) -> int:
    """Whether people expect a longer (1) or a shorter wait (-1) where there is more of a feature; 0: neither.

    It moves no forecast: where one goes the other way, its sentence says that it does.
    """
    return _KINDS.get(name, _PLAIN).expectation


def entry(feature: Feature, model: Model, language: Language) -> Entry:
    """The line of a feature; a hospital's own variable is no lever, tells of nobody, and moves either way."""
    found = _KINDS.get(feature.name, _PLAIN)
    return Entry(
        feature=feature.name,
        label=feature.label(language),
        unit=feature.unit,
        group=feature.group,
        group_label=names.feature_group(feature.group, language),
        direction=direction(feature.name, model),
        lever=found.lever,
        sensitive=found.sensitive,
    )


def entries(features: Sequence[Feature], model: Model, language: Language) -> tuple[Entry, ...]:
    """The dictionary of a model's features, in their order."""
    return tuple(entry(feature, model, language) for feature in features)
