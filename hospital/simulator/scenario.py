"""What may be changed about the hospital from outside: unfairness in the queue, a shift of arrivals."""

import re
from dataclasses import dataclass

from hospital.errors import VigieError

__all__ = ["AUDIT_VALUES", "Shift", "Unfair"]

#: The audit attributes of the visits and their values; no feature of a model ever shows them.
AUDIT_VALUES: dict[str, tuple[str, ...]] = {"sex": ("F", "M"), "language": ("fr", "other")}


class ScenarioError(VigieError, ValueError):
    """What a simulation is asked to show cannot be."""


@dataclass(frozen=True)
class Unfair:
    """One group waits longer for reasons that no table shows.

    It acts in the queue: when a doctor would call a patient of the group, the patient is passed over once,
    for a time in proportion to the wait so far, and comes first when it is over. Others are called meanwhile,
    but not all of the time is used for them, so that they wait about as long as without.

    Attributes:
        attribute: an audit attribute, `sex` or `language`.
        value: the group, as written in the visits.
        factor: mean wait of the group, against its wait without this; at least 1.
    """

    attribute: str
    value: str
    factor: float

    def __post_init__(self) -> None:
        """Refuse what no run could show."""
        if self.attribute not in AUDIT_VALUES:
            known = ", ".join(sorted(AUDIT_VALUES))
            raise ScenarioError("errors.simulator.attribute", name=repr(self.attribute), known=known)
        if self.value not in AUDIT_VALUES[self.attribute]:
            known = ", ".join(AUDIT_VALUES[self.attribute])
            named = {"name": self.attribute, "value": repr(self.value)}
            raise ScenarioError("errors.simulator.value", known=known, **named)
        if not 1.0 <= self.factor <= 10.0:
            raise ScenarioError("errors.simulator.longer", factor=f"{self.factor:g}")

    @classmethod
    def parse(cls, text: str) -> "Unfair":
        """Read ``ATTR=VALUE:FACTOR``, as in ``sex=F:1.4``.

        Raises:
            ValueError: the text has another form, or names an unknown attribute, value or factor.
        """
        match = re.fullmatch(r"\s*([a-z_]+)=([A-Za-z]+):(\d+(?:\.\d+)?)\s*", text)
        if match is None:
            raise ScenarioError("errors.simulator.unfair", text=repr(text))
        return cls(match[1], match[2], float(match[3]))


@dataclass(frozen=True)
class Shift:
    """Emergency arrivals multiplied from a day on.

    Attributes:
        factor: on the arrival rate; above 0, at most 10.
        day: days after the first day written (0 = from the start).
    """

    factor: float
    day: int

    def __post_init__(self) -> None:
        """Refuse factors that no hospital could live through."""
        if not 0.0 < self.factor <= 10.0:
            raise ScenarioError("errors.simulator.arrivals", factor=f"{self.factor:g}")
        if self.day < 0:
            raise ScenarioError("errors.simulator.day", day=str(self.day))

    @classmethod
    def parse(cls, text: str) -> "Shift":
        """Read ``FACTOR@DAY``, as in ``1.5@350``.

        Raises:
            ValueError: the text has another form, or a factor or day out of range.
        """
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)@(\d+)\s*", text)
        if match is None:
            raise ScenarioError("errors.simulator.shift", text=repr(text))
        return cls(float(match[1]), int(match[2]))
