"""A problem as a page: who opens a page in a browser reads words, and applications get JSON as ever."""

from pathlib import Path

import pytest

from hospital.words.language import LANGUAGES
from serving.errors import Problem, RequestFault
from serving.http.problem_page import refusal
from serving.http.problems import PROBLEM_JSON, invalid
from tests.support.serving_fakes import InProcess, make_parts

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
GONE = Problem(404, "unknown_unit", "problems.unknown_unit_page")


@pytest.mark.parametrize(
    "accept", ["", "*/*", "application/json", "application/problem+json, text/html;q=0.5"]
)
def test_who_does_not_prefer_a_page_gets_json(accept: str) -> None:
    """Programs get what they always got."""
    found = refusal(GONE, "r1", "fr", "/pilotage/unit", accept)
    assert found.media_type == PROBLEM_JSON


def test_routes_of_applications_answer_in_json_to_a_browser_too() -> None:
    """What the interface documents is what it answers."""
    assert refusal(GONE, "r1", "fr", "/v1/tension", BROWSER).media_type == PROBLEM_JSON


def test_a_browser_reads_what_is_wrong_and_where_to_go() -> None:
    """Title, what is wrong, the way back, and the reference for whoever runs the service; the status stays."""
    found = refusal(GONE, "abc123", "fr", "/pilotage/unit", BROWSER)
    page = bytes(found.body).decode()
    assert (found.status_code, found.media_type) == (404, "text/html")
    assert "<h1>Il n&#39;y a rien ici</h1>" in page
    assert "Cette unité n&#39;existe pas ici\u00a0: voir la page Pilotage." in page
    assert '<a href="/?language=fr">Revenir à l’accueil</a>' in page
    assert "abc123" in page
    assert '{"' not in page


def test_every_fault_stands_on_the_page() -> None:
    """All at once, each with its place, and nothing says to look elsewhere for them."""
    problem = invalid(
        [RequestFault("query", "unknown_parameter", "problems.faults.unknown_parameter") for _ in range(2)]
    )
    page = bytes(refusal(problem, "r1", "fr", "/pilotage/unit", BROWSER).body).decode()
    assert page.count("<li>query\u00a0: ") == 2
    assert "errors" not in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_that_is_not_there(quick_path: Path, language: str) -> None:
    """The whole service: an unknown address, as a browser and as a program ask for it."""
    parts, _ = make_parts(quick_path / "home")
    client = InProcess(parts)
    page = client.get(f"/nowhere?language={language}", headers={"accept": BROWSER})
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert f'<html lang="{language}">' in page.text
    assert client.get("/nowhere").json()["code"] == "unknown_route"
    parts.workers.close()
    parts.engine.dispose()
