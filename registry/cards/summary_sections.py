"""Sections of the model card that are read first and last: each a record that renders itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hospital.markup import Cell, badge, bullets, code, facts, folded, paragraph, section
from registry.cards.formats import Words

__all__ = ["Ask", "Brief", "Data", "Identity", "Later", "Law", "Limits", "Purpose", "Section", "Title"]

Card = Mapping[str, Any]
_SMALL = frozenset({"needs_more_rows", "needs_more_weeks"})


class Section(Protocol):
    """Part of the page."""

    def render(self, words: Words) -> str:
        """Its markup; empty where there is nothing to say."""
        ...


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

    def render(self, words: Words) -> str:
        """Heading and banner."""
        kind = self.verdict if self.verdict in ("pass", "block", "inconclusive") else "other"
        shown = badge(self.verdict, words.verdict(self.verdict))
        heading = Cell(words.t("verdict")).render()
        return (
            paragraph(f"Vigie · {words.t('card')}", "soft")
            + f"<h1>{Cell(self.text(words)).render()}</h1>"
            + f'<div class="banner {kind}"><strong>{heading}</strong> {shown}'
            + paragraph(words.t(f"said_{self.verdict}"))
            + "</div>"
        )


@dataclass(frozen=True)
class Brief:
    """Four figures that say the most; those that the report does not hold are left out.

    Attributes:
        baseline_only: the version is the baselines alone, which gain nothing and have no scope.
    """

    performance: Sequence[Mapping[str, Any]]
    groups: Sequence[Mapping[str, Any]]
    scope: int
    baseline_only: bool = False

    @classmethod
    def of(cls, card: Card) -> "Brief":
        """Of a card."""
        baseline_only = card.get("kind") == "baseline"
        return cls(card["performance"], card["groups"], len(card["scope"]), baseline_only)

    def render(self, words: Words) -> str:
        """As tiles."""
        tiles = [self._error(words), self._coverage(words), self._scope(words), self._fairness(words)]
        shown = "".join(
            f"<li><strong>{Cell(big).render()}</strong><span>{Cell(small).render()}</span></li>"
            for big, small in tiles
            if big
        )
        notice = paragraph(words.t("brief_baseline_only")) if self.baseline_only else ""
        told = f'{notice}<ul class="tiles">{shown}</ul>'
        return section("brief", words.t("brief"), told) if shown else ""

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
        told = row.get("gain")
        share = told[0] if told and told[0] is not None else 1 - row["mae"] / row["baseline_mae"]
        baseline = words.quantity(row["baseline_mae"])
        said = words.t("brief_error", at=self._at(row, words), baseline=baseline, gain=words.percent(share))
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
        told = "brief_scope_wait" if words.model == "wait-time" else "brief_scope"
        return words.t("of", a=str(self.scope), b=str(cells)), words.t(told)

    def _fairness(self, words: Words) -> tuple[str, str]:
        judged = [
            h for g in self.groups for h in g["disparities"] if h["value"] is not None and h["required"]
        ]
        named = {h["group"] for h in judged}
        disadvantaged = {h["group"] for h in judged if h["verdict"] == "block"}
        small = {h["group"] for g in self.groups for h in g["disparities"] if h.get("note") in _SMALL}
        if not named and not small:
            return "", ""
        sound = words.t("of", a=str(len(named - disadvantaged)), b=str(len(named)))
        return sound, words.t("brief_fairness", small=str(len(small - named)))


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

    def render(self, words: Words) -> str:
        """Approve or refuse."""
        rest = f'--comment "{words.t("ask_comment")}" --key {words.t("key_file")}'
        ways = ("--approve", "--refuse") if self.verdict == "pass" else ("--refuse",)
        return section(
            "ask",
            words.t("ask"),
            paragraph(words.t("ask_pass" if self.verdict == "pass" else "ask_closed")),
            paragraph(words.t("ask_command")),
            code(f"vigie review {self.model} {self.version} {way} {rest}" for way in ways),
        )


@dataclass(frozen=True)
class Later:
    """What happened since the check, beside what was signed.

    Attributes:
        told: (what, how much or when) in the page's language.
    """

    told: Sequence[tuple[str, str]]

    def render(self, words: Words) -> str:
        """Set apart from the card."""
        if not self.told:
            return ""
        inside = section(
            "later", words.t("later"), paragraph(words.t("later_note"), "soft"), facts(self.told)
        )
        return f'<aside class="aside">{inside}</aside>'


@dataclass(frozen=True)
class Purpose:
    """What it is for, and what not."""

    model: str

    def render(self, words: Words) -> str:
        """Two lists."""
        barred = ("not_decide", "not_triage", "not_judge", "not_elsewhere")
        return section("purpose", words.t("purpose"), paragraph(words.t(f"for_{self.model}"))) + section(
            "not-for", words.t("not_for"), bullets(words.t(key) for key in barred)
        )


@dataclass(frozen=True)
class Data:
    """What it was learned and judged on."""

    data: Mapping[str, Any]

    def render(self, words: Words) -> str:
        """Source, span, rows and what reading found."""
        data, split = self.data, self.data["split"]
        pairs = []
        spans = [span for span in split.values() if isinstance(span, list)]
        if spans:
            first, last = min(s[0] for s in spans), max(s[1] for s in spans)
            pairs.append((words.t("data_span"), self._span(words, first, last)))
        if isinstance(split.get("test"), list):
            pairs.append((words.t("data_test"), self._span(words, *split["test"])))
        rows = ", ".join(f"{name} {words.number(n, 0)}" for name, n in data["rows"].items())
        audit = ", ".join(words.attribute(name) for name in data["audit_attributes"])
        pairs += [
            (words.t("data_days"), words.number(data["days"], 0)),
            (words.t("data_rows"), rows),
            (words.t("data_zone"), str(data["zone"])),
            (words.t("data_audit"), audit or "–"),
            (words.t("data_source"), str(data["digest"])),
        ]
        found = bullets(self._findings(words))
        return section("data", words.t("data"), facts(pairs), folded(words.t("data_findings"), found))

    def _span(self, words: Words, first: int, last: int) -> str:
        return words.t("from_to", a=words.day(first), b=words.day(last))

    def _findings(self, words: Words) -> list[str]:
        """What reading found, tables of one finding together."""
        tables: dict[str, list[str]] = {}
        for finding in self.data["findings"]:
            told = words.known(f"found_{finding['code']}") or str(finding["message"])
            tables.setdefault(told, []).append(str(finding["table"]))
        return [f"{', '.join(names)}{words.t('colon')}{told}" for told, names in tables.items()]


@dataclass(frozen=True)
class Limits:
    """What a reader must know not to be misled: two things that always hold, the rest from the report."""

    model: str
    missing: Sequence[str]
    findings: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, card: Card) -> "Limits":
        """Of a card."""
        found = [f for gate in card["gates"] for f in gate["findings"]]
        return cls(str(card["model"]), card["data"]["missing"], found)

    def render(self, words: Words) -> str:
        """As a list."""
        items = [words.t("limit_scope"), words.t("limit_unusual")]
        if self.model == "wait-time":
            items.append(words.t("limit_censored"))
        if self.missing:
            named = ", ".join(words.group(name).replace("_", " ") for name in self.missing)
            items.append(words.t("limit_missing", x=named))
        for key, notes in (
            ("limit_small", _SMALL),
            ("limit_attributes", {"attribute_missing"}),
            ("limit_horizons", {"too_few_blocks"}),
        ):
            groups = dict.fromkeys(words.group(f["group"]) for f in self.findings if f.get("note") in notes)
            if groups:
                items.append(words.t(key, x=", ".join(groups)))
        for f in self.findings:
            if f.get("note") == "short_history":
                days = {"n": words.number(f["value"], 0), "m": words.number(f["threshold"], 0)}
                items.append(words.t("limit_history", **days))
        return section("limits", words.t("limits"), bullets(items))


@dataclass(frozen=True)
class Law:
    """What a regulator asks first."""

    def render(self, words: Words) -> str:
        """As a list."""
        items = (words.t(f"law_{key}") for key in ("purpose", "oversight", "data", "record"))
        return section("law", words.t("law"), paragraph(words.t("law_note")), bullets(items))


@dataclass(frozen=True)
class Identity:
    """Digests and versions: what exactly is signed."""

    card: Card

    def render(self, words: Words) -> str:
        """Names and values, inputs and units folded."""
        card, training = self.card, self.card["training"]
        libraries = ", ".join(f"{name} {version}" for name, version in training["libraries"].items())
        pairs = [
            (words.t("i_package"), str(card["digest"])),
            (words.t("i_policy"), f"{card['policy_digest']} ({card['policy_name']})"),
            (words.t("i_features"), str(training["feature_digest"])),
            (words.t("i_commit"), str(training["code_commit"])),
            (words.t("i_libraries"), libraries),
            (words.t("i_seed"), str(training["seed"])),
            (words.t("i_compared"), str(card["compared_with"] or words.t("first_release"))),
        ]
        units = card["units"]
        return section(
            "identity",
            words.t("identity"),
            facts(pairs, as_code=True),
            folded(words.t("features", n=str(len(card["features"]))), self._features(words)),
            folded(
                words.t("units", n=str(len(units))),
                bullets(f"{u['unit']}{words.t('colon')}{u['label']}" for u in units),
            ),
        )

    def _features(self, words: Words) -> str:
        grouped: dict[str, list[str]] = {}
        for feature in self.card["features"]:
            grouped.setdefault(feature["group"], []).append(words.features[feature["name"]])
        return facts((words.feature_group(group), ", ".join(names)) for group, names in grouped.items())
