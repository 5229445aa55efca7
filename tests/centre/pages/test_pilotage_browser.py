"""The page Pilotage in a real browser, on a phone and on a wall: nothing is too wide, nothing comes from elsewhere."""

from pathlib import Path
from typing import Any

import pytest

from serving.http.authentication import entry_link
from tests.support.running_service import run_service

pytestmark = pytest.mark.browser
_CUT = """[...document.querySelectorAll('main h1, main h2, main th, main td, main dt, main dd, main li, main p')]
    .filter((e) => !e.closest('thead') && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline')
    .map((e) => e.tagName + ' ' + e.innerText.slice(0, 40))"""
"""What is wider than its place."""


def test_nothing_overflows_and_nothing_comes_from_elsewhere(tmp_path: Path, browser: Any) -> None:
    with run_service(tmp_path) as service:
        page = browser.new_page()
        errors: list[str] = []
        asked: list[str] = []
        page.on("console", lambda m: errors.append(m.text) if m.type in ("error", "warning") else None)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(service.url + entry_link(tmp_path, service.tokens["operator"]))
        for width in (360, 1280, 1920):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(f"{service.url}/pilotage?language=fr")
            assert page.locator("h1.first").inner_text().startswith("À regarder d’abord\u00a0: Court séjour")
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
            assert page.evaluate(_CUT) == []
            row = page.locator("tr[data-unit=U3]")
            assert row.locator("th svg.sign_high").is_visible()
            assert (
                "tension probable" in row.locator("th").inner_text()
            )  # a word and a shape beside the colour
        assert (
            page.evaluate("parseFloat(getComputedStyle(document.querySelector('td.chance strong')).fontSize)")
            >= 30
        )
        assert page.get_by_role("row").count() == 1 + 1 + 4
        page.locator("tr[data-unit=U3] a").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/pilotage/unit?*unit=U3")
        for width in (360, 1280, 1920):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert page.locator("svg.picture").count() == 1
        page.get_by_role("link", name="← Pilotage").click()
        page.get_by_role("link", name="Prévisions").click()
        page.get_by_role("link", name="Pilotage").click()
        assert page.url == f"{service.url}/pilotage?language=fr"
        assert errors == []
        assert all(url.startswith(service.url) for url in asked)
        page.close()
