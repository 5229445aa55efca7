"""Daily figures of one model, and how each is brought to a scale on which a margin means the same everywhere."""

from dataclasses import dataclass, field

import numpy as np

from hospital.arrays import Array
from registry.policy.monitor_rules import FAMILIES, Family, MonitorRules

__all__ = ["SHARES", "WITHIN_EARLIER", "DailyFigures", "Figure", "margin_of", "scaled"]

SHARES: dict[Family, float] = {
    "arrivals": 0.28,
    "inputs": 0.04,
    "missing": 0.09,
    "outcomes": 0.02,
    "errors": 0.32,
    "coverage": 0.07,
    "fairness": 0.14,
    "explanations": 0.02,
    "expected_error": 0.01,
    "error_ratio": 0.01,
}
"""What each family may spend of the chance of a false alarm. Little for what epidemics and seasons move by themselves:
an input that strays while errors and coverage stay is news, not damage."""

WITHIN_EARLIER: frozenset[Family] = frozenset({"inputs", "outcomes", "expected_error", "explanations"})
"""Families whose margin reaches beyond the furthest month of the reference: a season must not alarm."""

_LOGARITHMIC: frozenset[Family] = frozenset({"arrivals", "error_ratio"})
_BY_SPREAD: frozenset[Family] = frozenset({"inputs", "outcomes", "expected_error"})
_LEAST = 1e-9


@dataclass(frozen=True)
class Figure:
    """Which figure: its family, and what or whom it is about."""

    family: Family
    name: str


@dataclass(frozen=True)
class DailyFigures:
    """Daily figures over the same days.

    Attributes:
        days: int64 [d], increasing local days since 1970-01-01.
        figures: [k].
        values: float64 [d, k], NaN where a day has none.
        rows: int64 [d, k], of how many rows each value is.
    """

    days: Array
    figures: tuple[Figure, ...]
    values: Array
    rows: Array = field(default_factory=lambda: np.zeros((0, 0), np.int64))

    def __post_init__(self) -> None:
        if self.values.shape != (self.days.size, len(self.figures)):
            raise ValueError("values must have a row for each day and a column for each figure")


def margin_of(family: Family, rules: MonitorRules) -> float:
    """The policy's margin, on the family's own scale."""
    margins: dict[Family, float] = {
        "arrivals": rules.margin_arrivals,
        "missing": rules.margin_missing,
        "errors": rules.margin_errors,
        "coverage": rules.margin_coverage,
        "fairness": rules.margin_fairness,
        "explanations": rules.margin_explanations,
        "error_ratio": rules.margin_error_ratio,
    }
    return margins.get(family, rules.margin_inputs)


def by_spread(family: Family) -> bool:
    """Whether a family's margin counts in standard deviations of a day: these have no scale of their own."""
    return family in _BY_SPREAD


def scaled(figures: DailyFigures, reference: Array) -> tuple[Array, Array]:
    """(values on the scale of their margins [d, k], whether these are logarithms [k]).

    Counts and ratios as logarithms; inputs, outcomes and expected errors as logarithms where the reference is then
    less skewed; the rest as they are. A count of 0 is an unknown day rather than an infinitely small one: a day
    without any arrival is a gap in what was received, which missing figures and the stale-input warning show.

    Args:
        reference: bool [d], the days before the release.
    """
    out = np.array(figures.values, np.float64)
    logarithmic = np.zeros(len(figures.figures), bool)
    for column, figure in enumerate(figures.figures):
        if figure.family in _LOGARITHMIC or (
            figure.family in _BY_SPREAD and _less_skewed(out[reference, column])
        ):
            logarithmic[column] = True
            known = out[:, column] > _LEAST
            out[:, column] = np.log(out[:, column], out=np.full(out.shape[0], np.nan), where=known)
    return out, logarithmic


def _less_skewed(values: Array) -> bool:
    """Whether logarithms of these lie more evenly about their mean; all must be above 0."""
    known = values[np.isfinite(values)]
    if known.size < 2 or known.min() <= _LEAST:
        return False
    return abs(_skewness(np.log(known))) < abs(_skewness(known))


def _skewness(values: Array) -> float:
    centred = values - values.mean()
    spread = float(np.sqrt((centred**2).mean()))
    return float((centred**3).mean() / spread**3) if spread > 0 else 0.0


def shares_of(figures: tuple[Figure, ...]) -> Array:
    """What each figure may spend: a family's share in equal parts; that of absent families goes to all: float64 [k]."""
    count = {family: sum(f.family == family for f in figures) for family in FAMILIES}
    present = sum(SHARES[family] for family in FAMILIES if count[family])
    return np.array([SHARES[f.family] / count[f.family] / present for f in figures])
