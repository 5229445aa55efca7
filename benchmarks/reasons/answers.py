"""Answers as a service gives them: a small simulated hospital with real releases, asked in its own process."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hospital.times import DAY, MINUTE, moment
from registry.settings import Settings
from tests.support.small_demo import HORIZONS, Service, SmallDemo, make_small_demo

__all__ = ["Answer", "answers", "home"]

Language = Literal["fr", "en"]
FOLDER = Path(".bench") / "reasons"
DAYS, SCALE, RECENT_DAYS, VISITS, TURNS = 400, 0.5, 6, 250, 30


@dataclass(frozen=True)
class Answer:
    """One forecast's explanation.

    Attributes:
        explanation: as served.
        p50: in its unit.
    """

    language: Language
    explanation: dict[str, Any]
    p50: float


def home() -> SmallDemo:
    """Made once, and kept under `.bench/`."""
    made = FOLDER / "made"
    if not made.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        demo = make_small_demo(FOLDER.resolve(), days=DAYS, scale=SCALE)
        made.write_text(f"{demo.token} {demo.end}")
    token, end = made.read_text().split()
    return SmallDemo(Settings(home=(FOLDER / "home").resolve()), token, int(end))


def answers(count: int, seed: int) -> Iterator[Answer]:
    """So many answers or a few more, about half of them of waits, half in each language."""
    demo, rng, given, waits = home(), np.random.default_rng(seed), 0, 0
    service = demo.service()
    try:
        released = service.client.get("/v1/models", headers=service.headers).json()["released"]
        models = {m["name"]: m for m in released}
        units = [u["unit"] for u in models["bed-demand"]["units"]]
        while given < count:
            at = _time(demo.end, rng)
            for turn in range(TURNS):
                explain = _options("fr" if turn % 2 else "en", rng)
                for answer in _beds(service, units, at, explain, rng):
                    given += 1
                    yield answer
                if waits <= given - waits:
                    for answer in _waits(service, models["wait-time"], demo.end, explain, rng):
                        given, waits = given + 1, waits + 1
                        yield answer
                if given >= count:
                    return
    finally:
        service.close()


def _options(language: Language, rng: np.random.Generator) -> dict[str, Any]:
    return {
        "language": language,
        "top": int(rng.choice((3, 6, 10, 1_000))),
        "reference": str(rng.choice(("typical", "typical", "last_week"))),
    }


def _time(end: int, rng: np.random.Generator) -> str:
    return moment(int(end - rng.integers(1, RECENT_DAYS * DAY // MINUTE) * MINUTE)).isoformat()


def _waits(
    service: Service, model: dict[str, Any], end: int, explain: dict[str, Any], rng: np.random.Generator
) -> Iterator[Answer]:
    """Waits of visits that arrived at any minute of the last days, a fifth of them beside a board of their own."""
    visits = []
    for i in range(VISITS):
        visit: dict[str, Any] = {
            "visit_id": f"reasons-{i}",
            "arrived_at": _time(end, rng),
            "department": str(rng.choice(model["departments"])),
            "triage": str(rng.choice(model["triage_levels"])),
            "age_years": int(rng.integers(1, 95)),
            "arrival_mode": str(rng.choice(("walk_in", "ambulance"))),
        }
        if rng.random() < 0.2:
            visit["ed_state"] = {"waiting": int(rng.integers(0, 40))}
        visits.append(visit)
    found = service.ask("/v1/wait-time", {"visits": visits, "explain": explain})
    for forecast in found["predictions"]:
        yield Answer(explain["language"], forecast["explanation"], forecast["wait_minutes"]["p50"])


def _beds(
    service: Service, units: list[str], at: str, explain: dict[str, Any], rng: np.random.Generator
) -> Iterator[Answer]:
    """Bed demand of every unit and of the hospital at every horizon, with counts of some units laid over it."""
    counted = [u for u in units if rng.random() < 0.3]
    body = {
        "units": units,
        "horizons_hours": list(HORIZONS),
        "at": at,
        "explain": explain,
        "hospital": True,
        "observations": [{"unit": u, "at": at, "occupied": int(rng.integers(0, 60))} for u in counted],
    }
    found = service.ask("/v1/bed-demand", body)
    for forecast in (*found["forecasts"], *found["hospital"]):
        yield Answer(explain["language"], forecast["explanation"], forecast["beds"]["p50"])
