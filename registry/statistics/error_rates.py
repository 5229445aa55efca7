"""How sure a verdict must be: a pass is paid for by every version that was tried, a block never gets dearer.

With c versions of a model judged on overlapping rows, one of them passes by luck c times as often as one alone:
so a bound that lets pass is taken at alpha / c (Bonferroni over versions). A bound that blocks stays at alpha:
registering dummies must not disarm it.
"""

from dataclasses import dataclass

from registry.evidence.records import Evidence
from registry.policy.board_policy import Policy
from registry.statistics.intervals import Estimate
from registry.statistics.verdict import Verdict

__all__ = ["Levels"]


@dataclass(frozen=True)
class Levels:
    """One-sided error rates: `passing` of the bounds that let pass, `blocking` of those that block."""

    passing: float
    blocking: float

    @classmethod
    def of(cls, evidence: Evidence, policy: Policy) -> "Levels":
        """The levels of an evidence's versions tried under a policy."""
        alpha = policy.document.alpha
        return cls(alpha / max(evidence.attempts, 1), alpha)

    def at_least(self, found: Estimate, wanted: float, *, blocks_under: float | None = None) -> Verdict:
        """Pass when significantly above `wanted`, block when significantly under `blocks_under` (`wanted` where none is
        given)."""
        if found.low(self.passing) > wanted:
            return Verdict.PASS
        least = wanted if blocks_under is None else blocks_under
        return Verdict.BLOCK if found.high(self.blocking) < least else Verdict.INCONCLUSIVE

    def at_most(self, found: Estimate, most: float) -> Verdict:
        """Pass when significantly no more than `most`, block when significantly more."""
        if found.high(self.passing) <= most:
            return Verdict.PASS
        return Verdict.BLOCK if found.low(self.blocking) > most else Verdict.INCONCLUSIVE

    def within(self, found: Estimate, low: float, high: float) -> Verdict:
        """Pass when significantly between two values, block when significantly outside."""
        if found.low(self.passing) >= low and found.high(self.passing) <= high:
            return Verdict.PASS
        outside = found.high(self.blocking) < low or found.low(self.blocking) > high
        return Verdict.BLOCK if outside else Verdict.INCONCLUSIVE
