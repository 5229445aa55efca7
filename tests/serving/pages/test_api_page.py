"""The page of the API: all of the document, in both languages, from our own files alone."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest

from assembly.routes import ENDPOINTS
from hospital.words.catalogue import has_text
from serving.gateway.openapi import build_document
from tests.support.serving_fakes import InProcess, make_parts


@pytest.fixture
def client(tmp_path: Path) -> Iterator[InProcess]:
    """The real routes."""
    parts, _ = make_parts(tmp_path / "home")
    yield InProcess(parts)
    parts.workers.close()
    parts.readiness.close()
    parts.engine.dispose()


def _page(client: InProcess, language: str) -> httpx.Response:
    response = client.get(f"/docs?language={language}")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/html")
    return response


@pytest.mark.parametrize(
    ("language", "words"), [("fr", "Lits nécessaires par unité"), ("en", "Beds needed per unit")]
)
def test_every_operation_and_every_field_is_on_the_page(client: InProcess, language: str, words: str) -> None:
    """Without a token; what the document has, the page has, and its own words are in the language asked for."""
    page = unescape(_page(client, language).text)
    document = build_document(ENDPOINTS)
    assert f'<html lang="{language}">' in page
    assert words in page
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert f'id="{operation["operationId"]}-{method}"><code>{method.upper()} {path}</code>' in page
    for name, schema in document["components"]["schemas"].items():
        own = page.partition(f'<h2 id="{name}">')[2].partition("</section>")[0]
        fields = re.findall(r'<th scope="row"><code>(\w+)</code>', own)
        assert fields == list(schema.get("properties", {})), name
    assert "obligatoire" in page or language == "en"


def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(client: InProcess) -> None:
    """Anchors are on the page, files are ours; no script, and the policy allows none."""
    response = _page(client, "fr")
    links = re.findall(r'(?:href|src)="([^"]*)"', response.text)
    assert len(links) > 50
    for link in dict.fromkeys(map(unescape, links)):
        if link.startswith("#"):
            assert response.text.count(f'id="{link[1:]}"') == 1, link
        else:
            assert link.startswith("/"), link
            assert client.get(link).status_code in (200, 303, 401), link
    assert "<script" not in response.text
    assert "style=" not in response.text
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self';")


def test_the_kinds_and_limits_of_fields_are_said(client: InProcess) -> None:
    """Of a nested list, of null, of numbers and of texts."""
    page = unescape(re.sub(r"</?(a|code|td|span)[^>]*>", " ", _page(client, "en").text))
    rows = [" ".join(line.split()) for line in page.splitlines()]
    assert any('<th scope="row"> visits required </th> VisitToForecast []' in row for row in rows)
    assert any("age_years" in row and "| null" in row and "≥ 0" in row for row in rows)
    assert any(
        "visit_id required" in row and "at least 1 character, at most 64 characters" in row for row in rows
    )
    assert any("visits required" in row and "at least 1 entry, at most 1,000 entries" in row for row in rows)


def test_every_operation_has_words_in_both_languages() -> None:
    """A route without them is still on the page, with the document's English."""
    operations = [o for path in build_document(ENDPOINTS)["paths"].values() for o in path.values()]
    named = {o["operationId"] for o in operations}
    assert [name for name in sorted(named) if not has_text(f"api.operation.{name}")] == []
