"""GET /pilotage: the three flows, and tension by unit now and ahead, the worst first. It carries nothing out."""

from pathlib import Path

from starlette.responses import Response

from centre.flows.hospital import flows_of
from centre.pages.unit_tension import level, tensions
from serving.interface.live_record import record_at
from serving.interface.pages import (
    PAGE,
    SEES_PAGES,
    page,
    shown_beds,
    time_words,
)
from serving.interface.requests import Call, Endpoint

__all__ = ["PILOTAGE"]

_TEMPLATES = Path(__file__).parent / "templates"


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
        unknown=sum(u.worst is None for u in units) + beds.hidden,
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
