"""What most makes a forecast uncertain: what says the same twice counts as one, as in the sentences below it."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.reasons.uncertainty_agreement import uncertainty_disagreements
from registry.explanations.basis import Basis
from registry.explanations.uncertainty import RECENT_ERRORS, explain_width
from serving.explanations.uncertainty_text import uncertainty_explanation
from serving.messages.question_records import BedQuestion, ExplainOptions
from tests.support.ward_census import WardService, ward_release


@pytest.fixture(scope="module")
def basis(tmp_path_factory: pytest.TempPathFactory) -> Basis:
    """Of a forecast that the model answers."""
    release = ward_release(tmp_path_factory.mktemp("release"))
    service = WardService.of(release, tmp_path_factory.mktemp("service"))
    explain = ExplainOptions(6, "typical", "en", basis=True)
    question = BedQuestion(("A",), (24.0,), service.parts.clock.now(), (), explain)
    with service.parts.engine.connect() as connection:
        made = service.parts.forecaster.bed_demand(release, connection, question, service.parts.clock.now())
    assert made[0].basis is not None
    return made[0].basis


def test_beds_and_their_share_lead_together(basis: Basis) -> None:
    """Neither is the largest by itself; both are one sentence, which is the largest, and the first one names it."""
    names = [f.name for f in basis.model.features]
    columns = [names.index(n) for n in ("usual_level", "above_usual", "above_usual_share")]
    found = replace(
        explain_width(basis),
        base=np.array([10.0]),
        columns=np.array([columns]),
        contributions=np.array([[2.0, 1.5, 1.4]]),
        other=np.zeros(1),
        adjustments={RECENT_ERRORS: np.zeros(1)},
        values=np.array([[40.0, 6.0, 15.0]]),
        usual=np.array([[30.0, 1.0, 2.5]]),
    )
    explanation = uncertainty_explanation(basis, found, ExplainOptions(6, "typical", "en", of="interval"))
    lead, _, largest, second = explanation["reasons"]
    assert lead.startswith("The uncertainty is greater than usual: demand is 6\u00a0beds above")
    assert largest.startswith("Demand is 6\u00a0beds above")
    assert largest.endswith(": +2.9\u00a0beds")
    assert second.startswith("Mean demand of 40\u00a0beds")
    assert not uncertainty_disagreements(explanation, "en", 14.9)
    wrong = {**explanation, "reasons": (lead.replace("greater", "smaller"), *explanation["reasons"][1:])}
    assert set(uncertainty_disagreements(wrong, "en", 14.9)) == {"lead"}
    other = (f"The uncertainty is greater than usual: {second[:1].lower()}{second[1:].rpartition(': ')[0]}",)
    wrong = {**explanation, "reasons": (*other, *explanation["reasons"][1:])}
    assert set(uncertainty_disagreements(wrong, "en", 14.9)) == {"lead"}


def test_what_is_too_small_to_be_shown_does_not_lead(basis: Basis) -> None:
    """Each adds less than would be written: they do it together."""
    names = [f.name for f in basis.model.features]
    found = replace(
        explain_width(basis),
        base=np.array([1.0]),
        columns=np.array([[names.index(n) for n in ("usual_level", "above_usual", "demand_now")]]),
        contributions=np.array([[0.04, 0.03, 0.03]]),
        other=np.zeros(1),
        adjustments={RECENT_ERRORS: np.zeros(1)},
        values=np.array([[40.0, 6.0, 15.0]]),
        usual=np.array([[30.0, 1.0, 2.5]]),
    )
    explanation = uncertainty_explanation(basis, found, ExplainOptions(6, "typical", "en", of="interval"))
    assert explanation["reasons"][0] == "The uncertainty is greater than usual: several factors together"
    assert not uncertainty_disagreements(explanation, "en", 1.1)


def test_what_is_written_as_usual_does_not_lead(basis: Basis) -> None:
    """31.04 beds and 31 are the same as written: what is not as usual leads, and all are listed below."""
    names = [f.name for f in basis.model.features]
    found = replace(
        explain_width(basis),
        base=np.array([10.0]),
        columns=np.array([[names.index(n) for n in ("usual_level", "above_usual", "demand_now")]]),
        contributions=np.array([[2.0, 1.0, 0.5]]),
        other=np.zeros(1),
        adjustments={RECENT_ERRORS: np.zeros(1)},
        values=np.array([[31.0, 6.0, 15.0]]),
        usual=np.array([[31.04, 1.0, 2.5]]),
    )
    explanation = uncertainty_explanation(basis, found, ExplainOptions(6, "typical", "en", of="interval"))
    lead, _, largest, *_ = explanation["reasons"]
    assert lead.startswith("The uncertainty is greater than usual: demand is 6\u00a0beds above")
    assert "(the same usually" in largest
    assert not uncertainty_disagreements(explanation, "en", 13.5)


@pytest.mark.parametrize(("base", "said"), [(0.0003, True), (0.02, False)])
def test_more_points_than_there_are_are_read_only_added_up(basis: Basis, base: float, said: bool) -> None:
    """0.03 % less 1.2 points is no probability, and plus 3 points it is one; of 2 % the first sentence is as ever."""
    names = [f.name for f in basis.model.features]
    found = replace(
        explain_width(basis),
        base=np.array([base]),
        columns=np.array([[names.index(n) for n in ("above_usual", "usual_level", "demand_now")]]),
        contributions=np.array([[-0.012, 0.008, 0.007]]),
        other=np.zeros(1),
        adjustments={RECENT_ERRORS: np.zeros(1)},
        values=np.array([[6.0, 40.0, 15.0]]),
        usual=np.array([[1.0, 30.0, 2.5]]),
    )
    of_language = {"en": "(points are read only added up,", "fr": "(les points ne se lisent qu'additionnés,"}
    for language, words in of_language.items():
        options = ExplainOptions(6, "typical", language, of="tension")  # type: ignore[arg-type]
        explanation = uncertainty_explanation(basis, found, options)
        assert (words in explanation["reasons"][1]) == said
        assert not uncertainty_disagreements(explanation, language, base + 0.003)  # type: ignore[arg-type]
