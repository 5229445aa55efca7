"""Figures that are monitored, in words: an input by its label, as people know it, in both languages."""

import math
from decimal import Decimal
from typing import Any

import pytest

from hospital.features.bed_list import ALL_BED_FEATURES
from hospital.features.wait import WAIT_FEATURES
from hospital.words import formats, names
from hospital.words.language import Language
from registry.monitoring.alarm_text import change_in_words, stopped_in_words, warning_of, what_of
from registry.monitoring.alarms import OVERRULED, StandingAlarm


@pytest.mark.parametrize("family", ["inputs", "missing"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_an_input_is_called_by_its_label(family: str, language: str) -> None:
    """No name of a column stands on a page."""
    features = (*ALL_BED_FEATURES, *WAIT_FEATURES)
    for name in {f.name for f in features}:
        labels = [f.label(language) for f in features if f.name == name]  # type: ignore[arg-type]
        words = what_of(family, name, language)  # type: ignore[arg-type]
        assert any(label in words for label in labels)
        assert "_" not in words


def test_a_unit_group_is_called_in_the_language_of_the_page() -> None:
    """Those of the simulated hospital have names; a hospital's own stays as it is."""
    assert what_of("errors", "mother_child", "fr") == "l'erreur signée du modèle (mère et enfant)"
    assert what_of("errors", "Pôle 4", "fr") == "l'erreur signée du modèle (Pôle 4)"


def test_a_figure_of_everybody_has_its_own_words() -> None:
    """And a group of features that of the pages."""
    for language in ("fr", "en"):
        everybody = what_of("errors", "all", language)  # type: ignore[arg-type]
        assert everybody != what_of("errors", "mother_child", language)  # type: ignore[arg-type]
        assert "all" not in everybody.split()
        group = names.feature_group("seasonal_profile", language)  # type: ignore[arg-type]
        assert group in what_of("explanations", "seasonal_profile", language)  # type: ignore[arg-type]


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("family", ["arrivals", "error_ratio", "errors", "fairness"])
def test_a_logarithm_is_said_as_a_change_in_per_cent(family: str, language: Language) -> None:
    """A quarter more is ln 1.25; a fifth less is ln 0.8."""
    for share in (0.25, -0.2):
        words = change_in_words(family, math.log1p(share), language)
        assert words == formats.percent(share, language, plus=True)
    assert "25" in change_in_words(family, math.log(1.25), language)


@pytest.mark.parametrize("family", ["missing", "coverage", "explanations"])
def test_a_share_is_said_in_whole_points(family: str) -> None:
    """0.034 is three points."""
    assert change_in_words(family, -0.034, "en") == formats.quantity(
        -3.0, "percentage_points", "en", 0, plus=True
    )
    assert "3" in change_in_words(family, -0.034, "fr")
    assert "3.4" not in change_in_words(family, -0.034, "en")


@pytest.mark.parametrize(
    ("change", "figure", "digits"), [(0.01234, "0.012", 3), (-2.71, "-2.7", 1), (1234.0, "1200", 0)]
)
def test_what_has_a_scale_of_its_own_is_said_in_two_digits(change: float, figure: str, digits: int) -> None:
    """Neither more nor with digits that are none."""
    words = change_in_words("inputs", change, "en")
    assert words == formats.signed(Decimal(figure), "en", digits)


def alarm(family: str, name: str, **evidence: Any) -> StandingAlarm:
    """An alarm of 8 January 2022 that began on 29 December."""
    return StandingAlarm("a", "wait-time", 1, family, name, 19_000, False, {"since": 18_990, **evidence}, 1)


def test_the_warning_says_since_when_what_and_how_far() -> None:
    """With the day on which the change began, not the one on which it was seen."""
    for language in ("fr", "en"):
        words = warning_of(alarm("errors", "all", change=math.log(1.25)), language)  # type: ignore[arg-type]
        assert what_of("errors", "all", language) in words  # type: ignore[arg-type]
        assert formats.percent(0.25, language, plus=True) in words  # type: ignore[arg-type]
        assert "29" in words
        assert "2021" in words
        assert stopped_in_words(language)  # type: ignore[arg-type]


def test_the_warning_of_an_overruled_group_says_how_often_people_were_right() -> None:
    """Of how many known outcomes."""
    words = warning_of(alarm(OVERRULED, "medicine", known=12, right=11), "en")
    assert "11" in words
    assert "12" in words
    assert "right" in words
