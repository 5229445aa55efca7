"""The card's section of admissions: the model of those in the emergency department beside the rates it replaces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hospital.page_pieces import Cell, Column, Paragraph, Piece, Section, Table
from registry.cards.finding_text import Words
from registry.cards.tension.event_cells import estimate_cell

__all__ = ["Admission"]


@dataclass(frozen=True)
class Admission:
    """How good the model of admissions is, and what answers.

    Attributes:
        figures: as the report has them; None: the package has no such model.
    """

    figures: Mapping[str, Any] | None

    @classmethod
    def of(cls, card: Mapping[str, Any]) -> "Admission":
        """Of a card; one made before has none."""
        return cls(card.get("admission"))

    def pieces(self, words: Words) -> Sequence[Piece]:
        """What answers, and a row each for model and rates; without figures, nothing."""
        found = self.figures
        if found is None:
            return ()
        columns = [
            Column(words.t("c_answered")),
            *(Column(words.t(c), number=True) for c in ("c_announced", "c_happened", "c_brier")),
            *(Column(words.t(c), number=True) for c in ("c_gain_over_rates", "c_slope", "c_n")),
        ]
        answered = "admission_by_model" if found["in_scope"] else "admission_by_rates"
        parts = (
            Paragraph(words.t("admission_note")),
            Paragraph(words.t(answered)),
            Table(columns, [self._row(found, words, by) for by in ("model", "rates")]),
        )
        return (Section("admission", words.t("admission"), parts),)

    def _row(self, found: Mapping[str, Any], words: Words, by: str) -> tuple[Cell, ...]:
        of = "" if by == "model" else "_of_rates"
        announced = found["announced" if by == "model" else "announced_by_rates"]
        return (
            Cell(words.t(f"admission_{by}")),
            Cell(words.percent(announced, 1)),
            Cell(words.percent(found["happened"], 1)),
            Cell(words.number(found[f"brier{of}"], 4)),
            estimate_cell(found["gain"], words, 3) if by == "model" else Cell(""),
            estimate_cell(found[f"slope{of}"], words, 3),
            Cell(words.number(found["n"], 0)),
        )
