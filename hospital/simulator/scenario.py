"""What may be changed about the hospital from outside: unfairness in the queue, a shift of arrivals."""

import re
from dataclasses import dataclass

__all__ = ["AUDIT_VALUES", "Shift", "Unfair"]

#: The audit attributes of the visits and their values; no feature of a model ever shows them.
AUDIT_VALUES: dict[str, tuple[str, ...]] = {"sex": ("F", "M"), "language": ("fr", "other")}


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
            raise ValueError(
                f"unknown attribute {self.attribute!r}: use one of {', '.join(sorted(AUDIT_VALUES))}"
            )
        if self.value not in AUDIT_VALUES[self.attribute]:
            known = ", ".join(AUDIT_VALUES[self.attribute])
            raise ValueError(f"unknown value {self.value!r} of {self.attribute}: use one of {known}")
        if not 1.0 <= self.factor <= 10.0:
            raise ValueError(
                f"factor {self.factor:g}: must lie between 1 and 10 (name the group that waits longer)"
            )

    @classmethod
    def parse(cls, text: str) -> "Unfair":
        """Read ``ATTR=VALUE:FACTOR``, as in ``sex=F:1.4``.

        Raises:
            ValueError: the text has another form, or names an unknown attribute, value or factor.
        """
        match = re.fullmatch(r"\s*([a-z_]+)=([A-Za-z]+):(\d+(?:\.\d+)?)\s*", text)
        if match is None:
            raise ValueError(f"cannot read {text!r}: write ATTR=VALUE:FACTOR, for example sex=F:1.4")
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
            raise ValueError(f"factor {self.factor:g}: must be above 0 and at most 10")
        if self.day < 0:
            raise ValueError(f"day {self.day}: must be 0 or later")

    @classmethod
    def parse(cls, text: str) -> "Shift":
        """Read ``FACTOR@DAY``, as in ``1.5@350``.

        Raises:
            ValueError: the text has another form, or a factor or day out of range.
        """
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)@(\d+)\s*", text)
        if match is None:
            raise ValueError(f"cannot read {text!r}: write FACTOR@DAY, for example 1.5@350")
        return cls(float(match[1]), int(match[2]))
