"""Figures that are monitored, in words: an input by its label, as people know it, in both languages."""

import pytest

from hospital.features.bed_list import ALL_BED_FEATURES
from hospital.features.wait import WAIT_FEATURES
from registry.monitoring.alarm_text import what_of


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
