"""What a release's report says of its probabilities besides those of beds: which of them may answer."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from registry.cards.tension.tension_proof import NOTHING_PROVEN, TensionProof

__all__ = ["NOTHING_JUDGED", "JudgedTension"]


@dataclass(frozen=True)
class JudgedTension:
    """As the check found it on the test days.

    Attributes:
        admission: whether the model of admissions answers in place of the rates.
        admissions_expected, admissions_happened: of those present on the test days, by the model, and as they were;
            None: not known.
        boarding: horizons, in hours, at which the probability of boarding counts as calibrated.
        exceedance: which probabilities of more demand than staffed beds do.
    """

    admission: bool = False
    admissions_expected: float | None = None
    admissions_happened: int | None = None
    boarding: frozenset[float] = frozenset()
    exceedance: TensionProof = NOTHING_PROVEN

    @classmethod
    def of(cls, report: Mapping[str, Any]) -> "JudgedTension":
        """Of a report; one of a Vigie that did not judge this yet lets nothing answer."""
        boarding = frozenset(
            float(row["horizon_hours"]) for row in report.get("boarding", ()) if row["in_scope"]
        )
        found, exceedance = report.get("admission"), TensionProof.of(report)
        if found is None:
            return cls(boarding=boarding, exceedance=exceedance)
        expected = float(found["announced"]) * int(found["n"])
        return cls(bool(found["in_scope"]), expected, int(found["admitted"]), boarding, exceedance)

    def without(self, groups: Collection[str], units: Collection[str]) -> "JudgedTension":
        """The same, once others answer for some unit groups than were judged: what they are part of counts no more."""
        proof = self.exceedance
        alone = frozenset((unit, hours) for unit in units for hours in proof.horizons)
        totals = frozenset(one for one in proof.totals if one[0] is not None and one[0] not in groups)
        return replace(self, exceedance=replace(proof, worse=proof.worse | alone, totals=totals))


NOTHING_JUDGED = JudgedTension()
