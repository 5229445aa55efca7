"""Wires the real parts of the service, in the worker that answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Connection

from hospital.times import instant
from registry.checkpoints.checkpointing import Checkpointer
from registry.record.database import open_database, opened_database
from registry.record.pseudonym_key import pseudonym_key
from registry.record.tokens import Caller
from registry.settings import Settings
from serving.explanations.explainer import Explainer
from serving.explanations.given_predictions import GivenPredictions
from serving.forecasting.forecaster import make_forecaster
from serving.freed_memory import FreedMemory
from serving.gateway.service_parts import Parts
from serving.gateway.upkeep import HourlyForgetting, Upkeep
from serving.http.authentication import Authority
from serving.http.clock import Clock, DemoClock
from serving.http.steady_clock import SteadyClock
from serving.limits.admission import Admission
from serving.limits.rate_limits import RateLimits
from serving.releases.first_steps import StoredFirstSteps
from serving.releases.monitored_alarms import StoredAlarms
from serving.releases.release_source import StoredReleases
from serving.releases.releases_in_use import Releases
from serving.releases.version_overview import StoredCatalogue
from serving.state.observations import Receptions
from serving.supervisor import make_home

__all__ = ["real_parts", "recorded_predictions"]


def real_parts(settings: Settings | None = None) -> Parts:
    """The parts of an installation, wired.

    Raises:
        VigieError: the home cannot be written, the database or the forecaster cannot be had.
    """
    found = settings or Settings()
    make_home(found.home)
    engine = open_database(found.database)
    receptions = Receptions()
    clock: Clock = SteadyClock()
    if found.clock_start is not None:
        with engine.connect() as connection:  # started again, the demo goes on from the last that it received
            clock = DemoClock(max(instant(found.clock_start), receptions.last(connection)))
    checkpointer = Checkpointer(engine, found)
    request_keys = HourlyForgetting(engine)

    def look_at_clock(_: datetime) -> None:
        clock.now()  # looked at often, it knows to the second when the system's time was set

    upkeep = Upkeep(
        {
            "clock": look_at_clock,
            "checkpoint": checkpointer.look,
            "request keys": request_keys.look,
            "freed memory": FreedMemory().look,
        },
        {"checkpoint": checkpointer.finish},
    )

    def close() -> None:
        upkeep.stop()
        engine.dispose()

    parts = Parts(
        engine=engine,
        clock=clock,
        releases=Releases(StoredReleases(found), monitored=StoredAlarms(engine)),
        forecaster=make_forecaster(found),
        authority=Authority(engine, found.home),
        pseudonym_key=pseudonym_key(found),
        language=found.language,
        catalogue=StoredCatalogue(found),
        first_steps=StoredFirstSteps(found),
        receptions=receptions,
        admission=Admission(found.forecasts_at_once, found.requests_at_once),
        limits=RateLimits(found.requests_per_address, found.requests_per_token),
        settings=found,
        journal_fault=lambda: checkpointer.fault,
        close=close,
    )
    upkeep.start()
    return parts


@contextmanager
def recorded_predictions(settings: Settings) -> Iterator[tuple[GivenPredictions, Connection, Caller, int]]:
    """What explains the predictions of an installation where nothing serves: with its record, who asks, and now.

    Raises:
        VigieError: the database cannot be opened.
    """
    with opened_database(settings.database) as engine, engine.connect() as connection:
        releases = Releases(StoredReleases(settings), monitored=StoredAlarms(engine))
        releases.refresh()
        now = max(instant(datetime.now(UTC)), Receptions().last(connection))
        given = GivenPredictions(Explainer(make_forecaster(settings)), releases.current)
        yield given, connection, Caller("command line", frozenset({"auditor"})), now
