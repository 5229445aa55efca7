"""The section of the model card on verdicts: each gate with what it found, the worst first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hospital.page_pieces import Badge, Block, Cell, Column, Folded, Heading, Paragraph, Piece, Section, Table
from registry.cards.finding_text import Words, ordered

__all__ = ["Verdicts"]

Finding = Mapping[str, Any]
Card = Mapping[str, Any]
_OPEN, _NOT_SHOWN = ("pass", "not applicable"), "not shown"


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
        shut = [f for f in required if f["verdict"] not in (*_OPEN, _NOT_SHOWN)]
        passing = [f for f in required if f["verdict"] in _OPEN]
        not_shown = [f for f in findings if f["verdict"] == _NOT_SHOWN]
        reported = [f for f in findings if not f.get("required", True) and f["verdict"] != _NOT_SHOWN]
        unshown = sum(f["verdict"] == _NOT_SHOWN for f in required)
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
                Paragraph(words.t("gate_not_shown", unshown) if unshown else ""),
                Paragraph(_within_sight(required, words)),
                _findings(name, shut, words),
                Folded(words.t("findings_not_shown", len(not_shown)), [_findings(name, not_shown, words)]),
                Folded(words.t("findings_passing", len(passing)), [_findings(name, passing, words)]),
                Folded(
                    words.t("findings_reported", len(reported)),
                    [_findings(name, reported, words)],
                    on_paper=False,
                ),
            ),
        )


def _within_sight(findings: Sequence[Finding], words: Words) -> str:
    """What a pass had to be able to see, and how likely it would have."""
    seen = [
        words.t(
            "gate_power_one",
            what=words.metric(str(f["metric"])),
            at=words.value(f, f["power_at"]),
            power=words.times_in_100(f["power"]),
        )
        for f in findings
        if f.get("power") is not None
    ]
    return words.t("gate_power", seen=" · ".join(seen)) if seen else ""


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
