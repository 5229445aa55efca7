"""The service that is flooded: real models of a small simulated hospital, its settings but for limits of one sender."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.overload.flood import Ask
from benchmarks.serve.processes import Service, running
from hospital.times import MINUTE, moment
from tests.support.small_demo import SmallDemo, make_small_demo

__all__ = ["one_visit", "small_service"]


@contextmanager
def small_service(*, monitor: bool = False) -> Iterator[tuple[Service, SmallDemo]]:
    """A service that is ready, and its home; both gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        demo = make_small_demo(Path(folder))
        environment = {
            "VIGIE_HOME": str(demo.settings.home),
            "VIGIE_CLOCK_START": moment(demo.end).isoformat(),
            "VIGIE_MONITOR": str(monitor).lower(),
            "VIGIE_MONITOR_MINUTES": "1",
        }
        with running(None, environment, Path(folder) / "service.log") as service:
            yield service, demo


def one_visit(demo: SmallDemo, name: str, per_second: float) -> Ask:
    """One visit's wait, asked for by an application that sends no key."""
    at = moment(demo.end - 10 * MINUTE).isoformat()
    visit = {"visit_id": name, "arrived_at": at, "triaged_at": at, "triage": "3A"}
    return Ask("/v1/wait-time", per_second, {"visits": [visit]}, demo.token)
