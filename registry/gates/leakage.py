"""Leakage and features of the contract: what a feature must not know, and whether it is what it says."""

import math
from collections.abc import Mapping
from dataclasses import replace

from scipy import stats

from hospital.features.beds import ALL_BED_FEATURES
from hospital.features.wait import WAIT_FEATURES
from registry.evidence.probe_records import Alignment, Aspect, FeatureFacts, LeakageFacts
from registry.evidence.records import Evidence
from registry.policy.board_policy import Policy
from registry.statistics.verdict import Finding, Verdict, undecided

__all__ = ["feature_findings", "leakage_findings"]

_LEAST_BLOCKS = 8
_METRICS: Mapping[Aspect, str] = {
    "value": "excess_correlation",
    "known": "excess_correlation_known",
    "digits": "excess_correlation_digits",
    "entry": "excess_correlation_entry",
    "order": "excess_correlation_order",
    "together": "excess_correlation_together",
    "rounding": "excess_correlation_rounding",
    "default": "excess_correlation_default",
    "spread": "excess_correlation_spread",
    "value_spread": "excess_correlation_extremes",
    "delay": "excess_correlation_delay",
    "after": "excess_correlation_after",
    "others": "excess_correlation_others",
    "exactness": "expected_exactly",
    "scale": "excess_correlation_scale",
    "width": "excess_correlation_width",
}
_MARGINS: Mapping[Aspect, float] = {
    "order": 0.10,
    "rounding": 0.10,
    "default": 0.05,
    "spread": 0.10,
    "value_spread": 0.10,
    "delay": 0.15,
    "after": 0.15,
    "others": 0.10,
    "exactness": 0.15,
    "scale": 0.10,
    "width": 0.10,
}
"""What sound inputs may have of these, beside the policy's margin for the rest: in simulated hospitals roundness
had up to 0.03, spread 0.03, delays 0.01, staff and beds 0.08, labels beside others' waits 0.01. Flaws: 0.11 to 0.56.
Departures that were expected hours before lie about as often a step beside the expected time as at it.
"""
_VALUES: frozenset[Aspect] = frozenset({"value", "value_spread", "scale", "width"})
_MARGIN_OF_PART = 0.10
"""Of a part of the rows alone, such as a night: see `_of_part`. In simulated hospitals parts had up to 0.01."""
_OWN = 0.025
_MOVES = frozenset({"admissions_24h", "discharges_24h"})
_MARGIN_MOVES = 0.25
"""A busy day's admissions leave within days: up to 0.14 by right, and 0.4 where they are those of the day to come."""
_NOTES_OF_DOUBT = frozenset({"leak_reason", "leak_delay", "leak_after", "leak_others", "leak_exactness"})
"""What these ask for is the same where the interval does not decide."""
_NEVER_BLOCKS = frozenset({"others"})
"""Less urgent patients may come together on an afternoon when all wait long: ask, do not accuse."""
_COUNTED = frozenset(
    f.name
    for f in (*WAIT_FEATURES, *ALL_BED_FEATURES)
    if f.group in ("census", "crowding", "flow", "seasonal_profile")
)
"""Features that Vigie counts itself: no unit of measure of the hospital's can change them, only demand."""


def leakage_findings(evidence: Evidence, policy: Policy) -> list[Finding]:
    """Exact probes must find no row that changes; no value of the tables' own may go with its own outcome alone."""
    facts, rules = evidence.probed.leakage, policy.document.contract
    if facts is None:
        return [undecided("leakage", "all", 0, "not_probed")]
    found = _exact(facts, rules.probe_rows)
    if evidence.kind == "baseline":
        return found  # the baselines read no such value
    # What is settled before the wait may go with it; whether somebody wrote it down may not.
    by_right = [a.aspect in _VALUES and a.feature in rules.settled_before for a in facts.alignments]
    pairs = list(zip(facts.alignments, by_right, strict=True))
    whole = [(a, right) for a, right in pairs if not a.part]
    alpha = policy.document.alpha / max([right for _, right in whole].count(False), 1)
    aligned = [
        _aligned(a, _margin(a, rules.excess_correlation), alpha, required=not right) for a, right in whole
    ]
    parts = [a for a, right in pairs if a.part and not right]
    alpha = policy.document.alpha / max(sum(a.parts for a in parts), 1)
    shut = {(f.metric, f.group) for f in aligned if f.required and not f.verdict.opens}
    of_parts = [_of_part(a, alpha) for a in parts if (_METRICS[a.aspect], a.feature) not in shut]
    return found + _once(aligned) + [f for f in of_parts if f is not None]


def _of_part(one: Alignment, alpha: float) -> Finding | None:
    """A figure of a part of the rows, where it is shown: None where it is not, which says nothing.

    Of hundreds of parts some go with the outcome by chance. So it keeps shut where its own 95 % interval lies wholly
    beyond the margin, and blocks where the one corrected for all parts does.
    """
    margin = max(_margin(one, _MARGIN_OF_PART), _MARGIN_OF_PART)
    finding = _aligned(one, margin, alpha, required=True)
    if finding.verdict is not Verdict.BLOCK:
        own = _aligned(one, margin, _OWN, required=True)
        if own.verdict is not Verdict.BLOCK:
            return None
        finding = replace(finding, verdict=Verdict.INCONCLUSIVE, note=own.note)
    return replace(finding, group=f"{one.feature}*{one.part}")


def _margin(one: Alignment, usual: float) -> float:
    return _MARGIN_MOVES if one.feature in _MOVES else _MARGINS.get(one.aspect, usual)


def _once(aligned: list[Finding]) -> list[Finding]:
    """What says the same again is no second finding: a feature's spread where its mean gives the outcome away, its
    default where its roundness or value does, its scale or width where anything else does, an order of reception where
    the time of reception does, and what is known together where one of these does.
    """
    stopped = [f for f in aligned if f.required and not f.verdict.opens]
    written = {f.group for f in stopped if f.metric in (_METRICS["digits"], _METRICS["rounding"])}
    one_entry = any(f.metric in (_METRICS["known"], _METRICS["digits"]) for f in stopped)
    one_scale = (_METRICS["width"], _METRICS["scale"])
    again = {
        _METRICS["spread"]: {f.group for f in stopped if f.metric != _METRICS["spread"]},
        _METRICS["default"]: written | {f.group for f in stopped if f.metric == _METRICS["value"]},
        _METRICS["scale"]: {f.group for f in stopped if f.metric != _METRICS["scale"]},
        # Pulled towards the middle values lean to one side a little, too: that alone decides nothing.
        _METRICS["width"]: {
            f.group for f in stopped if f.metric not in one_scale and f.verdict is Verdict.BLOCK
        },
        _METRICS["together"]: {f.group for f in aligned if one_entry},
        _METRICS["order"]: {f.group for f in stopped if f.metric == _METRICS["entry"]},
    }
    return [f for f in aligned if f.group not in again.get(f.metric, ())]


def _exact(facts: LeakageFacts, least: int) -> list[Finding]:
    if facts.rows < least:
        return [undecided("leakage", "all", facts.rows, "too_few_rows", threshold=float(least))]
    counts = {
        "later_rows_dropped": facts.dropped_off,
        "later_rows_shuffled": facts.shuffled_off,
        "hindsight_changed": facts.hindsight_off,
    }
    return [_none(name, "all", count, facts.rows, "looks_ahead") for name, count in counts.items()]


def _aligned(one: Alignment, margin: float, alpha: float, *, required: bool) -> Finding:
    """Pass below the margin, block with the whole interval beyond it; what is correlated by right is only reported."""
    blocks, metric = one.excess_correlation.size, _METRICS[one.aspect]
    if blocks < _LEAST_BLOCKS:
        return undecided(metric, one.feature, one.rows, "too_few_blocks", required=required)
    value = abs(one.own) - abs(one.shifted)
    half_width = (
        float(stats.t.ppf(1 - alpha, blocks - 1))
        * float(one.excess_correlation.std(ddof=1))
        / math.sqrt(blocks)
    )
    if not math.isfinite(value + half_width):
        return undecided(metric, one.feature, one.rows, "not_a_number", required=required)
    beyond = value - half_width > margin
    verdict, note = Verdict.PASS, ""
    if required and beyond and one.aspect not in _NEVER_BLOCKS:
        verdict, note = Verdict.BLOCK, _cause(one)
    elif required and value > margin:
        verdict, note = (
            Verdict.INCONCLUSIVE,
            _cause(one) if _cause(one) in _NOTES_OF_DOUBT else "possible_leak",
        )
    elif beyond:
        note = "settled_before"
    interval = (value - half_width, value + half_width)
    return Finding(
        metric,
        one.feature,
        value,
        interval,
        margin,
        one.rows,
        verdict,
        required=required,
        note=note,
    )


def _cause(one: Alignment) -> str:
    """The note of an input that knows the outcome: what people are to ask."""
    if one.aspect == "value_spread":
        return "leak_spread"
    if one.aspect != "value":
        return f"leak_{one.aspect}"
    return "leak_reason" if one.feature == "reason" else "leak"


def feature_findings(evidence: Evidence, policy: Policy) -> list[Finding]:
    """Features are there, defined as here, within what training saw, in a package that cannot be run."""
    facts, most = evidence.probed.features, policy.document.contract.beyond_share
    if facts is None:
        return [undecided("features", "all", 0, "not_probed")]
    found = [
        _none("files_executable", _names(facts.executable), len(facts.executable), facts.rows, "executable"),
        _none("features_undefined", _names(facts.undefined), len(facts.undefined), facts.rows, ""),
        _none("features_absent", _names(facts.absent), len(facts.absent), facts.rows, "feature_absent"),
    ]
    return found if evidence.kind == "baseline" else found + _ranges(facts, most)


def _ranges(facts: FeatureFacts, most: float) -> list[Finding]:
    """Each feature beyond the range, or else the one that comes nearest to it."""
    worst = sorted(facts.beyond.items(), key=lambda item: -item[1])
    shown = [item for item in worst if item[1] > most] or worst[:1]
    return [
        Finding(
            "beyond_training",
            name,
            share,
            None,
            most,
            facts.rows,
            Verdict.BLOCK if share > most else Verdict.PASS,
            note="" if share <= most else "demand_beyond" if name in _COUNTED else "other_unit",
        )
        for name, share in shown
    ]


def _none(metric: str, group: str, count: int, rows: int, note: str) -> Finding:
    """A count that must be 0."""
    verdict = Verdict.BLOCK if count else Verdict.PASS
    return Finding(metric, group, float(count), None, 0.0, rows, verdict, note=note if count else "")


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "all"
