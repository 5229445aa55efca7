"""Problems are said in the language of who asks: title, detail and messages; codes and paths are the same in all."""

from typing import Any

import pytest

from serving.gateway.service_parts import Parts
from serving.http.content_negotiation import preferred_language
from tests.support.serving_fakes import InProcess

BROWSER = "fr-FR,fr;q=0.9,en-US;q=0.8,en;q=0.7"


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "en"),
        ("*", "en"),
        ("de", "en"),
        ("fr", "fr"),
        ("FR-ca", "fr"),
        (BROWSER, "fr"),
        ("en-GB, fr;q=0.9", "en"),
        ("en;q=0.5, fr", "fr"),
        ("de, fr;q=0.2", "fr"),
        ("fr, en", "fr"),
        ("en, fr", "en"),
        ("fr;q=0", "en"),
        ("frr", "en"),
        ("fr;q=much", "en"),
        (";;,=", "en"),
    ],
)
def test_the_language_that_is_accepted_most(accept: str, language: str) -> None:
    """By quality, of several alike the first; English, in which the interface is documented, for want of one."""
    assert preferred_language(accept) == language


def _asked(found: tuple[Parts, dict[str, str]], path: str, content: bytes | None, language: str) -> Any:
    headers = {"authorization": f"Bearer {found[1]['admin']}", "content-type": "application/json"}
    if language:
        headers["accept-language"] = language
    method = "GET" if content is None else "POST"
    return InProcess(found[0]).request(method, path, content=content, headers=headers).json()


CASES = [
    ("/v1/nothing", None),
    ("/v1/wait-time", b"{"),
    ("/v1/wait-time", b'{"visits": [], "more": 1}'),
    ("/v1/wait-time", b'{"visits": [{"visit_id": "a", "department": 3, "left_at": 1}], "at": "now"}'),
    ("/v1/bed-demand", b'{"units": ["A", "A"], "horizons_hours": []}'),
    ("/v1/observations", b'{"stays": [{"stay_id": "s", "unit": " ", "entered_at": "2026-13-01"}]}'),
    ("/v1/observations", b"{}"),
    ("/v1/decisions?limit=0", None),
    ("/v1/tension?as_of=tomorrow", None),
]


@pytest.mark.parametrize(("path", "content"), CASES)
def test_a_problem_is_said_in_the_language_of_who_asks(
    parts_and_tokens: tuple[Parts, dict[str, str]], path: str, content: bytes | None
) -> None:
    """What a person reads differs, what a machine reads does not; nothing is left in the other language."""
    french, english = (_asked(parts_and_tokens, path, content, name) for name in (BROWSER, "en"))
    for name in ("type", "status", "code"):
        assert french[name] == english[name]
    for name in ("title", "detail"):
        assert french[name] != english[name], french[name]
    faults = list(zip(french["errors"], english["errors"], strict=True))
    for one, other in faults:
        assert (one["path"], one["code"]) == (other["path"], other["code"])
        assert one["message"] != other["message"], one["message"]
    assert _asked(parts_and_tokens, path, content, "")["detail"] == english["detail"]


def test_an_address_that_names_the_language_of_its_page_is_answered_in_it(
    parts_and_tokens: tuple[Parts, dict[str, str]],
) -> None:
    """Whatever the browser would like best."""
    wanted = _asked(parts_and_tokens, "/nothing?language=fr", None, "en")
    assert wanted["title"] == "Il n'y a rien ici"
    assert _asked(parts_and_tokens, "/nothing?language=xx", None, "")["title"] == "There is nothing here"
