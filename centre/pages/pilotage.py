"""GET /pilotage: the three flows, and tension by unit now and ahead, the worst first. It carries nothing out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.responses import Response

from centre.flows.answers import UnitBeds
from centre.flows.hospital import flows_of
from serving.interface.bed_forecasts import BedForecast
from serving.interface.live_record import record_at
from serving.interface.pages import (
    PAGE,
    SEES_PAGES,
    WATCH,
    WORRY,
    ShownBeds,
    page,
    shown_beds,
    time_words,
)
from serving.interface.requests import Call, Endpoint

__all__ = ["PILOTAGE", "UnitTension", "tensions"]

_TEMPLATES = Path(__file__).parent / "templates"


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


def pilotage(call: Call) -> Response:
    """GET /pilotage"""
    record = record_at(call.parts, call.parts.clock.now())
    flows, beds = flows_of(record), shown_beds(call)
    units = tensions(beds, {u.unit: u for u in flows.beds.units if u.unit is not None})
    return page(
        call,
        _TEMPLATES,
        "pilotage.html",
        "pilotage",
        path="/pilotage",
        now=time_words(call, record.at, record.zone),
        made=time_words(call, beds.at, record.zone),
        flows=flows,
        fault=beds.fault,
        units=units,
        unknown=sum(u.worst is None for u in units),
        level=level,
    )


PILOTAGE = Endpoint(
    "GET",
    "/pilotage",
    pilotage,
    "The three flows, and tension by unit now and ahead",
    roles=SEES_PAGES,
    scope="pages",
    once=True,
    page=True,
    parameters=PAGE,
    documented=False,
)
