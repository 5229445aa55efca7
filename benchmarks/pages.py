"""`make bench-pages`: server time of the pages with 100 units. Forecasts are stand-ins: what is timed is all the rest.

Reading the record, flows, levels, ordering and rendering, through the gate, in one process; of each page the first
request, which records a set of forecasts, and then the median and the worst of 20 that renew themselves.
"""

import statistics
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from benchmarks.results import Figure, conditions, publish
from hospital.times import moment
from serving.messages.forecast_protocol import ServedUnit
from serving.releases.releases_in_use import Releases
from tests.support import serving_fakes
from tests.support.serving_fakes import NOW, FakeReleases, InProcess, loaded, make_parts

UNITS, REPEATS, GOAL_MS = 100, 20, 200
WORDS = f"{conditions()}; {UNITS} units; forecasts are stand-ins"
PAGES = {
    "pilotage": "/pilotage?language=fr&renewed=1",
    "unit": "/pilotage/unit?language=fr&unit=V50&renewed=1",
    "practice": "/practice?language=fr&renewed=1",
    "decide": "/decide?language=fr",
    "history": "/history?language=fr",
    "start": "/?language=fr&renewed=1",
}


def main() -> None:
    """Measures, and writes the result."""
    units = tuple(ServedUnit(f"V{n}", f"Unit {n:02}", "medicine") for n in range(UNITS))
    serving_fakes.CASES = {u.unit: (28.0 + n / 20, 30.0) for n, u in enumerate(units)}
    with tempfile.TemporaryDirectory() as folder:
        parts, tokens = make_parts(Path(folder))
        model = replace(loaded("bed-demand"), units=units)
        parts.releases = Releases(FakeReleases({"bed-demand": model, "wait-time": None}))
        client, headers = InProcess(parts), {"authorization": f"Bearer {tokens['operator']}"}
        at = (moment(NOW) - timedelta(minutes=5)).isoformat()
        census = [{"unit": u.unit, "at": at, "occupied": 25, "waiting": 1, "staffed": 30} for u in units]
        assert (
            client.request("POST", "/v1/observations", json={"census": census}, headers=headers).status_code
            == 200
        )
        first = _milliseconds(client, PAGES["pilotage"].replace("&renewed=1", ""), headers)
        times = {
            name: [_milliseconds(client, path, headers) for _ in range(REPEATS)]
            for name, path in PAGES.items()
        }
    figures = [Figure("pilotage, the first request", "ms", None, first, None, WORDS)]
    for name, taken in times.items():
        median = statistics.median(taken)
        figures.append(
            Figure(
                f"{name}, median of {REPEATS}", "ms", f"at most {GOAL_MS}", median, median <= GOAL_MS, WORDS
            )
        )
        figures.append(Figure(f"{name}, worst of {REPEATS}", "ms", None, max(taken), None, WORDS))
    publish("pages", figures)


def _milliseconds(client: InProcess, path: str, headers: dict[str, str]) -> float:
    begun = time.perf_counter()
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return round((time.perf_counter() - begun) * 1000, 1)


if __name__ == "__main__":
    main()
