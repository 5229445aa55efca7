"""Fairness: does any group get forecasts that are too low, or more certain than they should be?

Disparity is a wait, or beds, that were under-predicted, and intervals that hold less often than other people's. A group
is held against the others: a season in which all waits are under-predicted is calibration's matter. A block needs the
whole Holm-corrected interval beyond the margin; a pass needs it within. Resampling is by day, since patients of one
day share its queue (by week for beds, which stay occupied).
"""

import math
from collections.abc import Iterable
from dataclasses import replace

from registry.evidence.records import EarlierGap, Evidence
from registry.gates.bed_fairness import BedFairness
from registry.gates.wait_fairness import WaitFairness
from registry.policy.board_policy import Policy
from registry.policy.trusted_scope import Cell
from registry.statistics.disparities import Disparity, shown, verdicts
from registry.statistics.error_rates import Levels
from registry.statistics.hours_of_week import HOURS_OF_WEEK, NARROW_HOURS
from registry.statistics.verdict import Finding, GateResult

__all__ = ["judge_fairness", "small_gaps"]


def judge_fairness(evidence: Evidence, policy: Policy, scope: tuple[Cell, ...]) -> GateResult:
    """Findings by audit attribute (wait time), or by unit group and site within the scope (bed demand)."""
    levels = Levels.of(evidence, policy)
    if evidence.test.counts:
        return GateResult.of(
            "fairness", _of_beds(BedFairness(evidence, policy, scope, levels).found(), levels)
        )
    waits = WaitFairness(evidence, policy)
    findings = _findings(waits.found(), levels, certain_shuts=True)
    kept = [f for f in findings if f.required and not f.verdict.opens]
    # What is shown of a group already is not said again of some of its hours: they name what is only certain.
    shut = {(f.metric, _at_all_hours(f.group)) for f in kept if f.note != "harm_certain"}
    narrow = [d for d in waits.at_narrow_hours() if (d.metric, _at_all_hours(d.group)) not in shut]
    return GateResult.of("fairness", [*findings, *(f for d in narrow if (f := shown(d, levels)) is not None)])


def _at_all_hours(group: str) -> str:
    """The group of a finding without its hours."""
    name, _, hours = group.rpartition("*")
    return name if hours in (*HOURS_OF_WEEK, *NARROW_HOURS) else group


def _findings(
    found: Iterable[Disparity | Finding], levels: Levels, *, certain_shuts: bool = False
) -> list[Finding]:
    listed = list(found)
    disparities = [f for f in listed if isinstance(f, Disparity)]
    return [
        *verdicts(disparities, levels, certain_shuts=certain_shuts),
        *(f for f in listed if isinstance(f, Finding)),
    ]


def _of_beds(found: Iterable[Disparity | Finding], levels: Levels) -> list[Finding]:
    """Groups that are large enough are judged among themselves; small ones among all, and take nothing from them."""
    listed = list(found)
    small = {(d.metric, d.group) for d in listed if isinstance(d, Disparity) and d.note == "needs_more_rows"}
    alone = _findings([d for d in listed if (d.metric, d.group) not in small], levels)
    together = verdicts([d for d in listed if isinstance(d, Disparity)], levels)
    return [*alone, *(f for f in together if (f.metric, f.group) in small)]


def small_gaps(evidence: Evidence, policy: Policy) -> tuple[EarlierGap, ...]:
    """What these judged rows alone show of groups too small to be judged: kept in the report for later versions."""
    if evidence.test.counts or evidence.kind == "baseline":
        return ()
    alone = WaitFairness(replace(evidence, earlier_gaps=()), policy)
    return tuple(
        EarlierGap(h.group, h.metric, h.found.value, h.found.sd, h.found.blocks, h.n)
        for h in alone.small_groups()
        if math.isfinite(h.found.sd)
    )
