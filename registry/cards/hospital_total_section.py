"""The section of the model card on the hospital total: its error and its own intervals, by horizon."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hospital.page_pieces import Cell, Column, Paragraph, Piece, Section, Table
from registry.cards.figure_sections import gain_cell
from registry.cards.finding_text import Words
from registry.model.hospital_total import HOSPITAL

__all__ = ["Hospital"]

Card = Mapping[str, Any]


@dataclass(frozen=True)
class Hospital:
    """All units together.

    Attributes:
        rows: error beside the baseline's, by horizon.
        findings: of the calibration gate, by (metric, horizon in h).
    """

    rows: Sequence[Mapping[str, Any]]
    findings: Mapping[tuple[str, str], Mapping[str, Any]]

    @classmethod
    def of(cls, card: Card) -> "Hospital":
        """Of a card; one made before there was a forecast of the total has none."""
        found = [f for gate in card["gates"] if gate["name"] == "calibration" for f in gate["findings"]]
        mine = {
            (str(f["metric"]), str(f["group"]).partition("=")[2]): f
            for f in found
            if str(f["group"]).startswith(f"{HOSPITAL}=")
        }
        return cls(card.get("hospital", []), mine)

    def pieces(self, words: Words) -> Sequence[Piece]:
        """A table; without rows, nothing."""
        if not self.rows:
            return ()
        columns = [
            Column(words.t("c_horizon")),
            Column(words.t("c_model"), number=True),
            Column(words.t("c_baseline"), number=True),
            Column(words.t("c_which")),
            Column(words.t("c_gain"), number=True),
            Column(words.t("c_covered"), number=True),
            Column(words.t("c_interval"), number=True),
            Column(words.t("c_below"), number=True),
            Column(words.t("c_above"), number=True),
            Column(words.t("c_n"), number=True),
        ]
        shown = [self._row(row, words) for row in self.rows]
        parts = (Paragraph(words.t("hospital_note")), Table(columns, shown))
        return (Section("hospital", words.t("hospital"), parts),)

    def _row(self, row: Mapping[str, Any], words: Words) -> tuple[Cell, ...]:
        horizon = f"{row['horizon_hours']:g} h"
        covered = self.findings.get(("coverage", horizon))
        return (
            Cell(words.horizon(row["horizon_hours"])),
            Cell(words.quantity(row["mae"])),
            Cell(words.quantity(row["baseline_mae"])),
            Cell(small=words.baseline(str(row["baseline"]))),
            gain_cell(row.get("gain"), words),
            Cell("–" if covered is None else words.percent(covered["value"], 1)),
            Cell("" if covered is None else words.interval(covered)),
            *(self._tail(side, horizon, words) for side in ("below_p10", "above_p90")),
            Cell(words.number(row["n"], 0)),
        )

    def _tail(self, side: str, horizon: str, words: Words) -> Cell:
        found = self.findings.get((side, horizon))
        return Cell("–" if found is None else words.percent(found["value"], 1))
