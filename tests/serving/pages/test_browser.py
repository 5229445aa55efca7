"""The start page in a real browser: what a bed manager sees, and that nothing else is asked for."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serving.http.authentication import entry_link
from tests.support.running_service import Running, run_service

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Path]]:
    """The service, and its home."""
    home = tmp_path_factory.mktemp("browser")
    with run_service(home) as found:
        yield found, home


@pytest.mark.parametrize("size", [(390, 844), (1920, 1080)], ids=["phone", "wall"])
def test_the_start_page(running: tuple[Running, Path], browser: Any, size: tuple[int, int]) -> None:
    """Opened by the link: panels, pictures, reasons; no error, nothing from elsewhere, nothing too wide."""
    service, home = running
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    errors: list[str] = []
    asked: list[str] = []
    page.on(
        "console",
        lambda message: errors.append(message.text) if message.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(service.url + entry_link(home, service.tokens["operator"]))
    assert page.url == f"{service.url}/?language=fr"
    assert page.locator("svg.picture polygon.fan").count() == 4
    assert page.locator("svg.picture polyline.history").count() == 4
    assert page.locator("article.wait").count() == 5
    assert page.locator("article.unit h2").first.inner_text().startswith("Court séjour gériatrique")
    assert page.locator(".reasons li").count() > 10
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shown = os.environ.get("VIGIE_SCREENSHOTS")
    if shown:
        page.screenshot(path=f"{shown}/start-{size[0]}.png", full_page=True)
        page.emulate_media(color_scheme="dark")
        page.screenshot(path=f"{shown}/start-{size[0]}-dark.png", full_page=True)
    page.get_by_text("English").click()
    assert page.locator("h1#beds").inner_text() == "Bed demand"
    page.get_by_text("Sign out").click()
    assert page.url.endswith("/sign-in")
    page.get_by_label("Jeton d’accès").fill(service.tokens["operator"])
    page.get_by_role("button", name="Entrer").click()
    assert page.locator("h1#beds").inner_text() == "Besoin en lits"
    assert errors == []
    assert asked
    assert all(url.startswith(service.url) for url in asked)
    page.close()


_OUT_OF_COLUMN = """[...document.querySelectorAll('main td, main th, main h1, main h2, main p, main li')]
    .filter((e) => !e.closest('.heads') && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline'
        && !e.closest('.operation'))
    .map((e) => e.tagName + ' ' + e.innerText.slice(0, 40))"""
"""What is wider than its place; the interface's tables scroll by themselves."""


@pytest.mark.parametrize("path", ["/", "/monitoring", "/docs", "/first-steps", "/nowhere"])
def test_on_the_narrowest_phone_everything_keeps_to_its_place(
    running: tuple[Running, Path], browser: Any, path: str
) -> None:
    """360 px: no cell runs into the next one, no page is wider than the screen, and a problem is a page, too."""
    service, home = running
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.goto(service.url + entry_link(home, service.tokens["operator"]))
    page.goto(f"{service.url}{path}?language=fr")
    assert page.locator("header.top").count() == 1
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate(_OUT_OF_COLUMN) == []
    page.close()
