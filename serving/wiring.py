"""Wires the real parts of the service, in the worker that answers."""

from hospital.pseudonyms import load_or_create_key
from hospital.times import instant
from registry.database import open_database
from registry.settings import Settings
from serving.auth import Authority
from serving.clock import Clock, DemoClock, SystemClock
from serving.followed import StoredAlarms
from serving.forecaster import make_forecaster
from serving.main import make_home
from serving.models import StoredCatalogue
from serving.observations import Receptions
from serving.parts import Parts
from serving.releases import Releases, StoredReleases

__all__ = ["real_parts"]


def real_parts(settings: Settings | None = None) -> Parts:
    """The parts of an installation, wired.

    Raises:
        VigieError: the home cannot be written, the database or the forecaster cannot be had.
    """
    found = settings or Settings()
    make_home(found.home)
    engine = open_database(found.database)
    receptions = Receptions()
    clock: Clock = SystemClock()
    if found.clock_start is not None:
        with engine.connect() as connection:  # started again, the demo goes on from the last that it received
            clock = DemoClock(max(instant(found.clock_start), receptions.last(connection)))
    return Parts(
        engine=engine,
        clock=clock,
        releases=Releases(StoredReleases(found), followed=StoredAlarms(engine)),
        forecaster=make_forecaster(found),
        authority=Authority(engine, found.home),
        pseudonym_key=load_or_create_key(found.home / "pseudonym.key"),
        language=found.language,
        catalogue=StoredCatalogue(found),
        receptions=receptions,
        close=engine.dispose,
    )
