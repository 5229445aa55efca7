"""What is said of one feature: its value as applications get it, and as people say it."""

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from hospital.features.bed_list import of_all_units
from hospital.features.dictionary import expectation
from hospital.features.feature import TRIAGE_RANK, Feature
from hospital.words import formats, names
from hospital.words.catalogue import has_text, text
from hospital.words.language import Language
from hospital.words.names import NO_NAMES, OwnNames
from serving.forecasting.reason_sentences import (
    Unit,
    about_key,
    clock,
    compared,
    effect,
    measure,
    rounded,
    sentence_of,
)

__all__ = ["ALL_WAITING", "FeatureStatement", "FeatureWords", "Value", "partners", "sentences", "subjects"]

Value = float | str | None
_Compared = tuple[Value, Value, str, int, bool]

_SAME_SUBJECT = {
    "change_24h_share": "demand_change_24h",
    "change_7d_share": "demand_change_7d",
    "above_usual_share": "above_usual",
    "usual_then_share": "usual_then",
    "seasonal_profile_share": "seasonal_profile",
    "season_sin": "season_cos",
}
"""Features that say the same as another: they share one sentence, and what they do is added up in it."""
_DIFFERENCES = frozenset(
    {
        "demand_change_24h",
        "demand_change_7d",
        "above_usual",
        "usual_then",
        "seasonal_profile",
        "last_week_change",
        "free_then",
        "above_week_share",
        "above_month_share",
        "hospital_change_24h",
        "hospital_above_usual",
        "hospital_usual_change",
        *_SAME_SUBJECT,
    }
)
ALL_WAITING = "ed_waiting"
_WAITING = frozenset(
    {
        ALL_WAITING,
        "ed_waiting_urgent",
        "ed_waiting_ahead",
        "ed_waiting_over_1h",
        "ed_waiting_over_2h",
        "waiting_per_doctor",
    }
)
_RANK = {rank: level for level, rank in TRIAGE_RANK.items()}
_MOST_KNOWN = 512
_MONDAY = dt.date(2024, 1, 1)


class Said(NamedTuple):
    """A value in words: a sentence's beginning, and how the value alone is written there."""

    about: str
    written: str


class FeatureStatement(NamedTuple):
    """One feature of a forecast; an answer makes hundreds, and a tuple takes a third of a dataclass's time.

    Attributes:
        contribution: in the forecast's unit.
        about: what it is about, in words.
        expected: 1, people expect a longer wait of it, -1, a shorter one; 0, either, or nothing is compared.
        nobody: it says that nobody of some kind waits.
    """

    feature: str
    contribution: float
    about: str
    expected: int = 0
    nobody: bool = False


class FeatureWords:
    """How one feature's values are given and worded; most come again and again, beside the same usual ones."""

    def __init__(
        self, feature: Feature, language: Language, *, total: bool = False, own: OwnNames = NO_NAMES
    ) -> None:
        """The words of a feature; `total`: of the hospital total; `own`: what the hospital calls its departments."""
        self._own = own
        self._nothing_of_all = total and of_all_units(feature) == "none"
        self.feature, self.label = feature, feature.label(language)
        self._about_none, self._about_it, self._about_more, self._about_less, self._about_unknown = (
            about_key(feature.name, kind, total=total) for kind in ("none", "", "more", "less", "unknown")
        )
        self._language, self._expectation = language, expectation(feature.name)
        self._known: dict[tuple[float | None, float | None, str | None], _Compared] = {}

    def compared(self, value: float, usual: float, comparison: str | None) -> tuple[Value, Value, str]:
        """A value and what is usual, as applications get them, and both in words; NaN unknown.

        Args:
            comparison: what is compared with, in words; None: nothing is.
        """
        return self._compared(value, usual, comparison)[:3]

    def statement(
        self,
        value: float,
        usual: float,
        comparison: str | None,
        contribution: float,
        *,
        nobody_waits: bool = False,
    ) -> tuple[Value, Value, FeatureStatement]:
        """A value and what is usual as `compared` has them, and what is said of both and of what they add.

        Where `nobody_waits` is known, a mean of their waits is no unknown value.
        """
        now, then, about, expected, nobody = self._compared(value, usual, comparison)
        name = self.feature.name
        if nobody_waits and now is None and has_text(f"about.nobody.{name}"):
            about, nobody = self._of_nobody(usual, comparison), True
        return now, then, FeatureStatement(name, contribution, about, expected, nobody)

    def _compared(self, value: float, usual: float, comparison: str | None) -> _Compared:
        key = (value if value == value else None, usual if usual == usual else None, comparison)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known = {}
            nobody = value == 0 and self.feature.name in _WAITING
            found = (self.given(key[0]), self.given(key[1]), *self._about(*key), nobody)
            self._known[key] = found
        return found

    def _of_nobody(self, usual: float, comparison: str | None) -> str:
        about = text(f"about.nobody.{self.feature.name}", self._language)
        then = self._said(usual).written if usual == usual else None
        return compared(about, "", then, comparison, self._language)

    def value_of(self, given: Value) -> float:
        """The value that `given` gives for applications; NaN where it is unknown, or not of this feature."""
        if given is None:
            return np.nan
        if isinstance(given, str):
            if given in self.feature.levels:
                return float(self.feature.levels.index(given))
            return TRIAGE_RANK.get(given, np.nan) if self.feature.name == "triage" else np.nan
        return given

    def _about(self, value: float | None, usual: float | None, comparison: str | None) -> tuple[str, int]:
        """What is so beside what is usual, and what people expect of it: 1 a longer wait, -1 a shorter one."""
        if self._nothing_of_all:  # not unknown: all units have nothing of it
            key = f"about.total.{self.feature.name}"
            return text(key, self._language) if has_text(key) else self.label, 0
        said = self._said(value)
        if usual is None or comparison is None or self.feature.group == "calendar":
            return said.about, 0
        if self.feature.name == "triage" and not isinstance(self.given(usual), str):
            return said.about, 0  # a mean between two levels is none
        then = self._said(usual).written
        about = compared(said.about, said.written, then, comparison, self._language)
        apart = 0 if value is None or said.written == then else 1 if value > usual else -1
        return about, apart * self._expectation

    def given(self, value: float | None) -> Value:
        """A value as applications get it: a level's name, a triage level, a number; None unknown, as NaN is."""
        if value is None or value != value:
            return None
        if self.feature.levels:
            return self.feature.levels[int(value)] if value.is_integer() else None
        if self.feature.name == "triage":
            return _RANK.get(value, round(value, 1))
        # The shortest decimal that is this very float32.
        return value if value.is_integer() else float(str(np.float32(value)))

    def _said(self, value: float | None) -> Said:
        """A value in words; None unknown."""
        name, language, given = self.feature.name, self._language, self.given(value)
        if given is None or value is None:
            unknown, key = text("reasons.unknown", language), self._about_unknown or "reasons.plain"
            return Said(text(key, language, label=self.label, value=unknown), unknown)
        if name in ("season_cos", "season_sin"):
            return Said(text("about.season", language), "")
        written = self.written(given)
        whether = f"about.{'yes' if value > 0 else 'no'}.{name}"
        if has_text(whether):
            return Said(text(whether, language), written)
        about = self._about_it
        if self._about_more is not None:
            about = self._about_more if value > 0 else self._about_less
        if about is None:
            return Said(text("reasons.plain", language, label=self.label, value=written), written)
        if isinstance(given, str):
            return Said(text(about, language, value=written), written)
        n = rounded(abs(value) if name in _DIFFERENCES else value)
        if n == 0 and name in _DIFFERENCES:
            written = text("reasons.no_difference", language)
        if n == 0 and self._about_none is not None:
            alone = written if name in _DIFFERENCES else formats.short_number(value, self._language)
            return Said(text(self._about_none, language), alone)
        size = measure(abs(value), self.feature.unit, language, plus=False) if self._about_more else written
        return Said(text(about, language, n, value=size), self.alone(value, written))

    def alone(self, value: float, written: str) -> str:
        """A value as it stands beside the sentence about it: a count without what is counted."""
        counted = self.feature.unit in ("", "patients", "beds") and self.feature.name not in _DIFFERENCES
        return (
            formats.short_number(value, self._language)
            if counted and self.feature.group != "calendar"
            else written
        )

    def written(self, given: float | str) -> str:
        """A value as people write it: a day, a clock time, yes or no where it is one, a level by its name."""
        name, language = self.feature.name, self._language
        if isinstance(given, str):
            key = f"reasons.arrival.{given}"
            named = name in ("department", "reason")
            return (
                text(key, language)
                if has_text(key)
                else names.value(name, given, language, self._own)
                if named
                else given
            )
        if name.endswith("weekday"):
            return formats.weekday(_MONDAY + dt.timedelta(round(given) % 7), language)
        if name.endswith("holiday"):
            return text("reasons.yes" if round(given) > 0 else "reasons.no", language)
        if name in ("hour", "target_hour"):
            return clock(given, language)
        return measure(given, self.feature.unit, language, plus=name in _DIFFERENCES)


def partners(features: Sequence[Feature]) -> dict[int, tuple[int, ...]]:
    """By column the columns of the other features that say the same; those of which none does are not there."""
    columns: dict[str, list[int]] = {}
    for column, feature in enumerate(features):
        columns.setdefault(_SAME_SUBJECT.get(feature.name, feature.name), []).append(column)
    return {
        column: tuple(other for other in same if other != column)
        for same in columns.values()
        for column in same
        if len(same) > 1
    }


def subjects(
    statements: Sequence[FeatureStatement], unit: Unit, language: Language
) -> list[tuple[str, float]]:
    """What is so, and what it adds: each subject once, the largest first.

    What several features say of the same is added up; the first named of them says it, a number before a share of it.
    Where nobody waits, none of any kind does. What goes against what people expect of a wait says so.
    """
    found: dict[str, tuple[float, FeatureStatement]] = {}
    none = {one.feature for one in statements if one.nobody}
    nobody = next((f for f in (ALL_WAITING, "waiting_per_doctor") if f in none), "")
    for one in statements:
        subject = nobody if nobody and one.nobody else _SAME_SUBJECT.get(one.feature, one.feature)
        before, said = found.get(subject, (0.0, one))
        found[subject] = (before + one.contribution, one if one.feature == subject else said)
    return [
        (_against(said.about, language), total)
        if unit == "minutes" and said.expected * total < 0
        else (said.about, total)
        for total, said in sorted(found.values(), key=lambda subject: -abs(subject[0]))
    ]


@lru_cache(maxsize=2048)
def _against(about: str, language: Language) -> str:
    return text("reasons.against", language, about=about)


def sentences(statements: Sequence[FeatureStatement], unit: Unit, language: Language) -> list[str]:
    """One sentence a subject, the largest first; of what would be shown as 0 none."""
    return [
        sentence_of(about, change, language)
        for about, total in subjects(statements, unit, language)
        if (change := effect(total, unit, language)) is not None
    ]
