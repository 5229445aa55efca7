"""The model of admissions beside rates, in report and card: it answers where its gain is shown, and nowhere else."""

from typing import Any

import numpy as np
import pytest

from hospital.arrays import Array
from hospital.times import DAY, HOUR
from hospital.words.language import Language
from registry.cards.finding_text import Words
from registry.cards.tension.admission_figures import admission_figures
from registry.cards.tension.admission_section import Admission
from registry.evidence.admission_rows import AdmissionRows

ALPHA = 0.05


def rows(model: Array, rates: Array, event: Array) -> AdmissionRows:
    """Ten patients every four hours."""
    time = np.arange(event.size) // 10 * 4 * HOUR
    return AdmissionRows(time, event, model, rates)


def drawn(n: int = 6000) -> tuple[Array, Array]:
    """(what is truly probable, whether it happened)."""
    rng = np.random.default_rng(2)
    truth = rng.choice([0.1, 0.6], n)
    return truth, rng.random(n) < truth


def test_a_model_that_knows_more_answers() -> None:
    """Its gain is that of the Brier scores by hand, and its interval lies above 0."""
    truth, event = drawn()
    flat = np.full(event.size, event.mean())
    found = admission_figures(rows(truth, flat, event), ALPHA)
    assert found is not None
    by_hand = 1 - ((truth - event) ** 2).mean() / ((flat - event) ** 2).mean()
    assert found["gain"][0] == pytest.approx(by_hand)
    assert (found["in_scope"], found["gain"][1] > 0) == (True, True)
    assert found["slope"][0] == pytest.approx(1.0, abs=0.1)
    assert found["slope_of_rates"] is None


@pytest.mark.parametrize("better", ["same", "worse", "few days"])
def test_rates_answer_where_nothing_is_shown(better: str) -> None:
    """The same probabilities gain nothing; bold ones lose; on few days nothing is shown."""
    truth, event = drawn(400 if better == "few days" else 6000)
    model = {"same": truth, "worse": (truth > 0.5).astype(float), "few days": truth}[better]
    rates = truth if better != "few days" else np.full(event.size, 0.35)
    made = rows(model, rates, event)
    if better == "few days":
        made = AdmissionRows(made.time % (3 * DAY), event, model, rates)
    found = admission_figures(made, ALPHA)
    assert found is not None
    assert found["in_scope"] is False


def test_without_a_model_there_are_no_figures() -> None:
    """And the card of a version of before has no section."""
    assert admission_figures(None, ALPHA) is None
    assert Admission.of({}).pieces(words("fr")) == ()


def words(language: Language) -> Words:
    """Of a card that names nothing."""
    card: dict[str, Any] = {"model": "bed-demand", "features": [], "units": [], "data": {}}
    return Words.of(card, language)
