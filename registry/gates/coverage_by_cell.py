"""Whether p10 to p90 hold too little in any unit group, at any horizon: what is shown opens nothing.

Coverage over all units can be right while one group's intervals hold three outcomes in five. A group at a horizon has
too few weeks to be asked for a pass; but where its own 95 % interval lies wholly under the margin, that is no excuse.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from hospital.arrays import Array
from registry.evidence.records import Scored
from registry.policy.board_policy import Policy
from registry.statistics.disparities import OWN_LEVEL, Disparity, verdicts
from registry.statistics.error_rates import Levels
from registry.statistics.intervals import Estimate, block_mean, share_bounds
from registry.statistics.scope import cell_name, horizon_name
from registry.statistics.verdict import Finding, Verdict

__all__ = ["ABOVE_SHOWN", "SHOWN", "coverage_by_cell", "shown_under"]

SHOWN = "undercoverage_shown"
"""The note of a finding whose own 95 % interval lies wholly under the margin."""
ABOVE_SHOWN = "above_shown"
"""The note of a part of the day whose own 95 % interval of the share above p90 lies wholly beyond the limit."""
_NOMINAL = 0.8
_FEWEST_ROWS, _FEWEST_BLOCKS = 30, 4


def coverage_by_cell(known: Scored, inside: Array, policy: Policy, levels: Levels) -> list[Finding]:
    """Coverage of each horizon, unit group and cell of both, by the rule by which disparities are judged: Holm's
    step-down over all of them blocks, an own 95 % interval wholly under the margin keeps shut, and none must pass.

    Args:
        known: rows in the scope, with outcome and forecast.
        inside: float64 [n], how much of each outcome lies within p10 to p90.
    """
    margin = policy.document.calibration.margin_cell
    found = []
    for name, mine in _cells(known):
        estimate = _coverage(known.part(mine), inside[mine])
        if estimate is not None:
            short = Estimate(_NOMINAL - estimate.value, estimate.sd, estimate.blocks)
            found.append(Disparity("coverage", name, short, margin, int(mine.sum()), judged=False))
    return [_as_coverage(finding) for finding in verdicts(found, levels)]


def shown_under(found: Estimate, least: float, levels: Levels, family: int) -> Verdict | None:
    """What is shown of a share that there is too little to judge: block where it lies under `least` by its bound among
    `family` shares (Bonferroni), inconclusive where by its own 95 % interval, else None.

    Bounds are those of few blocks: what keeps shut must not come of a share that hardly varied.
    """
    if share_bounds(found, levels.blocking / family)[1] < least:
        return Verdict.BLOCK
    return Verdict.INCONCLUSIVE if share_bounds(found, OWN_LEVEL)[1] < least else None


def _cells(known: Scored) -> Iterator[tuple[str, Array]]:
    """Horizons, unit groups, and groups at a horizon where there are several of both: names and rows (bool [n])."""
    horizons, groups = np.unique(known.horizon_hours).tolist(), sorted(set(known.unit_group))
    for horizon in horizons:
        yield horizon_name(horizon), known.horizon_hours == horizon
    for group in groups:
        yield str(group), known.unit_group == group
    if len(horizons) > 1 and len(groups) > 1:
        for group in groups:
            for horizon in horizons:
                mine = (known.unit_group == group) & (known.horizon_hours == horizon)
                yield cell_name((str(group), horizon)), mine


def _coverage(part: Scored, inside: Array) -> Estimate | None:
    """The mean with its error by blocks of time; None of too little.

    A share of few blocks can hardly vary by chance and look certain: its error is at least that of as many outcomes of
    which four in five are inside.
    """
    if part.size < _FEWEST_ROWS or not part.weight.sum() > 0:
        return None
    hours = float(np.median(part.horizon_hours))
    found = block_mean(inside, part.weight, part.prediction_time, horizon_hours=hours)
    if found.blocks < _FEWEST_BLOCKS or not math.isfinite(found.sd):
        return None
    nominal = math.sqrt(_NOMINAL * (1 - _NOMINAL) / max(part.size, found.blocks))
    few = math.sqrt(_NOMINAL * (1 - _NOMINAL) / found.blocks) if found.sd == 0 else 0.0
    return replace(found, sd=max(found.sd, nominal, few))


def _as_coverage(finding: Finding) -> Finding:
    """A shortfall said as a coverage."""
    low, high = finding.interval or (math.nan, math.nan)
    return replace(
        finding,
        value=None if finding.value is None else _NOMINAL - finding.value,
        interval=None if finding.interval is None else (_NOMINAL - high, _NOMINAL - low),
        threshold=None if finding.threshold is None else _NOMINAL - finding.threshold,
        note=SHOWN if finding.note == "harm_shown" else finding.note,
    )
