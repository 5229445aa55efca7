"""What a release's report says of its probabilities besides those of beds: which of them may answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["NOTHING_JUDGED", "JudgedTension"]


@dataclass(frozen=True)
class JudgedTension:
    """As the check found it on the test days.

    Attributes:
        admission: whether the model of admissions answers in place of the rates.
        admissions_expected, admissions_happened: of those present on the test days, by the model, and as they were;
            None: not known.
        boarding: horizons, in hours, at which the probability of boarding counts as calibrated.
    """

    admission: bool = False
    admissions_expected: float | None = None
    admissions_happened: int | None = None
    boarding: frozenset[float] = frozenset()

    @classmethod
    def of(cls, report: Mapping[str, Any]) -> "JudgedTension":
        """Of a report; one of a Vigie that did not judge this yet lets nothing answer."""
        boarding = frozenset(
            float(row["horizon_hours"]) for row in report.get("boarding", ()) if row["in_scope"]
        )
        found = report.get("admission")
        if found is None:
            return cls(boarding=boarding)
        expected = float(found["announced"]) * int(found["n"])
        return cls(bool(found["in_scope"]), expected, int(found["admitted"]), boarding)


NOTHING_JUDGED = JudgedTension()
