"""Fairness of bed demand: which wards are promised fewer beds than they will need, or more certainty than there is."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from hospital.arrays import Array
from registry.evidence.interval_shares import share_inside
from registry.evidence.records import UNIT, Evidence, Scored
from registry.policy.board_policy import Policy
from registry.policy.trusted_scope import Cell
from registry.statistics.disparities import Disparity, by_block, mean_by_block, periods_to_pass
from registry.statistics.error_rates import Levels
from registry.statistics.groups import Groups, group_names, reported_figures
from registry.statistics.scope import within
from registry.statistics.verdict import Finding, undecided

__all__ = ["BedFairness"]

_BED_BLOCK_DAYS = 7
_FEWEST = 30  # rows of a unit, or of a small group, under which nothing is said of it
_FEWEST_WEEKS = 8  # of a small group: fewer hardly say how far one week lies from the next


@dataclass(frozen=True)
class BedFairness:
    """Signed error and coverage by unit group, by site, and by unit within a group, inside the scope."""

    evidence: Evidence
    policy: Policy
    scope: tuple[Cell, ...]
    levels: Levels

    def found(self) -> Iterator[Disparity | Finding]:
        """Disparities to be judged together, and what is found beside them."""
        rules = self.policy.document.fairness
        test = within(self.evidence.test, self.scope)
        earlier = within(self.evidence.validation, self.scope)
        past = earlier.known()
        for attribute in ("unit_group", "site"):
            groups = Groups.of(
                attribute,
                test,
                getattr(test, attribute),
                earlier,
                getattr(earlier, attribute),
                rules.required_groups.get(attribute, ()),
            )
            if attribute == "site" and len(groups.names) < 2:
                continue  # one site has nobody to be treated differently from
            known, names = test.part(groups.known), groups.rows[groups.known]
            before = group_names(getattr(past, attribute))
            yield from reported_figures(known, attribute, names)
            judged, rest = groups.sort_out("relative_bias", rules.minimum_bed_rows)
            for listed in rest:
                name = listed.group.partition("=")[2]
                yield from self._small(listed, known.part(names == name), past.part(before == name))
            for name in judged:
                mine = (known.part(names == name), past.part(before == name))
                yield self._bias(groups.label(name), *mine)
                yield self._outside(groups.label(name), *mine)
        yield from self._units(test.known(), past)

    def _small(self, listed: Finding, known: Scored, past: Scored) -> Iterator[Disparity | Finding]:
        """A group too small to be judged: by what its own weeks show of it, or listed.

        It can only block, or keep shut. Where there are too few rows or weeks for an interval, it is listed alone.
        """
        found: list[Disparity] = []
        if listed.note == "needs_more_rows" and known.size >= _FEWEST:
            both = (
                self._bias(listed.group, known, past, judged=False),
                self._outside(listed.group, known, past),
            )
            found = [d for d in both if isinstance(d, Disparity) and d.found.blocks >= _FEWEST_WEEKS]
        if not any(d.metric == listed.metric for d in found):
            yield listed
        for disparity in found:
            required = listed.required and disparity.metric == listed.metric
            yield replace(disparity, lacking=listed.lacking, note=listed.note, required=required)

    def _units(self, known: Scored, past: Scored) -> Iterator[Disparity]:
        """Units that share their group with others: a group can be right on the whole while one of its wards is not.

        They can only block, or keep shut: a ward has few patients, and its group is judged.
        """
        units, before = known.audit.get(UNIT), past.audit.get(UNIT)
        if units is None or before is None:
            return
        for name in sorted(set(units)):
            mine = units == name
            groups = set(known.unit_group[mine])
            if mine.sum() < _FEWEST or mine.sum() == np.isin(known.unit_group, list(groups)).sum():
                continue
            part = (known.part(mine), past.part(before == name))
            label = f"{UNIT}={name}"
            for found in (self._bias(label, *part, judged=False), self._outside(label, *part)):
                if isinstance(found, Disparity):
                    yield found

    def _bias(self, group: str, known: Scored, past: Scored, *, judged: bool = True) -> Disparity | Finding:
        demand = float(np.average(known.outcome, weights=known.weight))
        if demand <= 0 or np.ptp(known.outcome) == 0:
            return undecided("relative_bias", group, known.size, "constant_outcome")
        margin = self.policy.document.fairness.margin_bed_bias
        relative = [(p, (p.outcome - p.p50) / demand) for p in (known, past)]
        return self._disparity("relative_bias", group, relative, margin, judged=judged)

    def _outside(self, group: str, known: Scored, past: Scored) -> Disparity | Finding:
        """Share outside p10-p90 beyond the nominal fifth: promised certainty that is not there.

        It can only block: intervals are calibrated by horizon over all units, and a unit group has few weeks.
        """
        margin = self.policy.document.fairness.margin_outside_beds
        shares = [(p, 1 - share_inside(p) - 0.2) for p in (known, past)]
        return self._disparity("outside_interval", group, shares, margin, judged=False)

    def _disparity(
        self,
        metric: str,
        group: str,
        parts: list[tuple[Scored, Array]],
        margin: float,
        *,
        judged: bool = True,
    ) -> Disparity | Finding:
        """A mean by week: of the test set, and how it varied there and in the validation set."""
        rules = self.policy.document.fairness
        known = parts[0][0]
        weeks = [
            by_block(values, part.weight, part.prediction_time, _BED_BLOCK_DAYS)
            for part, values in parts
            if part.size
        ]
        found = mean_by_block(*weeks[0], resamples=rules.resamples)
        if found is None:
            return undecided(metric, group, known.size, "too_few_days")
        needed = periods_to_pass(
            weeks, found.blocks, alpha=self.levels.passing, power=rules.power, margin=margin
        )
        lacking = max(needed - found.blocks, 0)
        note = "needs_more_weeks" if lacking else ""
        return Disparity(metric, group, found, margin, known.size, lacking, note, judged=judged)
