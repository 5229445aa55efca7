"""How reports and cards tell a finding in French or English: names, figures, intervals, order, and what to do."""

from collections.abc import Mapping
from typing import Any

from hospital.words.language import Language
from registry.cards.report_words import ADVICE, BLOCKED, GATES, GROUPS, LACKING, METRICS, VERDICTS
from registry.model.hospital_total import HOSPITAL

__all__ = [
    "advice",
    "effect",
    "gate_name",
    "group_name",
    "interval",
    "metric_name",
    "ordered",
    "verdict_name",
]


_ORDER = {"block": 0, "inconclusive": 1, "not applicable": 2, "pass": 3}
_SHARES = frozenset(
    {
        "gain_over_baseline",
        "against_current",
        "coverage",
        "below_p10",
        "above_p90",
        "share_above_p50",
        "log_error",
    }
    | {"outside_interval", "volume_shift", "bias_shift", "error_rise", "relative_bias", "missing_shift"}
    | {"adjustment_share", "share_above_p50_worst_case", "unknown_share", "beyond_training", "stability"}
    | {"explanation_shift", "proxy_share"}
)


def _pick(words: tuple[str, str], language: Language) -> str:
    return words[0] if language == "fr" else words[1]


def verdict_name(verdict: str, language: Language) -> str:
    """A verdict in words."""
    return _pick(VERDICTS.get(verdict, (verdict, verdict)), language)


def gate_name(gate: str, language: Language) -> str:
    """A gate in words."""
    return _pick(GATES.get(gate, (gate, gate)), language)


def metric_name(metric: str, language: Language) -> str:
    """A metric in words."""
    plain = metric.replace("_", " ")
    return _pick(METRICS.get(metric, (plain, plain)), language)


def group_name(group: str, language: Language) -> str:
    """A group in words."""
    if "*" in group:
        return " × ".join(group_name(part, language) for part in group.split("*"))
    attribute, _, value = group.partition("=")
    if attribute == HOSPITAL and value:
        return f"{_pick(GROUPS[HOSPITAL], language)}, {value}"
    return _pick(GROUPS.get(group, (group, group)), language)


def advice(gate: str, finding: Mapping[str, Any], language: Language) -> str:
    """What a finding means to do; empty where there is nothing to do."""
    note = str(finding.get("note") or "")
    lacking = int(finding.get("lacking") or 0)
    if note in LACKING and lacking:
        return _pick(LACKING[note], language).format(n=lacking)
    if note in ADVICE:
        return _pick(ADVICE[note], language)
    if finding["verdict"] == "block":
        return _pick(BLOCKED.get(gate, ("", "")), language)
    if finding["verdict"] == "inconclusive":
        return _pick(
            (
                "L'intervalle ne tranche pas : apporter plus de données.",
                "The interval does not decide: bring more data.",
            ),
            language,
        )
    return ""


def effect(finding: Mapping[str, Any], value: float | None) -> str:
    """A finding's figure as people read it."""
    if value is None:
        return "–"
    if finding["metric"] in _SHARES:
        return f"{100 * value:.1f} %"
    if value != 0 and abs(value) < 0.001:
        return f"{value:.0e}"
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.2f}"


def interval(finding: Mapping[str, Any]) -> str:
    """A finding's interval as people read it."""
    bounds = finding.get("interval")
    if not bounds or None in bounds:
        return ""
    return f"{effect(finding, bounds[0])} … {effect(finding, bounds[1])}"


def ordered(gates: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Gates worst first, their findings required and worst first."""
    by = sorted(gates, key=lambda g: _ORDER[g["verdict"]])
    return [
        {**g, "findings": sorted(g["findings"], key=lambda f: (not f["required"], _ORDER[f["verdict"]]))}
        for g in by
    ]
