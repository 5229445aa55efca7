"""How the card writes numbers, dates, groups and findings in French and English."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from zoneinfo import ZoneInfo

from hospital.times import moment
from hospital.words.language import Language
from registry.cards import finding_text as wording
from registry.cards.pictures import Interval
from registry.cards.texts import ADVICE, ATTRIBUTES, BASELINES, FEATURE_GROUPS, MEASURES, TEXTS, VALUES

__all__ = ["Words", "interval_of"]

_SHARE = frozenset(
    {
        "above_p90",
        "adjustment_share",
        "against_current",
        "below_p10",
        "beyond_training",
        "bias_shift",
        "coverage",
        "error_rise",
        "explanation_shift",
        "gain_over_baseline",
        "log_error",
        "proxy_share",
        "relative_bias",
        "share_above_p50_worst_case",
        "stability",
        "unknown_share",
        "volume_shift",
    }
)
_POINTS = frozenset({"missing_shift", "outside_interval", "share_above_p50"})  # differences of two shares
_IN_UNITS = frozenset({"mean_outcome", "bias", "absolute_error"})
_ROWS_ASKED = frozenset({"needs_more_rows", "missing_group"})
_NARROW, _FIXED, _MINUS = "\u202f", "\u00a0", "\u2212"


@dataclass(frozen=True)
class Words:
    """The words of one card.

    Attributes:
        model: which of the two texts where they differ. zone: of dates.
        features: labels of the model's inputs, by name.
    """

    language: Language
    model: str
    zone: ZoneInfo
    features: Mapping[str, str]

    @classmethod
    def of(cls, card: Mapping[str, Any], language: Language) -> "Words":
        """The words of a card (``card.json``)."""
        label = "label_fr" if language == "fr" else "label_en"
        features = {f["name"]: str(f[label]) for f in card.get("features", [])}
        zone = ZoneInfo(str(card.get("data", {}).get("zone", "UTC")))
        return cls(language, str(card["model"]), zone, features)

    def t(self, key: str, **values: str) -> str:
        """A text; `values` fill its places."""
        return self.pick(TEXTS[key]).format(**values)

    def known(self, key: str) -> str:
        """A text if there is one, else nothing."""
        return self.t(key) if key in TEXTS else ""

    def pick(self, pair: tuple[str, str]) -> str:
        """The one of (French, English) that is ours."""
        return pair[0] if self.language == "fr" else pair[1]

    def number(self, value: float | None, digits: int = 1) -> str:
        """A number; what is not known is a dash."""
        if value is None:
            return "–"
        text = f"{abs(value):,.{digits}f}"
        if self.language == "fr":
            text = text.replace(",", _NARROW).replace(".", ",")
        negative = value < 0 and any(c in "123456789" for c in text)
        return (_MINUS if negative else "") + text

    def percent(self, value: float | None, digits: int = 0) -> str:
        """A share as a percentage."""
        if value is None:
            return "–"
        return self.number(100 * value, digits) + (f"{_FIXED}%" if self.language == "fr" else "%")

    def signed(self, text: str) -> str:
        """A written number with its sign, plus included."""
        plain = text.startswith((_MINUS, "–")) or not any(c in "123456789" for c in text)
        return text if plain else f"+{text}"

    def quantity(self, value: float | None, digits: int = 1) -> str:
        """A number of minutes or beds."""
        if value is None:
            return "–"
        return f"{self.number(value, digits)}{_FIXED}{self.t('unit_' + self.model)}"

    def small(self, value: float) -> str:
        """A number too small to write out, as a power of ten."""
        exponent = math.floor(math.log10(abs(value)))
        digits = str(exponent).replace("-", _MINUS).translate(str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"))
        return f"{self.number(value / 10**exponent, 1)}{_FIXED}×{_FIXED}10{digits}"

    def day(self, at: int) -> str:
        """An instant's day, where the hospital is."""
        when = moment(at).astimezone(self.zone)
        return f"{when:%d/%m/%Y}" if self.language == "fr" else f"{when:%Y-%m-%d}"

    def horizon(self, hours: float) -> str:
        """A horizon, as people say it."""
        if not hours:
            return self.t("at_triage")
        if hours < 48 or hours % 24:
            return f"{self.number(hours, 0)}{_FIXED}h"
        return f"{self.number(hours / 24, 0)}{_FIXED}{self.t('days')}"

    def verdict(self, verdict: str) -> str:
        """A verdict in a word."""
        return wording.verdict_name(verdict, self.language)

    def gate(self, gate: str) -> str:
        """A gate's name."""
        return wording.gate_name(gate, self.language)

    def advice(self, gate: str, finding: Mapping[str, Any]) -> str:
        """What a finding that does not pass means to do."""
        note = str(finding.get("note") or "")
        return self.pick(ADVICE[note]) if note in ADVICE else wording.advice(gate, finding, self.language)

    def measure(self, metric: str) -> str:
        """What was measured."""
        if metric in MEASURES:
            return self.pick(MEASURES[metric])
        name = wording.metric_name(metric, self.language)
        return name[:1].upper() + name[1:]

    def baseline(self, name: str) -> str:
        """A baseline's name."""
        return self.pick(BASELINES[name]) if name in BASELINES else name.replace("_", " ")

    def feature_group(self, name: str) -> str:
        """What a group of inputs tells of."""
        return self.pick(FEATURE_GROUPS[name]) if name in FEATURE_GROUPS else name.replace("_", " ")

    def attribute(self, name: str) -> str:
        """An attribute by which groups are told apart."""
        return self.pick(ATTRIBUTES[name]) if name in ATTRIBUTES else name.replace("_", " ")

    def group(self, group: str) -> str:
        """A finding's group: everybody, a horizon, an input, an attribute's value."""
        for between, joint in ((" ~ ", " ~ "), ("*", " × ")):  # a pair of inputs; both attributes at once
            if between in group:
                return joint.join(self.group(part) for part in group.split(between))
        if group in self.features:
            return self.features[group]
        if group in TEXTS:
            return self.t(group)
        attribute, equals, value = group.partition("=")
        horizon = self._horizon_in(value if equals else group)
        if not equals:
            return horizon or self.attribute(group)
        told = VALUES.get(group) or VALUES.get(value)
        said = self.pick(told) if told else horizon or value.replace("_", " ")
        return f"{self.attribute(attribute)}{self.t('colon')}{said}"

    def _horizon_in(self, text: str) -> str:
        """The horizon that a group names in hours ("24 h"), as people say it; empty where it names none."""
        hours = text.removesuffix(" h")
        known = hours != text and hours.replace(".", "", 1).isdigit()
        return self.horizon(float(hours)) if known else ""

    def value(self, finding: Mapping[str, Any], value: float | None) -> str:
        """A figure of a finding, in what it is measured in."""
        metric = str(finding["metric"])
        if value is None:
            return "–"
        if metric in _POINTS:
            return f"{self.number(100 * value, 1)}{_FIXED}{self.t('points')}"
        if metric in _SHARE:
            return self.percent(value, 1)
        if metric in _IN_UNITS:
            return self.quantity(value)
        if metric == "shift":
            return f"{self.number(value, 2)}{_FIXED}{self.t('sd')}"
        if value != 0 and abs(value) < 0.001:
            return self.small(value)
        return self.number(value, 0 if float(value).is_integer() else 2)

    def limit(self, finding: Mapping[str, Any]) -> str:
        """What a finding was held against."""
        threshold = finding.get("threshold")
        if threshold is None:
            return "–"
        # A group that is too small may have a figure all the same: then it is the margin that was not reached.
        if finding.get("note") in _ROWS_ASKED and finding.get("value") is None:
            return self.t("rows_asked", n=self.number(threshold, 0))
        return self.value(finding, threshold)

    def interval(self, finding: Mapping[str, Any]) -> str:
        """A finding's interval; empty without one."""
        bounds = cast("list[float | None] | None", finding.get("interval"))
        if not bounds or None in bounds:
            return ""
        low, high = (self.value(finding, bound) for bound in bounds)
        return f"[{low} ; {high}]" if self.language == "fr" else f"[{low}, {high}]"


def interval_of(finding: Mapping[str, Any], words: Words) -> Interval | None:
    """A finding as a row of a picture; None where its value or interval was not measured."""
    bounds = cast("list[float | None] | None", finding.get("interval"))
    value = finding["value"]
    if value is None or not bounds or bounds[0] is None or bounds[1] is None:
        return None
    label = words.group(str(finding["group"]))
    return Interval(label, float(value), bounds[0], bounds[1], words.value(finding, value))
