"""Who holds which skill until when, by pseudonym, and which trainings and openings would fill a gap.

A skill lapses on a day: what was held until then is held that day, and not the day after. Nothing here names a person:
names are put beside pseudonyms on a page alone, by who may see them.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

__all__ = ["Held", "Opening", "SkillRegister"]


@dataclass(frozen=True)
class Held:
    """A skill that somebody holds.

    Attributes:
        person: pseudonym.
        skill: its name, as protocols write it.
        until: last day on which it is held; None: for ever.
        home_unit: where the person works.
    """

    person: str
    skill: str
    until: date | None
    home_unit: str


@dataclass(frozen=True)
class Opening:
    """A training, or a place in another unit, by which a skill can be had.

    Attributes:
        kind: "training" or "mobility".
        starts_on: first day.
        places: how many people can still take it.
    """

    kind: str
    skill: str
    title: str
    unit: str
    starts_on: date
    places: int


class SkillRegister:
    """Skills held and openings, asked by day."""

    def __init__(self, held: Iterable[Held], openings: Iterable[Opening] = ()) -> None:
        self._held = tuple(held)
        self._openings = tuple(openings)

    def holders(self, skill: str, day: date) -> tuple[str, ...]:
        """Pseudonyms of those who hold a skill on a day, sorted, each once."""
        return tuple(sorted({h.person for h in self._held if h.skill == skill and _holds(h, day)}))

    def skills_of(self, person: str, day: date) -> frozenset[str]:
        """The skills that somebody holds on a day."""
        return frozenset(h.skill for h in self._held if h.person == person and _holds(h, day))

    def lacking(self, person: str, skills: Collection[str], day: date) -> tuple[str, ...]:
        """Of these skills those that somebody does not hold on a day, in their order."""
        mine = self.skills_of(person, day)
        return tuple(skill for skill in skills if skill not in mine)

    def lapsing(self, day: date, days: int) -> tuple[Held, ...]:
        """What is held on a day and lapses within so many days after it, the first to lapse first."""
        found = [
            h
            for h in self._held
            if h.until is not None
            and _holds(h, day)
            and (h.until - day).days < days
            and not self._renewed(h, days)
        ]
        return tuple(sorted(found, key=lambda h: (h.until or day, h.skill, h.person)))

    def openings(self, skill: str, day: date) -> tuple[Opening, ...]:
        """Trainings and places that give a skill, that begin on a day or later and have room, the first first."""
        found = [o for o in self._openings if o.skill == skill and o.starts_on >= day and o.places > 0]
        return tuple(sorted(found, key=lambda o: (o.starts_on, o.kind, o.title)))

    def _renewed(self, held: Held, days: int) -> bool:
        """Whether the same person holds the same skill longer by another entry."""
        return any(
            h is not held
            and (h.person, h.skill) == (held.person, held.skill)
            and (h.until is None or (held.until is not None and h.until > held.until))
            for h in self._held
        )


def _holds(held: Held, day: date) -> bool:
    return held.until is None or day <= held.until
