"""Tension by unit, as the page Pilotage orders and names it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from centre.flows.answers import UnitBeds
from serving.interface.bed_forecasts import BedForecast
from serving.interface.pages import WATCH, WORRY, ShownBeds

__all__ = ["UnitTension", "level", "tensions"]


@dataclass(frozen=True)
class UnitTension:
    """A unit's row of the page.

    Attributes:
        unit: its id.
        label: its name for people.
        now: its beds as they are; None: nothing was received of it.
        ahead: at each horizon, the nearest first.
        worst: of `ahead`, where the probability is highest; None: it is known of none.
    """

    unit: str
    label: str
    now: UnitBeds | None
    ahead: Sequence[BedForecast]
    worst: BedForecast | None

    @property
    def over(self) -> bool:
        """Whether more patients are in it now than beds have staff."""
        return self.now is not None and self.now.free is not None and self.now.free < 0

    @property
    def probability(self) -> float | None:
        """The highest of `ahead`."""
        return None if self.worst is None else self.worst.tension_probability


def level(probability: float | None) -> str:
    """The word for a probability."""
    if probability is None:
        return "unknown"
    return "high" if probability >= WORRY else "possible" if probability >= WATCH else "low"


def tensions(beds: ShownBeds, now: Mapping[str, UnitBeds]) -> list[UnitTension]:
    """The units: those that are over their staffed beds now, then the most probable, then those not known."""
    rows = [
        UnitTension(u.unit, u.label, now.get(u.unit), u.forecasts, _worst(u.forecasts)) for u in beds.units
    ]
    return sorted(rows, key=lambda r: (not r.over, r.probability is None, -(r.probability or 0.0), r.label))


def _worst(forecasts: Sequence[BedForecast]) -> BedForecast | None:
    known = [f for f in forecasts if f.tension_probability is not None]
    return max(known, key=lambda f: (f.tension_probability or 0.0, -f.horizon_hours), default=None)
