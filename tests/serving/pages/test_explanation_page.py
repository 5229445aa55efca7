"""GET /v1/predictions/{id}/explanation.svg and .html: what was answered, drawn in the reader's language."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from hospital.features.feature import Feature
from hospital.words.catalogue import text
from hospital.words.language import Language
from serving.forecasting.comparison import Comparison, compared_with, comparison_of
from serving.forecasting.explanation_text import ExplanationTerms, ExplanationText
from serving.forecasting.hospital.hospital_explanation_text import HospitalExplanationText
from serving.messages.answer_bodies import HospitalPrediction, WaitPrediction
from serving.messages.forecast_parts import Trust, UnitShare
from serving.messages.question_records import ExplainOptions
from serving.pages.explanation_page import waterfall_of
from tests.support.serving_fakes import InProcess, make_parts

VISIT = {"visit_id": "v", "arrived_at": "2025-11-03T02:30:00Z", "triage": "3A"}
NS = "{http://www.w3.org/2000/svg}"


class Asked:
    """A service with a prediction of each kind."""

    def __init__(self, home: Path) -> None:
        self.parts, self.tokens = make_parts(home)
        self.client = InProcess(self.parts)
        wait = self.ask("POST", "/v1/wait-time", json={"visits": [VISIT]}).json()["predictions"][0]
        body = {"units": ["U1"], "horizons_hours": [24], "hospital": True}
        beds = self.ask("POST", "/v1/bed-demand", json=body).json()
        self.made = {"wait": wait, "beds": beds["forecasts"][0], "hospital": beds["hospital"][0]}

    def ask(self, method: str, path: str, role: str = "application", **more: Any) -> Any:
        """With a role's token."""
        return self.client.request(
            method, path, headers={"authorization": f"Bearer {self.tokens[role]}"}, **more
        )

    def explained(self, kind: str, form: str, query: str = "", role: str = "application") -> Any:
        """The explanation of a prediction."""
        path = f"/v1/predictions/{self.made[kind]['prediction_id']}/explanation.{form}{query}"
        return self.ask("GET", path, role)


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    """A service with a prediction of each kind."""
    return Asked(tmp_path / "home")


def _number(words: str) -> float:
    return float(re.search(r"[-−+]?[\d.,]+", words)[0].replace("−", "-").replace(",", "."))  # type: ignore[index]


@pytest.mark.parametrize("kind", ["wait", "beds", "hospital"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_prediction_is_drawn_with_every_number_of_its_answer(
    asked: Asked, kind: str, language: str
) -> None:
    """The picture's numbers add up to the p50 that was answered, as written to a tenth each."""
    response = asked.explained(kind, "svg", f"?language={language}")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("image/svg+xml")
    assert response.headers["content-language"] == language
    root = ET.fromstring(response.text)  # noqa: S314 - of our own making
    written = [t.text or "" for t in root.findall(f"{NS}text") if t.attrib["text-anchor"] == "end"]
    *parts, end = [_number(words) for words in written]
    p50 = asked.made[kind]["wait_minutes" if kind == "wait" else "beds"]["p50"]
    assert end == pytest.approx(p50, abs=0.51 if p50 >= 10 else 0.051)
    assert sum(parts) == pytest.approx(p50, abs=0.55 + 0.05 * len(parts))
    assert len(parts) > 3
    html = asked.explained(kind, "html", f"?language={language}")
    assert html.headers["content-type"].startswith("text/html")
    assert f'lang="{language}"' in html.text
    assert "<script" not in html.text


def test_who_may_not_see_a_prediction_may_not_see_its_picture(asked: Asked) -> None:
    """As the prediction itself: another application's is not there; an operator sees it; without a token nobody."""
    for form in ("svg", "html"):
        assert asked.explained("wait", form, role="operator").status_code == 200
        assert asked.explained("wait", form, role="auditor").status_code == 200
        assert asked.explained("wait", form, role="board").status_code == 403
        missing = asked.ask("GET", f"/v1/predictions/{'0' * 24}/explanation.{form}")
        assert missing.status_code == 404
        assert missing.headers["content-type"].startswith("application/problem+json")
        path = f"/v1/predictions/{asked.made['wait']['prediction_id']}/explanation.{form}"
        assert asked.client.get(path).status_code == 401


@pytest.mark.parametrize("query", ["?colour=blue", "?language=fr&language=en", f"?language={'x' * 40}"])
def test_a_wrong_query_is_a_problem_document(asked: Asked, query: str) -> None:
    """Never a broken picture."""
    for form in ("svg", "html"):
        response = asked.explained("wait", form, query)
        assert response.status_code == 422
        assert response.headers["content-type"].startswith("application/problem+json")


def test_a_language_that_is_not_there_is_french_and_says_so(asked: Asked) -> None:
    """In the picture and in the part of a page; a region of one that is there is that language."""
    for form in ("svg", "html"):
        german = asked.explained("wait", form, "?language=de")
        assert german.headers["content-language"] == "fr"
        assert "La langue demandée" in german.text
        british = asked.explained("wait", form, "?language=en-GB")
        assert british.headers["content-language"] == "en"
        assert "La langue" not in british.text


FEATURES = (
    Feature("ed_waiting", "crowding", "Patients en attente", "Patients waiting"),
    Feature("triage", "patient", "Tri", "Triage"),
    Feature("arrival_mode", "patient", "Mode d'arrivée", "Mode of arrival", levels=("ambulance", "walk_in")),
    Feature("oxygen_change_7d", "covariate", "oxygène", "oxygen"),
)


@pytest.mark.parametrize("reader", ["fr", "en"])
@pytest.mark.parametrize("answered", ["fr", "en"])
@pytest.mark.parametrize("known", [FEATURES, ()])
def test_the_reader_reads_their_own_language_whatever_the_answers(
    reader: str, answered: str, known: tuple[Feature, ...]
) -> None:
    """Every word but the name of a hospital's own variable, which nobody knows any more once its release is gone."""
    options = ExplainOptions(6, "typical", answered)  # type: ignore[arg-type]
    sunday = Comparison(2, 52, int(np.ravel_multi_index((14, 2, 2), (24, 3, 4))))
    terms = ExplanationTerms(
        [0, 2, 1, 3],
        [23.0, 0.0, 2.0, 1.5],
        [14.0, 1.0, 4.0, np.nan],
        [8.2, -3.0, 1.0, 0.5],
        -0.2,
        33.0,
        {},
        None,
        sunday,
    )
    why = ExplanationText(FEATURES, "min", options.language).wait(terms, options)
    made = WaitPrediction(
        prediction_id="0" * 24,
        visit_id="v",
        prediction_time="2025-11-02T14:30:00Z",  # type: ignore[arg-type]
        wait_minutes={"p10": 10.0, "p50": 39.5, "p90": 90.0},
        explanation=why,
        trust=Trust(status="trusted", warnings=()),
    )
    drawn = waterfall_of(made, known, {}, ZoneInfo("Europe/Paris"), reader)  # type: ignore[arg-type]
    french = [
        "23 patients attendent déjà (14 d'habitude)",
        "Mode d'arrivée, ambulance (à pied d'habitude)",
        "Niveau de tri 2 (4 d'habitude)",
    ]
    english = [
        "23 patients are already waiting (14 usually)",
        "Mode of arrival, ambulance (walked in usually)",
        "Triage level 2 (4 usually)",
    ]
    said = [step.about for step in drawn.steps]
    assert said[:3] == (french if reader == "fr" else english)
    compared = {
        "fr": "Comparé à ce qu'il en est d'habitude vers cette heure, un dimanche ou un jour férié (52 cas).",
        "en": "Compared with what there is usually around this hour on Sundays and public holidays (52 cases).",
    }[reader]
    assert tuple(drawn.notes) == (compared,)
    label = "Oxygène" if (reader if known else answered) == "fr" else "Oxygen"
    assert said[3] == f"{label}, {'1,5' if reader == 'fr' else '1.5'}"
    assert said[4] == ("Tous les autres facteurs" if reader == "fr" else "All other factors")
    assert drawn.start[1] + sum(step.change for step in drawn.steps) == pytest.approx(39.5)


@pytest.mark.parametrize("reader", ["fr", "en"])
@pytest.mark.parametrize("answered", ["fr", "en"])
def test_a_picture_shows_no_more_trust_than_its_answer(reader: Language, answered: Language) -> None:
    """Of a baseline, too, of which no feature says anything: its warnings where the reader speaks their language, else
    that it is to be taken with caution, where it is."""
    options = ExplainOptions(6, "typical", answered)
    outside = text("trust.outside", answered)
    why = ExplanationText(FEATURES, "min", answered).wait(
        ExplanationTerms([], [], [], [], 0.0, 40.0, {}, "usual_hour"), options
    )
    made = WaitPrediction(
        prediction_id="0" * 24,
        visit_id="v",
        prediction_time="2025-11-02T14:30:00Z",  # type: ignore[arg-type]
        wait_minutes={"p10": 10.0, "p50": 40.0, "p90": 90.0},
        explanation=why,
        trust=Trust(status="baseline", warnings=(outside,)),
    )
    stale = (text("trust.stale", answered), outside)
    caution = {"fr": "À prendre avec prudence.", "en": "Take with caution."}[reader]
    for status, warnings, otherwise in (("baseline", (outside,), ()), ("degraded", stale, (caution,))):
        given = made.model_copy(update={"trust": {"status": status, "warnings": warnings}})
        drawn = waterfall_of(given, FEATURES, {}, ZoneInfo("Europe/Paris"), reader)
        assert tuple(drawn.notes) == (warnings if reader == answered else otherwise)
        assert drawn.start[0] == text("reasons.baselines.usual_hour", reader).partition(",")[0]


@pytest.mark.parametrize("widening", [0, 1, 2, 3])
@pytest.mark.parametrize("situation", [0, 11, 150, 287])
def test_a_comparison_is_read_back_from_an_answer(widening: int, situation: int) -> None:
    """As wide, of as many cases, and in the same words for applications."""
    there = Comparison(widening, 41, situation)
    read = comparison_of(compared_with(there))
    assert read is not None
    assert (read.widening, read.cases) == (widening, 41)
    assert compared_with(read) == compared_with(there)
    assert comparison_of(None) is None


def test_a_total_is_drawn_in_the_words_of_a_total() -> None:
    """Patients wait for a bed of a unit, and not of the unit: as in the sentences of its answer."""
    features = (Feature("waiting_for_bed", "flow", "En attente d'un lit", "Waiting for a bed", "patients"),)
    options = ExplainOptions(6, "typical", "fr")
    terms = ExplanationTerms([0], [13.0], [9.0], [-2.5], 0.0, 480.0, {"unit_offset": 1.5})
    why = HospitalExplanationText(features, "fr").explanation(terms, options, 481.0)
    made = HospitalPrediction(
        prediction_id="0" * 24,
        horizon_hours=24.0,
        target_at="2025-11-03T14:30:00Z",  # type: ignore[arg-type]
        mean=479.0,
        beds={"p10": 470.0, "p50": 479.0, "p90": 490.0},
        staffed=None,
        tension_probability=None,
        units=tuple(UnitShare(unit=u, mean=96.0, answered_by="model") for u in "ABCDE"),
        explanation=why,
        trust=Trust(status="trusted", warnings=()),
    )
    drawn = waterfall_of(made, features, {}, ZoneInfo("Europe/Paris"), "fr")
    assert drawn.steps[0].about == "13 patients attendent un lit d'une unité"
    assert why["reasons"][1].startswith(drawn.steps[0].about)
    lacking = replace(terms, values=[np.nan], partly_unknown={0: (2, 5)})
    why = HospitalExplanationText(features, "fr").explanation(lacking, options, 481.0)
    assert [c.get("unknown_units") for c in why["contributions"]] == [2]
    for language in ("fr", "en"):
        words = HospitalExplanationText(features, language).explanation(  # type: ignore[arg-type]
            lacking, replace(options, language=language), 481.0
        )
        half_known = made.model_copy(update={"explanation": why})
        drawn = waterfall_of(half_known, features, {}, ZoneInfo("Europe/Paris"), language)  # type: ignore[arg-type]
        assert words["reasons"][1].startswith(f"{drawn.steps[0].about}")
        assert "2" in drawn.steps[0].about
