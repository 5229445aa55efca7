"""What a recommendation said stays, in each language, whatever becomes of the service, its policies and its names."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from serving.gateway.service_parts import Parts
from serving.interface.bed_forecasts import unit_labels
from serving.interface.recommendations.audit import edited
from serving.releases.releases_in_use import Releases
from tests.centre.decisions.policy_texts import policy_text
from tests.centre.recommendations.situations import LEVELS, Hospital
from tests.support.serving_fakes import FakeReleases

HOOK = '[[webhooks]]\nname = "bed-board"\nurl = "http://127.0.0.1:9/hook"\n'
FRENCH, ENGLISH = "3 sorties prévues avant midi", "3 discharges due before noon"
_REASON, _CHANGED = "Information que la prévision n’a pas", "Un tout autre motif"


@pytest.fixture
def hospital(quick_path: Path) -> Hospital:
    """U3 is expected to need more beds than have staff; the service speaks French."""
    return Hospital(quick_path, more=HOOK)


def only(hospital: Hospital, language: str = "fr", state: str = "open") -> dict[str, Any]:
    """The one recommendation, as it is answered in a language."""
    (one,) = hospital.listed(f"?language={language}&state={state}")
    return one


def in_numbers(explanation: dict[str, Any]) -> list[float]:
    """All numbers that add up."""
    parts = explanation["contributions"] + explanation["adjustments"]
    return [explanation["base"], *(p["contribution"] for p in parts), explanation["other"]]


def test_reasons_are_read_in_the_reader_s_language_whatever_the_service_s(hospital: Hospital) -> None:
    """By HTTP and on the page; the numbers are the same, and the language is stated."""
    french, english = only(hospital)["expected"], only(hospital, "en")["expected"]
    assert (french["language"], english["language"]) == ("fr", "en")
    assert FRENCH in french["explanation"]["reasons"][-1]
    assert ENGLISH in english["explanation"]["reasons"][-1]
    assert in_numbers(french["explanation"]) == in_numbers(english["explanation"])
    assert french["prediction_id"] == english["prediction_id"]
    path = f"/decide/{only(hospital)['recommendation_id']}"
    pages = {language: hospital.get(f"{path}?language={language}").text for language in ("fr", "en")}
    assert FRENCH in pages["fr"]
    assert ENGLISH not in pages["fr"]
    assert ENGLISH in pages["en"]
    assert FRENCH not in pages["en"]


def test_a_decision_is_answered_in_the_language_that_it_is_asked_for_in(hospital: Hospital) -> None:
    """As is the one recommendation by its id."""
    path = f"/v1/recommendations/{only(hospital)['recommendation_id']}"
    assert hospital.get(f"{path}?language=en").json()["expected"]["language"] == "en"
    body = {"decision": "accept", "reason_code": "as_recommended", "reason": "seen"}
    made = hospital.send(f"{path}/decisions?language=en", body)
    assert made.json()["expected"]["language"] == "en"
    assert ENGLISH in made.json()["expected"]["explanation"]["reasons"][-1]


def renamed(parts: Parts) -> None:
    """Every unit of the release has another name, and the service another language."""
    model = parts.releases.current("bed-demand")
    units = tuple(replace(u, label=f"New {u.unit}") for u in model.units)
    parts.releases = Releases(FakeReleases({"bed-demand": replace(model, units=units), "wait-time": None}))
    parts.releases.refresh()
    assert unit_labels(parts, "fr")["U3"] == "New U3"
    parts.language = "en"


def test_what_was_seen_stays_when_names_titles_and_the_service_s_language_change(hospital: Hospital) -> None:
    """Unit, level, reason and sentences are those of the decision, on every page and in the export."""
    before = only(hospital)
    hospital.decide(before["recommendation_id"], "reject", reason_code="known_better", reason="seen")
    renamed(hospital.parts)
    assert _REASON in policy_text()
    changed = policy_text(more=HOOK).replace(_REASON, _CHANGED)
    (hospital.home / "decisions.toml").write_text(changed, "utf-8")
    (hospital.home / "levels.toml").write_text(LEVELS.replace('"Tendu"', '"Tout autre"'), "utf-8")
    after = only(hospital, state="closed")
    same = ("unit_name", "level_title", "expected", "evidence", "step", "protocol_title", "protocol_language")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    decision = after["decision"]
    assert (decision["unit_name"]["fr"], decision["level_title"]["fr"]) == (
        "Court séjour gériatrique",
        "Tendu",
    )
    assert decision["reason_title"]["fr"] == _REASON
    pages = [hospital.get("/history?language=fr&unit=U3").text]
    pages.append(hospital.get(f"/decide/{before['recommendation_id']}?language=fr").text)
    for page in pages:
        assert "Court séjour gériatrique" in page
        assert _REASON in page
        assert _CHANGED not in page
    with hospital.parts.engine.connect() as connection:
        assert edited(connection) == []


@pytest.mark.parametrize(
    ("language", "level", "reason"),
    [("fr", "Tendu", _REASON), ("en", "Tense", "Information that the forecast lacks")],
)
def test_the_export_is_in_a_language_and_states_it(
    hospital: Hospital, language: str, level: str, reason: str
) -> None:
    """A person's own words are as they were written."""
    hospital.decide(only(hospital)["recommendation_id"], "reject", reason_code="known_better", reason="vu")
    for path in ("/history.csv?", "/v1/decisions?format=csv&"):
        table = hospital.get(f"{path}language={language}").text.removeprefix("\ufeff")
        (row,) = csv.DictReader(io.StringIO(table))
        assert (row["level_title"], row["reason_title"], row["language"]) == (level, reason, language)
        assert (row["level"], row["reason_code"], row["reason"]) == ("tense", "known_better", "vu")


def test_applications_get_titles_in_each_language_and_which_is_the_protocol_s(
    hospital: Hospital,
) -> None:
    """Beside the codes, and without a person's words."""
    hospital.decide(only(hospital)["recommendation_id"], "reject", reason_code="known_better", reason="vu")
    with hospital.parts.engine.connect() as connection:
        (body,) = connection.execute(text("SELECT body FROM webhook_outbox")).scalars()
    told = json.loads(body)
    assert told["level_title"] == {"fr": "Tendu", "en": "Tense"}
    assert told["reason_title"]["en"] == "Information that the forecast lacks"
    assert (told["protocol_title"], told["protocol_language"]) == ("Ouvrir les lits de réserve", "fr")
    assert "vu" not in told.values()


def test_one_that_was_stored_in_one_language_is_read_as_it_was_shown(hospital: Hospital) -> None:
    """Its language is not known, and nothing is put in its place."""
    made = only(hospital)["recommendation_id"]
    with hospital.parts.engine.begin() as connection:
        (stored,) = connection.execute(text("SELECT content FROM recommendations")).scalars()
        content = json.loads(stored)
        forecast, _ = content["forecast"], content.pop("unit_name")
        said = forecast.pop("wordings")["fr"]
        forecast["explanation"], forecast["trust"]["warnings"] = said["explanation"], said["warnings"]
        connection.execute(
            text("UPDATE recommendations SET content = :content"), {"content": json.dumps(content)}
        )
    expected = only(hospital, "en")["expected"]
    assert expected["language"] is None
    assert FRENCH in expected["explanation"]["reasons"][-1]
    assert FRENCH in hospital.get(f"/decide/{made}?language=en").text
