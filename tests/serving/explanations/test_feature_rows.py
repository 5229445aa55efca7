"""Rows of a page's table of reasons: names that need no explaining, and values as people write them."""

from typing import Any

import pytest

from hospital.features.bed_list import ALL_BED_FEATURES
from hospital.words.catalogue import entries
from hospital.words.language import LANGUAGES, Language
from serving.explanations.feature_rows import bed_row, bed_row_name
from serving.messages.forecast_parts import Contribution

_FEATURES = {f.name: f for f in ALL_BED_FEATURES}
_JARGON = {
    "fr": ("visé", "moins maintenant", "en part", "horizon", "alors, moins"),
    "en": ("then, less", "as a share"),
}


def shown(
    name: str, value: float | str | None, usual: float | None, language: Language = "fr"
) -> Contribution:
    """A feature as an answer has it."""
    feature: Any = _FEATURES.get(name)
    return {
        "feature": name,
        "group": "census" if feature is None else feature.group,
        "label": name if feature is None else feature.label(language),
        "value": value,
        "reference_value": usual,
        "contribution": 1.0,
    }


@pytest.mark.parametrize(
    ("name", "value", "usual", "fr", "en"),
    [
        (
            "usual_then",
            3.0,
            1.0,
            "Évolution habituelle d’ici 4 h : +3 lits (habituel : +1 lit)",
            "Usual change within 4 h: +3 beds (usual: +1 bed)",
        ),
        (
            "usual_then",
            None,
            1.0,
            "Évolution habituelle d’ici 4 h : non connu",
            "Usual change within 4 h: not known",
        ),
        ("horizon_hours", 4.0, 4.0, "Prévision faite 4 h à l’avance", "Forecast made 4 h ahead"),
        ("season_cos", 0.31, 0.2, "Saison", "Season"),
        (
            "target_weekday",
            1.0,
            1.0,
            "Jour de la semaine dans 4 h : mardi",
            "Day of the week in 4 h: Tuesday",
        ),
        ("target_holiday", 0.0, 0.0, "Jour férié dans 4 h : non", "Public holiday in 4 h: no"),
        ("staffed_then", 30.0, 30.0, "Lits armés dans 4 h : 30", "Staffed beds in 4 h: 30"),
        ("own_column", 2.5, 2.0, "own_column : 2,5 (habituel : 2)", "own_column: 2.5 (usual: 2)"),
    ],
)
def test_a_row_says_what_is_meant(
    name: str, value: float | None, usual: float | None, fr: str, en: str
) -> None:
    """How far ahead stands in it; a day is a day, and a number that says nothing is not shown."""
    for language, expected in (("fr", fr), ("en", en)):
        row = bed_row(shown(name, value, usual), 4.0, language)  # type: ignore[arg-type]
        assert row.replace("\xa0", " ").replace("\u202f", " ") == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_row_speaks_to_engineers(language: Language) -> None:
    """Of all features of bed demand."""
    for feature in ALL_BED_FEATURES:
        name = bed_row_name(shown(feature.name, 1.0, 1.0, language), 4.0, language)
        assert not [word for word in _JARGON[language] if word in name.lower()], name


def test_every_text_is_of_a_feature() -> None:
    """None is left of one that is gone."""
    assert set(entries("feature_rows")) <= set(_FEATURES)
