"""Calibration: do outcomes fall inside p10 to p90 as often as they must, at short and long horizons?"""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from registry.evidence.interval_shares import tail_shares
from registry.evidence.records import Evidence, Scored
from registry.gates.coverage_by_cell import ABOVE_SHOWN, SHOWN, coverage_by_cell, shown_under
from registry.model.hospital_total import HOSPITAL
from registry.policy.board_policy import Policy
from registry.policy.trusted_scope import Cell
from registry.statistics.error_rates import Levels
from registry.statistics.intervals import Estimate, block_mean, share_bounds
from registry.statistics.scope import horizon_name, within
from registry.statistics.verdict import Finding, GateResult, Verdict, undecided

__all__ = ["judge_calibration", "randomised_pit"]

NOMINAL = 0.8
SHORT_HOURS = 24.0
_HIGHEST = 0.9
_HOURS = ("00-06", "06-12", "12-18", "18-24")
_FEWEST = 30  # rows under which nothing is shown
_LOPSIDED = (
    0.2  # a tail twice its nominal share: reported, since the required coverage sees it where it matters
)


def randomised_pit(scored: Scored, seed: int = 0) -> Array:
    """Where each outcome falls in its forecast's distribution, 0 to 1: float64 [n].

    Whole numbers are spread over their unit interval (Czado, Gneiting & Held 2009,
    doi 10.1111/j.1541-0420.2009.01191.x); linear between the quantiles, beyond them 0 or 1.
    """
    rng = np.random.default_rng(seed)
    outcome = scored.outcome + (rng.uniform(-0.5, 0.5, scored.size) if scored.counts else 0.0)
    levels = np.array(LEVELS)
    below = (scored.quantiles <= outcome[:, None]).sum(axis=1)
    low, high = np.clip(below - 1, 0, levels.size - 1), np.clip(below, 0, levels.size - 1)
    row = np.arange(scored.size)
    left, right = scored.quantiles[row, low], scored.quantiles[row, high]
    width = np.where(right > left, right - left, 1.0)
    inside = levels[low] + (levels[high] - levels[low]) * np.clip((outcome - left) / width, 0, 1)
    return np.where(below == 0, 0.0, np.where(below == levels.size, 1.0, inside))


def judge_calibration(evidence: Evidence, policy: Policy, scope: tuple[Cell, ...]) -> GateResult:
    """Coverage of p10-p90 for short and long horizons, and the tail above p90 by part of the day (required).

    By horizon, unit group and both, and below p10, it is reported; what is shown to hold too little opens nothing.
    """
    judging = _Judging(policy, Levels.of(evidence, policy))
    units = judging.units(evidence, scope)
    return GateResult.of("calibration", units + judging.hospital_total(evidence.hospital))


@dataclass(frozen=True)
class _Judging:
    """The gate with its policy's tolerances and how sure it must be."""

    policy: Policy
    levels: Levels

    def units(self, evidence: Evidence, scope: tuple[Cell, ...]) -> list[Finding]:
        test = evidence.test
        # A package that is only a baseline promises its intervals everywhere: it has no scope to hide behind.
        rows = test if evidence.kind == "baseline" else within(test, scope)
        known, rules = rows.known(), self.policy.document.calibration
        if known.size < int((rows.weight > 0).sum()):
            lost = int((rows.weight > 0).sum()) - known.size
            return [undecided("coverage", "all", lost, "not_a_number")]
        if known.size == 0:
            return [undecided("coverage", "all", 0, "too_few_rows")]
        if np.ptp(known.outcome) == 0:
            return [undecided("coverage", "all", known.size, "constant_outcome")]
        outside = tail_shares(known)
        short = known.horizon_hours <= SHORT_HOURS
        findings = [
            self.coverage(known.part(mine), outside[mine], name, tolerance, required=True)
            for name, mine, tolerance in (
                ("short", short, rules.tolerance_short),
                ("long", ~short, rules.tolerance_long),
            )
            if mine.any()
        ]
        for horizon in np.unique(known.horizon_hours):
            mine, name = known.horizon_hours == horizon, horizon_name(horizon)
            findings.append(self.coverage(known.part(mine), outside[mine], name, rules.tolerance_long))
            findings += _tails(known.weight[mine], outside[mine], name)
        for group in sorted(set(known.unit_group)):
            mine = known.unit_group == group
            findings.append(self.coverage(known.part(mine), outside[mine], str(group), rules.tolerance_long))
            findings += _tails(known.weight[mine], outside[mine], str(group))
        for band, hours in enumerate(_HOURS):
            mine = short & (known.local_hour // 6 == band)
            if mine.any():
                tolerance = rules.tolerance_above if band else rules.tolerance_above_night
                findings += self.part_of_the_day(known.part(mine), outside[mine], f"hours={hours}", tolerance)
        return _with_cells(
            findings, coverage_by_cell(known, 1 - outside.sum(axis=1), self.policy, self.levels)
        )

    def part_of_the_day(self, part: Scored, outside: Array, group: str, tolerance: float) -> list[Finding]:
        """Share above p90 by part of the day, up to 24 h ahead: at night nobody is there to see that p90 is too low.

        Required where a model with a tenth above, of days that depend on one another as these do, would pass with
        the policy's power; elsewhere, and for beds, whose hours of a day are nearly one observation, it can only
        block.
        """
        rules = self.policy.document.calibration
        below, above = _tails(part.weight, outside, group)
        most = 1 - _HIGHEST + tolerance
        if part.size < rules.minimum_rows:
            return [below, self._few_above(above, part, outside[:, 1], most)]
        found = _mean(part, outside[:, 1])
        verdict = self.levels.at_most(found, most)
        power = float(stats.norm.ppf(self.policy.document.fairness.power))
        nominal = _HIGHEST * (1 - _HIGHEST)
        sound = math.sqrt(nominal / max(found.value * (1 - found.value), nominal / 4))
        reachable = sound * (found.half_width(self.levels.passing) + power * found.sd) <= tolerance
        interval = found.interval(self.levels.passing)
        return [
            below,
            Finding(
                "above_p90",
                group,
                found.value,
                interval if math.isfinite(found.sd) else None,
                most,
                part.size,
                verdict,
                verdict is Verdict.BLOCK or (reachable and not part.counts),
            ),
        ]

    def hospital_total(self, hospital_total: Scored | None) -> list[Finding]:
        """Coverage and tails of the hospital total's own intervals, by horizon.

        It has one row where its units have a dozen: too little to judge keeps nothing shut, and is reported. What
        is shown to be wrong blocks; what is shown to hold too little, however few the weeks or rows, opens nothing.
        """
        if hospital_total is None:
            return []
        known, rules = hospital_total.known(), self.policy.document.calibration
        outside, findings = tail_shares(known), []
        horizons = np.unique(hospital_total.horizon_hours)
        for horizon in horizons:
            mine, name = known.horizon_hours == horizon, f"{HOSPITAL}={horizon_name(horizon)}"
            tolerance = rules.tolerance_short if horizon <= SHORT_HOURS else rules.tolerance_long
            found = self.coverage(known.part(mine), outside[mine], name, tolerance)
            if found.note in ("too_few_rows", "too_few_weeks"):
                found = self._few_inside(found, known.part(mine), outside[mine], tolerance, horizons.size)
            required = found.verdict is Verdict.BLOCK or found.note == SHOWN
            findings.append(replace(found, required=required))
            findings += _tails(known.weight[mine], outside[mine], name)
        return findings

    def _few_inside(
        self, listed: Finding, part: Scored, outside: Array, tolerance: float, family: int
    ) -> Finding:
        """A coverage with too little to be judged: what shows it to be too low, or as it is listed.

        That it looks too high shows nothing: a share near 1 of few weeks is no certainty.
        """
        if part.size < _FEWEST or not part.weight.sum() > 0:
            return listed
        found = _mean(part, 1 - outside.sum(axis=1))
        limits = (NOMINAL - tolerance, NOMINAL + tolerance)
        verdict = shown_under(found, limits[0], self.levels, family)
        if verdict is None:
            return listed
        return replace(
            listed,
            value=found.value,
            interval=share_bounds(found, self.levels.passing),
            threshold=NOMINAL,
            verdict=verdict,
            note="" if verdict is Verdict.BLOCK else SHOWN,
            limits=limits,
            weight=float(part.weight.sum()),
        )

    def _few_above(self, listed: Finding, part: Scored, above: Array, most: float) -> Finding:
        """A tail above p90 of too few rows to be judged: what shows it to be too large, or as it is reported."""
        if part.size < _FEWEST:
            return listed
        found = _mean(part, above)
        held = Estimate(1 - found.value, found.sd, found.blocks)
        verdict = shown_under(held, 1 - most, self.levels, len(_HOURS))
        if verdict is None:
            return listed
        return replace(
            listed,
            interval=share_bounds(found, self.levels.passing),
            threshold=most,
            verdict=verdict,
            required=True,
            note="" if verdict is Verdict.BLOCK else ABOVE_SHOWN,
        )

    def coverage(
        self, part: Scored, outside: Array, group: str, tolerance: float, *, required: bool = False
    ) -> Finding:
        """Pass when the whole interval lies within the tolerance, block when it lies outside."""
        if part.size < self.policy.document.calibration.minimum_rows:
            return undecided("coverage", group, part.size, "too_few_rows", required=required)
        found = _mean(part, 1 - outside.sum(axis=1))
        limits = (NOMINAL - tolerance, NOMINAL + tolerance)
        verdict, note = self.levels.within(found, *limits), ""
        if verdict is Verdict.BLOCK and found.blocks < self.policy.document.accuracy.minimum_blocks:
            # A share near 1 hardly varies over a few fortnights, and looks surer than it is.
            verdict, note = Verdict.INCONCLUSIVE, "too_few_weeks"
        interval = found.interval(self.levels.passing)
        return Finding(
            "coverage",
            group,
            found.value,
            interval,
            NOMINAL,
            part.size,
            verdict,
            required,
            note,
            limits=limits,
            weight=float(part.weight.sum()),
        )


def _with_cells(findings: list[Finding], cells: list[Finding]) -> list[Finding]:
    """The findings with those by cell: where a horizon or unit group is shown to fail, in place of what is reported."""
    shown = {f.group: f for f in cells if f.required}
    named = {f.group for f in findings if f.metric == "coverage"}
    weights = {f.group: f.weight for f in findings if f.metric == "coverage"}
    kept = [
        replace(shown[f.group], weight=weights[f.group])
        if f.metric == "coverage" and f.group in shown and not f.required
        else f
        for f in findings
    ]
    return [*kept, *(f for f in cells if f.group not in named)]


def _mean(part: Scored, values: Array) -> Estimate:
    """The mean of a part's rows with its error by blocks of time."""
    hours = float(np.median(part.horizon_hours))
    return block_mean(values, part.weight, part.prediction_time, horizon_hours=hours)


def _tails(weight: Array, outside: Array, group: str) -> list[Finding]:
    """Shares of outcomes below p10 and above p90: 10 % each where all is well, reported up to twice that."""
    total = float(weight.sum())
    if total <= 0:
        return []
    shares = np.average(outside, weights=weight, axis=0).tolist()
    return [
        Finding(
            side,
            group,
            share,
            None,
            _LOPSIDED,
            weight.size,
            Verdict.PASS if share <= _LOPSIDED else Verdict.INCONCLUSIVE,
            required=False,
            weight=total,
        )
        for side, share in zip(("below_p10", "above_p90"), shares, strict=True)
    ]
