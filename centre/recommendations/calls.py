"""Which steps of protocols are called: by a level reached now, or by the policy's probability at some horizon."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from centre.decisions.decision_policy import EVERY
from centre.levels.evaluation import Evidence, LevelAhead, LevelsReading
from centre.levels.hospital_levels import HospitalLevels
from centre.practice.protocol_file import Protocol, Step

__all__ = ["CallKey", "CalledLevel", "CalledStep", "called_level", "called_steps"]

CallKey = tuple[str, str, str, int, int]
"""Place, level, protocol, its version, and the step's number: what makes two recommendations the same."""


@dataclass(frozen=True)
class CalledLevel:
    """The gravest level that is reached now or expected by the policy's probability.

    Attributes:
        rank: 0: the mildest of the policy.
        evidence: the conditions that hold now; empty: it is not reached yet.
        ahead: where it is expected first; None: its probability is not known, or lies below the policy's.
    """

    level: str
    rank: int
    evidence: tuple[Evidence, ...]
    ahead: LevelAhead | None
    reached_now: bool


@dataclass(frozen=True)
class CalledStep:
    """A step of a protocol that a level calls at a place.

    Attributes:
        place: a unit's id; ``*``: the hospital.
        of: the place whose level calls it: the hospital's may call a protocol for a unit.
        number: of the step, from 1.
    """

    place: str
    of: str
    called: CalledLevel
    protocol: Protocol
    number: int

    @property
    def step(self) -> Step:
        """The step."""
        return self.protocol.steps[self.number - 1]

    @property
    def key(self) -> CallKey:
        """What makes it the same as another."""
        return (
            self.place,
            self.called.level,
            self.protocol.protocol_id,
            self.protocol.version,
            self.number,
        )


def called_level(reading: LevelsReading) -> CalledLevel | None:
    """The gravest level that calls anything; None: none does that is known."""
    for rank, now in reversed(list(enumerate(reading.now))):
        ahead = reading.first_horizon(now.level)
        if now.state == "reached" or ahead is not None:
            reached = now.state == "reached"
            return CalledLevel(now.level, rank, now.called_by if reached else (), ahead, reached)
    return None


def called_steps(
    levels: HospitalLevels,
    protocols: Sequence[Protocol],
    taken: Mapping[tuple[str, str, str, int], Collection[int]],
    day: date,
) -> list[CalledStep]:
    """The next step of every protocol that is called; of a protocol whose steps were all taken, none.

    Args:
        protocols: in use.
        taken: numbers of the steps that people accepted or did otherwise, by place, level, protocol and version.
        day: the hospital's.
    """
    found: dict[CallKey, CalledStep] = {}
    for place, called, protocol, of in _called(levels, [p for p in protocols if p.is_valid(day)]):
        done = taken.get((place, called.level, protocol.protocol_id, protocol.version), ())
        number = next((n for n in range(1, len(protocol.steps) + 1) if n not in done), None)
        if number is not None:
            step = CalledStep(place, of, called, protocol, number)
            found.setdefault(step.key, step)
    return list(found.values())


def _called(
    levels: HospitalLevels, protocols: Sequence[Protocol]
) -> Iterator[tuple[str, CalledLevel, Protocol, str]]:
    """Units before the hospital: what both call is the unit's own."""
    readings = [*levels.units.items(), *([(EVERY, levels.hospital)] if levels.hospital else [])]
    for of, reading in readings:
        called = called_level(reading)
        if called is None:
            continue
        for protocol in protocols:
            if called.level not in protocol.levels:
                continue
            if of != EVERY and protocol.is_for(of):
                yield of, called, protocol, of
            elif of == EVERY:
                for place in protocol.units:
                    yield place, called, protocol, of
