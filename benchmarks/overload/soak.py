"""`make bench-soak`: an hour of everyday load; memory and handles of every process; benchmarks/results/soak.json."""

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.demo import _family, _pss_bytes
from benchmarks.overload.flood import Ask, Flood, Outcome
from benchmarks.overload.installation import one_visit, small_service
from benchmarks.results import Figure, conditions, publish
from benchmarks.serve.processes import Service
from tests.support.small_demo import SmallDemo
from tests.support.writers import lost_or_doubled, mixed, writing_to

__all__ = ["main"]

MOST_MB, MOST_HANDLES = 10.0, 3
_ROLES = {b"_bentoml_impl.worker.service": "worker", b"monitor": "monitor"}


@dataclass(frozen=True)
class Look:
    """One process at one moment."""

    memory_mb: float
    handles: int


def main() -> int:
    """Measures and publishes; 1 where something grows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=3_600.0)
    parser.add_argument("--note", default="", help="more of the conditions")
    chosen = parser.parse_args()
    with small_service(monitor=True) as (service, demo):
        asks = [
            one_visit(demo, "soak", 10.0),
            Ask("/v1/bed-demand", 1.0, _beds(demo), demo.token),
            *(
                Ask(path, 1.0, None, demo.token)
                for path in ("/", "/v1/models", "/v1/flows", "/metrics", "/readyz")
            ),
        ]
        flood = Flood(service.port, asks, chosen.seconds)
        with writing_to(demo, service.port, [mixed], pause=0.5) as people:
            looks = _watch(service, flood, every=max(1.0, chosen.seconds / 300))
        outcomes, faults = flood.outcomes(), lost_or_doubled(demo.settings, people)
    where = f"{conditions()}; {chosen.seconds:g} s: 10 waits, 1 bed demand and 5 pages or looks a second, and a person"
    figures = _figures(looks, outcomes, asks, faults, f"{where}{chosen.note and f'; {chosen.note}'}")
    publish("soak", figures)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 0 if all(figure.met is not False for figure in figures) else 1


def _beds(demo: SmallDemo) -> dict[str, object]:
    from serving.releases.release_source import StoredReleases

    model = StoredReleases(demo.settings).load("bed-demand")
    assert model is not None
    return {"units": [unit.unit for unit in model.units][:3], "horizons_hours": [24.0]}


def _watch(service: Service, flood: Flood, every: float) -> dict[str, list[Look]]:
    looks: dict[str, list[Look]] = defaultdict(list)
    while not flood.is_over:
        for process in _family(service.process.pid):
            name = _name(process, service.process.pid)
            if name and (memory := _pss_bytes(process)):
                looks[name].append(Look(memory / 1e6, _handles(process)))
        time.sleep(every)
    return looks


def _name(process: int, root: int) -> str:
    """What a process is for; "" of one that ends within a moment."""
    if process == root:
        return "supervisor"
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return ""
    return next((name for word, name in _ROLES.items() if word in words), "")


def _handles(process: int) -> int:
    try:
        return len(list(Path(f"/proc/{process}/fd").iterdir()))
    except OSError:
        return 0


def _figures(
    looks: Mapping[str, list[Look]], outcomes: list[Outcome], asks: list[Ask], faults: list[str], where: str
) -> list[Figure]:
    figures = []
    for name, found in sorted(looks.items()):
        early, late = _thirds(found)
        memory = [median(look.memory_mb for look in part) for part in (early, late)]
        handles = [round(median(look.handles for look in part)) for part in (early, late)]
        grown, more = memory[1] - memory[0], handles[1] - handles[0]
        figures += [
            Figure(f"{name}, memory (PSS) at the end", "MB", None, round(memory[1], 1), None, where),
            Figure(
                f"{name}, memory grown, last third beside the second",
                "MB",
                f"<= {MOST_MB:g}",
                round(grown, 1),
                grown <= MOST_MB,
                where,
            ),
            Figure(f"{name}, handles at the end", "", None, handles[1], None, where),
            Figure(f"{name}, handles more", "", f"<= {MOST_HANDLES}", more, more <= MOST_HANDLES, where),
        ]
    for ask, outcome in zip(asks, outcomes, strict=True):
        wrong = outcome.others + len(outcome.refused_ms)
        statuses = ", ".join(f"{status}: {n}" for status, n in sorted(outcome.statuses.items()) if n)
        figures.append(
            Figure(f"{ask.path}, not answered 2xx", "", "0", wrong, wrong == 0, f"{where}; {statuses}")
        )
    figures.append(Figure("writes lost or doubled", "", "0", len(faults), not faults, where))
    return figures


def _thirds(looks: list[Look]) -> tuple[list[Look], list[Look]]:
    """The second and the last third: the first is when caches fill."""
    third = max(1, len(looks) // 3)
    return looks[third : 2 * third] or looks, looks[-third:]


if __name__ == "__main__":
    sys.exit(main())
