"""`make pictures`: every page as people see it, at three widths, light and grey, of a small hospital that lives.

A simulated hospital with trained and released models is made once and kept (`.bench/pictures`); the service runs as
hospitals run it, and receives what happens while its pages are photographed. Look at each: nothing overlaps, nothing
is cut.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import httpx

from hospital.times import moment
from registry.settings import Settings
from serving.http.authentication import entry_link
from tests.support.practice_home import write_practice
from tests.support.repository import ROOT
from tests.support.running_service import free_port, wait_until_ready
from tests.support.small_demo import make_small_demo

__all__ = ["PAGES", "photograph"]

FOLDER = ROOT / ".bench" / "pictures"
WIDTHS = (360, 1280, 1920)
PAGES = {
    "start": "/?language={language}",
    "pilotage": "/pilotage?language={language}",
    "decide": "/decide?language={language}",
    "unit": "/pilotage/unit?language={language}&unit={unit}",
    "practice": "/practice?language={language}",
    "practice-search": "/practice?language={language}&words=lits&unit={unit}",
    "protocol": "/practice/protocol?language={language}&id=reserve-beds",
    "monitoring": "/monitoring?language={language}",
    "sign-in": "/sign-in?language={language}",
    "api": "/docs?language={language}",
}
"""Pages by the name of their picture."""
_GREY = (
    "document.documentElement.animate([{filter: 'grayscale(1)'}], {duration: 1, fill: 'forwards'}).finish()"
)
LEVELS = """name = "pictures"
version = 1
title = { fr = "Niveaux de démonstration", en = "Levels of a demonstration" }
source = "a demonstration"

[[levels]]
name = "full"
title = { fr = "Lits armés dépassés", en = "Above staffed beds" }
probability = 0.3
conditions = [{ indicator = "beds_needed_above_staffed", side = "above", threshold = 0 }]

[[levels]]
name = "crowded"
title = { fr = "Urgences saturées", en = "Crowded emergency department" }
conditions = [{ indicator = "NEDOCS", side = "above", threshold = 140 }]
"""


def main() -> int:
    """Makes the pictures, and says where they are."""
    home, token, end = _home()
    out = FOLDER / "pages"
    out.mkdir(parents=True, exist_ok=True)
    with _service(home, end) as (url, unit):
        _flow(url, token, end)
        names = photograph(
            url, entry_link(home, token, roles=("operator", "board", "auditor", "admin")), unit, out
        )
    sys.stdout.write(f"{len(names)} pictures in {out.relative_to(ROOT)}\n")
    return 0


def photograph(
    url: str, link: str, unit: str, out: Path, languages: tuple[str, ...] = ("fr", "en")
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
                    page.goto(url + path.format(language=language, unit=unit))
                    for look in ("light", "grey") if language == "fr" else ("light",):
                        picture = f"{name}-{width}-{language}-{look}.png"
                        if look == "grey":
                            page.evaluate(_GREY)
                        page.screenshot(path=str(out / picture), full_page=width != WIDTHS[-1])
                        names.append(picture)
        browser.close()
    return names


def _home() -> tuple[Path, str, int]:
    """The hospital's home, its token and the instant at which its data end."""
    kept = FOLDER / "home.json"
    if not kept.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        demo = make_small_demo(FOLDER / "made")
        write_practice(demo.settings, moment(demo.end))
        (demo.settings.home / "levels.toml").write_text(LEVELS)
        kept.write_text(json.dumps([str(demo.settings.home), demo.token, demo.end]))
    home, token, end = json.loads(kept.read_text())
    return Path(home), token, end


@contextmanager
def _service(home: Path, end: int) -> Iterator[tuple[str, str]]:
    """The service, and one of its units."""
    settings = Settings(home=home)
    port, log = free_port(), FOLDER / "log.txt"
    environment = {n: v for n, v in os.environ.items() if not n.startswith("VIGIE_")} | {
        "VIGIE_HOME": str(settings.home),
        "VIGIE_PORT": str(port),
        "VIGIE_MONITOR": "false",
        "VIGIE_CLOCK_START": moment(end).isoformat(),
    }
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli", "serve"], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
    try:
        wait_until_ready(process, port, log, 90)
        yield f"http://127.0.0.1:{port}", "GER-A"
    finally:
        process.terminate()
        process.wait(30)


def _flow(url: str, token: str, end: int) -> None:
    """What happens now: patients who arrive, wait, and ask for beds; operations of the day."""
    start = moment(end)

    def ago(minutes: float) -> str:
        return (start - timedelta(minutes=minutes)).astimezone(UTC).isoformat()

    triages = ("2", "3A", "3B", "4", "5")
    visits: list[dict[str, Any]] = [
        {
            "visit_id": f"live-{n}",
            "department": "ED",
            "arrived_at": ago(5 + 9 * n),
            "triaged_at": ago(3 + 9 * n),
            "triage": triages[n % 5],
        }
        for n in range(14)
    ]
    operations = [
        {
            "operation_id": f"op-{n}",
            "booked_at": ago(2000),
            "planned_at": ago(-60 * n),
            "unit": "CHI-A",
            "room": f"B{n % 3}",
            "urgent": "yes" if n == 1 else "no",
        }
        for n in range(-3, 4)
    ]
    for rows in ({"visits": visits}, {"operations": operations}):
        headers = {"authorization": f"Bearer {token}"}
        answer = httpx.post(f"{url}/v1/observations", json=rows, headers=headers, timeout=20)
        assert answer.status_code == 200, answer.text


if __name__ == "__main__":
    raise SystemExit(main())
