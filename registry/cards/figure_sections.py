"""Sections of the model card that hold figures: verdicts, error, calibration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hospital.page_pieces import (
    Badge,
    Block,
    Cell,
    Column,
    Figure,
    Folded,
    Heading,
    Paragraph,
    Piece,
    Section,
    Table,
)
from hospital.svg_shapes import Picture
from hospital.words import formats
from registry.cards.finding_text import Words, ordered
from registry.cards.pictures import Pair, bars, interval_of, intervals
from registry.model.hospital_total import HOSPITAL

__all__ = ["Calibration", "Performance", "Verdicts", "gain_cell"]

Finding = Mapping[str, Any]
Card = Mapping[str, Any]
_OPEN = ("pass", "not applicable")


@dataclass(frozen=True)
class Verdicts:
    """Each gate: what it asks, what it found, and first whatever keeps it shut."""

    gates: Sequence[Mapping[str, Any]]
    required: Sequence[str]

    @classmethod
    def of(cls, card: Card) -> "Verdicts":
        """Of a card, worst gate first."""
        return cls(ordered(card["gates"]), card["required"])

    def pieces(self, words: Words) -> Sequence[Piece]:
        """One block a gate."""
        gates = [self._gate(gate, words) for gate in self.gates]
        return (
            Section("verdicts", words.t("verdicts"), [Paragraph(words.t("verdicts_note"), "soft"), *gates]),
        )

    def _gate(self, gate: Mapping[str, Any], words: Words) -> Piece:
        name, findings = str(gate["name"]), list(gate["findings"])
        required = [f for f in findings if f.get("required", True)]
        shut = [f for f in required if f["verdict"] not in _OPEN]
        passing = [f for f in required if f["verdict"] in _OPEN]
        reported = [f for f in findings if not f.get("required", True)]
        said = words.t("gate_pass", len(required))
        if shut:
            said = words.t("gate_closed", len(shut), required=words.number(len(required), 0))
        aside = "" if name in self.required else words.t("not_required")
        shown = Badge(gate["verdict"], words.verdict(gate["verdict"]))
        return Block(
            "gate",
            (
                Heading(words.gate(name), badge=shown, aside=aside),
                Paragraph(words.known(f"ask_{name}"), "soft"),
                Paragraph(said),
                _findings(name, shut, words),
                Folded(words.t("findings_passing", len(passing)), [_findings(name, passing, words)]),
                Folded(
                    words.t("findings_reported", len(reported)),
                    [_findings(name, reported, words)],
                    on_paper=False,
                ),
            ),
        )


def _findings(gate: str, findings: Sequence[Finding], words: Words) -> Piece:
    columns = [
        Column(words.t("c_measure")),
        Column(words.t("c_group")),
        Column(words.t("c_value"), number=True),
        Column(words.t("c_interval"), number=True),
        Column(words.t("c_limit"), number=True),
        Column(words.t("c_n"), number=True),
        Column(words.t("c_verdict")),
        Column(words.t("c_do")),
    ]
    merged = _merged(findings)
    alone = {f["group"] for f in findings} == {"all"}
    rows = [
        (
            Cell(words.measure(str(f["metric"]))),
            Cell("" if alone else ", ".join(words.group(str(g)) for g in groups)),
            Cell(words.value(f, f["value"])),
            Cell(words.interval(f)),
            Cell(words.limit(f)),
            Cell(words.number(f["n"], 0) if f["n"] and len(groups) == 1 else ""),
            Cell(
                badge=Badge(f["verdict"], words.verdict(f["verdict"]))
                if f.get("note") != "reported"
                else None
            ),
            Cell(words.advice(gate, f) if len(groups) == 1 else words.advice(gate, {**f, "threshold": None})),
        )
        for f, groups in merged
    ]
    return Table(columns, rows)


def _merged(findings: Sequence[Finding]) -> list[tuple[Finding, list[str]]]:
    """Findings with their groups; those that measured nothing for one reason stand in one row."""
    rows: dict[tuple[object, ...], tuple[Finding, list[str]]] = {}
    for number, finding in enumerate(findings):
        same = (finding["metric"], finding.get("note"), finding["verdict"])
        key = (number,) if finding["value"] is not None else same
        rows.setdefault(key, (finding, []))[1].append(str(finding["group"]))
    return list(rows.values())


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
        ]
        if everybody and len(groups) > len(everybody):
            parts.append(Folded(words.t("by_group"), [self._table(groups, words)]))
        return (Section("error", words.t("error"), parts),)

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
                    Cell("" if one else words.unit_group(str(r["unit_group"]))),
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
    """How often outcomes fall within the announced interval."""

    findings: Sequence[Finding]

    @classmethod
    def of(cls, card: Card) -> "Calibration":
        """Of a card; the hospital total has its own section."""
        gate = next((g for g in card["gates"] if g["name"] == "calibration"), None)
        found = [] if gate is None else gate["findings"]
        return cls([f for f in found if not str(f["group"]).startswith(f"{HOSPITAL}=")])

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
        parts = (Paragraph(words.t("calibration_note")), Figure(picture), Table(columns, rows))
        return (Section("calibration", words.t("calibration"), parts),)

    def _tail(self, finding: Finding | None, words: Words) -> Cell:
        return Cell("–" if finding is None else words.percent(finding["value"], 1))
