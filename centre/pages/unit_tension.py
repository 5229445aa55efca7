"""Tension by unit, as the page Pilotage orders and names it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from centre.flows.answers import UnitBeds
from serving.interface.bed_forecasts import BedForecast, TensionProof
from serving.interface.pages import WATCH, WORRY, ShownBeds

__all__ = ["LEVELS", "UnitTension", "counts", "hides_a_risk", "level", "tensions", "without_forecast"]

LEVELS = ("high", "possible", "low", "unknown")
"""The words for a probability, the gravest first; what is not known stands last."""


@dataclass(frozen=True)
class UnitTension:
    """A unit's row of the page.

    Attributes:
        unit: its id.
        label: its name for people.
        now: its beds as they are; None: nothing was received of it.
        ahead: at each horizon, the nearest first.
        worst: of `ahead`, where the probability is highest of those that are shown; None: none is.
        level_words: what the hospital's policy says of it; empty: nothing.
    """

    unit: str
    label: str
    now: UnitBeds | None
    ahead: Sequence[BedForecast]
    worst: BedForecast | None
    level_words: str = ""

    @property
    def unproven(self) -> bool:
        """Whether it has probabilities, none of which was shown to be better than how often it was before."""
        return self.worst is None and any(f.tension_probability is not None for f in self.ahead)

    @property
    def over(self) -> bool:
        """Whether more patients are in it now than beds have staff; a closed unit has none that could lack."""
        now = self.now
        return now is not None and not now.closed and now.free is not None and now.free < 0

    @property
    def probability(self) -> float | None:
        """The highest of `ahead`."""
        return None if self.worst is None else self.worst.tension_probability

    @property
    def level(self) -> str:
        """The word for it: one that is over its staffed beds now is in tension, whatever is expected."""
        return "high" if self.over else level(self.probability)


def level(probability: float | None) -> str:
    """The word for a probability."""
    if probability is None:
        return "unknown"
    return "high" if probability >= WORRY else "possible" if probability >= WATCH else "low"


def without_forecast(
    units: Sequence[UnitBeds], unlearned: Collection[str], learned: Collection[str]
) -> list[str]:
    """Ids of the units that are received and that nobody forecasts, as the release does not know them.

    They are those that the hospital total misses, and new ones with staffed beds and nobody in them as yet: such beds
    count in the hospital's row now, and in none of its forecasts.

    Args:
        units: as they are now.
        unlearned: ids of the units that the hospital total misses, as the forecaster says.
        learned: ids of the release's units; empty: there is no release, and nothing to be missing from.
    """
    if not learned:
        return []
    new = [str(u.unit) for u in units if u.unit not in learned and not u.closed and u.staffed]
    return sorted({*unlearned, *new})


def tensions(
    beds: ShownBeds,
    now: Mapping[str, UnitBeds],
    level_words: Mapping[str, str] | None = None,
    without: Mapping[str, str] = MappingProxyType({}),
) -> list[UnitTension]:
    """The units: those that are over their staffed beds now, then the most probable, then those not known.

    Args:
        without: names of the units that have no forecast, by their ids.
    """
    said = level_words or {}
    rows = [
        UnitTension(
            u.unit,
            u.label,
            now.get(u.unit),
            u.forecasts,
            _worst(u.forecasts, beds.proof),
            said.get(u.unit, ""),
        )
        for u in beds.units
    ]
    rows += [UnitTension(u, name, now.get(u), (), None, said.get(u, "")) for u, name in without.items()]
    return sorted(rows, key=lambda r: (not r.over, r.probability is None, -(r.probability or 0.0), r.label))


def counts(units: Sequence[UnitTension], hidden: int) -> list[tuple[str, int]]:
    """How many units are in each level, those that the page has no room for among the unknown; none where none is."""
    found = [u.level for u in units]
    number = {name: found.count(name) + (hidden if name == "unknown" else 0) for name in LEVELS}
    return [(name, n) for name, n in number.items() if n]


def hides_a_risk(units: Sequence[UnitTension], proof: TensionProof) -> bool:
    """Whether some probability is known and not shown, so that a page has to say why."""
    known = ((u.unit, f.horizon_hours) for u in units for f in u.ahead if f.tension_probability is not None)
    return any(not proof.of_unit(unit, hours) for unit, hours in known)


def _worst(forecasts: Sequence[BedForecast], proof: TensionProof) -> BedForecast | None:
    known = [
        f for f in forecasts if f.tension_probability is not None and proof.of_unit(f.unit, f.horizon_hours)
    ]
    return max(known, key=lambda f: (f.tension_probability or 0.0, -f.horizon_hours), default=None)
