"""A report in a terminal: worst first, with the sentence that says what to do."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hospital.words.language import Language
from registry.cards.finding_text import (
    advice,
    effect,
    gate_name,
    group_name,
    interval,
    metric_name,
    ordered,
    verdict_name,
)

__all__ = ["print_report"]

_COLOURS = {"block": "bold red", "inconclusive": "yellow", "not applicable": "dim", "pass": "green"}
_WORDS = {
    "fr": (
        "version",
        "porte",
        "constat",
        "groupe",
        "valeur",
        "intervalle",
        "n",
        "verdict",
        "Périmètre de confiance",
        "rien",
    ),
    "en": (
        "version",
        "gate",
        "finding",
        "group",
        "value",
        "interval",
        "n",
        "verdict",
        "Trusted scope",
        "nothing",
    ),
}


_ATTEMPTS = {
    "fr": "{n} tentatives sur les mêmes jours : ce qui passe doit être {n} fois plus sûr.",
    "en": "{n} attempts on the same days: what passes must be {n} times as sure.",
}


def print_report(body: Mapping[str, Any], language: Language, console: Console | None = None) -> None:
    """Prints a report's (or card's) verdicts."""
    console = console or Console()
    words = _WORDS[language]
    title = Text(f"{body['model']} {words[0]} {body['version']} : ")
    title.append(verdict_name(body["verdict"], language), _COLOURS[body["verdict"]])
    console.print(title)
    table = Table(*words[1:8], header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    said: list[str] = []
    for gate in ordered(body["gates"]):
        for number, finding in enumerate(_shown(gate["findings"])):
            table.add_row(
                gate_name(gate["name"], language) if number == 0 else "",
                metric_name(finding["metric"], language),
                group_name(finding["group"], language),
                effect(finding, finding["value"]),
                interval(finding),
                f"{finding['n']:,}".replace(",", " "),
                Text(verdict_name(finding["verdict"], language), _COLOURS[finding["verdict"]]),
            )
            sentence = advice(gate["name"], finding, language)
            if sentence and finding["verdict"] != "not applicable":
                where = f"{gate_name(gate['name'], language)}, {group_name(finding['group'], language)}"
                said.append(f"{where}: {sentence}")
    console.print(table)
    cells = [
        f"{c['unit_group']} {c['horizon_hours']:g} h" if c["horizon_hours"] else c["unit_group"]
        for c in body["scope"]
    ]
    console.print(f"{words[8]}: {', '.join(cells) or words[9]}")
    if body.get("attempts", 1) > 1:
        console.print(_ATTEMPTS[language].format(n=body["attempts"]))
    for sentence in dict.fromkeys(said):
        console.print(f"→ {sentence}")


def _shown(findings: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What closes a gate; where nothing does, its warnings, or else what came nearest to closing it."""
    required = [f for f in findings if f["required"]]
    closing = [f for f in required if f["verdict"] in ("block", "inconclusive")]
    warned = [f for f in required if f["verdict"] == "pass" and f["note"] == "shift_below_effect"]
    measured = [f for f in required if f["verdict"] == "pass"]
    return closing or warned or sorted(measured, key=_near_its_threshold)[-1:] or list(findings[:1])


def _near_its_threshold(finding: Mapping[str, Any]) -> float:
    if finding["value"] is None or not finding["threshold"]:
        return 0.0
    return float(abs(finding["value"]) / finding["threshold"])
