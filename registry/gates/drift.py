"""Drift: is the hospital of the last weeks still the one that was learned?

Hospital days depend on one another and on the season, so plain two-sample tests alarm falsely. Here the mean of the
last weeks' residuals (of a season model fitted on the earlier days) is held against how such means varied among the
earlier days themselves: how far a window of that length strayed then, and a t bound corrected over all series and
windows. A shift below the policy's effect passes with a warning.

Five families, each with an effect of its own: volume (arrivals, a share of their level), inputs (in standard
deviations of a day), missing values (points), inputs together (correlation within a day), outcomes given inputs
(signed error, and error as a share of its level).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from registry.evidence.records import DailyInput, Evidence
from registry.policy.board_policy import Drift, Policy
from registry.statistics.error_rates import Levels
from registry.statistics.intervals import largest_window_mean, long_run_sd
from registry.statistics.verdict import Finding, GateResult, Verdict, undecided

__all__ = ["judge_drift"]

_TINY = 1e-9
_UNCERTAIN = (
    2.0  # shifts of twice the effect that the earlier days cannot set apart from chance are not let pass
)


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
    """

    metric: str
    effect: Callable[[Drift], float]
    scale: Callable[[DailyInput, Drift], float]
    rise_only: bool = False
    uncertain_shuts: bool = True
    earlier_days: Callable[[Drift], int] = lambda rules: rules.minimum_earlier_days


def _spread(daily: DailyInput, rules: Drift) -> float:
    # A figure that hardly varied would alarm at nothing: its scale is never under a share of its mean.
    return max(daily.spread, rules.spread_floor * abs(daily.level), _TINY)


def _level(daily: DailyInput, rules: Drift) -> float:
    return max(abs(daily.level), _TINY)


def _one(daily: DailyInput, rules: Drift) -> float:
    return 1.0


_FAMILIES = {
    "count": _Family("volume_shift", lambda r: r.volume_effect, _level),
    "mean": _Family("shift", lambda r: r.effect, _spread),
    "missing": _Family("missing_shift", lambda r: r.missing_effect, _one),
    "correlation": _Family("correlation_shift", lambda r: r.correlation_effect, _one, uncertain_shuts=False),
    "bias": _Family(
        "bias_shift", lambda r: r.bias_effect, _one, earlier_days=lambda r: r.minimum_outcome_days
    ),
    "loss": _Family(
        "error_rise",
        lambda r: r.error_effect,
        _level,
        rise_only=True,
        earlier_days=lambda r: r.minimum_outcome_days,
    ),
}
_SEASONAL = frozenset({"count", "mean", "missing"})
"""What a season moves by itself; forecasts know the season, and correlations within a day hardly have one."""


@dataclass(frozen=True)
class _Shift:
    """Mean of a window, in units of the effect's scale, and how far chance alone takes it."""

    value: float
    half_width: float

    @property
    def certain(self) -> float:
        """How far from none the whole interval lies."""
        return abs(self.value) - self.half_width


def judge_drift(evidence: Evidence, policy: Policy) -> GateResult:
    """Findings by series: the surest shift over the policy's windows."""
    if not evidence.inputs:
        return GateResult.of("drift", [undecided("inputs", "all", 0, "no_inputs")])
    alpha = Levels.of(evidence, policy).blocking
    return GateResult.of(
        "drift", [_judge(i, policy.document.drift, alpha, len(evidence.inputs)) for i in evidence.inputs]
    )


def _judge(daily: DailyInput, rules: Drift, alpha: float, series: int) -> Finding:
    family = _FAMILIES[daily.what]
    metric, effect, n = family.metric, family.effect(rules), daily.judged.size
    if daily.what in _SEASONAL and not daily.year_known:
        effect *= rules.unknown_season_factor
    if daily.earlier.size < family.earlier_days(rules) or n < min(rules.windows_days):
        # Little is known of how a forecast's errors vary where all days but few were fitted to: reported, not required.
        return undecided(
            metric, daily.name, n, "too_few_days", threshold=effect, required=daily.what in _SEASONAL
        )
    numbers = np.concatenate(
        [daily.earlier, daily.judged, daily.fit_error.ravel(), [daily.spread, daily.level]]
    )
    if not np.isfinite(numbers).all():
        return undecided(metric, daily.name, n, "not_a_number", threshold=effect)
    scale = family.scale(daily, rules)
    tests = series * len(rules.windows_days)
    shifts = [_shift(daily, min(w, n), scale, alpha / tests) for w in rules.windows_days]
    if family.rise_only:
        shifts = [s if s.value > 0 else _Shift(0.0, s.half_width) for s in shifts]
    shift = max(shifts, key=lambda s: s.certain)
    largest = max(abs(s.value) for s in shifts)
    verdict, note = Verdict.PASS, ""
    if shift.certain > 0 and abs(shift.value) > effect:
        verdict = Verdict.BLOCK
    elif family.uncertain_shuts and largest > effect * _UNCERTAIN:
        verdict, note = Verdict.INCONCLUSIVE, "uncertain_shift"
    elif shift.certain > 0 and _of_a_season(daily, abs(shift.value), family, rules):
        verdict, note = Verdict.INCONCLUSIVE, "season_unknown"
    elif shift.certain > 0:
        note = "shift_below_effect"
    interval = (shift.value - shift.half_width, shift.value + shift.half_width)
    return Finding(metric, daily.name, shift.value, interval, effect, n, verdict, note=note)


def _of_a_season(daily: DailyInput, size: float, family: _Family, rules: Drift) -> bool:
    """Whether a sure shift above the effect could be a season that the history has not shown yet."""
    return daily.what in _SEASONAL and not daily.year_known and size > family.effect(rules)


def _shift(daily: DailyInput, window: int, scale: float, alpha: float) -> _Shift:
    recent = float(daily.judged[-window:].mean())
    blocks = max(daily.earlier.size // window, 2)
    # A mean that was not part of the fit varies with the fit's own error too: more in a season it hardly saw.
    of_fit = daily.fit_error[-window:].mean(axis=0)
    sd = long_run_sd(daily.earlier, window) * math.sqrt(1 + window * float(of_fit @ of_fit))
    by_chance = float(stats.t.ppf(1 - alpha / 2, blocks - 1)) * sd
    strayed = largest_window_mean(daily.earlier, window)
    return _Shift(recent / scale, max(by_chance, strayed, _TINY) / scale)
