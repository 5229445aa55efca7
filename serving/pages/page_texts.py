"""The words of the pages, in French and English; a test compares the two lists."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from hospital.times import moment
from hospital.words.language import Language

__all__ = ["TEXTS", "ahead", "clock_time", "number", "short_time"]


TEXTS: Mapping[Language, Mapping[str, str]] = {
    "fr": {
        "title": "Vigie : lits et attente",
        "informs": "Vigie informe, les soignants et les cadres décident. Rien n’est exécuté automatiquement.",
        "demo": "Démonstration : données simulées, l’horloge continue depuis la fin de ces données.",
        "now": "Situation à",
        "beds": "Besoin en lits",
        "waits": "Attente aux urgences",
        "waits_for": "Patient arrivant et trié maintenant : minutes jusqu’au premier contact médical",
        "triage": "Tri",
        "median": "Médiane",
        "range": "8 fois sur 10 entre",
        "range_row": "8 sur 10",
        "risk_row": "Risque",
        "legend": "Risque : probabilité que le besoin dépasse les lits armés. Besoin : patients présents "
        "et patients qui attendent ailleurs un lit de l’unité.",
        "units_high": "unités en tension probable",
        "unit_high": "unité en tension probable",
        "none_high": "Aucune unité en tension probable",
        "possible": "en tension possible",
        "days": "j",
        "and": "et",
        "in": "dans",
        "hours": "h",
        "minutes": "min",
        "patients": "patients",
        "staffed": "lits armés",
        "staffed_unknown": "lits armés : inconnu",
        "tension": "Risque de dépasser les lits armés",
        "tension_high": "Tension probable",
        "tension_possible": "Tension possible",
        "tension_low": "Calme",
        "tension_unknown": "Tension non calculable",
        "why": "Pourquoi",
        "trusted": "Fiable",
        "baseline": "Prévision simple",
        "degraded": "À prendre avec prudence",
        "trusted_words": "dans le périmètre validé",
        "baseline_words": "hors du périmètre validé : une prévision de référence répond",
        "degraded_words": "données anciennes ou inhabituelles",
        "model": "Modèle",
        "version": "version",
        "released": "mise en service le",
        "card": "fiche du modèle",
        "picture": "Patients dans l’unité ces dernières heures, puis prévision avec sa fourchette",
        "history": "constaté",
        "forecast": "prévu",
        "no_release": "Aucune version en service : entraîner, vérifier, faire approuver, mettre en service.",
        "refused": "La version en service ne se vérifie pas : rien n’est servi. Prévenir l’administrateur.",
        "no_history": "Pas encore assez de données reçues pour prévoir.",
        "refresh": "La page se renouvelle chaque minute.",
        "sign_in": "Entrer",
        "token": "Jeton d’accès",
        "token_hint": "Donné par l’administrateur (vigie token create). Jamais écrit dans une adresse.",
        "wrong_token": "Ce jeton n’est pas valable, ou n’ouvre pas ces pages.",
        "link_used": "Ce lien a déjà servi ou a expiré. Entrer avec un jeton, ou demander un autre lien.",
        "sign_out": "Sortir",
        "back": "Prévisions",
        "monitoring": "Suivi",
        "monitoring_lead": "Ce que Vigie suit après la mise en service, jour après jour, comparé aux jours sur "
        "lesquels la version a été vérifiée. Une alarme reste jusqu’à une nouvelle version, ou "
        "jusqu’à ce qu’un membre du comité signe pourquoi elle ne compte plus.",
        "run_at": "Dernier passage :",
        "until_day": "jours entiers jusqu’au",
        "never_run": "Aucun passage encore : vigie monitor n’a rien vu de cette version.",
        "no_alarm": "Aucune alarme.",
        "stopped": "Le modèle est arrêté : c’est la prévision de référence qui répond.",
        "alarm_stands": "alarme en cours",
        "alarms_stand": "alarmes en cours",
        "alarm_change": "Écart à l’usuel (intervalle à 95 %)",
        "alarm_margin": "Marge admise",
        "alarm_since": "Depuis → alarme",
        "alarm_statistic": "Somme > seuil",
        "alarm_chance": "Probabilité d’une fausse alarme de cette figure en un an",
        "alarm_reference": "Jours de référence",
        "alarm_entry": "Entrée du journal",
        "alarm_acknowledge": "L’acquitter : un membre du comité signe et dit pourquoi",
        "figure": "Suivi",
        "figure_change": "Écart (4 semaines)",
        "figure_threshold_share": "Part du seuil",
        "other_language": "English",
        "id": "Référence",
        "warnings": "À savoir",
        "now_marker": "maintenant",
    },
    "en": {
        "title": "Vigie: beds and waits",
        "informs": "Vigie informs; clinicians and managers decide. Nothing is carried out automatically.",
        "demo": "Demonstration: simulated data; the clock runs on from the end of these data.",
        "now": "As of",
        "beds": "Bed demand",
        "waits": "Emergency department wait",
        "waits_for": "A patient arriving and triaged now: minutes to first medical contact",
        "triage": "Triage",
        "median": "Median",
        "range": "8 times in 10 between",
        "range_row": "8 in 10",
        "risk_row": "Risk",
        "legend": "Risk: probability that demand exceeds staffed beds. Demand: patients present, and those "
        "waiting elsewhere for a bed of the unit.",
        "units_high": "units with tension likely",
        "unit_high": "unit with tension likely",
        "none_high": "No unit with tension likely",
        "possible": "with tension possible",
        "days": "d",
        "and": "and",
        "in": "in",
        "hours": "h",
        "minutes": "min",
        "patients": "patients",
        "staffed": "staffed beds",
        "staffed_unknown": "staffed beds: unknown",
        "tension": "Risk of exceeding staffed beds",
        "tension_high": "Tension likely",
        "tension_possible": "Tension possible",
        "tension_low": "Calm",
        "tension_unknown": "Tension cannot be computed",
        "why": "Why",
        "trusted": "Trusted",
        "baseline": "Simple forecast",
        "degraded": "Take with caution",
        "trusted_words": "within the approved scope",
        "baseline_words": "outside the approved scope: a baseline answers",
        "degraded_words": "old or unusual data",
        "model": "Model",
        "version": "version",
        "released": "in use since",
        "card": "model card",
        "picture": "Patients in the unit over the last hours, then the forecast with its range",
        "history": "observed",
        "forecast": "forecast",
        "no_release": "No version is in use: train, check, have it approved, then promote it.",
        "refused": "The version in use does not verify, so nothing is served. Tell the administrator.",
        "no_history": "Not enough data received yet to forecast.",
        "refresh": "The page renews itself every minute.",
        "sign_in": "Enter",
        "token": "Access token",
        "token_hint": "Given by the administrator (vigie token create). It never stands in an address.",
        "wrong_token": "This token is not valid, or does not open these pages.",
        "link_used": "This link was used already or has expired. Enter with a token, or ask for another.",
        "sign_out": "Leave",
        "back": "Forecasts",
        "monitoring": "Monitoring",
        "monitoring_lead": "What Vigie monitors after a release, day after day, against the days on which the version "
        "was checked. An alarm stands until there is a new release, or until a member of the board "
        "signs why it no longer counts.",
        "run_at": "Last run:",
        "until_day": "whole days until",
        "never_run": "No run yet: vigie monitor has seen nothing of this version.",
        "no_alarm": "No alarm.",
        "stopped": "The model is stopped: the baseline answers.",
        "alarm_stands": "alarm stands",
        "alarms_stand": "alarms stand",
        "alarm_change": "Change from what is usual (95 % interval)",
        "alarm_margin": "Margin allowed",
        "alarm_since": "Since → alarm",
        "alarm_statistic": "Sum > threshold",
        "alarm_chance": "Chance of a false alarm of this figure in a year",
        "alarm_reference": "Days of reference",
        "alarm_entry": "Journal entry",
        "alarm_acknowledge": "To acknowledge it, a member of the board signs and says why",
        "figure": "Monitored",
        "figure_change": "Change (4 weeks)",
        "figure_threshold_share": "Share of the threshold",
        "other_language": "Français",
        "id": "Reference",
        "warnings": "To know",
        "now_marker": "now",
    },
}


def number(value: float | None, language: Language, digits: int = 0) -> str:
    """A number as people of this language write it; a dash where unknown."""
    if value is None:
        return "–"
    text = f"{value:.{digits}f}"
    text = "0" if text == "-0" else text
    return text.replace(".", ",") if language == "fr" else text


_DAYS: Mapping[Language, tuple[str, ...]] = {
    "fr": ("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}


def short_time(at: int, zone: ZoneInfo, language: Language) -> str:
    """Weekday and time on the hospital's clock."""
    return f"{_DAYS[language][moment(at).astimezone(zone).weekday()]} {clock_time(at, zone, language)}"


def ahead(hours: float, language: Language) -> str:
    """How far ahead, in hours, from two days on in days."""
    days = hours / 24
    if hours >= 48 and days.is_integer():
        return f"{days:.0f} {TEXTS[language]['days']}"
    return f"{number(hours, language, 0 if hours.is_integer() else 1)} {TEXTS[language]['hours']}"


def clock_time(at: int, zone: ZoneInfo, language: Language, *, date: bool = False) -> str:
    """A time on the hospital's clock: hour and minute, with the day where asked for."""
    when: datetime = moment(at).astimezone(zone)
    hour = (
        f"{when.hour:02d}\u00a0h\u00a0{when.minute:02d}"
        if language == "fr"
        else f"{when.hour:02d}:{when.minute:02d}"
    )
    if not date:
        return hour
    day = f"{when.day:02d}/{when.month:02d}/{when.year}" if language == "fr" else when.strftime("%Y-%m-%d")
    return f"{day} {hour}"
