"""Which probabilities of more demand than staffed beds were shown to be better than how often it was before.

One rule for units, unit groups and the hospital total: a probability counts where its gain lies above 0 with its whole
interval, as `boarding_figures` asks of boarding. A unit alone has few events; its probability is read off one curve for
all units, so that their gain together is asked, which is over each unit's own frequency, and besides that no unit's own
lies below 0 with its whole interval.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.cards.tension.skill_interval import is_better, is_worse

__all__ = ["ALL_UNITS", "NOTHING_PROVEN", "TensionProof"]

ALL_UNITS = "all"
"""What a report calls the row of all units together."""


@dataclass(frozen=True)
class TensionProof:
    """As a report has it.

    Attributes:
        horizons: in hours, at which units' probabilities count.
        worse: (unit, horizon in hours) that do not count, though all together do.
        totals: (unit group, horizon in hours) of the totals that count; the group None: the hospital total.
    """

    horizons: frozenset[float] = frozenset()
    worse: frozenset[tuple[str, float]] = frozenset()
    totals: frozenset[tuple[str | None, float]] = frozenset()

    @classmethod
    def of(cls, report: Mapping[str, Any]) -> "TensionProof":
        """Of a report or a card; of one that has no figures of tension nothing counts."""
        units = [(str(r["unit"]), float(r["horizon_hours"]), r["skill"]) for r in report.get("tension") or ()]
        totals = report.get("tension_totals") or ()
        return cls(
            frozenset(hours for unit, hours, skill in units if unit == ALL_UNITS and is_better(skill)),
            frozenset((unit, hours) for unit, hours, skill in units if unit != ALL_UNITS and is_worse(skill)),
            frozenset((r["unit_group"], float(r["horizon_hours"])) for r in totals if is_better(r["skill"])),
        )

    def of_unit(self, unit: str, hours: float) -> bool:
        """Whether the probability of a unit counts at a horizon; `unit` `ALL_UNITS`: of all together."""
        return hours in self.horizons and (unit, hours) not in self.worse

    def of_total(self, group: str | None, hours: float) -> bool:
        """Whether that of a unit group's total does, or of the hospital's (None)."""
        return (group, hours) in self.totals


NOTHING_PROVEN = TensionProof()
