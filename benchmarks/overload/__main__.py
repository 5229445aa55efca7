"""`make bench-overload`: five times what a service bears, beside people and probes; results/overload.json."""

import argparse
import sys
import time
from dataclasses import dataclass

from benchmarks.overload.flood import Ask, Flood, Outcome
from benchmarks.overload.installation import one_visit, small_service
from benchmarks.results import Figure, conditions, publish
from benchmarks.serve.processes import Service
from tests.support.small_demo import SmallDemo
from tests.support.writers import Writers, lost_or_doubled, mixed, writing_to

__all__ = ["main"]

CLIENTS, TIMES, LIGHT_PER_SECOND, AGAIN_SECONDS = 16, 5, 20.0, 10.0
PROBES = (Ask("/livez", 5.0), Ask("/readyz", 2.0), Ask("/metrics", 1.0))


@dataclass
class _Run:
    """What was measured.

    Attributes:
        before, after: at a light load, before the flood and ten seconds after it.
        borne: of clients that ask again as soon as they are answered.
        flood, probes: of the flood, and of what watches meanwhile.
        people: who sent, asked and decided during the flood.
        faults: what of their writes is lost or doubled.
    """

    before: Outcome
    borne: Outcome
    flood: Outcome
    probes: list[Outcome]
    people: Writers
    after: Outcome
    faults: list[str]


def main() -> int:
    """Measures and publishes; 1 where a target is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=40.0, help="of each part")
    parser.add_argument("--note", default="", help="more of the conditions")
    chosen = parser.parse_args()
    with small_service() as (service, demo):
        run = _measure(service, demo, chosen.seconds)
    where = f"{conditions()}, service and clients on the same; small simulated hospital, one visit a request"
    figures = _figures(
        run, chosen.seconds, f"{where}; {chosen.seconds:g} s each{chosen.note and f'; {chosen.note}'}"
    )
    publish("overload", figures)
    for fault in run.faults:
        print(fault, file=sys.stderr)
    return 0 if all(figure.met is not False for figure in figures) else 1


def _measure(service: Service, demo: SmallDemo, seconds: float) -> _Run:
    light = [one_visit(demo, "calm", LIGHT_PER_SECOND)]
    Flood(service.port, light, 2.0).outcomes()
    (before,) = Flood(service.port, light, seconds).outcomes()
    (borne,) = Flood(service.port, [one_visit(demo, "borne", 0.0)], seconds, clients=CLIENTS).outcomes()
    asks = [one_visit(demo, "flood", TIMES * len(borne.accepted_ms) / seconds), *PROBES]
    with writing_to(demo, service.port, [mixed], pause=0.05) as people:
        flood, *probes = Flood(service.port, asks, seconds).outcomes()
    time.sleep(AGAIN_SECONDS)
    (after,) = Flood(service.port, light, seconds).outcomes()
    return _Run(before, borne, flood, probes, people, after, lost_or_doubled(demo.settings, people))


def _figures(run: _Run, seconds: float, where: str) -> list[Figure]:
    flood, before = run.flood, run.before.p(0.99)
    unloaded = min(before, run.after.p(0.99))  # what else ran beside one of them is no part of it
    ratio, again = flood.p(0.99) / unloaded, run.after.p(0.99) / before
    others = flood.others + sum(p.others + len(p.refused_ms) for p in run.probes)
    writes = [w for w in run.people.writes if w.path != "/v1/wait-time"]
    turned_away = sum(w.attempts - 1 for w in writes)
    at = f"{where}; {TIMES} times what {CLIENTS} clients are answered, at random moments, timed from these"
    people = f"{at}; {len(writes)} observations and decisions"
    refused = len(run.borne.refused_ms)

    def told(name: str, unit: str, measured: float, conditions: str) -> Figure:
        return Figure(name, unit, None, round(measured, 2), None, conditions)

    def none(name: str, measured: int, conditions: str) -> Figure:
        return Figure(name, "", "0", measured, measured == 0, conditions)

    return [
        told(f"p99, {LIGHT_PER_SECOND:g} a second", "ms", unloaded, where),
        told(f"requests/s, {CLIENTS} clients", "1/s", len(run.borne.accepted_ms) / seconds, where),
        told(f"p99, {CLIENTS} clients", "ms", run.borne.p(0.99), where),
        none(f"refused, {CLIENTS} clients", refused, where),
        told("asked in the flood", "1/s", flood.statuses.total() / seconds, at),
        told("accepted in the flood", "1/s", len(flood.accepted_ms) / seconds, at),
        told("p99 of the accepted", "ms", flood.p(0.99), at),
        Figure("p99 of the accepted / unloaded", "times", "under 3", round(ratio, 2), ratio < 3, at),
        told("median of the refused", "ms", flood.p(0.5, refused=True), at),
        told("p99 of the refused", "ms", flood.p(0.99, refused=True), at),
        none(
            "neither accepted nor 429 or 503 with a problem, probes among them",
            others + flood.problems[""],
            at,
        ),
        none("refused without retry-after", flood.without_retry_after, at),
        told("slowest probe", "ms", max(p.p(1.0) for p in run.probes), at),
        none("people's observations and decisions turned away", turned_away, people),
        none("writes lost or doubled", len(run.faults), people),
        Figure(
            f"p99, {AGAIN_SECONDS:g} s after / before",
            "times",
            "under 1.5",
            round(again, 2),
            again < 1.5,
            where,
        ),
    ]


if __name__ == "__main__":
    sys.exit(main())
