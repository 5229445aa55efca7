"""A browser without a session is sent to the way in, and comes back to the page it was on: never to another site."""

from pathlib import Path

import pytest

from serving.gateway.way_in import own_page
from tests.support.serving_fakes import InProcess, make_parts

HTML = {"accept": "text/html"}


@pytest.fixture
def service(quick_path: Path) -> tuple[InProcess, str]:
    """A service, and the token of somebody who sees its pages."""
    parts, tokens = make_parts(quick_path)
    return InProcess(parts), tokens["operator"]


def test_whoever_signs_in_comes_back_to_the_page(service: tuple[InProcess, str]) -> None:
    """With its query and in its language; not with what a page that renews itself adds."""
    client, token = service
    asked = client.get("/?language=en&renewed=1", headers=HTML)
    assert asked.headers["location"] == "/sign-in?language=en&back=%2F%3Flanguage%3Den"
    page = client.get(asked.headers["location"], headers=HTML)
    assert '<input type="hidden" name="back" value="/?language=en">' in page.text
    assert "session" not in page.text
    entered = client.request("POST", "/sign-in", data={"token": token, "back": "/decide/r1?language=en"})
    assert (entered.status_code, entered.headers["location"]) == (303, "/decide/r1?language=en")
    wrong = client.request("POST", "/sign-in", data={"token": "vigie_x_y", "back": "/decide/r1"})
    assert (wrong.status_code, 'name="back" value="/decide/r1"' in wrong.text) == (403, True)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", "rien du formulaire n’a été enregistré"),
        ("en", "nothing of the form was recorded"),
    ],
)
def test_a_session_that_ended_in_the_middle_of_a_form_is_said(
    service: tuple[InProcess, str], language: str, said: str
) -> None:
    """The way back is the page that the form stood on, as the browser names it."""
    client, _ = service
    sent = {"referer": f"http://vigie/?language={language}", "origin": "http://vigie"}
    answer = client.request("POST", "/decisions", data={"reason": "Seen"}, headers=HTML | sent)
    assert answer.status_code == 303
    page = client.get(answer.headers["location"], headers=HTML).text
    assert said in page
    assert f'name="back" value="/?language={language}"' in page
    other = {"referer": "http://elsewhere.example/decide", "origin": "http://vigie"}
    answer = client.request("POST", "/decisions", data={"reason": "Seen"}, headers=HTML | other)
    assert answer.headers["location"] == "/sign-in?unsaved=yes"


@pytest.mark.parametrize(
    "address",
    [
        "//elsewhere.example",
        "/\\elsewhere.example",
        "https://elsewhere.example/",
        "elsewhere.example",
        "/decide\r\nset-cookie: a=b",
        "/decide#top",
        "javascript:alert(1)",
        "/" + "a" * 300,
        "",
    ],
)
def test_nothing_but_a_page_of_this_service_is_gone_back_to(
    service: tuple[InProcess, str], address: str
) -> None:
    """The start page opens in its place."""
    client, token = service
    assert own_page(address) == ""
    entered = client.request("POST", "/sign-in", data={"token": token, "back": address, "language": "en"})
    assert entered.headers["location"] == "/?language=en"
