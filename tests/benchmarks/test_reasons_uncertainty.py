"""The reader of reasons reads widths, probabilities and comparisons with another forecast, and sees what is wrong."""

from typing import Any

import pytest

from benchmarks.reasons.agreement import disagreements
from benchmarks.reasons.uncertainty_agreement import uncertainty_disagreements

_TENSION: dict[str, Any] = {
    "of": "tension",
    "unit": "probability",
    "reference": "typical",
    "compared_with": {"cases": 40},
    "base": 0.064,
    "contributions": [
        {
            "feature": "demand_now",
            "label": "Lits demandés maintenant",
            "value": 130.0,
            "reference_value": 126.0,
            "contribution": 0.096,
        },
        {
            "feature": "staffed_then",
            "label": "Lits armés à l'heure visée",
            "value": 132.0,
            "reference_value": 135.2,
            "contribution": 0.03,
        },
    ],
    "other": -0.02,
    "adjustments": [{"name": "recent_errors", "contribution": 0.01}],
    "reasons": [
        "Manquer de lits armés est plus probable que d'habitude\u00a0: "
        "130 lits nécessaires maintenant (126 d'habitude)",
        "Au départ, la probabilité de manquer de lits armés quand tout est comme d'habitude\u00a0: 6,4\u00a0%",
        "130 lits nécessaires maintenant (126 d'habitude)\u00a0: +9,6\u00a0points",
        "3 lits armés de moins que d'habitude\u00a0: +3\u00a0points",
        "Tous les autres facteurs\u00a0: −2\u00a0points",
        "Écarts récents entre prévisions et réalité\u00a0: +1\u00a0point",
    ],
}
_CONTRAST: dict[str, Any] = {
    "of": "p50",
    "unit": "beds",
    "reference": {"at": "2025-07-12T01:00:00+00:00"},
    "base": 130.0,
    "contributions": [
        {
            "feature": "discharges_24h",
            "label": "Discharges in 24 h",
            "value": 24.0,
            "reference_value": 16.0,
            "contribution": 1.2,
        }
    ],
    "other": 0.0,
    "adjustments": [{"name": "start", "contribution": -2.0}, {"name": "units", "contribution": 0.0}],
    "reasons": [
        "To start with, the forecast made at 03:00: 130\u00a0beds",
        "24 discharges in 24 hours (16 at 03:00): +1.2\u00a0beds",
        "Patients present and their usual change until then: −2\u00a0beds",
        "The two forecasts are not of the same time: 2025-07-13 03:00 then, 2025-07-13 12:00 now",
    ],
}


def _with(answer: dict[str, Any], place: int, sentence: str) -> dict[str, Any]:
    reasons = list(answer["reasons"])
    reasons[place] = sentence
    return {**answer, "reasons": reasons}


def test_a_probability_and_a_comparison_whose_sentences_agree() -> None:
    """Points of a probability, beds that are missing, steps that are no feature's, and a note at the end."""
    assert not uncertainty_disagreements(_TENSION, "fr", 0.18)
    assert not disagreements(_CONTRAST, "en", 129.2)


@pytest.mark.parametrize(
    ("place", "sentence", "kind"),
    [
        (0, "Manquer de lits armés est moins probable que d'habitude\u00a0: 130 lits nécessaires", "lead"),
        (0, "L'incertitude est plus grande que d'habitude\u00a0: 130 lits nécessaires maintenant", "lead"),
        (
            0,
            "Manquer de lits armés est plus probable que d'habitude\u00a0: plusieurs facteurs ensemble",
            "lead",
        ),
        (0, "Beaucoup de lits\u00a0: 130", "no lead"),
        (1, "Au départ, la probabilité de manquer de lits armés\u00a0: 16\u00a0%", "start"),
        (2, "130 lits nécessaires maintenant (126 d'habitude)\u00a0: +9,6\u00a0lits", "unit"),
        (
            2,
            "130 lits nécessaires maintenant (126 d'habitude), et pourtant\u00a0: +9,6\u00a0points",
            "against",
        ),
        (3, "4 lits armés de moins que d'habitude\u00a0: +3\u00a0points", "value"),
        (5, "Écarts récents entre prévisions et réalité\u00a0: +1\u00a0points", "plural"),
        (5, "Écarts récents entre prévisions et réalité\u00a0: +4\u00a0points", "sum"),
    ],
)
def test_what_is_wrong_with_a_probability_is_named(place: int, sentence: str, kind: str) -> None:
    """By its kind."""
    assert kind in uncertainty_disagreements(_with(_TENSION, place, sentence), "fr", 0.18)


@pytest.mark.parametrize(
    ("place", "sentence", "kind"),
    [
        (0, "To start with, the forecast made at 03:00: 128\u00a0beds", "start"),
        (1, "24 discharges in 24 hours (17 at 03:00): +1.2\u00a0beds", "usual"),
        (2, "Patients present and their usual change until then: −3\u00a0beds", "sum"),
        (1, "The baseline answered then, the model does now", "note among the reasons"),
    ],
)
def test_what_is_wrong_with_a_comparison_is_named(place: int, sentence: str, kind: str) -> None:
    """By its kind."""
    assert kind in disagreements(_with(_CONTRAST, place, sentence), "en", 129.2)


@pytest.mark.parametrize(
    ("base", "written", "right"), [(0.0004, "under 0.1%", True), (0.004, "under 0.1%", False)]
)
def test_a_start_near_nothing_is_held_to_its_bound(base: float, written: str, right: bool) -> None:
    """ "Under 0.1%" is right of 0.04 per cent, and wrong of 0.4."""
    answer: dict[str, Any] = {
        **_TENSION,
        "base": base,
        "contributions": [],
        "other": 0.0,
        "adjustments": [{"name": "recent_errors", "contribution": 0.01}],
        "reasons": [
            "Too few staffed beds are more likely than usual: recent errors of the forecasts",
            f"To start with, the probability of too few staffed beds where everything is as usual: {written}",
            "Recent errors of the forecasts: +1 points",
        ],
    }
    found = uncertainty_disagreements(answer, "en", base + 0.01)
    assert ("start" not in found) == right


@pytest.mark.parametrize(("served", "right"), [(0.0, True), (12.0, False)])
def test_only_an_interval_without_width_is_the_wait_so_far(served: float, right: bool) -> None:
    """And such an interval says nothing else."""
    answer = {
        "of": "interval",
        "unit": "min",
        "reference": "typical",
        "compared_with": {"cases": 40},
        "base": 0.0,
        "contributions": [],
        "other": 0.0,
        "adjustments": [],
        "reasons": ["The interval is the wait so far alone: it does not say how much longer it will last"],
    }
    found = uncertainty_disagreements(answer, "en", served)
    assert (not found) == right
