"""The card's section of boarding: how probably more patients wait for a bed than the policy's threshold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hospital.page_pieces import Cell, Column, Paragraph, Piece, Section, Table
from registry.cards.finding_text import Words
from registry.cards.tension.admission_section import estimate_cell

__all__ = ["Boarding"]


@dataclass(frozen=True)
class Boarding:
    """How good the probabilities of boarding are, by horizon.

    Attributes:
        rows: as the report has them; empty: the package has no such model.
    """

    rows: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, card: Mapping[str, Any]) -> "Boarding":
        """Of a card; one made before has none."""
        return cls(card.get("boarding") or ())

    def pieces(self, words: Words) -> Sequence[Piece]:
        """A row a horizon; without rows, nothing."""
        if not self.rows:
            return ()
        numbers = ("c_announced", "c_happened", "c_events", "c_skill", "c_slope", "c_n")
        columns = [Column(words.t("c_horizon")), *(Column(words.t(c), number=True) for c in numbers)]
        columns.append(Column(words.t("c_counts")))
        threshold = words.number(self.rows[0]["threshold"], 0)
        parts = (
            Paragraph(words.t("boarding_note", threshold=threshold)),
            Table(columns, [self._row(row, words) for row in self.rows]),
        )
        return (Section("boarding", words.t("boarding"), parts),)

    def _row(self, row: Mapping[str, Any], words: Words) -> tuple[Cell, ...]:
        days = words.t("event_days", row["event_days"])
        return (
            Cell(words.horizon(row["horizon_hours"])),
            Cell(words.percent(row["announced"], 1)),
            Cell(words.percent(row["happened"], 1)),
            Cell(words.number(row["events"], 0), small=days if row["events"] else ""),
            estimate_cell(row["skill"], words),
            estimate_cell(row["slope"], words),
            Cell(words.number(row["n"], 0)),
            Cell(words.t("yes_counts" if row["in_scope"] else "no_counts")),
        )
