"""Findings and verdicts. Only pass opens, and not applicable where the signed chain proves it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from registry.errors import RegistryError

__all__ = ["SHOWN_DISPARITIES", "Finding", "GateResult", "Verdict", "undecided", "worst"]

SHOWN_DISPARITIES = frozenset({"harm_shown", "harm_certain"})
"""Notes of findings on disparities that keep the gate shut by what they show, and do not block."""


class Verdict(StrEnum):
    """What a gate or a finding says.

    Not shown is a finding's alone: neither a defect nor its absence is shown. It keeps a gate shut no more than it
    opens one.
    """

    PASS = "pass"  # noqa: S105
    NOT_SHOWN = "not shown"
    NOT_APPLICABLE = "not applicable"
    INCONCLUSIVE = "inconclusive"
    BLOCK = "block"

    @property
    def opens(self) -> bool:
        """Whether promotion may go on."""
        return self in (Verdict.PASS, Verdict.NOT_APPLICABLE)


_SEVERITY = {
    Verdict.PASS: 0,
    Verdict.NOT_SHOWN: 0,
    Verdict.NOT_APPLICABLE: 0,
    Verdict.INCONCLUSIVE: 1,
    Verdict.BLOCK: 2,
}


@dataclass(frozen=True)
class Finding:
    """One thing that a gate measured.

    Attributes:
        metric: what, a stable word.
        group: of whom or of which horizon.
        value: the effect, or None.
        interval: its confidence interval.
        threshold: what it was held against, or what an outcome should be where `limits` say what was applied.
        n: rows or days behind it.
        required: whether it counts for the gate's verdict.
        note: a stable word for the sentence people read.
        lacking: how many more rows (or weeks, as the note says) it takes to be judged.
        limits: what was applied, where that is a range.
        weight: of all rows behind a mean, so that the means of parts make up the mean of all; None of no mean.
        power: chance that a defect of the size `power_at` would have been seen; None where that is not known.
    """

    metric: str
    group: str
    value: float | None
    interval: tuple[float, float] | None
    threshold: float | None
    n: int
    verdict: Verdict
    required: bool = True
    note: str = ""
    lacking: int = 0
    limits: tuple[float, float] | None = None
    weight: float | None = None
    power: float | None = None
    power_at: float | None = None

    def __post_init__(self) -> None:
        numbers = [self.value, self.threshold, *(self.interval or ())]
        if self.verdict.opens and any(x is not None and not math.isfinite(x) for x in numbers):
            raise RegistryError("registry.gates.no_number", metric=self.metric, group=self.group)


def undecided(
    metric: str,
    group: str,
    n: int,
    note: str,
    *,
    threshold: float | None = None,
    required: bool = True,
    lacking: int = 0,
) -> Finding:
    """A finding without a figure, and why: too few rows, a missing group, a NaN."""
    return Finding(metric, group, None, None, threshold, n, Verdict.INCONCLUSIVE, required, note, lacking)


@dataclass(frozen=True)
class GateResult:
    """A gate's findings and their worst required verdict."""

    name: str
    verdict: Verdict
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, name: str, findings: Iterable[Finding]) -> "GateResult":
        """The result of a gate; without a required finding it is inconclusive."""
        found = tuple(findings)
        return cls(name, worst([f.verdict for f in found if f.required]), found)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst verdict; none at all is inconclusive, and so is nothing but what is not shown."""
    found = list(verdicts)
    if not found:
        return Verdict.INCONCLUSIVE
    most = max(found, key=lambda v: _SEVERITY[v])
    if _SEVERITY[most]:
        return most
    if Verdict.PASS in found:
        return Verdict.PASS
    return Verdict.INCONCLUSIVE if Verdict.NOT_SHOWN in found else Verdict.NOT_APPLICABLE
