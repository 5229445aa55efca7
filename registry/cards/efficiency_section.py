"""The section of the model card on what a version costs: size, time, energy, beside the version in use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hospital.page_pieces import Cell, Column, Paragraph, Piece, Section, Table
from registry.cards.finding_text import Words

__all__ = ["Efficiency"]

_FIGURES = ("package_megabytes", "answer_milliseconds", "answers_watt_hours", "training_watt_hours")


@dataclass(frozen=True)
class Efficiency:
    """What the efficiency gate measured; of a card made before there was one, nothing."""

    findings: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, card: Mapping[str, Any]) -> "Efficiency":
        """Of a card."""
        return cls([f for gate in card["gates"] if gate["name"] == "efficiency" for f in gate["findings"]])

    def pieces(self, words: Words) -> Sequence[Piece]:
        """A table; without figures, nothing."""
        own = {f["metric"]: f for f in self.findings if f["metric"] in _FIGURES}
        beside = {f["group"]: f for f in self.findings if f["metric"] == "cost_ratio"}
        if not own:
            return ()
        columns = [
            Column(words.t("c_cost")),
            Column(words.t("c_cost_value"), number=True),
            Column(words.t("c_budget"), number=True),
            Column(words.t("c_multiple"), number=True),
        ]
        rows = [
            (
                Cell(words.measure(name)),
                Cell(_figure(own[name]["value"], words)),
                Cell(_figure(own[name]["threshold"], words)),
                Cell(_multiple(beside.get(name), words)),
            )
            for name in _FIGURES
            if name in own
        ]
        parts = (Paragraph(words.t("efficiency_note")), Table(columns, rows))
        return (Section("efficiency", words.t("efficiency"), parts),)


def _figure(value: float | None, words: Words) -> str:
    """A cost with as many digits as set it apart."""
    if value is None:
        return "–"
    digits = 0 if float(value).is_integer() else 2 if abs(value) >= 0.1 else 4
    return words.number(value, digits)


def _multiple(finding: Mapping[str, Any] | None, words: Words) -> str:
    if finding is None or finding["value"] is None:
        return "–"
    return f"× {words.number(finding['value'], 1)}"
