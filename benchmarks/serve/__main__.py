"""What Vigie's answers cost over the network: beside the same answers unexplained, and beside BentoML with XGBoost.

All services run at once, each in processes of its own, and wrk takes turns over them; those that are not asked are
idle. Each figure is the best of its turns. The machine is shared, and what else runs there only ever adds.
"""

import json
import shutil
import sys
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np
import xgboost as xgb

from benchmarks.results import Figure, conditions, publish
from benchmarks.serve.home import FOLDER, TREES, Home, copy_of, make_home, visits, wait_rows
from benchmarks.serve.processes import Load, Service, clock_of, request_of, running, wrk
from benchmarks.serve.trust_comparison import same_trust
from explain.formats.ensemble import Array
from hospital.times import MINUTE

TURNS, SECONDS, WARM_SECONDS, STARTS = 5, 3, 2, 3
VISITS, CLIENTS = (1, 32), (1, 16)
OURS, PLAIN, EMPTY = "Vigie", "Vigie without reasons", "Vigie with nothing behind the gate"
NAIVE, NATIVE = "BentoML with XGBoost", "BentoML's empty endpoint"
_MB = 1e6


@dataclass
class Case:
    """One request to one service, and what each turn found by number of clients.

    Attributes:
        visits: in a request; 0: it asks for nothing.
    """

    service: str
    visits: int
    request: urllib.request.Request
    loads: dict[int, list[Load]] = field(default_factory=dict)


@dataclass
class Bench:
    """The cases, and the best of their turns."""

    cases: list[Case]

    def best(self, service: str, visits: int, clients: int) -> Load:
        """The least latencies and the most requests of the turns."""
        turns = self._turns(service, visits, clients)
        return Load(
            min(t.mean_ms for t in turns),
            min(t.p50_ms for t in turns),
            min(t.p99_ms for t in turns),
            max(t.per_second for t in turns),
        )

    def ratio(self, visits: int, clients: int) -> float:
        """How much longer an explained answer takes than one without reasons (mean latency)."""
        return self.best(OURS, visits, clients).mean_ms / self.best(PLAIN, visits, clients).mean_ms

    def usual_ratio(self, visits: int, clients: int) -> float:
        """The same within each turn, and the median of those."""
        ours, plain = (self._turns(name, visits, clients) for name in (OURS, PLAIN))
        return median(o.mean_ms / p.mean_ms for o, p in zip(ours, plain, strict=True))

    def above(self, service: str, empty: str, visits: int, name: str = "mean_ms") -> float:
        """Milliseconds of a latency above the matching empty endpoint's, one client."""
        return float(getattr(self.best(service, visits, 1), name) - getattr(self.best(empty, 0, 1), name))

    def _turns(self, service: str, visits: int, clients: int) -> list[Load]:
        (case,) = (c for c in self.cases if (c.service, c.visits) == (service, visits))
        return case.loads[clients]


def main() -> int:
    """Measures and publishes; 1 where a target is missed or wrk is not there."""
    if shutil.which("wrk") is None:
        print("This needs wrk: apt-get install wrk", file=sys.stderr)
        return 1
    home = make_home()
    ready = _starts(home)
    with ExitStack() as stack:
        services = _services(home, stack)
        fresh = services[OURS].memory_bytes()
        bench = Bench(_cases(home, services))
        _take_turns(bench)
        memory = services[OURS].memory_bytes()
    figures = [*_targets(bench), *_costs(ready, fresh, memory), *_told(bench)]
    publish("serve", figures)
    return 0 if all(figure.met is not False for figure in figures) else 1


def _environment(home: Home, name: str) -> dict[str, str]:
    settings = copy_of(home, name)
    return {
        "VIGIE_HOME": str(settings.home),
        "VIGIE_CLOCK_START": home.start.isoformat(),
        "VIGIE_LANGUAGE": settings.language,
    }


def _starts(home: Home) -> list[float]:
    """Seconds until `vigie serve` is ready, started several times."""
    found = []
    for _ in range(STARTS):
        with running(None, _environment(home, "start"), FOLDER / "run" / "start.log") as service:
            found.append(service.ready_seconds)
    return found


def _services(home: Home, stack: ExitStack) -> dict[str, Service]:
    booster = {"BENCH_BOOSTER": str(home.booster.resolve())}
    wanted: dict[str, tuple[str | None, dict[str, str]]] = {
        OURS: (None, _environment(home, "ours")),
        PLAIN: ("benchmarks.serve.plain_service:Plain", _environment(home, "plain")),
        EMPTY: ("benchmarks.serve.empty_service:Empty", _environment(home, "empty")),
        NAIVE: ("benchmarks.serve.peers:Naive", booster),
        NATIVE: ("benchmarks.serve.peers:NativeEmpty", {}),
    }
    found = {}
    for number, (name, (target, environment)) in enumerate(wanted.items()):
        log = FOLDER / "run" / f"{number}.log"
        found[name] = stack.enter_context(running(target, environment, log))
    return found


def _cases(home: Home, services: dict[str, Service]) -> list[Case]:
    """Every request, each answered once as it should be.

    Raises:
        RuntimeError: one is not.
    """
    found = []
    for name, path in ((EMPTY, "/v1/wait-time"), (NATIVE, "/empty")):
        found.append(Case(name, 0, request_of(services[name], path, {}, home.token)))
        _expect(name, _asked(found[-1]) == {})
    booster = xgb.Booster(model_file=home.booster)
    for count in VISITS:
        body = {"visits": visits(count, home.start), "explain": {"top": 6, "reference": "typical"}}
        X = wait_rows(home, body)
        for name in (OURS, PLAIN):
            found.append(Case(name, count, request_of(services[name], "/v1/wait-time", body, home.token)))
            _asked(found[-1])  # the first answer waits for what it needs to be read
        ours, plain = (_asked(case)["predictions"] for case in found[-2:])
        apart = abs(clock_of(services[OURS], home.token) - clock_of(services[PLAIN], home.token))
        _expect_the_same(ours, plain, count, apart / MINUTE)
        rows = [[None if np.isnan(v) else float(v) for v in row] for row in X]
        found.append(Case(NAIVE, count, request_of(services[NAIVE], "/explain", {"rows": rows}, home.token)))
        _expect_xgboosts(_asked(found[-1]), booster, X)
    return found


def _asked(case: Case) -> dict[str, Any]:
    with urllib.request.urlopen(case.request, timeout=30) as answer:  # noqa: S310 - our own http address
        if answer.status != 200:
            raise RuntimeError(f"{case.service} answered {answer.status}.")
        found: dict[str, Any] = json.loads(answer.read())
        return found


def _expect(name: str, good: bool) -> None:
    if not good:
        raise RuntimeError(f"{name} does not answer what it should: not measured.")


def _expect_the_same(
    ours: list[dict[str, Any]], plain: list[dict[str, Any]], count: int, minutes_apart: float
) -> None:
    """The same forecasts, one with reasons that add up to them and one without any.

    Args:
        minutes_apart: between the two services' clocks: who still waits has waited so much longer by one of them.
    """
    _expect(OURS, len(ours) == count and all(p["trust"]["status"] != "baseline" for p in ours))
    for explained, other in zip(ours, plain, strict=True):
        told, p50 = explained["explanation"], explained["wait_minutes"]["p50"]
        parts = [c["contribution"] for c in (*told["contributions"], *told["adjustments"])]
        _expect(OURS, len(told["contributions"]) == 6 and len(told["reasons"]) > 0)
        _expect(OURS, abs(told["base"] + sum(parts) + told["other"] - p50) < 1e-4)
        _expect(PLAIN, other["explanation"]["contributions"] == [])
        _expect(PLAIN, same_trust(other["trust"], explained["trust"], minutes_apart))
        _expect(PLAIN, abs(other["wait_minutes"]["p50"] - p50) < 0.1 + minutes_apart)


def _expect_xgboosts(answer: dict[str, Any], booster: "xgb.Booster", X: Array) -> None:
    data = xgb.DMatrix(X)
    for name, wanted in (
        ("predictions", booster.predict(data)),
        ("contributions", booster.predict(data, pred_contribs=True)),
    ):
        _expect(NAIVE, np.allclose(answer[name], wanted, atol=1e-5))


def _take_turns(bench: Bench) -> None:
    script = FOLDER / "run" / "request.lua"
    for turn in range(-1, TURNS):
        for clients in CLIENTS:
            for case in bench.cases:
                load = wrk(case.request, clients, WARM_SECONDS if turn < 0 else SECONDS, script)
                if turn >= 0:
                    case.loads.setdefault(clients, []).append(load)
                    told = f"{load.mean_ms:.2f} ms, {load.per_second:.0f}/s"
                    print(f"turn {turn + 1}: {case.service}, {case.visits} visits, {clients} clients: {told}")


def _where() -> str:
    return (
        f"{conditions()}, service and wrk on the same; {TREES} trees of depth 6; BentoML with one worker; "
        f"SQLite, durable; best of {TURNS} turns of {SECONDS} s"
    )


def _targets(bench: Bench) -> list[Figure]:
    figures = [f for clients in CLIENTS for count in VISITS for f in _reasons(bench, count, clients)]
    for count, most in ((1, 1 / 3), (32, 1 / 10)):
        figures += _above(bench, count, most)
    faster = bench.best(OURS, 1, 16).per_second / bench.best(NAIVE, 1, 16).per_second
    name = f"requests/s, {OURS} / {NAIVE}, {_asking(1, 16)}"
    figures.append(Figure(name, "times", "at least 6", round(faster, 3), faster >= 6, _where()))
    return figures


def _reasons(bench: Bench, count: int, clients: int) -> list[Figure]:
    """What reasons cost beside the same answer without them."""
    name = f"explained answer / answer without reasons, mean latency, {_asking(count, clients)}"
    measured, usual = bench.ratio(count, clients), bench.usual_ratio(count, clients)
    most = {(1, 1): 1.10, (32, 16): 1.15}.get((count, clients))
    target, met = (None, None) if most is None else (f"at most {most:.2f}", measured <= most)
    return [
        Figure(name, "times", target, round(measured, 3), met, _where()),
        Figure(f"{name}, median of the turns' own", "times", None, round(usual, 3), None, _where()),
    ]


def _above(bench: Bench, count: int, most: float) -> list[Figure]:
    """Time above the empty endpoint of the same kind; by the mean, which the target is about, and the median.

    An empty endpoint's pauses can be longer than what stands above it: then nothing was measured, and nothing is met.
    """
    figures = []
    for words, latency in (("mean", "mean_ms"), ("median", "p50_ms")):
        ours, naive = bench.above(OURS, EMPTY, count, latency), bench.above(NAIVE, NATIVE, count, latency)
        ratio = ours / naive
        promised = words == "mean"
        for name, unit, measured in (
            (OURS, "ms", ours),
            (NAIVE, "ms", naive),
            (f"{OURS} / {NAIVE}", "times", ratio),
        ):
            title = f"{words} latency above the empty endpoint, {name}, {_asking(count, 1)}"
            target, met = (
                (f"at most {most:.3g}", naive > 0 and ratio <= most)
                if unit == "times" and promised
                else (None, None)
            )
            figures.append(Figure(title, unit, target, round(measured, 3), met, _where()))
    return figures


def _costs(ready: list[float], fresh: tuple[int, int], memory: tuple[int, int]) -> list[Figure]:
    at_start = f"{conditions()}; `vigie serve` until /readyz says 200, best of {STARTS} starts"
    loaded = f"{conditions()}; {TREES} trees of depth 6; after all turns"
    idle = f"{conditions()}; {TREES} trees of depth 6; ready, before the first request"
    rss, pss, rss_fresh, pss_fresh = (bytes_ / _MB for bytes_ in (*memory, *fresh))
    return [
        Figure("ready", "s", "under 5", round(min(ready), 2), min(ready) < 5, at_start),
        Figure("worker's memory, RSS", "MB", "at most 180", round(rss, 1), rss <= 180, loaded),
        Figure("worker's memory, PSS", "MB", "at most 180", round(pss, 1), pss <= 180, loaded),
        Figure("worker's memory when ready, RSS", "MB", None, round(rss_fresh, 1), None, idle),
        Figure("worker's memory when ready, PSS", "MB", None, round(pss_fresh, 1), None, idle),
    ]


def _told(bench: Bench) -> list[Figure]:
    where, figures = _where(), []
    for case in bench.cases:
        for clients in CLIENTS:
            load = bench.best(case.service, case.visits, clients)
            asking = f"{case.service}, {_asking(case.visits, clients)}"
            for name, unit, measured in (
                ("mean latency", "ms", load.mean_ms),
                ("median latency", "ms", load.p50_ms),
                ("p99 latency", "ms", load.p99_ms),
                ("requests/s", "1/s", load.per_second),
            ):
                figures.append(Figure(f"{name}, {asking}", unit, None, round(measured, 3), None, where))
    return figures


def _asking(visits: int, clients: int) -> str:
    asked = {0: "", 1: "1 visit, "}.get(visits, f"{visits} visits, ")
    return f"{asked}{clients} client{'s' if clients > 1 else ''}"


if __name__ == "__main__":
    sys.exit(main())
