"""Groups of judged rows: who is in them, who should be and is not, and what is reported of each.

Counts and missing values are looked at before anything is compared: fairlearn's differences drop a group
whose metric is NaN.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from fairlearn.metrics import MetricFrame

from hospital.arrays import Array
from registry.evidence.interval_shares import share_inside
from registry.evidence.records import Scored
from registry.statistics.verdict import Finding, Verdict, undecided

__all__ = ["UNKNOWN", "Groups", "group_names", "reported_figures", "worst_case_of_censored"]

UNKNOWN = "unknown"


def group_names(values: Array) -> Array:
    """Names of groups (object [n] of text, None or NaN) as text: object [n]; None and NaN are "unknown"."""
    names = {value: _name(value) for value in set(values)}
    out = np.empty(values.size, object)
    out[:] = [names[value] for value in values]
    return out


def _name(value: object) -> str:
    if value is None or value == "" or value != value:  # NaN is what differs from itself
        return UNKNOWN
    return str(value)


@dataclass(frozen=True)
class Groups:
    """The groups of one attribute.

    Attributes:
        attribute: its name.
        rows: object [n], group of each judged row, known or not.
        known: bool [n], rows with outcome and forecast.
        counted: bool [n], rows whose outcome weighs, forecast or not.
        expected: rows by group that the validation set lets expect in the test set.
        demanded: groups that the policy names.
    """

    attribute: str
    rows: Array
    known: Array
    counted: Array
    expected: dict[str, float]
    demanded: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        attribute: str,
        test: Scored,
        judged: Array,
        validation: Scored,
        earlier: Array,
        demanded: Iterable[str] = (),
    ) -> "Groups":
        """Groups named by `judged` (object [test rows]) and, on the validation set, by `earlier`."""
        finite = np.isfinite(test.outcome) & np.isfinite(test.quantiles).all(axis=1)
        ratio = test.size / max(validation.size, 1)
        names, counts = np.unique(group_names(earlier).astype(str), return_counts=True)
        expected = {str(n): float(c) * ratio for n, c in zip(names, counts, strict=True)}
        counted = test.weight > 0
        rows = group_names(judged)
        return cls(attribute, rows, counted & finite, counted, expected, frozenset(demanded))

    @property
    def names(self) -> list[str]:
        """Every group of either part and those that the policy names, but the unknown."""
        return sorted((set(self.rows) | set(self.expected) | self.demanded) - {UNKNOWN})

    def label(self, name: str) -> str:
        """A group as findings name it."""
        return f"{self.attribute}={name}"

    def sort_out(self, metric: str, least: int) -> tuple[list[str], list[Finding]]:
        """(groups that can be judged, findings on those that cannot and why)."""
        judged, findings = [], []
        for name in self.names:
            mine = self.rows == name
            n = int((mine & self.known).sum())
            lost = int((mine & self.counted & ~self.known).sum())
            if lost:
                findings.append(undecided(metric, self.label(name), lost, "not_a_number"))
            elif n >= least:
                judged.append(name)
            else:
                # Half of what was to be expected, or less, is no longer chance: the group went missing.
                expected = max(int(mine.sum()), self.expected.get(name, 0.0))
                gone = expected >= least and n < least / 2
                none = name in self.demanded and n == 0
                findings.append(
                    undecided(
                        metric,
                        self.label(name),
                        n,
                        "missing_group" if gone or none else "needs_more_rows",
                        threshold=float(least),
                        required=gone or name in self.demanded,
                        lacking=max(least - n, 0),
                    )
                )
        return judged, findings

    def unknown(self, most: float) -> list[Finding]:
        """A required finding when too many rows do not say which group they are of."""
        share = float((self.rows == UNKNOWN).mean()) if self.rows.size else 0.0
        if share <= most:
            return []
        return [
            Finding(
                "unknown_share",
                self.attribute,
                share,
                None,
                most,
                self.rows.size,
                Verdict.INCONCLUSIVE,
                note="attribute_unknown",
            )
        ]


def reported_figures(known: Scored, attribute: str, groups: Array) -> list[Finding]:
    """fairlearn's disaggregation, reported and not judged: how long groups wait, and how far forecasts are off.

    Args:
        known: rows with outcome and forecast.
        groups: object [n], their groups.
    """
    if known.size == 0:
        return []
    # Rows by their number: fairlearn copies every column it is given row by row, for each group again.
    rows = np.arange(known.size)
    frame = MetricFrame(
        metrics=lambda chosen, _: _figures(known.part(chosen)),  # all of them at once
        y_true=rows,
        y_pred=rows,
        sensitive_features=pd.Series(groups, name=attribute),
    )
    counts = pd.Series(groups).value_counts()
    weights = pd.Series(known.weight).groupby(groups).sum()
    return [
        _reported(metric, f"{attribute}={name}", value, int(counts[name]), float(weights[name]))
        for name in sorted(set(groups))
        for metric, value in frame.by_group[name].items()
    ]


def _figures(rows: Scored) -> dict[str, float]:
    """Weighted like every other mean of the report: who was censored is made up for by those alike who were not."""
    outcome, error, inside = rows.outcome, rows.outcome - rows.p50, share_inside(rows)
    figures = {"mean_outcome": outcome, "bias": error, "absolute_error": np.abs(error), "coverage": inside}
    if not np.sum(rows.weight) > 0:
        return dict.fromkeys(figures, np.nan)
    return {name: float(np.average(values, weights=rows.weight)) for name, values in figures.items()}


def _reported(metric: str, group: str, value: float, n: int, weight: float) -> Finding:
    if not np.isfinite(value):
        return undecided(metric, group, n, "not_a_number", required=False)
    return Finding(
        metric, group, value, None, None, n, Verdict.PASS, required=False, note="reported", weight=weight
    )


def worst_case_of_censored(test: Scored, attribute: str, groups: Array) -> list[Finding]:
    """Share under-predicted by group, if none and if all who left unseen would have waited beyond the p50.

    groups: object [n], of the rows of the test set.
    """
    findings = []
    forecast = np.isfinite(test.p50)
    for name in sorted(set(groups[forecast])):
        mine = forecast & (groups == name)
        censored = test.censored[mine]
        above = np.where(censored, True, test.outcome[mine] > test.p50[mine])
        most = float(above.mean())
        # Who left after waiting longer than the p50 was under-predicted; of the others nobody knows.
        open_ended = censored & (test.waited[mine] <= test.p50[mine])
        findings.append(
            Finding(
                "share_above_p50_worst_case",
                f"{attribute}={name}",
                most,
                (most - float(open_ended.mean()), most),
                None,
                int(mine.sum()),
                Verdict.PASS,
                required=False,
                note="worst_case",
            )
        )
    return findings
