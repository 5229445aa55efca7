"""Fairness of wait time: does any group get forecasts that are too low, or more certain than they should be?

A group is held against the others: a season in which all waits are under-predicted is calibration's matter.
Resampling is by day, since patients of one day share its queue.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from hospital.arrays import Array
from registry.evidence.interval_shares import share_inside
from registry.evidence.records import EarlierGap, Evidence, Scored
from registry.model.forecast_errors import held, log_wait
from registry.policy.board_policy import Policy
from registry.statistics.disparities import Disparity, gap
from registry.statistics.groups import UNKNOWN, Groups, group_names, reported_figures, worst_case_of_censored
from registry.statistics.hours_of_week import hours_of_week, narrow_hours
from registry.statistics.intervals import Estimate
from registry.statistics.verdict import Finding, undecided

__all__ = ["WaitFairness"]

_WAIT_BLOCK_DAYS = 1
_FEWEST = 30  # rows of a group under which not even a figure is reported
_MADE = "age_band"
"""The attribute that is made of a column, and stands in every hospital's rows."""
_FEWEST_TOGETHER = 200
"""Rows of a group within a group, or at some hours: with fewer, chance shows a gap in one of hundreds of cells."""
_FEWEST_NARROW = 400
"""The same in two hours of the day or on one day of the week, of the group and of the others: there are a thousand such
cells and no correction.
"""


@dataclass(frozen=True)
class WaitFairness:
    """Wait time, by audit attribute of the policy or the mapping.

    Where a disparity can only block, also by two of them at once, and by attribute in some hours of the week.

    Attributes:
        with_figures: whether figures that are only reported are found, too.
    """

    evidence: Evidence
    policy: Policy
    with_figures: bool = True

    def found(self) -> Iterator[Disparity | Finding]:
        """Disparities to be judged together, each beside what the validation set showed of it, and what is found beside
        them.
        """
        earlier = self._earlier()
        pooled = {past.group for past in self.evidence.earlier_gaps}
        for found in self._found():
            # What other versions showed may be of the validation set's very days: it cannot say where to look.
            if isinstance(found, Disparity) and found.group not in pooled:
                yield replace(found, earlier=earlier.get((found.metric, found.group)))
            else:
                yield found

    def _earlier(self) -> dict[tuple[str, str], Estimate]:
        """Disparities among the validation set's rows, by score and group; a gap of weeks lies between them and the
        judged ones.
        """
        if not self.evidence.validation.is_known.any():
            return {}
        before = replace(self.evidence, test=self.evidence.validation, earlier_gaps=())
        found = WaitFairness(before, self.policy, with_figures=False)._found()
        return {(d.metric, d.group): d.found for d in found if isinstance(d, Disparity)}

    def _found(self) -> Iterator[Disparity | Finding]:
        rules, audit = self.policy.document.fairness, self.evidence.test.audit
        attributes = tuple(dict.fromkeys((*rules.attributes, *audit)))
        recorded = {name for name in audit if self._is_recorded(name)}
        for attribute in attributes:
            if attribute in recorded:
                yield from self._attribute(attribute)
                continue
            # A hospital whose record has no language can never judge by it; one with nothing at all is not judged.
            required = attribute in rules.required_groups or not recorded
            yield undecided("attribute", attribute, 0, "attribute_missing", required=required)
        pairs = ("*".join(pair) for pair in combinations(sorted(audit), 2))
        named = {frozenset(pair.split("*")): pair for pair in (*pairs, *rules.intersections)}
        for pair in named.values():
            yield from self._intersection(pair)
        yield from self._at_hours(hours_of_week, self._least_together, 1)

    def _is_recorded(self, attribute: str) -> bool:
        """Whether the hospital records it: age bands are made in each, of ages that some do not have.

        The validation set is asked, too: ages that are no longer sent are unknown, and not absent. What a hospital
        names as an attribute, and of which nobody's is known, stays unknown: its codes may be wrong.
        """
        if attribute != _MADE:
            return True
        parts = (self.evidence.test, self.evidence.validation)
        return any((group_names(part.audit[_MADE]) != UNKNOWN).any() for part in parts if _MADE in part.audit)

    def at_narrow_hours(self) -> Iterator[Disparity]:
        """Groups in two hours of the day, or on one day of the week: what is shown of them keeps shut."""
        return self._at_hours(narrow_hours, _FEWEST_NARROW, _FEWEST_NARROW)

    def _at_hours(
        self, hours_of: Callable[[Scored], dict[str, Array]], least: int, others: int
    ) -> Iterator[Disparity]:
        """`least`, `others`: visits of a group, and of those it is compared with, that are looked at."""
        rules, known = self.policy.document.fairness, self.evidence.test.known()
        parts = {hours: known.part(mine) for hours, mine in hours_of(known).items()}
        scored = [(hours, part, self._scores(part)) for hours, part in parts.items() if part.size]
        for attribute in dict.fromkeys((*rules.attributes, *known.audit, "department")):
            for hours, part, scores in scored:
                yield from self._at(attribute, hours, part, scores, least, others)

    def _at(
        self,
        attribute: str,
        hours: str,
        known: Scored,
        scores: list[tuple[str, Array, float]],
        least: int,
        others: int,
    ) -> Iterator[Disparity]:
        """Groups at some hours, against the others at the same hours: a group may fare worse at night alone.

        They can only block, or keep shut: over all hours together each is judged already.
        """
        groups = known.unit_group if attribute == "department" else known.audit.get(attribute)
        if groups is None:
            return
        names = group_names(groups)
        for name in sorted(set(names)):
            mine = names == name
            if least <= mine.sum() <= mine.size - others:
                found = self._disparities(f"{attribute}={name}*{hours}", mine, known, scores, judged=False)
                yield from (d for d in found if isinstance(d, Disparity))

    @property
    def _least_together(self) -> int:
        return min(self.policy.document.fairness.minimum_rows_to_block, _FEWEST_TOGETHER)

    def small_groups(self) -> Iterator[Disparity]:
        """Groups that are listed for want of rows, and those alone: what is judged is not judged again."""
        rules, audit = self.policy.document.fairness, self.evidence.test.audit
        for attribute in dict.fromkeys((*rules.attributes, *audit)):
            if attribute in audit:
                groups = self._groups(attribute)
                known, names = self.evidence.test.part(groups.known), groups.rows[groups.known]
                scores = self._scores(known)
                for listed in groups.sort_out("share_above_p50", rules.minimum_rows)[1]:
                    if listed.note == "needs_more_rows":
                        mine = names == listed.group.partition("=")[2]
                        yield from (
                            h for h in self._small(listed, mine, known, scores) if isinstance(h, Disparity)
                        )

    def _groups(self, attribute: str) -> Groups:
        test, earlier = self.evidence.test, self.evidence.validation
        return Groups.of(
            attribute,
            test,
            test.audit[attribute],
            earlier,
            earlier.audit.get(attribute, np.empty(0, object)),
            self.policy.document.fairness.required_groups.get(attribute, ()),
        )

    def _attribute(self, attribute: str) -> Iterator[Disparity | Finding]:
        test, rules = self.evidence.test, self.policy.document.fairness
        groups = self._groups(attribute)
        known, names = test.part(groups.known), groups.rows[groups.known]
        if self.with_figures:
            yield from reported_figures(known, attribute, names)
            yield from worst_case_of_censored(test, attribute, groups.rows)
        yield from groups.unknown(rules.unknown_share)
        if set(names) - {UNKNOWN} and len(set(names) - {UNKNOWN}) < 2 and len(groups.names) < 2:
            yield undecided("attribute", attribute, known.size, "only_one_group", required=False)
            return
        scores = self._scores(known)
        judged, rest = groups.sort_out("share_above_p50", rules.minimum_rows)
        small = {f.group: f for f in rest if f.note == "needs_more_rows"}
        yield from (f for f in rest if f.group not in small)
        for name in groups.names:
            label = groups.label(name)
            if name in judged:
                yield from self._disparities(label, names == name, known, scores)
            elif label in small:
                yield from self._small(small[label], names == name, known, scores)
        # Nobody knows who they are; that they wait longer than is said is known all the same.
        nameless = names == UNKNOWN
        if _FEWEST_TOGETHER <= nameless.sum() < nameless.size:
            yield from self._disparities(groups.label(UNKNOWN), nameless, known, scores, judged=False)

    def _intersection(self, pair: str) -> Iterator[Disparity | Finding]:
        test = self.evidence.test
        first, _, second = pair.partition("*")
        if first not in test.audit or second not in test.audit:
            return  # the attribute that is missing is a finding already
        known = test.known()
        one, two = group_names(known.audit[first]), group_names(known.audit[second])
        scores = self._scores(known)
        for a in sorted(set(one) - {UNKNOWN}):
            for b in sorted(set(two) - {UNKNOWN}):
                mine = (one == a) & (two == b)
                if not self._least_together <= mine.sum() < mine.size:
                    continue
                yield from self._disparities(f"{first}={a}*{second}={b}", mine, known, scores, judged=False)

    def _scores(self, known: Scored) -> list[tuple[str, Array, float]]:
        """(metric, what is averaged by row, margin): above 0 is a disparity for whom it is more than for others."""
        rules = self.policy.document.fairness
        return [
            ("share_above_p50", (known.outcome > known.p50).astype(np.float64), rules.margin_share_above),
            ("log_error", _log_error(known), rules.margin_log_error),
            ("outside_interval", 1 - share_inside(known), rules.margin_outside),
        ]

    def _disparities(
        self,
        group: str,
        mine: Array,
        known: Scored,
        scores: list[tuple[str, Array, float]],
        *,
        judged: bool = True,
    ) -> Iterator[Disparity | Finding]:
        n = int(mine.sum())
        constant = bool(n) and np.ptp(known.outcome[mine]) == 0
        for metric, values, margin in scores:
            found = None if constant else self._gap(values, mine, known)
            if found is not None:
                yield Disparity(metric, group, found, margin, n, judged=judged)
            elif judged:
                yield undecided(metric, group, n, "constant_outcome" if constant else "too_few_days")

    def _small(
        self, listed: Finding, mine: Array, known: Scored, scores: list[tuple[str, Array, float]]
    ) -> Iterator[Disparity | Finding]:
        """A group too small to be judged alone: with what earlier versions' rows showed of it, or listed."""
        n = int(mine.sum())
        for metric, values, margin in scores:
            found = None
            if n >= _FEWEST and np.ptp(known.outcome[mine]) > 0:
                found = self._gap(values, mine, known)
            if found is None:
                yield Finding(**{**vars(listed), "metric": metric})
                continue
            pooled, rows = _pooled(found, n, listed.group, metric, self.evidence.earlier_gaps)
            lacking = max(self.policy.document.fairness.minimum_rows - rows, 0)
            yield Disparity(
                metric,
                listed.group,
                pooled,
                margin,
                rows,
                lacking,
                "needs_more_rows" if lacking else "",
                judged=lacking == 0,
                required=listed.required,
            )

    def _gap(self, values: Array, mine: Array, known: Scored) -> Estimate | None:
        return gap(
            values,
            known.weight,
            mine,
            known.prediction_time,
            days=_WAIT_BLOCK_DAYS,
            resamples=self.policy.document.fairness.resamples,
        )


def _log_error(known: Scored) -> Array:
    """Log of wait + 10 minutes over the p50's, beyond what the forecast's own distribution lets expect: float64 [n].

    Waits are skewed, and not everybody's alike: a mean of log errors that is not 0 is no disparity by itself.
    """
    middle = log_wait(known.p50)
    expected = held(log_wait(known.quantiles) - middle[:, None]).mean(axis=1)
    return np.asarray(held(log_wait(known.outcome) - middle) - expected)


def _pooled(
    found: Estimate, n: int, group: str, metric: str, earlier: tuple[EarlierGap, ...]
) -> tuple[Estimate, int]:
    """The gap over this and earlier versions' judged rows, which share none, weighted by rows; and their number."""
    total, value, variance, blocks = float(n), n * found.value, (n * found.sd) ** 2, found.blocks
    for past in earlier:
        if (past.group, past.metric) == (group, metric):
            total += past.n
            value += past.n * past.value
            variance += (past.n * past.sd) ** 2
            blocks += past.blocks
    return Estimate(value / total, float(np.sqrt(variance)) / total, blocks), int(total)
