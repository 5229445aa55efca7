"""A state of an installation: its name in the catalogue (``doctor``), how bad it is, and what mends it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from hospital.words.catalogue import text
from hospital.words.language import Language
from hospital.words.messages import written

__all__ = ["State", "Weight"]


class Weight(StrEnum):
    """How bad a state is."""

    GOOD = "good"
    NOTICE = "notice"
    FAULT = "fault"


@dataclass(frozen=True)
class State:
    """One state.

    Attributes:
        name: of its words in ``doctor.states``.
        values: what fills their places, `n` the number that decides the plural; no value of a patient's, and no secret.
        mend: mends it, and raises where that does not work; None: a person has to.
    """

    name: str
    weight: Weight
    values: Mapping[str, object] = field(default_factory=dict)
    mend: Callable[[], None] | None = None

    def words(self, language: Language) -> str:
        """What is so, and what to do."""
        shown = {
            name: written(value, language) if isinstance(value, date) else value
            for name, value in self.values.items()
            if name != "n"
        }
        n = self.values.get("n")
        return text(f"doctor.states.{self.name}", language, n if isinstance(n, int) else None, **shown)
