"""A profile's words, French and English, from the catalogue; its numbers and days as people write them."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from hospital.profile.facts import Finding, ModelProfile, TableProfile
from hospital.profile.feature_needs import CADENCE, HISTORY, HOLIDAYS, SCHOOL_ZONE, STEP
from hospital.words import formats, names
from hospital.words.catalogue import entries, has_text, text
from hospital.words.language import Language

__all__ = ["Words", "codes"]

_FEATURES_SHOWN = 8
_YEAR_KNOWN_DAYS = 500  # the policy that ships (`history_days`); policies stand in the registry, above
_MONDAY = dt.date(2024, 1, 1)
_OF_WEEKDAYS = ("no_weekdays", "silent_weekdays", "heaped_times", "column_hours", "silent_hours")
"""Findings whose names are days of the week."""
_OF_PARTS = ("column_stops_for", "long_ones_missing", "lengths_cut")
"""Findings whose names, or hours, say of which visits alone they hold."""


def codes() -> frozenset[str]:
    """Findings that have words of their own."""
    return frozenset(key.removeprefix("says.") for key in entries("profile") if key.startswith("says."))


@dataclass(frozen=True)
class Words:
    """The words of one language."""

    language: Language

    def t(self, key: str, n: float | None = None, **places: str) -> str:
        """A text of the page; `n` decides its plural."""
        return text(f"profile.{key}", self.language, n, **places)

    def about(self, findings: int) -> str:
        """How many findings ask for a person's attention."""
        return self.t("look_about", findings) if findings else self.t("clean_about")

    def table(self, name: str) -> str:
        """A table's or model's name for people."""
        return names.table(name, self.language)

    def attribute(self, name: str) -> str:
        """An attribute of people."""
        return names.attribute(name, self.language)

    def group(self, attribute: str, value: str) -> str:
        """A group of people, by the value of an attribute."""
        return names.value(attribute, value, self.language)

    def _name(self, key: str, otherwise: str) -> str:
        return names.name(key, otherwise, self.language)

    def says(self, finding: Finding) -> str:
        """What was found."""
        if not has_text(f"profile.says.{finding.code}"):
            return finding.said or finding.code
        return self.t(
            f"says.{finding.code}",
            rows=self.number(finding.rows),
            count_rows=formats.quantity(finding.rows, "rows", self.language, 0),
            share=self.percent(finding.share),
            first=self.day(finding.first),
            last=self.day(finding.last),
            before=self.number(finding.before),
            after=self.number(finding.after),
            days=formats.quantity(finding.after, "days", self.language, _digits(finding.after)),
            hours=formats.quantity(finding.after, "hours", self.language, 0),
            before_share=self.percent(finding.before),
            after_share=self.percent(finding.after),
            names=", ".join(self._weekdays(finding) if finding.code in _OF_WEEKDAYS else finding.names),
            period=self._period(finding),
            when=self._when(finding),
            among=self._among(finding) if finding.code in _OF_PARTS else "",
        )

    def _among(self, finding: Finding) -> str:
        """Of whom alone it holds: of a level, of some days of the week or hours; "" of all."""
        named = [name if "=" in name else self._weekday(name) for name in finding.names]
        return f" ({', '.join([*named, *self._clock(finding)])})" if named or finding.clock else ""

    def _period(self, finding: Finding) -> str:
        """The days that a finding is about, and how many they are."""
        days = formats.quantity(finding.days, "days", self.language, 0)
        if not (finding.first and finding.last):
            return days
        first, last = (dt.date.fromisoformat(day) for day in (finding.first, finding.last))
        key = (
            "period"
            if finding.code != "unit_clock_moved" or not finding.names
            else f"period_{finding.names[0]}"
        )
        return self.t(key, range=formats.date_range(first, last, self.language), days=days)

    def _when(self, finding: Finding) -> str:
        """The time of day that a finding is about, the days of the week, or both."""
        days = ", ".join(self._weekdays(finding)) if finding.code in _OF_WEEKDAYS else ""
        return " ".join(part for part in (days, ", ".join(self._clock(finding))) if part)

    def _clock(self, finding: Finding) -> list[str]:
        """The times of day, or the hours from and to."""
        hours = [self._hour(text) for text in finding.clock.replace("-", ",").split(",") if text]
        return [self.t("hours", first=hours[0], last=hours[1])] if "-" in finding.clock else hours

    def _hour(self, clock: str) -> str:
        return formats.time(dt.datetime.combine(_MONDAY, dt.time.fromisoformat(clock)), self.language)

    def _weekdays(self, finding: Finding) -> list[str]:
        """The days of the week that a finding names, from Monday 0 on."""
        return [self._weekday(name) for name in finding.names]

    def _weekday(self, number: str) -> str:
        return formats.weekday(_MONDAY + dt.timedelta(days=int(number)), self.language)

    def does(self, finding: Finding) -> str:
        """What to do about it; "" where nothing is known of it."""
        return self._name(f"profile.does.{finding.code}", "")

    def where(self, finding: Finding) -> str:
        """Table, column and unit of a finding, by the names that files and mapping have."""
        place = f"{finding.table}.{finding.column}" if finding.column else finding.table
        return f"{place} ({finding.unit})" if finding.unit else place

    def labelled(self, name: str, said: str) -> str:
        """A name with what is said of it."""
        return formats.label(name, self.language) + said

    def cost(self, table: TableProfile, column: str, labels: Mapping[str, str]) -> str:
        """What a column's absence costs, in words: the features that need it, and what else.

        Args:
            labels: of features by ``model:feature``.
        """
        needing = next(c.features for c in table.columns if c.name == column)
        return self._cost(f"{table.name}.{column}", needing, labels)

    def table_cost(self, table: TableProfile, labels: Mapping[str, str]) -> str:
        """What a whole table's absence costs, in words."""
        return self._cost(table.name, table.features, labels)

    def _cost(self, name: str, features: tuple[str, ...], labels: Mapping[str, str]) -> str:
        said = list(dict.fromkeys(labels[n] for n in features if n in labels))
        more = self._name(f"profile.more.{name}", "")
        if len(said) > _FEATURES_SHOWN:
            said = [*said[:_FEATURES_SHOWN], "…"]
        return "; ".join([*([more] if more else []), *([", ".join(said)] if said else [])])

    def lacks(self, missing: tuple[str, ...]) -> str:
        """What a feature lacks."""
        known = {HISTORY: "lacks_history", CADENCE: "lacks_cadence", STEP: "lacks_step"}
        known |= {HOLIDAYS: "lacks_holidays", SCHOOL_ZONE: "lacks_school_zone"}
        return ", ".join(self.t(known[n]) if n in known else n for n in missing)

    def lacking_days(self, usable: float, needed: float) -> str:
        """How many days a horizon lacks."""
        return self.t("short", round(needed - usable + 0.5))

    def model_lines(self, model: ModelProfile, new_units: list[str]) -> list[str]:
        """What a model's data allow, sentence by sentence."""
        if model.lacks:
            lacking = self.lacks(model.lacks).replace(" | ", self.t("or"))
            return [self.t("model_lacks", names=lacking)]
        lines = [self.t("history", round(model.history_days))]
        if model.baseline_first:
            lines.append(self.t("baseline_first"))
        elif model.model == "wait-time" and model.history_days < _YEAR_KNOWN_DAYS:
            lines.append(self.t("year_unknown", _YEAR_KNOWN_DAYS))
        if not model.season:
            lines.append(self.t("no_season"))
        if new_units and model.model == "bed-demand":
            lines.append(self.t("new_units", names=", ".join(new_units)))
        have, count = sum(f.exists for f in model.features), len(model.features)
        if have == count:
            lines.append(self.t("all_features"))
        else:
            lines.append(self.t("some_features", have, all=self.number(count)))
        return lines

    def horizon(self, hours: float) -> str:
        """A horizon, as people say it."""
        return formats.horizon(hours, self.language)

    def number(self, value: float | None) -> str:
        """A number with at most three decimals, without zeros at their end."""
        return formats.number(value, self.language, _digits(value))

    def percent(self, share: float | None) -> str:
        """A share in percent: what is not nothing is not shown as 0."""
        if share is not None and 0 < 100 * share < 0.1:
            return "< " + formats.percent(0.001, self.language, 1)
        digits = 0 if share is None or f"{100 * share:.1f}".endswith(".0") else 1
        return formats.percent(share, self.language, digits)

    def day(self, iso: str) -> str:
        """A day (ISO 8601) as the language writes it; a dash for "", where no day is known."""
        return formats.date(dt.date.fromisoformat(iso), self.language) if iso else formats.UNKNOWN


def _digits(value: float | None) -> int:
    """The decimals of a number, three at most."""
    return 0 if value is None else len(f"{value:.3f}".rstrip("0").partition(".")[2])
