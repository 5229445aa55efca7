"""`make bench-faults`: a real service with real models under hostile requests; benchmarks/results/faults.json.

Ten thousand of our own generators, then those that schemathesis makes of the service's document, with a token of every
role and of each alone, on a copy of the home: what it sends that is valid is stored.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx

from benchmarks.faults.attack import Outcome, attack
from benchmarks.faults.schema_tests import PHASES, SchemaTests, run_schema_tests
from benchmarks.results import Figure, conditions, publish, published
from benchmarks.serve.processes import Service, running
from hospital.times import HOUR, moment
from tests.support.centre_home import give_centre, tokens_of_roles
from tests.support.small_demo import SmallDemo, make_small_demo

__all__ = ["main"]

_WARM = 2_500
_MOST_GROWTH_MB = 25.0
_BY_SCHEMA = "schemathesis: "
_OF_ONE_ROLE, _MOST_OF_ONE_ROLE = ("examples", "fuzzing"), 5
"""Most is refused for the role, before anything else is read."""


def main() -> None:
    """Runs it whole, or smaller with --count; with --part one half, beside the figures of the other that are there."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=19)
    parser.add_argument("--part", choices=("own", "schemathesis"))
    parser.add_argument(
        "--examples", type=int, default=30, help="of an operation in each of schemathesis' random phases"
    )
    chosen = parser.parse_args()
    before = published("faults")
    own = [f for f in before if not f.figure.startswith(_BY_SCHEMA)]
    by_schema = [f for f in before if f.figure.startswith(_BY_SCHEMA)]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        demo = make_small_demo(folder / "made")
        give_centre(demo.settings, moment(demo.end))
        if chosen.part in (None, "own"):
            own = _of_own_requests(demo.copied(folder / "own"), folder, chosen.count, chosen.seed)
        if chosen.part in (None, "schemathesis"):
            by_schema = _of_schema_tests(demo.copied(folder / "other"), folder, chosen.examples, chosen.seed)
    publish("faults", [*own, *by_schema])


def _of_own_requests(demo: SmallDemo, folder: Path, count: int, seed: int) -> list[Figure]:
    with _service(demo, folder / "own.log") as service:
        return _measure(service, demo, service.log, count, seed)


def _of_schema_tests(demo: SmallDemo, folder: Path, examples: int, seed: int) -> list[Figure]:
    tokens = {"every role": demo.token, **tokens_of_roles(demo.settings)}
    with _service(demo, folder / "other.log") as service:
        return _schema_figures(service, tokens, folder / "reports", examples, seed)


def _service(demo: SmallDemo, log: Path) -> AbstractContextManager[Service]:
    environment = {
        "VIGIE_HOME": str(demo.settings.home),
        "VIGIE_CLOCK_START": moment(demo.end).isoformat(),
        "VIGIE_MONITOR": "false",
    }
    return running(None, environment, log)


def _schema_figures(
    service: Service, tokens: Mapping[str, str], folder: Path, examples: int, seed: int
) -> list[Figure]:
    """What schemathesis found with each token: all its phases with every role, a few requests with one alone."""
    begun, found, memory = time.monotonic(), {}, []
    for name, token in tokens.items():
        every = token == next(iter(tokens.values()))
        phases, most = (PHASES, examples) if every else (_OF_ONE_ROLE, _MOST_OF_ONE_ROLE)
        url = f"http://127.0.0.1:{service.port}"
        found[name] = run_schema_tests(url, token, folder / name, phases=phases, examples=most, seed=seed)
        memory.append(service.memory_bytes()[0] / 1e6)
        for line in found[name].failures:
            print(f"{name}: {line}", file=sys.stderr)
    return _of_schema(found, f"in {time.monotonic() - begun:.0f} s, seed {seed}", memory[-1] - memory[0])


def _of_schema(found: Mapping[str, SchemaTests], run: str, grown: float) -> list[Figure]:
    statuses = sum((one.statuses for one in found.values()), Counter[int]())
    by_status = ", ".join(f"{status}: {n}" for status, n in sorted(statuses.items()))
    first = next(iter(found.values()))
    phases = ", ".join(f"{name}: {status}" for name, status in first.phases.items())
    requests = sum(one.requests for one in found.values())
    slowest = max(one.slowest for one in found.values())
    where = (
        f"schemathesis {version('schemathesis')}, {requests} requests to {first.operations} operations {run}; with a "
        f"token of every role {phases}; with one of each role alone {' and '.join(_OF_ONE_ROLE)}; {conditions()}; "
        "real models of a small simulated hospital"
    )
    server = sum(n for status, n in statuses.items() if status >= 500)
    server += sum(one.unanswered for one in found.values())
    failures = sum(len(one.failures) for one in found.values())
    return [
        Figure(
            f"{_BY_SCHEMA}answers of 500 and more, or none",
            "",
            "0",
            server,
            server == 0,
            f"{where}; {by_status}",
        ),
        Figure(f"{_BY_SCHEMA}answers that break the document", "", "0", failures, failures == 0, where),
        Figure(f"{_BY_SCHEMA}slowest answer", "s", "<= 10", slowest, slowest <= 10.0, where),
        Figure(
            f"{_BY_SCHEMA}memory grown",
            "MB",
            f"<= {_MOST_GROWTH_MB:g}",
            grown,
            grown <= _MOST_GROWTH_MB,
            where,
        ),
    ]


def _measure(service: Service, demo: SmallDemo, log: Path, count: int, seed: int) -> list[Figure]:
    before = _forecasts(service, demo)
    attack(service.port, [demo.token], _WARM, seed=seed + 1)
    first, begun = service.memory_bytes()[0], time.monotonic()
    outcome = attack(service.port, [demo.token], count, seed=seed)
    took = time.monotonic() - begun
    grown = (service.memory_bytes()[0] - first) / 1e6
    after = _forecasts(service, demo)
    for line in [
        *map(str, outcome.failed),
        f"slowest: {outcome.slowest}",
        *(w for w in log.read_text().splitlines() if '"error"' in w),
    ]:
        print(line, file=sys.stderr)
    written = log.read_text("utf-8", "replace") + _metrics(service)
    kept = sum(word in written for word in outcome.canaries)
    return _figures(outcome, f"{count} requests in {took:.0f} s, seed {seed}", grown, before == after, kept)


def _figures(outcome: Outcome, run: str, grown: float, same: bool, kept: int) -> list[Figure]:
    where = f"{run}; {conditions()}; real models of a small simulated hospital, limits by token and address raised"
    statuses = ", ".join(f"{status}: {n}" for status, n in sorted(outcome.statuses.items()))
    failed, slowest = len(outcome.failed), outcome.slowest[0]
    return [
        Figure(
            "answers of 500 and more, or none", "", "0", failed, failed == 0, f"{where}; by status {statuses}"
        ),
        Figure("slowest answer", "s", "<= 10", slowest, slowest <= 10.0, where),
        Figure("memory grown", "MB", f"<= {_MOST_GROWTH_MB:g}", grown, grown <= _MOST_GROWTH_MB, where),
        Figure("forecasts as before", "", "1", float(same), same, where),
        Figure("canaries in log or metrics, of 1,000", "", "0", kept, kept == 0, where),
        Figure("errors that say a canary", "", "0", len(outcome.leaks), not outcome.leaks, where),
    ]


def _forecasts(service: Service, demo: SmallDemo) -> list[Any]:
    """Answers to the same questions, but their ids."""
    at = moment(demo.end - HOUR).isoformat()
    visits = [
        {"visit_id": t, "arrived_at": at, "triaged_at": at, "triage": t} for t in ("2", "3A", "3B", "4", "5")
    ]
    headers = {"authorization": f"Bearer {demo.token}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{service.port}", headers=headers, timeout=30) as client:
        waits = client.post("/v1/wait-time", json={"visits": visits}).raise_for_status().json()["predictions"]
        models = client.get("/v1/models").raise_for_status().json()
        units = [u["unit"] for m in models["released"] if m["name"] == "bed-demand" for u in m["units"]]
        asked = {"units": units, "horizons_hours": [24], "at": at}
        beds = client.post("/v1/bed-demand", json=asked).raise_for_status().json()["forecasts"]
    return [_timeless(forecast) for forecast in [*waits, *beds]]


def _timeless(forecast: dict[str, Any]) -> Any:
    """What does not grow with the minutes that a patient waits while the clock runs."""
    explained = forecast["explanation"]
    return forecast.get("beds"), explained["base"], explained["contributions"], explained["other"]


def _metrics(service: Service) -> str:
    return httpx.get(f"http://127.0.0.1:{service.port}/metrics", timeout=10).raise_for_status().text


if __name__ == "__main__":
    main()
