"""GET /pilotage: the three flows, and tension by unit now and ahead, the worst first. It carries nothing out."""

from datetime import datetime
from pathlib import Path

from starlette.responses import Response

from centre.pages.hospital_view import hospital_view
from centre.pages.level_words import of_units, said
from centre.pages.unit_tension import counts, hides_a_risk, level, tensions, without_forecast
from centre.tension.on_its_way import demand_on_its_way
from serving.interface.bed_forecasts import unit_labels, unlearned_units
from serving.interface.live_pages import live_stream, shown_state
from serving.interface.live_record import LiveRecord
from serving.interface.pages import PAGE, SEES_PAGES, language, page, time_words, unit_name, words
from serving.interface.requests import Call, Endpoint, Parameter, instant

__all__ = ["LIVE", "PILOTAGE"]

TEMPLATES = Path(__file__).parent / "templates"


def pilotage(call: Call) -> Response:
    """GET /pilotage"""
    view = hospital_view(call)
    record, flows, beds = view.record, view.flows, view.beds
    now = {u.unit: u for u in flows.beds.units if u.unit is not None}
    named = {u.unit: unit_name(call, u.label, u.label_fr, u.label_en) for u in flows.beds.units}
    learned = unit_labels(call.parts, language(call))
    missing = without_forecast(flows.beds.units, unlearned_units(call.parts), learned)
    without = {unit: named.get(unit, unit) for unit in missing}
    units = tensions(beds, now, of_units(call, view.levels), without)
    return page(
        call,
        TEMPLATES,
        "pilotage.html",
        "pilotage",
        live=True,
        path="/pilotage",
        now=time_words(call, record.at, record.zone),
        made=time_words(call, beds.at, record.zone),
        state=shown_state(call.parts),
        flows=flows,
        heard=lambda at: _heard(call, record, at),
        closed=[u for u in flows.beds.units if u.closed],
        fault=beds.fault,
        unit_name=lambda u: unit_name(call, u.label, u.label_fr, u.label_en),
        simulated=beds.simulated,
        units=units,
        counts=counts(units, beds.hidden),
        horizons=sorted({f.horizon_hours for u in units for f in u.ahead}),
        proof=beds.proof,
        hides=hides_a_risk(units, beds.proof),
        unproven=any(u.unproven for u in units),
        hospital=sorted(beds.hospital, key=lambda f: f.horizon_hours),
        levels=said(call, view.levels, view.levels.hospital),
        with_levels=any(u.level_words for u in units),
        boarding=view.levels.boarding,
        decide=lambda key, n=None, **places: words(call, f"decide.{key}", n, **places),
        way=demand_on_its_way(call.parts, record),
        unlearned=len(without),
        unknown=sum(u.worst is None for u in units) + beds.hidden,
        level=level,
    )


def _heard(call: Call, record: LiveRecord, at: datetime | None) -> str | None:
    return None if at is None else time_words(call, instant(at), record.zone)


def live(call: Call) -> Response:
    """GET /pilotage/live"""
    return live_stream(call, call.query.get("seen", ""))


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
LIVE = Endpoint(
    "GET",
    "/pilotage/live",
    live,
    "Says when something is new",
    roles=SEES_PAGES,
    scope="pages",
    once=True,
    page=True,
    parameters={"seen": Parameter({"type": "string", "maxLength": 16}, "state that the page has")},
    documented=False,
)
