"""A clock that was wrong: what was received meanwhile, and after, is seen, in its order; answers and probes say so."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import select

from hospital.holidays.place import Place
from hospital.times import DAY, HOUR, moment
from registry.package.manifest import Manifest
from registry.record.database import opened_database, writing
from registry.record.tables.record_tables import observations
from serving.state.live_state import StateCache
from serving.state.observations import add, next_reception
from tests.support.fake_service import VISIT, Service
from tests.support.serving_fakes import NOW, FakeClock

YEAR = 365 * DAY
STAY = {"stay_id": "s", "unit": "U1", "entered_at": "2025-11-03T01:00:00Z", "source": "emergency"}

PARIS = Place(ZoneInfo("Europe/Paris"))


def _clock(service: Service) -> FakeClock:
    assert isinstance(service.parts.clock, FakeClock)
    return service.parts.clock


def _send(service: Service, **stay: Any) -> None:
    assert service.ask("POST", "/v1/observations", {"stays": [{**STAY, **stay}]}).status_code == 200


def _trust(service: Service, language: str = "en") -> dict[str, Any]:
    visit = {**VISIT, "arrived_at": moment(_clock(service).instant).isoformat()}
    body = {"visits": [visit], "explain": {"language": language}}
    found: dict[str, Any] = service.ask("POST", "/v1/wait-time", body).json()["predictions"][0]["trust"]
    return found


def test_after_a_jump_of_the_clock_the_order_is_a_sequence(service: Service) -> None:
    """A year ahead and back: each revision of a row is received after the one before, and none contradicts another."""
    clock = _clock(service)
    _send(service)
    clock.instant = NOW + YEAR
    _send(service, unit="U2")
    clock.instant = NOW + HOUR
    for unit in ("U3", "U4", "U1"):
        _send(service, unit=unit)
    with service.parts.engine.connect() as connection:
        times = list(connection.scalars(select(observations.c.received_at).order_by(observations.c.seq)))
    assert times == [NOW, *(NOW + YEAR + i for i in range(4))]


def test_answers_and_probes_say_that_the_clock_was_wrong(service: Service) -> None:
    """For as long as something lies ahead of it; in the language of the answer."""
    clock = _clock(service)
    _send(service)
    assert _trust(service)["status"] == "trusted"
    clock.instant = NOW + YEAR
    _send(service, unit="U2")
    clock.instant = NOW + HOUR
    trust = _trust(service)
    assert trust["status"] == "degraded"
    assert "in the order in which they came" in trust["warnings"][0]
    assert "heure de réception future" in _trust(service, "fr")["warnings"][0]
    beds = service.ask(
        "POST", "/v1/bed-demand", {"units": ["U1"], "horizons_hours": [4], "hospital": True}
    ).json()
    assert {f["trust"]["status"] for f in (*beds["forecasts"], *beds["hospital"])} == {"degraded"}
    assert service.client.get("/readyz").json()["clock"] == "received_ahead"
    clock.instant = NOW + YEAR + HOUR
    assert _trust(service)["status"] == "trusted"
    assert service.client.get("/readyz").json()["clock"] == "steady"


def test_a_step_that_is_going_on_is_said(service: Service) -> None:
    """While the service goes on by the time that has gone by."""
    clock = _clock(service)
    clock.step = YEAR
    assert (_trust(service)["status"], service.client.get("/readyz").json()["clock"]) == (
        "degraded",
        "clock_stepped",
    )
    clock.step = 0
    assert (_trust(service)["status"], service.client.get("/readyz").json()["clock"]) == ("trusted", "steady")


def test_metrics_say_that_the_clock_was_wrong(service: Service) -> None:
    """Each fault by itself, so that an alarm can ring; without asking the database for it."""
    clock = _clock(service)

    def faults() -> dict[str, float]:
        page = service.client.get("/metrics", peer="127.0.0.1").text
        return {
            name: float(value)
            for name, value in re.findall(r'^vigie_clock_fault{fault="(\w+)"} (\S+)', page, re.M)
        }

    assert faults() == {"clock_stepped": 0.0, "received_ahead": 0.0}
    clock.instant, clock.step = NOW + YEAR, YEAR
    _send(service)
    assert faults() == {"clock_stepped": 1.0, "received_ahead": 0.0}
    clock.instant, clock.step = NOW + HOUR, 0
    assert _trust(service)["status"] == "degraded"
    service.parts.engine.dispose()
    assert faults() == {"clock_stepped": 0.0, "received_ahead": 1.0}


def test_what_was_received_ahead_and_after_is_seen(quick_path: Path) -> None:
    """At once, in its order, and as seen by a cache that was filled before; the last version of a row wins."""
    manifest = cast(Manifest, SimpleNamespace(place=PARIS, cadence_hours=1))
    stay = {"stay_id": "s", "entered_at": NOW - 5 * HOUR}
    cache = StateCache()
    with opened_database(f"sqlite:///{quick_path / 'vigie.db'}") as engine:
        last = 0
        for moment, unit in ((NOW, "U1"), (NOW + YEAR, "U2"), (NOW + HOUR, "U3"), (NOW + HOUR + 1, "U4")):
            last = next_reception(moment, last)
            with writing(engine) as connection:
                add(connection, {"stays": [{**stay, "unit": unit}]}, last)
            with engine.connect() as connection:
                cache.at(connection, min(moment, NOW + HOUR + 1), manifest)
        now = NOW + 2 * HOUR
        with engine.connect() as connection:
            for states in (cache, StateCache()):
                columns = states.at(connection, now, manifest).events.tables["stays"].columns
                received = columns["received_at"]
                assert received.max() <= now
                newest = columns["unit"][received.argmax()]
                assert (newest, len(set(received.tolist()))) == ("U4", 4)
