"""The card's section of tension: how probably more beds are needed than have staff, by horizon and unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hospital.page_pieces import Cell, Column, Folded, Paragraph, Piece, Section, Table
from hospital.words import names
from registry.cards.finding_text import Words
from registry.cards.tension.event_cells import EVENT_COLUMNS, counts_cell, event_cells
from registry.cards.tension.tension_proof import ALL_UNITS, TensionProof

__all__ = ["Tension"]


@dataclass(frozen=True)
class Tension:
    """How good the probabilities of more demand than staffed beds are, by horizon and unit.

    Attributes:
        rows: as the report has them.
        units: names of units in the page's language, by id.
        proof: which of them count towards a level.
    """

    rows: Sequence[Mapping[str, Any]]
    units: Mapping[str, str]
    proof: TensionProof

    @classmethod
    def of(cls, card: Mapping[str, Any], words: Words) -> "Tension":
        """Of a card; one made before these were measured has none."""
        own = f"label_{words.language}"
        units = {u["unit"]: u.get(own) or names.unit(u["label"], words.language) for u in card["units"]}
        return cls(card.get("tension", []), units, TensionProof.of(card))

    def pieces(self, words: Words) -> Sequence[Piece]:
        """A table of all units, the detail by unit; without rows, nothing."""
        if not self.rows:
            return ()
        everybody = [r for r in self.rows if r["unit"] == ALL_UNITS]
        units = [r for r in self.rows if r["unit"] != ALL_UNITS]
        parts = (
            Paragraph(words.t("tension_note")),
            Paragraph(words.t("tension_counts")),
            Paragraph(words.t("tension_few"), "soft"),
            self._table(everybody, words),
            Folded(words.t("by_unit"), [self._table(units, words)]),
        )
        return (Section("tension", words.t("tension"), parts),)

    def _table(self, rows: Sequence[Mapping[str, Any]], words: Words) -> Piece:
        by_unit = any(r["unit"] != ALL_UNITS for r in rows)
        columns = [
            *([Column(words.t("c_unit"))] if by_unit else []),
            Column(words.t("c_horizon")),
            *(Column(words.t(c), number=True) for c in EVENT_COLUMNS),
            Column(words.t("c_answered")),
            Column(words.t("c_n"), number=True),
            Column(words.t("c_counts")),
        ]
        return Table(columns, [self._row(r, words, by_unit=by_unit) for r in rows])

    def _row(self, row: Mapping[str, Any], words: Words, *, by_unit: bool) -> tuple[Cell, ...]:
        name = self.units.get(str(row["unit"]), str(row["unit"]))
        return (
            *([Cell(name)] if by_unit else []),
            Cell(words.horizon(row["horizon_hours"])),
            *event_cells(row, words, 2, against=words.t(f"against_{row['against']}")),
            Cell(words.t(f"answered_{row['in_scope']}")),
            Cell(words.number(row["n"], 0)),
            counts_cell(words, counts=self.proof.of_unit(str(row["unit"]), float(row["horizon_hours"]))),
        )
