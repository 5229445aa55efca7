"""What is told of a forecast: which contributions, in which words, and what the baseline is called."""

import re

import numpy as np
import pytest

from explain.reasons import select
from hospital.dataset.baselines import BED_BASELINES, WAIT_BASELINES
from hospital.features.feature import Feature
from hospital.words.formats import short_number
from serving.forecasting.explanation_text import ExplanationTerms, ExplanationText
from serving.messages.answer_bodies import total
from serving.messages.forecast_protocol import ExplainOptions

FEATURES = (
    Feature("ed_waiting", "crowding", "Patients en attente", "Patients waiting", "patients"),
    Feature("triage", "patient", "Tri", "Triage"),
    Feature("arrival_mode", "patient", "Mode d'arrivée", "Arrival", levels=("ambulance", "walk_in")),
    Feature("hour", "calendar", "Heure", "Hour", "h"),
)
FR, EN = ExplainOptions(6, "typical", "fr"), ExplainOptions(6, "typical", "en")


def terms(baseline: str | None = None) -> ExplanationTerms:
    """Four contributions, the largest first; the third compares an unknown value."""
    return ExplanationTerms(
        columns=[0, 3, 2, 1],
        values=[23.0, 14.5, float("nan"), 3.25],
        usual=[14.0, 9.0, 1.0, 4.0],
        contributions=[8.2, -3.0, 1.0, 0.01],
        other=-0.2,
        base=33.1,
        adjustments={"calibration": 0.4},
        baseline=baseline,
    )


def test_the_largest_are_chosen_and_the_others_added_up_by_themselves() -> None:
    """By size, the first column first where two are equal; what is left is a sum of its own, row by row."""
    contributions = np.array([[1.0, -3.0, 3.0, 0.5], [0.0, 0.25, 0.0, -0.5]])
    columns, others = select(contributions, 2)
    assert columns.tolist() == [[1, 2], [3, 1]]
    assert others.tolist() == [1.5, 0.0]
    assert contributions[0].tolist() == [1.0, -3.0, 3.0, 0.5]  # the caller's are as they were
    none, everything = select(contributions, 0)
    assert (none.shape, everything.tolist()) == ((2, 0), [1.5, -0.25])
    assert select(contributions, 99)[1].tolist() == [0.0, 0.0]


def test_reasons_are_sentences_in_both_languages() -> None:
    """Value, usual value, effect; unknown is said; what would be shown as 0 is not told; a clock time is one."""
    french = ExplanationText(FEATURES, "min", "fr").wait(terms(), FR)
    assert french["reasons"] == (
        "Au départ, l'attente habituelle à cette heure : 33\u00a0min",
        "Patients en attente\u00a0: 23\u00a0patients (d'habitude 14\u00a0patients) → +8,2\u00a0min",
        "Heure\u00a0: 14\u00a0h\u00a030 → −3\u00a0min",
        "Mode d'arrivée\u00a0: inconnu → +1\u00a0min",
        "Tous les autres facteurs → −0,2\u00a0min",
        "Étalonnage sur les jours récents → +0,4\u00a0min",
    )
    english = ExplanationText(FEATURES, "min", "en").wait(terms(), EN)
    assert (
        english["reasons"][1]
        == "Patients waiting: 23\u00a0patients (usually 14\u00a0patients) → +8.2\u00a0min"
    )
    assert english["reasons"][2] == "Hour: 14:30 → −3\u00a0min"
    shown = {c["feature"]: (c["value"], c["reference_value"]) for c in english["contributions"]}
    assert shown == {
        "ed_waiting": (23.0, 14.0),
        "hour": (14.5, 9.0),
        "arrival_mode": (None, "walk_in"),
        "triage": ("3", "4"),
    }
    assert total(english) == pytest.approx(33.1 + 8.2 - 3.0 + 1.0 + 0.01 - 0.2 + 0.4)


def test_beds_start_from_the_patients_now() -> None:
    """First the demand now, with as much of its usual change as the model starts from; the baseline takes all of it."""
    told = ExplanationText(FEATURES, "beds", "en").bed(terms(), EN, 30.0)
    assert (
        told["reasons"][0] == "30 beds needed now; the share of the usual change until then that counts: +3.1"
    )
    baseline = ExplanationText(FEATURES, "beds", "en").bed(terms("usual_change"), EN, 30.0)
    assert baseline["reasons"][0] == "30 beds needed now; usual change until then: +3.1"


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("baseline", [*WAIT_BASELINES, *BED_BASELINES])
def test_a_baseline_says_what_it_is(baseline: str, language: str) -> None:
    """Each of the baselines has words; that of the usual change is told by its parts."""
    options = FR if language == "fr" else EN
    explanation_text = ExplanationText(
        FEATURES, "min" if baseline in WAIT_BASELINES else "beds", options.language
    )
    told = (
        explanation_text.wait(terms(baseline), options)
        if baseline in WAIT_BASELINES
        else explanation_text.bed(terms(baseline), options, 30.0)
    )
    first = told["reasons"][0]
    shown = 3.1 if baseline == "usual_change" else 33.1  # the change, beside the beds needed now
    assert re.search(rf"(?<![\d.,]){re.escape(short_number(shown, options.language))}(?!\d)", first)
    assert ("baseline" in first.lower() or "référence" in first.lower()) == (baseline != "usual_change")


def test_many_values_do_not_fill_the_memory() -> None:
    """Words of values are kept, and not without end; they are the same when they are made again."""
    explanation_text = ExplanationText(FEATURES, "min", "en")
    first = explanation_text.wait(terms(), EN)
    for i in range(3_000):
        explanation_text.wait(ExplanationTerms([0], [i + 0.5], [1.0], [1.0], 0.0, 0.0, {}), EN)
    assert len(explanation_text._words[0]._known) <= 512
    assert explanation_text.wait(terms(), EN) == first
