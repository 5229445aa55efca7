"""The card's section of boarding: how probably more patients wait for a bed than the policy's threshold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hospital.page_pieces import Cell, Column, Paragraph, Piece, Section, Table
from registry.cards.finding_text import Words
from registry.cards.tension.event_cells import EVENT_COLUMNS, counts_cell, event_cells

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
        columns = [
            Column(words.t("c_horizon")),
            *(Column(words.t(c), number=True) for c in (*EVENT_COLUMNS, "c_n")),
            Column(words.t("c_counts")),
        ]
        threshold = words.number(self.rows[0]["threshold"], 0)
        parts = (
            Paragraph(words.t("boarding_note", threshold=threshold)),
            Table(columns, [self._row(row, words) for row in self.rows]),
        )
        return (Section("boarding", words.t("boarding"), parts),)

    def _row(self, row: Mapping[str, Any], words: Words) -> tuple[Cell, ...]:
        return (
            Cell(words.horizon(row["horizon_hours"])),
            *event_cells(row, words, 3),
            Cell(words.number(row["n"], 0)),
            counts_cell(words, counts=bool(row["in_scope"])),
        )
