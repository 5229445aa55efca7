"""Drift: is the hospital of the last weeks still the one that was learned?

Hospital days depend on one another and on the season, so plain two-sample tests alarm falsely. Here the mean of the
last weeks' residuals (of a season model fitted on the earlier days) is held against how such means varied among the
earlier days themselves: how far a window of that length strayed then, and a t bound corrected over all series and
windows. A shift is shown, or its absence is (the whole interval lies within the limit), or neither: then the finding is
not shown.

Six families, each with an effect of its own: volume (arrivals, a share of their level), waits, inputs (in standard
deviations of a day), missing values (points), inputs together (correlation within a day), outcomes given inputs
(signed error, and error as a share of its level). Arrivals and forecasts' signed errors must have had the power to show
a shift that matters; of the others a shift that is shown blocks, and what is not shown is for information.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from registry.evidence.records import DailyInput, Evidence
from registry.policy.board_policy import Policy
from registry.policy.policy_sections import Drift
from registry.statistics.error_rates import Levels
from registry.statistics.intervals import largest_window_mean, long_run_sd
from registry.statistics.long_run_variance import day_sd, degrees_of_freedom
from registry.statistics.verdict import Finding, GateResult, Verdict, undecided, worst

__all__ = ["judge_drift"]

_TINY = 1e-9
_UNCERTAIN = (
    2.0  # shifts of twice the effect that the earlier days cannot set apart from chance are not let pass
)
_OF_FEW = 0.5
"""Share of alpha that the few series together have which say the most; inputs, of which there are dozens, the rest."""


@dataclass(frozen=True)
class _Family:
    """A kind of series.

    Attributes:
        metric: what its finding is called.
        effect: of a policy.
        scale: what a shift is measured in.
        rise_only: a fall does no damage.
        uncertain_shuts: a large shift that the earlier days cannot set apart from chance keeps the gate shut.
        earlier_days: that it takes.
        few: there is one such series, with a share of alpha of its own.
        seen: the shift that a pass must have been able to show; None where a family is for information.
    """

    metric: str
    effect: Callable[[Drift], float]
    scale: Callable[[DailyInput, Drift], float]
    rise_only: bool = False
    uncertain_shuts: bool = True
    earlier_days: Callable[[Drift], int] = lambda rules: rules.minimum_earlier_days
    few: bool = False
    seen: Callable[[Drift], float] | None = None


def _spread(daily: DailyInput, rules: Drift) -> float:
    # A figure that hardly varied would alarm at nothing: its scale is never under a share of its mean.
    return max(daily.spread, rules.spread_floor * abs(daily.level), _TINY)


def _level(daily: DailyInput, rules: Drift) -> float:
    return max(abs(daily.level), _TINY)


def _one(daily: DailyInput, rules: Drift) -> float:
    return 1.0


_FAMILIES = {
    "count": _Family(
        "volume_shift", lambda r: r.volume_effect, _level, few=True, seen=lambda r: r.volume_seen
    ),
    "outcome": _Family("outcome_shift", lambda r: r.outcome_effect, _one, few=True, uncertain_shuts=False),
    "mean": _Family("shift", lambda r: r.effect, _spread),
    "missing": _Family("missing_shift", lambda r: r.missing_effect, _one),
    "correlation": _Family("correlation_shift", lambda r: r.correlation_effect, _one, uncertain_shuts=False),
    "bias": _Family(
        "bias_shift",
        lambda r: r.bias_effect,
        _one,
        earlier_days=lambda r: r.minimum_outcome_days,
        few=True,
        seen=lambda r: r.bias_seen,
    ),
    "loss": _Family(
        "error_rise",
        lambda r: r.error_effect,
        _level,
        rise_only=True,
        earlier_days=lambda r: r.minimum_outcome_days,
        few=True,
    ),
}
_SEASONAL = frozenset({"count", "outcome", "mean", "missing"})
"""What a season moves by itself; forecasts know the season, and correlations within a day hardly have one."""
_DIRECTED = frozenset({"count", "outcome", "mean", "missing", "bias"})


@dataclass(frozen=True)
class _Shift:
    """Mean of a window, in units of the effect's scale, how far chance alone takes it, and its deviation."""

    value: float
    half_width: float
    sd: float = 0.0

    @property
    def certain(self) -> float:
        """How far from none the whole interval lies."""
        return abs(self.value) - self.half_width

    @property
    def furthest(self) -> float:
        """How far from none the interval's further end lies."""
        return abs(self.value) + self.half_width

    @property
    def interval(self) -> tuple[float, float]:
        """Both bounds."""
        return self.value - self.half_width, self.value + self.half_width

    def power(self, size: float, effect: float) -> float:
        """Chance that a shift of `size` is certain and beyond the effect."""
        if self.sd <= 0:
            return float(size > max(effect, self.half_width))
        return float(stats.norm.cdf((size - max(effect, self.half_width)) / self.sd))


def judge_drift(evidence: Evidence, policy: Policy) -> GateResult:
    """Findings by series: the surest shift over the policy's windows, and of some whether they have a trend.

    The gate passes only with what its pass must have been able to see; nothing but findings that are not shown is
    inconclusive.
    """
    if not evidence.inputs:
        return GateResult.of("drift", [undecided("inputs", "all", 0, "no_inputs")])
    judging = _Judging.of(evidence, policy)
    findings = [finding for daily in evidence.inputs for finding in judging.found(daily)]
    # A shift that matters would have been seen: that is a pass, although a smaller one may be there.
    counted = [
        Verdict.PASS if f.verdict is Verdict.NOT_SHOWN and f.power is not None else f.verdict
        for f in findings
        if f.required
    ]
    return GateResult("drift", worst(counted), tuple(findings))


@dataclass(frozen=True)
class _Judging:
    """The gate with its policy's effects, and how sure it must be of one series and window.

    Attributes:
        few: error rate of each test of the few series, two-sided.
        many: of each test of the others.
    """

    rules: Drift
    few: float
    many: float

    @classmethod
    def of(cls, evidence: Evidence, policy: Policy) -> "_Judging":
        """Alpha shared out over what is tested."""
        rules, alpha = policy.document.drift, Levels.of(evidence, policy).blocking
        few = [i for i in evidence.inputs if _FAMILIES[i.what].few]
        tests = len(_windows(rules, few=True)) * len(few) + sum(math.isfinite(i.slope_sd) for i in few)
        others = len(_windows(rules, few=False)) * (len(evidence.inputs) - len(few))
        share = 1.0 if not others else _OF_FEW
        return cls(rules, alpha * share / max(tests, 1), alpha * (1 - _OF_FEW * bool(few)) / max(others, 1))

    def found(self, daily: DailyInput) -> list[Finding]:
        """A shift of the last weeks, and a trend where one was fitted."""
        family, rules, n = _FAMILIES[daily.what], self.rules, daily.judged.size
        effect = family.effect(rules)
        if daily.earlier.size < family.earlier_days(rules) or n < min(rules.windows_days):
            # Nothing says how this varies: what a pass must have been able to see keeps it from being one.
            required = daily.what in _SEASONAL or family.seen is not None
            return [
                undecided(family.metric, daily.name, n, "too_few_days", threshold=effect, required=required)
            ]
        numbers = np.concatenate(
            [daily.earlier, daily.judged, daily.fit_error.ravel(), [daily.spread, daily.level]]
        )
        if not np.isfinite(numbers).all():
            return [undecided(family.metric, daily.name, n, "not_a_number", threshold=effect)]
        return [self.shifted(daily, family), *self.trend(daily, family)]

    def shifted(self, daily: DailyInput, family: _Family) -> Finding:
        """The surest shift of the policy's windows where one is shown; else the window that shows the least."""
        rules, n = self.rules, daily.judged.size
        scale, effect = family.scale(daily, rules), family.effect(rules)
        shifts = [self.shift(daily, min(w, n), scale) for w in _windows(rules, few=family.few)]
        if family.rise_only:
            shifts = [s if s.value > 0 else _Shift(0.0, s.half_width, s.sd) for s in shifts]
        surest, widest = max(shifts, key=lambda s: s.certain), max(shifts, key=lambda s: s.furthest)
        size, is_certain = abs(surest.value), surest.certain > 0
        blocks_from = effect * (rules.unknown_season_factor if _season_unknown(daily) else 1.0)
        # A season that was never seen hides as much as it makes; whatever it does, what is bounded did not move.
        hidden = blocks_from - effect if widest.furthest > effect else 0.0
        power_at = None if family.seen is None else family.seen(rules)
        power = None if power_at is None else max(s.power(power_at - hidden, effect) for s in shifts)
        shown, verdict, note, limit = surest, Verdict.PASS, "", effect
        if is_certain and size > blocks_from:
            verdict, note, limit = Verdict.BLOCK, _direction(daily, surest.value), blocks_from
        elif family.uncertain_shuts and max(abs(s.value) for s in shifts) > _UNCERTAIN * blocks_from:
            verdict, note = Verdict.INCONCLUSIVE, "uncertain_shift"
        elif is_certain and size > effect:
            verdict, note = Verdict.INCONCLUSIVE, "season_unknown"
        elif power is not None and power < rules.power:
            shown, verdict, note = widest, Verdict.INCONCLUSIVE, "season_hides" if hidden else "no_power"
        elif widest.furthest > effect:
            shown, verdict = widest, Verdict.NOT_SHOWN
            note = "not_shown" if power is None else "not_shown_power"
            note = "shift_not_bounded" if is_certain else note
        elif is_certain:
            note = "shift_below_effect"
        return Finding(
            family.metric,
            daily.name,
            shown.value,
            shown.interval,
            limit,
            n,
            verdict,
            note=note,
            power=power,
            power_at=power_at,
        )

    def shift(self, daily: DailyInput, window: int, scale: float) -> _Shift:
        """The last days' mean in units of the scale."""
        recent = float(daily.judged[-window:].mean())
        # A mean that was not part of the fit varies with the fit's own error too: more in a season it hardly saw.
        of_fit = daily.fit_error[-window:].mean(axis=0)
        new = math.sqrt(1 + window * float(of_fit @ of_fit))
        if _FAMILIES[daily.what].few:
            sd = max(day_sd(daily.earlier) / math.sqrt(window), _TINY) * new
            quantile = float(stats.t.ppf(1 - self.few / 2, degrees_of_freedom(daily.earlier.size)))
        else:
            sd = long_run_sd(daily.earlier, window) * new
            quantile = float(stats.t.ppf(1 - self.many / 2, max(daily.earlier.size // window, 2) - 1))
        strayed = largest_window_mean(daily.earlier, window)
        return _Shift(recent / scale, max(quantile * sd, strayed, _TINY) / scale, sd / scale)

    def trend(self, daily: DailyInput, family: _Family) -> list[Finding]:
        """Change a week over all days: it blocks where it is shown, and is for information where it is not."""
        if not math.isfinite(daily.slope_sd):
            return []
        scale, effect = family.scale(daily, self.rules), self.rules.trend_effect
        days = daily.earlier.size + daily.judged.size
        half_width = float(stats.t.ppf(1 - self.few / 2, degrees_of_freedom(days))) * daily.slope_sd
        found = _Shift(daily.slope / scale, half_width / scale)
        verdict, note, required = Verdict.PASS, "", True
        if found.certain > 0 and abs(found.value) > effect:
            unknown = not daily.year_known  # half a year of a season is a trend
            verdict = Verdict.INCONCLUSIVE if unknown else Verdict.BLOCK
            note = "season_unknown" if unknown else "trend_up" if found.value > 0 else "trend_down"
        elif found.furthest > effect:
            verdict, note, required = Verdict.NOT_SHOWN, "not_shown", False
        return [
            Finding("trend", daily.name, found.value, found.interval, effect, days, verdict, required, note)
        ]


def _windows(rules: Drift, *, few: bool) -> list[int]:
    """How many of the last days are looked at together: of the few series also half-way between two of the policy's.

    Of what began between two windows the shorter shows fewer days than there are, and the longer others beside them.
    """
    windows = sorted(set(rules.windows_days))
    between = [(a + b) // 2 for a, b in itertools.pairwise(windows)] if few else []
    return sorted({*windows, *between})


def _season_unknown(daily: DailyInput) -> bool:
    """Whether a season that the history has not shown yet could move it."""
    return daily.what in _SEASONAL and not daily.year_known


def _direction(daily: DailyInput, value: float) -> str:
    """The note of a shift that is shown: which way, where people ask something else of either."""
    return f"{daily.what}_{'up' if value > 0 else 'down'}" if daily.what in _DIRECTED else daily.what
