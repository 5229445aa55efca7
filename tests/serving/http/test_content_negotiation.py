"""Which form of an answer the sender prefers."""

import pytest

from serving.http.content_negotiation import preferred_type

JSON, HTML = "application/json", "text/html"
BROWSERS = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "text/html, application/xhtml+xml, image/jxr, */*",
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7",
    "text/html, text/plain, text/sgml, text/css, application/xhtml+xml, */*;q=0.01",
    "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",  # Java's own, unless a program sets another
    "TEXT/HTML ; charset=utf-8",
    "application/json;q=0.5, text/html",
    "text/*",
    "application/json;q=0,*/*",
    "text/html;q=0.001",
)
APPLICATIONS = (
    "",
    "*/*",
    "application/json",
    "application/json, text/plain, */*",
    "application/json;odata.metadata=minimal, */*",
    "application/xml, application/json;q=0.9, */*;q=0.8",
    "application/json, text/html",
    "application/*, text/html;q=0.9",
    "text/html;q=0.5, application/json",
    "text/html;q=0",
    "text/html;q=0, */*",
    "text/html;q=much",
    "text/html;q=2",
    "text/html;q=nan",
    "text/html;q=-1",
    "text/html;q=0.0001",
    "image/png",
    "application/xhtml+xml",
    "nottext/html",
    ",,;q=1;,",
)


@pytest.mark.parametrize("accept", BROWSERS)
def test_who_names_html_is_sent_the_page(accept: str) -> None:
    """Every browser names it; anything else it takes for want of it."""
    assert preferred_type(accept, (JSON, HTML)) == HTML


@pytest.mark.parametrize("accept", APPLICATIONS)
def test_everybody_else_is_sent_json(accept: str) -> None:
    """Who says nothing, takes anything, prefers JSON, wants neither, or cannot be understood."""
    assert preferred_type(accept, (JSON, HTML)) == JSON
