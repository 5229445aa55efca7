"""`make pictures`: every page as people see it, at three widths, light and grey, of the demo at its hour.

The demo is made once and kept (`.bench/pictures`); its service runs as hospitals run it while its pages are
photographed. Look at each: nothing overlaps, nothing is cut, and the sentence at the top says what to look at first.
"""

import subprocess
import sys
from pathlib import Path

import httpx

from cli.demo.service_process import service
from cli.demo.steps import make_token
from hospital.times import moment
from registry.settings import Settings
from serving.http.authentication import entry_link
from tests.support.repository import ROOT
from tests.support.running_service import free_port

__all__ = ["PAGES", "photograph", "photograph_demo"]

FOLDER = ROOT / ".bench" / "pictures"
WIDTHS = (360, 1280, 1920)
PAGES = {
    "start": "/?language={language}",
    "pilotage": "/pilotage?language={language}",
    "unit": "/pilotage/unit?language={language}&unit=MED-A",
    "decide": "/decide?language={language}",
    "decide-one": "/decide/{recommendation}?language={language}",
    "history": "/history?language={language}",
    "practice": "/practice?language={language}",
    "practice-search": "/practice?language={language}&words=lits&unit=MED-A",
    "protocol": "/practice/protocol?language={language}&id=lits-de-reserve",
    "monitoring": "/monitoring?language={language}",
    "sign-in": "/sign-in?language={language}",
    "api": "/docs?language={language}",
}
"""Pages by the name of their picture."""
_GREY = (
    "document.documentElement.animate([{filter: 'grayscale(1)'}], {duration: 1, fill: 'forwards'}).finish()"
)


def main() -> int:
    """Makes the pictures, and says where they are."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    port = free_port()
    demo = [sys.executable, "-m", "cli", "demo", "--no-serve", "--port", str(port)]
    subprocess.run(demo, cwd=FOLDER, check=True)
    names = photograph_demo(Settings(home=FOLDER / "vigie-demo", port=port), FOLDER / "pages")
    sys.stdout.write(f"{len(names)} pictures in {(FOLDER / 'pages').relative_to(ROOT)}\n")
    return 0


def photograph_demo(settings: Settings, out: Path) -> list[str]:
    """The pages of a demo that was made, at its hour; returns the pictures' names."""
    out.mkdir(parents=True, exist_ok=True)
    url, token = f"http://127.0.0.1:{settings.port}", make_token(settings)
    with service(settings, moment(0)):  # its clock begins at the last that it received
        asked = {"authorization": f"Bearer {token}"}
        found = httpx.get(f"{url}/v1/recommendations", headers=asked, timeout=60).json()["recommendations"]
        link = entry_link(settings.home, token, roles=("operator", "board", "auditor", "admin"))
        return photograph(url, link, found[0]["recommendation_id"], out)


def photograph(
    url: str, link: str, recommendation: str, out: Path, languages: tuple[str, ...] = ("fr", "en")
) -> list[str]:
    """Each page at each width, in French light and grey, and at the widest in English; returns the pictures' names."""
    from playwright.sync_api import sync_playwright

    names = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        page = browser.new_page()
        page.goto(url + link)
        for name, path in PAGES.items():
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 1080 if width > 400 else 740})
                for language in languages if width == WIDTHS[-1] else languages[:1]:
                    page.goto(url + path.format(language=language, recommendation=recommendation))
                    for look in ("light", "grey") if language == "fr" else ("light",):
                        picture = f"{name}-{width}-{language}-{look}.png"
                        if look == "grey":
                            page.evaluate(_GREY)
                        page.screenshot(path=str(out / picture), full_page=width != WIDTHS[-1])
                        names.append(picture)
        browser.close()
    return names


if __name__ == "__main__":
    raise SystemExit(main())
