"""A report in a terminal: worst first, with the sentence that says what to do."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from hospital.words import names
from hospital.words.catalogue import text
from hospital.words.language import Language
from hospital.words.plain_console import plain_console
from hospital.words.terminal_table import print_table
from registry.cards.finding_text import Words, ordered

__all__ = ["print_report", "scope_in_words"]

_COLOURS = {
    "block": "bold red",
    "inconclusive": "yellow",
    "not applicable": "dim",
    "not shown": "dim yellow",
    "pass": "green",
}
_COLUMNS = ("gate", "finding", "group", "value", "interval", "n", "verdict")


def print_report(
    body: Mapping[str, Any],
    language: Language,
    console: Console | None = None,
    own: names.OwnNames = names.NO_NAMES,
) -> None:
    """Prints a report's (or card's) verdicts.

    Args:
        own: what the hospital calls its groups and attributes; a card knows them itself, a report does not.
    """
    console, words = console or plain_console(), Words.of({"names": own, **body}, language)
    title = Text(text("findings.table.title", language, model=body["model"], version=body["version"]))
    title.append(words.verdict(body["verdict"]), _COLOURS[body["verdict"]])
    console.print(title)
    heads = [text(f"findings.table.{name}", language) for name in _COLUMNS]
    rows: list[tuple[str | Text, ...]] = []
    said: list[str] = []
    for gate in ordered(body["gates"]):
        for number, finding in enumerate(_shown(gate["findings"])):
            rows.append(_row(words.gate(gate["name"]) if number == 0 else "", finding, words))
            sentence = words.advice(gate["name"], finding)
            if sentence and finding["verdict"] != "not applicable":
                where = f"{words.gate(gate['name'])}, {words.group(finding['group'])}"
                said.append(words.labelled(where, sentence))
    print_table(console, heads, rows, language, texts=(0, 1, 2))
    console.print(text("findings.table.scope", language) + scope_in_words(body["scope"], words))
    if (attempts := body.get("attempts", 1)) > 1:
        console.print(text("findings.table.attempts", language, attempts))
    for sentence in dict.fromkeys(said):
        console.print(f"→ {sentence}")


def _row(gate: str, finding: Mapping[str, Any], words: Words) -> tuple[str | Text, ...]:
    return (
        gate,
        words.metric(finding["metric"]),
        words.group(finding["group"]),
        words.value(finding, finding["value"]),
        words.interval(finding),
        words.number(finding["n"], 0),
        Text(words.verdict(finding["verdict"]), _COLOURS[finding["verdict"]]),
    )


def scope_in_words(cells: Sequence[Mapping[str, Any]], words: Words) -> str:
    """The trusted unit groups, horizon by horizon; a wait time's have none."""
    groups: dict[float, list[str]] = {}
    for cell in cells:
        groups.setdefault(cell["horizon_hours"], []).append(words.unit_group(cell["unit_group"]))
    if len(cells) == 1 and 0.0 not in groups:
        ((hours, names),) = groups.items()
        return f"{names[0]} {words.horizon(hours)}"
    listed = [
        words.labelled(words.horizon(hours), ", ".join(names)) if hours else ", ".join(names)
        for hours, names in sorted(groups.items())
    ]
    return "; ".join(listed) or text("findings.table.nothing", words.language)


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
