"""The section of the model card on fairness: each group, how it fares and how certain that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hospital.page_pieces import Badge, Cell, Column, Figure, Heading, Paragraph, Piece, Section, Table
from registry.cards.finding_text import Words
from registry.cards.pictures import interval_of, intervals

__all__ = ["Fairness"]

Finding = Mapping[str, Any]
_MADE_OF = {"age_band": "age_years"}
_PICTURED = ("share_above_p50", "relative_bias", "log_error", "outside_interval")


@dataclass(frozen=True)
class Fairness:
    """Each group: how it fares, how certain that is, and how many it is."""

    groups: Sequence[Mapping[str, Any]]

    def pieces(self, words: Words) -> Sequence[Piece]:
        """A picture and table of each judged disparity, then the figures of every group."""
        disparities = [h for g in self.groups for h in g["disparities"] if h.get("note") != "worst_case"]
        parts: list[Piece] = [Paragraph(words.t(f"fairness_note_{words.model}")), *self._inputs(words)]
        if not self.groups:
            parts.append(Paragraph(words.t("fairness_none")))
        for metric in dict.fromkeys(h["metric"] for h in disparities):
            parts += self._disparity(metric, [h for h in disparities if h["metric"] == metric], words)
        parts += self._figures(words)
        return (Section("fairness", words.t("fairness"), parts),)

    def _inputs(self, words: Words) -> Sequence[Piece]:
        """Which attributes the model is never given, and which it is: reasons may name an age, and so an age band."""
        if words.model != "wait-time":
            return ()  # units and sites are no attributes of a person
        named = dict.fromkeys(g["group"].partition("=")[0] for g in self.groups if "*" not in g["group"])
        given = [a for a in named if a in words.features or _MADE_OF.get(a) in words.features]
        sentences = {"fairness_never": [a for a in named if a not in given], "fairness_given": given}
        return [
            Paragraph(words.t(key, names=", ".join(words.attribute(a) for a in attributes)))
            for key, attributes in sentences.items()
            if attributes
        ]

    def _disparity(self, metric: str, disparities: Sequence[Finding], words: Words) -> Sequence[Piece]:
        measured = [h for h in disparities if interval_of(h, words) is not None]
        limits = {h["threshold"] for h in measured if h["threshold"] is not None}
        picture = None
        if metric in _PICTURED and len(limits) == 1:
            (limit,) = limits
            picture = intervals(
                [row for h in measured if (row := interval_of(h, words)) is not None],
                caption=words.t("fairness_picture", measure=words.measure(metric)),
                marks=[(0.0, words.t("no_gap")), (limit, words.t("limit_mark"))],
                least_span=(-1.2 * limit, 1.4 * limit),
            )
        columns = [
            Column(words.t("c_group")),
            Column(words.t("c_value"), number=True),
            Column(words.t("c_interval"), number=True),
            Column(words.t("c_limit"), number=True),
            Column(words.t("c_n"), number=True),
            Column(words.t("c_verdict")),
            Column(words.t("c_do")),
        ]
        rows = [
            (
                Cell(words.group(h["group"])),
                Cell(words.value(h, h["value"])),
                Cell(words.interval(h)),
                Cell(words.limit(h)),
                Cell(words.number(h["n"], 0)),
                Cell(badge=Badge(h["verdict"], words.verdict(h["verdict"]))),
                Cell(words.advice("fairness", h)),
            )
            for h in disparities
        ]
        return Heading(words.measure(metric)), Figure(picture), Table(columns, rows)

    def _figures(self, words: Words) -> Sequence[Piece]:
        reported = [g for g in self.groups if g["reported"]]
        columns = [
            Column(words.t("c_group")),
            Column(words.t("c_observed"), number=True),
            Column(words.t("c_absolute"), number=True),
            Column(words.t("c_signed"), number=True),
            Column(words.t("c_within"), number=True),
            Column(words.t("c_worst"), number=True),
            Column(words.t("c_n"), number=True),
        ]
        rows = [
            (
                Cell(words.group(str(g["group"]))),
                Cell(words.quantity(g["reported"].get("mean_outcome"))),
                Cell(words.quantity(g["reported"].get("absolute_error"))),
                Cell(words.quantity(g["reported"].get("bias"), plus=True)),
                Cell(words.percent(g["reported"].get("coverage"), 1)),
                Cell(self._worst(g, words)),
                Cell(words.number(g["n"], 0)),
            )
            for g in reported
        ]
        note = words.t("worst_note") if any(self._worst(g, words) != "–" for g in reported) else ""
        return Table(columns, rows, words.t("fairness_tables")), Paragraph(note, "soft")

    def _worst(self, group: Mapping[str, Any], words: Words) -> str:
        found = [h for h in group["disparities"] if h.get("note") == "worst_case"]
        return words.percent(found[0]["value"], 1) if found else "–"
