"""The page Pilotage in a real browser, on a phone and on a wall: nothing is too wide, nothing comes from elsewhere."""

from pathlib import Path
from typing import Any

import pytest

from serving.http.authentication import entry_link
from tests.support.running_service import run_service

pytestmark = pytest.mark.browser


def test_nothing_overflows_and_nothing_comes_from_elsewhere(tmp_path: Path, browser: Any) -> None:
    with run_service(tmp_path) as service:
        page = browser.new_page()
        errors: list[str] = []
        asked: list[str] = []
        page.on("console", lambda m: errors.append(m.text) if m.type in ("error", "warning") else None)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(service.url + entry_link(tmp_path, service.tokens["operator"]))
        for width in (360, 1920):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(f"{service.url}/pilotage?language=fr")
            assert page.locator("h1.first").inner_text().startswith("À regarder d’abord : Court séjour")
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
            assert page.locator("svg.chance").first.bounding_box()["width"] > 200
        page.locator("article.unit h2 a").first.click()
        assert page.url.endswith("#unit-U3")
        assert page.locator("[id='unit-U3'] svg.picture").count() == 1
        assert errors == []
        assert all(url.startswith(service.url) for url in asked)
        page.close()
