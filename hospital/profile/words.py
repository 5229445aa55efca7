"""A profile's words, French and English, from ``words.toml``; and its numbers and days as people write them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from hospital.profile.facts import Finding, ModelProfile, TableProfile
from hospital.profile.feature_needs import CADENCE, HISTORY
from hospital.words.language import Language

__all__ = ["CODES", "Words"]

_TABLES: Mapping[str, Mapping[str, Mapping[str, str]]] = tomllib.loads(
    files("hospital.profile").joinpath("words.toml").read_text("utf-8")
)
_FEATURES_SHOWN = 8
CODES = frozenset(_TABLES["says"])
"""Findings that have words of their own."""


@dataclass(frozen=True)
class Words:
    """The words of one language."""

    language: Language

    def t(self, key: str, **places: str) -> str:
        """A text of the page."""
        return _TABLES["texts"][key][self.language].format(**places)

    def table(self, name: str) -> str:
        """A table's or model's name for people."""
        return _TABLES["tables"].get(name, {}).get(self.language, name)

    def says(self, finding: Finding) -> str:
        """What was found."""
        if finding.code not in CODES:
            return finding.said or finding.code
        return _TABLES["says"][finding.code][self.language].format(
            rows=self.number(finding.rows),
            share=self.percent(finding.share),
            first=self.day(finding.first),
            last=self.day(finding.last),
            before=self.number(finding.before),
            after=self.number(finding.after),
            before_share=self.percent(finding.before),
            after_share=self.percent(finding.after),
        )

    def does(self, finding: Finding) -> str:
        """What to do about it; "" where nothing is known of it."""
        return _TABLES["does"].get(finding.code, {}).get(self.language, "")

    def where(self, finding: Finding) -> str:
        """Table, column and unit of a finding."""
        place = f"{finding.table}.{finding.column}" if finding.column else finding.table
        return f"{place} ({finding.unit})" if finding.unit else place

    def cost(self, table: TableProfile, column: str, labels: Mapping[str, str]) -> str:
        """What a column's absence costs, in words: the features that need it, and what else.

        Args:
            labels: of features by ``model:feature``.
        """
        names = next(c.features for c in table.columns if c.name == column)
        return self._cost(f"{table.name}.{column}", names, labels)

    def table_cost(self, table: TableProfile, labels: Mapping[str, str]) -> str:
        """What a whole table's absence costs, in words."""
        return self._cost(table.name, table.features, labels)

    def _cost(self, name: str, features: tuple[str, ...], labels: Mapping[str, str]) -> str:
        said = list(dict.fromkeys(labels[n] for n in features if n in labels))
        more = _TABLES["more"].get(name, {}).get(self.language)
        if len(said) > _FEATURES_SHOWN:
            said = [*said[:_FEATURES_SHOWN], "…"]
        return "; ".join([*([more] if more else []), *([", ".join(said)] if said else [])])

    def lacks(self, names: tuple[str, ...]) -> str:
        """What a feature lacks."""
        known = {HISTORY: "lacks_history", CADENCE: "lacks_cadence"}
        return ", ".join(self.t(known[n]) if n in known else n for n in names)

    def model_lines(self, model: ModelProfile, new_units: list[str]) -> list[str]:
        """What a model's data allow, sentence by sentence."""
        if model.lacks:
            names = ", ".join(n.replace(" | ", self.t("or")) for n in model.lacks)
            return [self.t("model_lacks", names=names)]
        lines = [self.t("history", days=self.number(round(model.history_days)))]
        if model.baseline_first:
            lines.append(self.t("baseline_first"))
        if not model.season:
            lines.append(self.t("no_season"))
        if new_units and model.model == "bed-demand":
            lines.append(self.t("new_units", names=", ".join(new_units)))
        have, count = sum(f.exists for f in model.features), len(model.features)
        if have == count:
            lines.append(self.t("all_features"))
        else:
            lines.append(self.t("some_features", n=self.number(have), all=self.number(count)))
        return lines

    def horizon(self, hours: float) -> str:
        """A horizon as it is asked for."""
        if hours == 0:
            return self.t("at_triage")
        return f"{hours:g} h" if hours < 72 else f"{hours / 24:g} {'j' if self.language == 'fr' else 'd'}"

    def number(self, value: float | None) -> str:
        """A number with the language's signs; at most three digits after them."""
        if value is None:
            return "–"
        text = f"{value:,.3f}".rstrip("0").rstrip(".")
        return text.translate({44: "\u202f", 46: ","}) if self.language == "fr" else text

    def percent(self, share: float | None) -> str:
        """A share in percent: what is not nothing is not shown as 0."""
        if share is None:
            return "–"
        percent = 100 * share
        space = "\u202f%" if self.language == "fr" else "%"
        if 0 < percent < 0.1:
            return "< " + self.number(0.1) + space
        return self.number(round(percent, 1)) + space

    def day(self, iso: str) -> str:
        """A day as the language writes it."""
        return "/".join(reversed(iso.split("-"))) if self.language == "fr" and iso else iso
