"""A link of this home leads to its own pages."""

from pathlib import Path

import pytest

from registry.record.database import opened_database
from serving.http.authentication import Authority, entry_link

TOKEN = "vigie_0123456789ab_x"


def opened(home: Path, page: str) -> str:
    """Where a link to this page leads."""
    with opened_database(f"sqlite:///{home / 'vigie.db'}") as engine:
        code = entry_link(home, TOKEN, page).removeprefix("/enter/")
        return Authority(engine, home).opened_page(code)


@pytest.mark.parametrize(
    "page",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "",
        "/\t/evil.example",
        "/a\r\nset-cookie: x",
        "\\\\evil.example",
        "evil.example",
        "/ /evil.example",
        "/a\\..\\b",
    ],
)
def test_no_link_leads_elsewhere(tmp_path: Path, page: str) -> None:
    """Whoever typed it: a browser takes two slashes, or one that leans back, for another host."""
    assert opened(tmp_path, page) == "/"


@pytest.mark.parametrize("page", ["/", "/monitoring", "/predictions/a1?language=fr&x=%2F", "/pilotage/réa"])
def test_a_page_of_ours_is_opened(tmp_path: Path, page: str) -> None:
    """As it was named."""
    assert opened(tmp_path, page) == page
