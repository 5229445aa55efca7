"""The demo's two answers, asked of its service as an application would."""

import json
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console

from cli.demo.service_process import post
from hospital.errors import VigieError
from hospital.words import formats, names
from hospital.words.catalogue import text
from hospital.words.language import Language
from registry.releases.releases import current_release
from registry.settings import Settings

__all__ = ["ask_for_answers"]


def ask_for_answers(console: Console, settings: Settings, token: str, start: datetime) -> None:
    """Asks for a wait time and for bed demand, and prints both with their reasons.

    Args:
        start: where the service's clock began: the patient of the first question came nine minutes before.

    Raises:
        VigieError: the service answered with a problem.
    """
    visit = {
        "visit_id": "demo-visit",
        "department": "ED",
        "arrived_at": (start - timedelta(minutes=9)).isoformat(),
        "triaged_at": (start - timedelta(minutes=2)).isoformat(),
        "triage": "3B",
        "age_years": 67,
        "arrival_mode": "walk_in",
        "reason": "malaise_fall",
    }
    waits = post(settings, token, "/v1/wait-time", {"visits": [visit]})
    wait = waits["predictions"][0]
    language = settings.language
    console.print(f"\n[bold]{text('demo.wait_asked', language)}[/bold]")
    _show(console, waits["model"], wait, wait["wait_minutes"], "minutes", language)
    units = _units(settings)
    beds = post(settings, token, "/v1/bed-demand", {"units": units, "horizons_hours": [24]})
    trusted = [f for f in beds["forecasts"] if f["trust"]["status"] == "trusted"] or beds["forecasts"]
    chosen = max(trusted, key=lambda f: abs(f["beds"]["p50"] - f["explanation"]["base"]))
    console.print(f"\n[bold]{text('demo.beds_asked', language, unit=chosen['unit'])}[/bold]")
    _show(console, beds["model"], chosen, chosen["beds"], "beds", language)


def _units(settings: Settings) -> list[str]:
    release = current_release(settings, "bed-demand")
    if release is None:
        raise VigieError("verbs.demo.release_gone")
    manifest = json.loads((release.package / "manifest.json").read_bytes())
    return [unit["unit"] for unit in manifest["units"]]


def _show(
    console: Console,
    model: dict[str, Any],
    answer: dict[str, Any],
    forecast: dict[str, float],
    unit: str,
    language: Language,
) -> None:
    middle, high = (formats.quantity(forecast[q], unit, language, 0) for q in ("p50", "p90"))
    between = text("demo.range", language, low=formats.number(forecast["p10"], language), high=high)
    console.print(f"  [bold cyan]{middle}[/bold cyan]{between}")
    if answer.get("staffed") is not None:
        console.print(f"  {text('demo.staffed', language, round(answer['staffed']))}")
    for reason in answer["explanation"]["reasons"]:
        console.print(f"    • {reason}", markup=False)
    trust = answer["trust"]
    said = text(
        "demo.answer",
        language,
        model=names.table(model["name"], language),
        version=model["version"],
        digest=model["digest"][:19],
        trust=text(f"demo.trust.{trust['status']}", language),
    )
    console.print(f"  {said}")
    for warning in trust["warnings"]:
        console.print(f"    ! {warning}", markup=False)
