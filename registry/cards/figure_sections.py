"""Sections of the model card that hold figures: error, calibration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hospital.page_pieces import Cell, Column, Figure, Folded, Paragraph, Piece, Section, Table
from hospital.svg_shapes import Picture
from hospital.words import formats
from registry.cards.finding_text import Words
from registry.cards.pictures import Pair, bars, interval_of, intervals
from registry.model.hospital_total import HOSPITAL

__all__ = ["Calibration", "Performance", "gain_cell"]

Finding = Mapping[str, Any]
Card = Mapping[str, Any]


@dataclass(frozen=True)
class Performance:
    """Error beside the best baseline's."""

    rows: Sequence[Mapping[str, Any]]

    def pieces(self, words: Words) -> Sequence[Piece]:
        """Picture, table by horizon, detail by unit group."""
        everybody = [r for r in self.rows if r["unit_group"] == "all"]
        groups = [r for r in self.rows if r["unit_group"] != "all"]
        if not self.rows:
            return (Section("error", words.t("error"), [Paragraph(words.t("no_error"))]),)
        parts: list[Piece] = [
            Paragraph(words.t("error_note")),
            Figure(self._picture(everybody or groups, words)),
            self._table(everybody or groups, words),
            *self._compared(words),
        ]
        if everybody and len(groups) > len(everybody):
            parts.append(Folded(words.t("by_group"), [self._table(groups, words)]))
        return (Section("error", words.t("error"), parts),)

    def _compared(self, words: Words) -> list[Piece]:
        """Rows whose baseline lacks some values: its error and the gain are then of fewer cases than the model's."""
        fewer = [r for r in self.rows if r["unit_group"] == "all" and r.get("compared_n", r["n"]) < r["n"]]
        return [
            Paragraph(
                words.t(
                    "error_compared",
                    r["compared_n"],
                    all=words.number(r["n"], 0),
                    horizon=words.horizon(r["horizon_hours"]),
                    mae=words.quantity(r["compared_mae"]),
                ),
                "soft",
            )
            for r in fewer
        ]

    def _picture(self, rows: Sequence[Mapping[str, Any]], words: Words) -> Picture | None:
        pairs = [
            Pair(
                words.horizon(r["horizon_hours"]),
                r["mae"],
                r["baseline_mae"],
                words.quantity(r["mae"]),
                words.quantity(r["baseline_mae"]),
            )
            for r in rows
            if r["mae"] is not None and r["baseline_mae"] is not None
        ]
        return bars(
            pairs, caption=words.t("error_picture"), model=words.t("c_model"), baseline=words.t("c_baseline")
        )

    def _table(self, rows: Sequence[Mapping[str, Any]], words: Words) -> Piece:
        columns = [
            Column(words.t("c_horizon")),
            Column(words.t("c_group")),
            Column(words.t("c_model"), number=True),
            Column(words.t("c_served"), number=True),
            Column(words.t("c_baseline"), number=True),
            Column(words.t("c_which")),
            Column(words.t("c_gain"), number=True),
            Column(words.t("c_within"), number=True),
            Column(words.t("c_trusted")),
            Column(words.t("c_n"), number=True),
        ]
        one = {r["unit_group"] for r in rows} == {"all"}
        return Table(
            columns,
            [
                (
                    Cell(words.horizon(r["horizon_hours"])),
                    Cell("" if one else words.group(str(r["unit_group"]))),
                    Cell(words.quantity(r["mae"])),
                    Cell(words.quantity(r.get("served_mae"))),
                    Cell(words.quantity(r["baseline_mae"])),
                    Cell(small=words.baseline(str(r["baseline"]))),
                    gain_cell(r.get("gain"), words),
                    Cell(words.percent(r.get("coverage"), 1)),
                    Cell(self._trusted(r, words)),
                    Cell(words.number(r["n"], 0)),
                )
                for r in rows
            ],
        )

    def _trusted(self, row: Mapping[str, Any], words: Words) -> str:
        if row["unit_group"] != "all":
            return words.t("yes" if row.get("in_scope") else "no")
        same = [
            r for r in self.rows if r["unit_group"] != "all" and r["horizon_hours"] == row["horizon_hours"]
        ]
        trusted = sum(bool(r.get("in_scope")) for r in same)
        if not row.get("in_scope") or not trusted:
            return words.t("no")
        return (
            words.t("yes")
            if trusted == len(same)
            else words.t("trusted_some", trusted, all=words.number(len(same), 0))
        )


def gain_cell(gain: Sequence[float | None] | None, words: Words) -> Cell:
    """A gain over the baseline, (value, low, high) as shares of its error; a dash where it was not measured."""
    if gain is None or gain[0] is None:
        return Cell("–")
    bounds = [words.percent(x, 1) for x in gain[1:] if x is not None]
    small = formats.interval(bounds[0], bounds[1], words.language) if len(bounds) == 2 else ""
    return Cell(words.percent(gain[0], 1, plus=True), small=small)


@dataclass(frozen=True)
class Calibration:
    """How often outcomes fall within the announced interval.

    Attributes:
        findings: of the calibration gate.
        is_everywhere: measured on all rows; else on those that lie in the trusted scope.
    """

    findings: Sequence[Finding]
    is_everywhere: bool = False

    @classmethod
    def of(cls, card: Card) -> "Calibration":
        """Of a card; the hospital total has its own section."""
        gate = next((g for g in card["gates"] if g["name"] == "calibration"), None)
        found = [] if gate is None else gate["findings"]
        own = [
            f
            for f in found
            if not str(f["group"]).startswith(f"{HOSPITAL}=")
            and ("*" not in str(f["group"]) or f["required"])
        ]  # unit groups at each horizon are in the report; here are those that are shown to fail
        return cls(own, card.get("kind") == "baseline")

    def pieces(self, words: Words) -> Sequence[Piece]:
        """Picture and table; without findings, nothing."""
        covered = [f for f in self.findings if f["metric"] == "coverage" and f["value"] is not None]
        if not covered:
            return ()
        tails = {
            (f["metric"], f["group"]): f for f in self.findings if f["metric"] in ("below_p10", "above_p90")
        }
        if len(covered) > 1 and words.model == "wait-time":  # one horizon: said for "short" and for all alike
            covered = [f for f in covered if f["group"] != "short"]
        shown = [row for f in covered if (row := interval_of(f, words)) is not None]
        picture = intervals(
            shown,
            caption=words.t("calibration_picture"),
            marks=[(0.8, words.t("expected_80"))],
            least_span=(0.6, 1.0),
        )
        columns = [
            Column(words.t("c_group")),
            Column(words.t("c_covered"), number=True),
            Column(words.t("c_interval"), number=True),
            Column(words.t("c_below"), number=True),
            Column(words.t("c_above"), number=True),
            Column(words.t("c_n"), number=True),
        ]
        rows = [
            (
                Cell(words.group(f["group"])),
                Cell(words.percent(f["value"], 1)),
                Cell(words.interval(f)),
                *(self._tail(tails.get((side, f["group"])), words) for side in ("below_p10", "above_p90")),
                Cell(words.number(f["n"], 0)),
            )
            for f in covered
        ]
        scope = "" if self.is_everywhere else words.t("calibration_scope")
        note = Paragraph(words.t("calibration_note")), Paragraph(scope, "soft")
        parts = (*note, Figure(picture), Table(columns, rows))
        return (Section("calibration", words.t("calibration"), parts),)

    def _tail(self, finding: Finding | None, words: Words) -> Cell:
        return Cell("–" if finding is None else words.percent(finding["value"], 1))
