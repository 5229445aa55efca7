"""The card's section of totals: how probably the hospital and its unit groups exceed their staffed beds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hospital.page_pieces import Cell, Column, Paragraph, Piece, Section, Table
from registry.cards.finding_text import Words
from registry.cards.tension.event_cells import EVENT_COLUMNS, counts_cell, event_cells
from registry.cards.tension.tension_proof import TensionProof
from registry.model.hospital_total import HOSPITAL

__all__ = ["TensionTotals"]


@dataclass(frozen=True)
class TensionTotals:
    """How good the probabilities of totals are, by horizon.

    Attributes:
        rows: as the report has them; empty: the package has learned no total.
        proof: which of them count towards a level.
    """

    rows: Sequence[Mapping[str, Any]]
    proof: TensionProof

    @classmethod
    def of(cls, card: Mapping[str, Any]) -> "TensionTotals":
        """Of a card; one made before has none."""
        return cls(card.get("tension_totals") or (), TensionProof.of(card))

    def pieces(self, words: Words) -> Sequence[Piece]:
        """A row a total and horizon; without rows, nothing."""
        if not self.rows:
            return ()
        columns = [
            Column(words.t("c_total")),
            Column(words.t("c_horizon")),
            *(Column(words.t(c), number=True) for c in EVENT_COLUMNS),
            Column(words.t("c_answered")),
            Column(words.t("c_n"), number=True),
            Column(words.t("c_counts")),
        ]
        parts = (
            Paragraph(words.t("tension_totals_note")),
            Table(columns, [self._row(row, words) for row in self.rows]),
        )
        return (Section("tension_totals", words.t("tension_totals"), parts),)

    def _row(self, row: Mapping[str, Any], words: Words) -> tuple[Cell, ...]:
        group = row["unit_group"]
        return (
            Cell(words.t(HOSPITAL) if group is None else words.group(str(group))),
            Cell(words.horizon(row["horizon_hours"])),
            *event_cells(row, words, 2, against=words.t(f"against_{row['against']}")),
            Cell(words.t(f"answered_{row['in_scope']}")),
            Cell(words.number(row["n"], 0)),
            counts_cell(words, counts=self.proof.of_total(group, float(row["horizon_hours"]))),
        )
