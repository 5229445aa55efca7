"""How reports and cards write a finding in French or English: names, figures, intervals, order, and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast
from zoneinfo import ZoneInfo

from hospital.features.bed_list import ALL_BED_FEATURES, COVARIATE_SUFFIX, covariate_feature
from hospital.features.wait import WAIT_FEATURES
from hospital.times import moment
from hospital.words import formats, names
from hospital.words.catalogue import has_text, text, unbroken
from hospital.words.language import Language
from registry.cards.situations import Situations

__all__ = ["Words", "advice", "ordered"]

_ORDER = {"block": 0, "inconclusive": 1, "not shown": 2, "not applicable": 3, "pass": 4}
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
        "gain_in_cell",
        "gain_over_baseline",
        "log_error",
        "outcome_shift",
        "proxy_share",
        "relative_bias",
        "share_above_p50_worst_case",
        "stability",
        "trend",
        "unknown_share",
        "volume_shift",
    }
)
_POINTS = frozenset({"missing_shift", "outside_interval", "share_above_p50"})  # differences of two shares
_IN_UNITS = frozenset({"mean_outcome", "bias", "absolute_error"})
_CORRELATION = ("excess_correlation", "correlation_shift")
_FEATURES = {"bed-demand": ALL_BED_FEATURES, "wait-time": WAIT_FEATURES}
_ROWS_ASKED = frozenset({"needs_more_rows", "missing_group"})


def _covariates(card: Mapping[str, Any], features: Mapping[str, str], language: Language) -> dict[str, str]:
    """Labels of the hospital's own inputs that findings are of, by name."""
    named = {str(f["group"]) for gate in card.get("gates", ()) for f in gate["findings"]} - set(features)
    columns = (name.removesuffix(COVARIATE_SUFFIX) for name in named if name.endswith(COVARIATE_SUFFIX))
    found = (covariate_feature(column, card.get("names", {})) for column in columns)
    return {feature.name: feature.label(language) for feature in found}


@dataclass(frozen=True)
class Words:
    """The words of one card or report.

    Attributes:
        model: which of the two texts where they differ.
        zone: of dates.
        features: labels of the model's inputs, by name.
        situations: what its findings say together.
        own: what the hospital calls its groups and attributes.
    """

    language: Language
    model: str
    zone: ZoneInfo
    features: Mapping[str, str]
    situations: Situations = field(default_factory=Situations)
    own: names.OwnNames = field(default_factory=dict)

    @classmethod
    def of(cls, card: Mapping[str, Any], language: Language) -> "Words":
        """The words of a card (``card.json``), or of a report, which names neither the inputs nor a zone."""
        model, label = str(card["model"]), "label_fr" if language == "fr" else "label_en"
        shown = unbroken if language == "fr" else str
        features = {f["name"]: shown(str(f[label])) for f in card.get("features", [])}
        if "features" not in card:
            features = {f.name: f.label(language) for f in _FEATURES.get(model, ())}
            features |= _covariates(card, features, language)
        zone = ZoneInfo(str(card.get("data", {}).get("zone", "UTC")))
        return cls(language, model, zone, features, Situations.of(card), card.get("names", {}))

    def t(self, key: str, n: float | Decimal | None = None, **values: str) -> str:
        """A text of the card; `values` fill its places, `n` decides its plural."""
        return text(f"card.{key}", self.language, n, **values)

    def known(self, key: str) -> str:
        """A text of the card if there is one, else nothing."""
        return self.t(key) if has_text(f"card.{key}") else ""

    def name(self, key: str, otherwise: str) -> str:
        """A text of the catalogue; where it has none, a name that the hospital or its policy gave."""
        return names.name(key, otherwise, self.language)

    def number(self, value: float | None, digits: int = 1) -> str:
        """A number; what is not known is a dash."""
        return formats.number(value, self.language, digits)

    def percent(self, value: float | None, digits: int = 0, *, plus: bool = False) -> str:
        """A share as a percentage."""
        return formats.percent(value, self.language, digits, plus=plus)

    def quantity(self, value: float | None, digits: int = 1, *, plus: bool = False) -> str:
        """A number of minutes or beds."""
        unit = "minutes" if self.model == "wait-time" else "beds"
        return formats.quantity(value, unit, self.language, digits, plus=plus)

    def days(self, first: int, last: int) -> str:
        """From one instant's day to another's, where the hospital is."""
        start, end = (moment(at).astimezone(self.zone) for at in (first, last))
        return formats.date_range(start, end, self.language)

    def horizon(self, hours: float) -> str:
        """A horizon, as people say it."""
        return formats.horizon(hours, self.language)

    def labelled(self, name: str, said: str) -> str:
        """A name with what is said of it."""
        return formats.label(name, self.language) + said

    def verdict(self, verdict: str) -> str:
        """A verdict in a word."""
        return self.name(f"findings.verdicts.{verdict}", verdict)

    def gate(self, gate: str) -> str:
        """A gate's name."""
        return self.name(f"findings.gates.{gate}", gate)

    def advice(self, gate: str, finding: Mapping[str, Any]) -> str:
        """What a finding that does not pass means to do: by what all findings say together, else by itself."""
        found = self.situations.situations(gate, finding)
        if found:
            return " ".join(text(f"findings.situations.{name}", self.language) for name in found)
        note = str(finding.get("note") or "")
        if finding.get("power") is not None and has_text(f"findings.advice.{note}"):
            at, power = self.value(finding, finding["power_at"]), self.times_in_100(finding["power"])
            return text(f"findings.advice.{note}", self.language, at=at, power=power)
        return advice(gate, finding, self.language)

    def times_in_100(self, chance: float) -> str:
        """A chance as a whole number of times in a hundred; never 100, which nothing is."""
        return self.number(min(int(100 * chance), 99), 0)

    def metric(self, metric: str) -> str:
        """What was measured, in few words."""
        return self.name(f"findings.metrics.{metric}", metric.replace("_", " "))

    def measure(self, metric: str) -> str:
        """What was measured, in as many words as a card has room for."""
        name = self.name(f"card.measures.{metric}", self.metric(metric))
        return name[:1].upper() + name[1:]

    def baseline(self, name: str) -> str:
        """A baseline's name."""
        return self.name(f"card.baselines.{name}", name.replace("_", " "))

    def feature_group(self, name: str) -> str:
        """What a group of inputs is about."""
        return names.feature_group(name, self.language)

    def attribute(self, name: str) -> str:
        """An attribute by which people are grouped."""
        return names.attribute(name, self.language, self.own)

    def table(self, name: str) -> str:
        """A table's name."""
        return names.table(name, self.language)

    def unit_group(self, name: str) -> str:
        """A group of units, by the hospital's own name; all of them."""
        given = names.own_name(name, self.language, self.own)
        return given or self.name(f"card.groups.{name}", name.replace("_", " "))

    def lacking_input(self, name: str) -> str:
        """An input that the hospital did not give: a card has its name alone."""
        known = {f.name: f.label(self.language) for f in _FEATURES.get(self.model, ())}
        label = known.get(name, name.replace("_", " "))
        return label[:1].lower() + label[1:]  # it stands in a sentence

    def group(self, group: str) -> str:
        """A finding's group: everybody, a horizon, an input, an attribute's value."""
        return names.group(group, self.language, self.features, self.own)

    def value(self, finding: Mapping[str, Any], value: float | None) -> str:
        """A figure of a finding, in what it is measured in."""
        metric = str(finding["metric"])
        if value is None:
            return formats.UNKNOWN
        if metric in _POINTS:
            return formats.points(value, self.language)
        if metric in _SHARE:
            return self.percent(value, 1)
        if metric in _IN_UNITS:
            return self.quantity(value)
        if metric == "shift":
            return formats.quantity(value, "standard_deviations", self.language, 2)
        if metric.startswith(_CORRELATION):
            return self.number(value, 2)  # beside its own limit a power of ten reads as the larger of the two
        if value != 0 and abs(value) < 0.001:
            return formats.power_of_ten(value, self.language)
        return self.number(value, 0 if float(value).is_integer() else 2)

    def limit(self, finding: Mapping[str, Any]) -> str:
        """The limit that was applied to a finding; a dash where none was."""
        if limits := finding.get("limits"):
            low, high = (self.value(finding, limit) for limit in limits)
            return formats.interval(low, high, self.language)
        threshold = finding.get("threshold")
        if threshold is None or finding.get("note") == "reported":  # beside it, and not held against it
            return formats.UNKNOWN
        # A group that is too small may have a figure all the same: then it is the margin that was not reached.
        if finding.get("note") in _ROWS_ASKED and finding.get("value") is None:
            return self.t("rows_asked", Decimal(f"{threshold:.0f}"))
        return self.value(finding, threshold)

    def interval(self, finding: Mapping[str, Any]) -> str:
        """A finding's interval; empty without one."""
        bounds = cast("list[float | None] | None", finding.get("interval"))
        if not bounds or None in bounds:
            return ""
        low, high = (self.value(finding, bound) for bound in bounds)
        return formats.interval(low, high, self.language)


def advice(gate: str, finding: Mapping[str, Any], language: Language) -> str:
    """What a finding means to do; empty where there is nothing to do."""
    note = str(finding.get("note") or "")
    lacking = int(finding.get("lacking") or 0)
    if lacking and has_text(f"findings.lacking.{note}"):
        return text(f"findings.lacking.{note}", language, lacking)
    if has_text(f"findings.advice.{note}"):
        return text(f"findings.advice.{note}", language)
    if finding["verdict"] == "block" and has_text(f"findings.blocked.{gate}"):
        return text(f"findings.blocked.{gate}", language)
    # A figure that is only reported has no interval (null), and nothing that could decide.
    is_open = finding["verdict"] == "inconclusive" and finding.get("interval", True) is not None
    return text("findings.advice.undecided", language) if is_open else ""


def ordered(gates: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Gates worst first, their findings required and worst first."""
    by = sorted(gates, key=lambda g: _ORDER[g["verdict"]])
    return [
        {**g, "findings": sorted(g["findings"], key=lambda f: (not f["required"], _ORDER[f["verdict"]]))}
        for g in by
    ]
