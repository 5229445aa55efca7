"""Sections of the model card that are read first: each a record that says its pieces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hospital.page_pieces import (
    Aside,
    Badge,
    Banner,
    Bullets,
    Cell,
    Code,
    Column,
    Facts,
    Heading,
    Paragraph,
    Piece,
    Section,
    Table,
    Tiles,
)
from registry.cards.finding_text import Words
from registry.statistics.verdict import SHOWN_DISPARITIES

__all__ = ["Ask", "Brief", "Later", "Overrides", "Purpose", "Title"]

Card = Mapping[str, Any]
_NO_DISPARITY = frozenset({"attribute", "unknown_share"})
"""Findings of the fairness gate that are of an attribute, and of no group."""
_SMALL = frozenset({"needs_more_rows", "needs_more_weeks"})


@dataclass(frozen=True)
class Title:
    """What this is, and the verdict."""

    model: str
    version: str
    verdict: str

    @classmethod
    def of(cls, card: Card) -> "Title":
        """Of a card."""
        return cls(str(card["model"]), str(card["version"]), str(card["verdict"]))

    def text(self, words: Words) -> str:
        """As one line."""
        return f"{words.t('title_' + self.model)}, {words.t('version', v=self.version)}"

    def pieces(self, words: Words) -> Sequence[Piece]:
        """Heading and banner."""
        shown = Badge(self.verdict, words.verdict(self.verdict))
        return (
            Paragraph(f"Vigie · {words.t('card')}", "soft"),
            Heading(self.text(words), level=1),
            Banner(shown, words.t(f"said_{self.verdict}"), words.t("verdict")),
        )


@dataclass(frozen=True)
class Brief:
    """Four figures that say the most; those that the report does not hold are left out.

    Attributes:
        scope: how many unit groups and horizons of `performance` are trusted.
        baseline_only: the version is the baselines alone, which gain nothing and have no scope.
        uncovered: horizons, unit groups, both, the total's horizons and parts of the day whose intervals are shown to
            hold too little.
    """

    performance: Sequence[Mapping[str, Any]]
    groups: Sequence[Mapping[str, Any]]
    scope: int
    baseline_only: bool = False
    uncovered: Sequence[str] = ()

    @classmethod
    def of(cls, card: Card) -> "Brief":
        """Of a card."""
        baseline_only = card.get("kind") == "baseline"
        trusted = sum(bool(r.get("in_scope")) for r in card["performance"] if r["unit_group"] != "all")
        found = [f for g in card["gates"] if g["name"] == "calibration" for f in g["findings"]]
        uncovered = [
            str(f["group"])
            for f in found
            if f["required"]
            and (
                (f["metric"] in ("coverage", "above_p90") and f["verdict"] == "block")
                or f.get("note") in ("undercoverage_shown", "above_shown")
            )
        ]
        return cls(card["performance"], card["groups"], trusted, baseline_only, uncovered)

    def pieces(self, words: Words) -> Sequence[Piece]:
        """As tiles."""
        tiles = [self._error(words), self._coverage(words), self._scope(words), self._fairness(words)]
        figures = Tiles(tiles)
        if figures.empty:
            return ()
        notice = Paragraph(words.t("brief_baseline_only") if self.baseline_only else "")
        shown = (notice, figures, self._with_disparities(words), self._not_covered(words))
        return (Section("brief", words.t("brief"), shown),)

    def _not_covered(self, words: Words) -> Paragraph:
        """Where intervals are shown to fail, by name."""
        groups = ", ".join(words.group(group) for group in dict.fromkeys(self.uncovered))
        return Paragraph(words.t("brief_uncovered", groups=groups) if groups else "")

    def _with_disparities(self, words: Words) -> Paragraph:
        """Groups that are shown to fare worse, by name, whether or not there were rows enough to block."""
        named = {
            h["group"]: None
            for g in self.groups
            for h in g["disparities"]
            if h["required"] and (h["verdict"] == "block" or h.get("note") in SHOWN_DISPARITIES)
        }
        groups = ", ".join(words.group(group) for group in named)
        return Paragraph(words.t("brief_disparities", len(named), groups=groups) if named else "")

    def _row(self) -> Mapping[str, Any] | None:
        """The row for everybody at the trusted horizon nearest to a day, or at any."""
        rows = [r for r in self.performance if r["unit_group"] == "all" and r["mae"] is not None]
        trusted = [r for r in rows if r.get("in_scope")] or rows
        return min(trusted, key=lambda r: abs(r["horizon_hours"] - 24), default=None)

    def _at(self, row: Mapping[str, Any], words: Words) -> str:
        hours = row["horizon_hours"]
        return words.t("brief_at", h=words.horizon(hours)) if hours else ""

    def _error(self, words: Words) -> tuple[str, str]:
        row = self._row()
        if row is None or not row["baseline_mae"]:
            return "", ""
        if self.baseline_only:
            return words.quantity(row["mae"]), words.t("brief_baseline", at=self._at(row, words))
        gain = row.get("gain")
        share = gain[0] if gain and gain[0] is not None else 1 - row["mae"] / row["baseline_mae"]
        said = words.t(
            "brief_error",
            at=self._at(row, words),
            baseline=words.quantity(row["baseline_mae"]),
            rule=words.baseline(str(row["baseline"])),
            gain=words.percent(share, 1),
        )
        return words.quantity(row["mae"]), said

    def _coverage(self, words: Words) -> tuple[str, str]:
        row = self._row()
        if row is None or row.get("coverage") is None:
            return "", ""
        return words.percent(row["coverage"]), words.t("brief_coverage", at=self._at(row, words))

    def _scope(self, words: Words) -> tuple[str, str]:
        cells = sum(r["unit_group"] != "all" for r in self.performance)
        if not cells or self.baseline_only:
            return "", ""
        key = "brief_scope_wait" if words.model == "wait-time" else "brief_scope"
        return self._of(self.scope, cells, words), words.t(key, cells)

    def _fairness(self, words: Words) -> tuple[str, str]:
        judged = [
            h
            for g in self.groups
            for h in g["disparities"]
            if h["value"] is not None and h["required"] and h["metric"] not in _NO_DISPARITY
        ]
        named = {h["group"] for h in judged}
        disadvantaged = {
            h["group"] for h in judged if h["verdict"] == "block" or h.get("note") in SHOWN_DISPARITIES
        }
        small = {h["group"] for g in self.groups for h in g["disparities"] if h.get("note") in _SMALL}
        if not named and not small:
            return "", ""
        said = words.t("brief_fairness", len(named), small=words.t("brief_small", len(small - named)))
        return self._of(len(named - disadvantaged), len(named), words), said

    def _of(self, part: int, whole: int, words: Words) -> str:
        return words.t("of", a=words.number(part, 0), b=words.number(whole, 0))


@dataclass(frozen=True)
class Ask:
    """What the board is asked, with the very command."""

    model: str
    version: str
    verdict: str

    @classmethod
    def of(cls, card: Card) -> "Ask":
        """Of a card."""
        return cls(str(card["model"]), str(card["version"]), str(card["verdict"]))

    def pieces(self, words: Words) -> Sequence[Piece]:
        """Approve or refuse."""
        rest = f'--comment "{words.t("ask_comment")}" --key {words.t("key_file")}'
        ways = ("--approve", "--refuse") if self.verdict == "pass" else ("--refuse",)
        parts = (
            Paragraph(words.t("ask_pass" if self.verdict == "pass" else "ask_closed")),
            Paragraph(words.t("ask_command")),
            Code([f"vigie review {self.model} {self.version} {way} {rest}" for way in ways]),
        )
        return (Section("ask", words.t("ask"), parts),)


@dataclass(frozen=True)
class Later:
    """What happened since the check, beside what was signed.

    Attributes:
        events: (what, how much or when) in the page's language.
    """

    events: Sequence[tuple[str, str]]

    def pieces(self, words: Words) -> Sequence[Piece]:
        """Set apart from the card."""
        if not self.events:
            return ()
        parts = (Paragraph(words.t("later_note"), "soft"), Facts(self.events))
        return (Aside([Section("later", words.t("later"), parts)]),)


@dataclass(frozen=True)
class Overrides:
    """What people decided against it since its release, beside what was signed.

    Attributes:
        said: as `GET /v1/models/{name}/overrides` answers it; None: it is not in use.
    """

    said: Mapping[str, Any] | None

    def pieces(self, words: Words) -> Sequence[Piece]:
        """Set apart from the card: the rule, then unit groups, then units and reasons."""
        if self.said is None or not (self.said["groups"] or self.said["reasons"]):
            return ()
        rule = {name: words.percent(self.said["rule"][name]) for name in ("share", "confidence")}
        note = words.t("overrides_note", self.said["rule"]["decisions"], **rule)
        counts = (Column(words.t("c_overruled"), number=True), Column(words.t("c_right"), number=True))
        interval = Column(words.t("c_interval"), number=True)
        groups = [Column(words.t("c_group")), *counts, interval, Column(words.t("c_scope"))]
        units = [Column(words.t(c)) for c in ("c_group", "c_unit", "c_reason")]
        parts = (
            Paragraph(words.t("later_note"), "soft"),
            Paragraph(note),
            Table(groups, [self._group(g, words) for g in self.said["groups"]]),
            Table([*units, *counts, interval], [self._unit(c, words) for c in self.said["reasons"]]),
        )
        return (Aside([Section("overrides", words.t("overrides"), parts)]),)

    def _group(self, group: Mapping[str, Any], words: Words) -> tuple[Cell, ...]:
        scope = words.t("scope_lost" if group["alarm"] is not None else "scope_stands")
        return Cell(words.unit_group(group["group"])), *_counts(group, words), Cell(scope)

    def _unit(self, cell: Mapping[str, Any], words: Words) -> tuple[Cell, ...]:
        reason = cell["reason_title"].get(words.language, cell["reason_code"])
        group = "–" if cell["group"] == "*" else words.unit_group(cell["group"])
        names = (group, cell["unit_name"][words.language], reason)
        return *(Cell(name) for name in names), *_counts(cell, words)


def _counts(counted: Mapping[str, Any], words: Words) -> tuple[Cell, ...]:
    """Overruled of decided, right of known, and the interval of their share."""
    low, high = counted["low"], counted["high"]
    return (
        Cell(f"{counted['overruled']} / {counted['decided']}"),
        Cell(f"{counted['right']} / {counted['known']}" if counted["known"] else "–"),
        Cell("–" if low is None else f"{words.percent(low)}–{words.percent(high)}"),
    )


@dataclass(frozen=True)
class Purpose:
    """What it is for, and what not."""

    model: str

    def pieces(self, words: Words) -> Sequence[Piece]:
        """Two lists."""
        barred = ("not_decide", "not_triage", "not_judge", "not_elsewhere")
        return (
            Section("purpose", words.t("purpose"), [Paragraph(words.t(f"for_{self.model}"))]),
            Section("not-for", words.t("not_for"), [Bullets([words.t(key) for key in barred])]),
        )
