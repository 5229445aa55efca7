"""The features of a bed-demand forecast, and which of them a hospital's tables can give."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from hospital.features.feature import SEASON_DAYS, Feature, lacking_school_features
from hospital.holidays.public_holidays import holidays_known
from hospital.record.column_values import is_filled
from hospital.record.events import Events
from hospital.words.language import LANGUAGES
from hospital.words.names import NO_NAMES, OwnNames, own_name

__all__ = ["ALL_BED_FEATURES", "COVARIATE_SUFFIX", "bed_features_of", "covariate_feature", "of_all_units"]

_COMMON: tuple[Feature, ...] = (
    Feature("unit", "calendar", "Unité", "Unit"),
    Feature("horizon_hours", "calendar", "Horizon", "Horizon", "h"),
    Feature("target_weekday", "calendar", "Jour de la semaine visé", "Day of the week then"),
    Feature("season_cos", "calendar", "Saison (hiver–été)", "Season (winter–summer)"),
    Feature("season_sin", "calendar", "Saison (printemps–automne)", "Season (spring–autumn)"),
    Feature("target_holiday", "calendar", "Jour férié visé", "Public holiday then"),
    Feature("holidays_until", "calendar", "Jours fériés d'ici là", "Public holidays until then", "days"),
    Feature(
        "holidays_last_week",
        "calendar",
        "Jours fériés des 7 derniers jours",
        "Public holidays, last 7 days",
        "days",
    ),
    Feature(
        "holidays_before_then",
        "calendar",
        "Jours fériés juste avant",
        "Public holidays in the 3 days before",
        "days",
    ),
    Feature(
        "holidays_after_then",
        "calendar",
        "Jours fériés juste après",
        "Public holidays in the 3 days after",
        "days",
    ),
    Feature("school_holiday", "calendar", "Vacances scolaires", "School holidays"),
    Feature("target_school_holiday", "calendar", "Vacances scolaires alors", "School holidays then"),
    Feature(
        "days_to_school_holiday_then",
        "calendar",
        "Jours jusqu'aux vacances scolaires suivantes",
        "Days until the next school holidays",
        "days",
    ),
    Feature("days_from_new_year", "calendar", "Jours depuis le Nouvel An", "Days from New Year", "days"),
    Feature("demand_now", "census", "Lits demandés maintenant", "Beds needed now", "beds"),
    Feature("demand_change_24h", "census", "Évolution sur 24 h", "Change over 24 h", "beds"),
    Feature("demand_change_7d", "census", "Évolution sur 7 jours", "Change over 7 days", "beds"),
    Feature("above_usual", "census", "Écart à l'habitude à cette heure", "Above usual for this hour", "beds"),
    Feature(
        "usual_then",
        "census",
        "Niveau habituel à l'heure visée, moins maintenant",
        "Usual level then, less now",
        "beds",
    ),
    Feature(
        "seasonal_profile",
        "seasonal_profile",
        "Profil habituel de l'unité d'ici là (12 semaines)",
        "The unit's seasonal profile until then (12 weeks)",
        "beds",
    ),
    Feature("last_week_change", "census", "Évolution la semaine dernière", "Change last week", "beds"),
    Feature("usual_level", "census", "Niveau habituel (28 jours)", "Usual level (28 days)", "beds"),
    Feature("change_24h_share", "census", "Évolution sur 24 h, en part", "Change over 24 h, as a share", "%"),
    Feature(
        "change_7d_share", "census", "Évolution sur 7 jours, en part", "Change over 7 days, as a share", "%"
    ),
    Feature("above_week_share", "census", "Écart à la dernière semaine", "Above the last week", "%"),
    Feature("above_month_share", "census", "Écart aux 28 derniers jours", "Above the last 28 days", "%"),
    Feature("above_usual_share", "census", "Écart à l'habitude, en part", "Above usual, as a share", "%"),
    Feature(
        "usual_then_share",
        "census",
        "Niveau habituel à l'heure visée, moins maintenant, en part",
        "Usual level then, less now, as a share",
        "%",
    ),
    Feature(
        "seasonal_profile_share",
        "seasonal_profile",
        "Profil habituel de l'unité d'ici là (12 semaines), en part",
        "The unit's seasonal profile until then (12 weeks), as a share",
        "%",
    ),
    Feature(
        "hospital_change_24h", "census", "Hôpital : évolution sur 24 h", "Hospital: change over 24 h", "%"
    ),
    Feature("hospital_above_usual", "census", "Hôpital : écart à l'habitude", "Hospital above usual", "%"),
    Feature(
        "hospital_usual_change",
        "census",
        "Hôpital : évolution habituelle jusque-là",
        "Hospital: usual change until then",
        "%",
    ),
    Feature("admissions_24h", "flow", "Entrées sur 24 h", "Admissions in 24 h", "patients"),
    Feature("discharges_24h", "flow", "Sorties sur 24 h", "Discharges in 24 h", "patients"),
    Feature(
        "waiting_for_bed",
        "flow",
        "En attente d'un lit de l'unité",
        "Waiting for a bed of the unit",
        "patients",
    ),
    Feature("staffed_now", "staff", "Lits armés maintenant", "Staffed beds now", "beds"),
    Feature("staffed_then", "planned", "Lits armés à l'heure visée", "Staffed beds then", "beds"),
    Feature(
        "free_then",
        "planned",
        "Lits armés alors, moins demande actuelle",
        "Staffed beds then, less demand now",
        "beds",
    ),
)
_HOURLY: tuple[Feature, ...] = (
    Feature("hour", "calendar", "Heure", "Hour of the day", "h"),
    Feature("target_hour", "calendar", "Heure visée", "Hour then", "h"),
)
_EMERGENCY: tuple[Feature, ...] = (
    Feature("ed_present", "crowding", "Patients aux urgences", "Patients in emergency", "patients"),
    Feature(
        "ed_boarding",
        "crowding",
        "Aux urgences, en attente d'un lit",
        "In emergency, waiting for a bed",
        "patients",
    ),
    Feature("ed_arrivals_3h", "flow", "Arrivées aux urgences (3 h)", "Emergency arrivals (3 h)", "patients"),
)
_THEATRE = Feature(
    "planned_operations",
    "planned",
    "Opérations programmées d'ici là",
    "Operations planned until then",
    "patients",
)
_DEPARTURES = Feature(
    "expected_departures",
    "planned",
    "Sorties prévues d'ici là",
    "Departures expected until then",
    "patients",
)
COVARIATE_SUFFIX = "_change_7d"
ALL_BED_FEATURES: tuple[Feature, ...] = (*_COMMON, *_HOURLY, *_EMERGENCY, _THEATRE, _DEPARTURES)


def bed_features_of(events: Events, covariates: Sequence[str] = ()) -> tuple[Feature, ...]:
    """The features that this hospital's tables can give."""
    lacking = _lacking(events)
    out = [f for f in _COMMON if f.name not in lacking]
    if events.cadence_hours < 24:
        out += _HOURLY
    if "visits" in events.tables:
        out += _EMERGENCY
    if "operations" in events.tables:
        out.append(_THEATRE)
    if _says_who_leaves(events):
        out.append(_DEPARTURES)
    out += [covariate_feature(name, events.names) for name in covariates]
    return tuple(out)


def covariate_feature(name: str, own: OwnNames = NO_NAMES) -> Feature:
    """What a model sees of a covariate of the census.

    Args:
        own: the hospital's names; a covariate without one keeps the name of its column.
    """
    french, english = (own_name(name, language, own) or name for language in LANGUAGES)
    return Feature(
        f"{name}{COVARIATE_SUFFIX}",
        "covariate",
        f"{french} : évolution sur 7 jours",
        f"{english}: change over 7 days",
    )


def of_all_units(feature: Feature) -> Literal["same", "sum", "none"]:
    """What a feature is of all units together: the same for each at one time and horizon, their sum, or nothing.

    Shares of a unit's level do not add, and a unit's name is no number.
    """
    if feature.name != "unit" and (
        feature.group in ("calendar", "crowding") or feature.name.startswith(("hospital_", "ed_"))
    ):
        return "same"
    return "sum" if feature.unit in ("beds", "patients") else "none"


def _says_who_leaves(events: Events) -> bool:
    """Whether the hospital's stays ever say when a patient is expected to leave."""
    stays = events.tables.get("stays")
    return stays is not None and is_filled(stays.columns.get("expected_left_at"))


def _lacking(events: Events) -> set[str]:
    """Features that this hospital's tables never give."""
    if events.counted:
        staffing = events.tables.get("staffing")
        out = set() if "visits" in events.tables else {"waiting_for_bed"}
        known = staffing is not None and bool((staffing.columns["role"] == "bed").any())
    else:
        census = events.tables["census"].columns
        of = {"admissions_24h": "admissions", "discharges_24h": "discharges", "waiting_for_bed": "waiting"}
        out = {feature for feature, name in of.items() if bool(np.isnan(census[name]).all())}
        known = not bool(np.isnan(census["staffed"]).all())
    out |= lacking_school_features(events)
    if not holidays_known(events.place):
        out |= {
            "target_holiday",
            "holidays_until",
            "holidays_last_week",
            "holidays_before_then",
            "holidays_after_then",
        }
    if events.history_days < SEASON_DAYS:
        out |= {"season_cos", "season_sin", "days_from_new_year"}
        out |= {"holidays_last_week", "holidays_before_then", "holidays_after_then"}
    return out if known else out | {"staffed_now", "staffed_then", "free_then"}
