"""`make bench-faults`: a real service with real models under hostile requests; benchmarks/results/faults.json."""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from benchmarks.faults.attack import Outcome, attack
from benchmarks.results import Figure, conditions, publish
from benchmarks.serve.processes import Service, running
from hospital.times import HOUR, moment
from tests.support.small_demo import SmallDemo, make_small_demo

__all__ = ["main"]

_WARM = 2_500
_MOST_GROWTH_MB = 25.0


def main() -> None:
    """Runs it whole, or smaller with --count."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=19)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        demo, log = make_small_demo(Path(folder)), Path(folder) / "service.log"
        environment = {
            "VIGIE_HOME": str(demo.settings.home),
            "VIGIE_CLOCK_START": moment(demo.end).isoformat(),
            "VIGIE_MONITOR": "false",
        }
        with running(None, environment, log) as service:
            publish("faults", _measure(service, demo, log, chosen.count, chosen.seed))


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
