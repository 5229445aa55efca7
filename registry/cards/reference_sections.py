"""Sections of the model card that are read last: cost, data, limits, law, identity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hospital.page_pieces import Bullets, Cell, Column, Facts, Folded, Paragraph, Piece, Section, Table
from hospital.profile.facts import Finding
from hospital.profile.words import Words as TableWords
from registry.cards.finding_text import Words

__all__ = ["Data", "Efficiency", "Identity", "Law", "Limits"]

Card = Mapping[str, Any]
_FIGURES = ("package_megabytes", "answer_milliseconds", "answers_watt_hours", "training_watt_hours")
_SMALL = frozenset({"needs_more_rows", "needs_more_weeks"})


@dataclass(frozen=True)
class Efficiency:
    """What the efficiency gate measured; of a card made before there was one, nothing."""

    findings: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, card: Mapping[str, Any]) -> "Efficiency":
        """Of a card."""
        return cls([f for gate in card["gates"] if gate["name"] == "efficiency" for f in gate["findings"]])

    def pieces(self, words: Words) -> Sequence[Piece]:
        """A table; without figures, nothing."""
        own = {f["metric"]: f for f in self.findings if f["metric"] in _FIGURES}
        beside = {f["group"]: f for f in self.findings if f["metric"] == "cost_ratio"}
        if not own:
            return ()
        columns = [
            Column(words.t("c_cost")),
            Column(words.t("c_cost_value"), number=True),
            Column(words.t("c_budget"), number=True),
            Column(words.t("c_multiple"), number=True),
        ]
        rows = [
            (
                Cell(words.measure(name)),
                Cell(_figure(own[name]["value"], words)),
                Cell(_figure(own[name]["threshold"], words)),
                Cell(_multiple(beside.get(name), words)),
            )
            for name in _FIGURES
            if name in own
        ]
        parts = (Paragraph(words.t("efficiency_note")), Table(columns, rows))
        return (Section("efficiency", words.t("efficiency"), parts),)


def _figure(value: float | None, words: Words) -> str:
    """A cost with as many digits as set it apart."""
    if value is None:
        return "–"
    digits = 0 if float(value).is_integer() else 2 if abs(value) >= 0.1 else 4
    return words.number(value, digits)


def _multiple(finding: Mapping[str, Any] | None, words: Words) -> str:
    if finding is None or finding["value"] is None:
        return "–"
    return f"× {words.number(finding['value'], 1)}"


@dataclass(frozen=True)
class Data:
    """What it was learned and judged on, and by which attributes of the fairness section's groups."""

    data: Mapping[str, Any]
    groups: Sequence[Mapping[str, Any]] = ()

    def pieces(self, words: Words) -> Sequence[Piece]:
        """Source, span, rows and what reading found."""
        data, split = self.data, self.data["split"]
        pairs = []
        spans = [span for span in split.values() if isinstance(span, list)]
        if spans:
            first, last = min(s[0] for s in spans), max(s[1] for s in spans)
            pairs.append((words.t("data_span"), words.days(first, last)))
        if isinstance(split.get("test"), list):
            pairs.append((words.t("data_test"), words.days(*split["test"])))
        rows = ", ".join(f"{words.table(name)} {words.number(n, 0)}" for name, n in data["rows"].items())
        parts = [part for group in self.groups for part in str(group["group"]).split("*") if "=" in part]
        judged = dict.fromkeys(part.partition("=")[0] for part in parts)
        audit = ", ".join(words.attribute(name) for name in judged)
        pairs += [
            (words.t("data_days"), words.number(data["days"], 0)),
            (words.t("data_rows"), rows),
            (words.t("data_zone"), str(data["zone"])),
            (words.t("data_audit"), audit or "–"),
            (words.t("data_source"), str(data["digest"])),
        ]
        found = Folded(words.t("data_findings"), [Bullets(self._findings(words))])
        look = (
            [Folded(words.t("data_to_look_at"), [Bullets(lines)])]
            if (lines := self._to_look_at(words))
            else []
        )
        return (Section("data", words.t("data"), (Facts(pairs), found, *look)),)

    def _to_look_at(self, words: Words) -> list[str]:
        """What the check found in the tables themselves, and what to do, as `vigie data check` says it."""
        said = TableWords(words.language)
        read = {(f["table"], f["code"]) for f in self.data["findings"]}
        rows = [f for f in self.data.get("to_look_at", ()) if (f["table"], f["code"]) not in read]
        found = [Finding(**{**f, "names": tuple(f["names"])}) for f in rows]
        return [said.labelled(said.where(f), f"{said.says(f)} {said.does(f)}".strip()) for f in found]

    def _findings(self, words: Words) -> list[str]:
        """What reading found, tables of one finding together."""
        tables: dict[str, list[str]] = {}
        for finding in self.data["findings"]:
            message = words.known(f"found_{finding['code']}") or str(finding["message"])
            tables.setdefault(message, []).append(words.table(str(finding["table"])))
        return [words.labelled(", ".join(names), message) for message, names in tables.items()]


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

    def pieces(self, words: Words) -> Sequence[Piece]:
        """As a list."""
        items = [words.t("limit_scope"), words.t("limit_unusual")]
        if self.model == "wait-time":
            items.append(words.t("limit_censored"))
        if self.missing:
            named = ", ".join(words.lacking_input(name) for name in self.missing)
            items.append(words.t("limit_missing", x=named))
        for key, notes in (
            ("limit_small", _SMALL),
            ("limit_attributes", {"attribute_missing"}),
            ("limit_horizons", {"too_few_blocks"}),
            ("limit_not_confirmed", {"not_confirmed"}),
        ):
            groups = dict.fromkeys(words.group(f["group"]) for f in self.findings if f.get("note") in notes)
            if groups:
                items.append(words.t(key, x=", ".join(groups)))
        for f in self.findings:
            if f.get("note") == "short_history":
                days = Decimal(f"{f['value']:.0f}")
                items.append(words.t("limit_history", days, asked=words.number(f["threshold"], 0)))
        return (Section("limits", words.t("limits"), [Bullets(items)]),)


@dataclass(frozen=True)
class Law:
    """What a regulator asks first."""

    def pieces(self, words: Words) -> Sequence[Piece]:
        """As a list."""
        items = [words.t(f"law_{key}") for key in ("purpose", "oversight", "data", "record")]
        return (Section("law", words.t("law"), (Paragraph(words.t("law_note")), Bullets(items))),)


@dataclass(frozen=True)
class Identity:
    """Digests and versions: what exactly is signed."""

    card: Card

    def pieces(self, words: Words) -> Sequence[Piece]:
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
        names = [words.labelled(str(u["unit"]), str(u["label"])) for u in units]
        parts = (
            Facts(pairs, as_code=True),
            Folded(words.t("features", len(card["features"])), [self._features(words)]),
            Folded(words.t("units", len(units)), [Bullets(names)]),
        )
        return (Section("identity", words.t("identity"), parts),)

    def _features(self, words: Words) -> Piece:
        grouped: dict[str, list[str]] = {}
        for feature in self.card["features"]:
            grouped.setdefault(feature["group"], []).append(words.features[feature["name"]])
        return Facts([(words.feature_group(group), ", ".join(names)) for group, names in grouped.items()])
