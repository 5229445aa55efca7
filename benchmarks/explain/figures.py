"""What the sections of the explanation benchmark share: the run, its figures and their bounds."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.explain.peers import NEWEST, Case, Peer
from benchmarks.results import Figure
from explain import TreeEngine
from explain.formats.ensemble import Array

__all__ = ["Bench", "at_least", "best_ms", "bounded"]


def best_ms(call: Callable[[], object], repeats: int) -> float:
    """Best of some calls."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best * 1e3


@dataclass
class Bench:
    """The run: peers, figures so far, where they were taken."""

    peers: dict[str, Peer]
    figures: list[Figure]
    where: str

    def add(
        self, figure: str, unit: str, measured: float, target: str | None = None, *, met: bool | None = None
    ) -> None:
        """One figure, with the load on the machine at that moment."""
        where = f"{self.where}; load average {os.getloadavg()[0]:.1f}"
        rounded = round(measured, 4) if measured >= 0.01 else float(f"{measured:.3g}")
        self.figures.append(Figure(figure, unit, target, rounded, met, where))
        print(f"{figure}: {measured:.4g} {unit}", flush=True)

    def not_measured(self, figure: str, unit: str, target: str | None, reason: str) -> None:
        """A figure that could not be taken, and why."""
        where = f"not measured: {reason}; {self.where}"
        self.figures.append(Figure(figure, unit, target, None, None, where))
        print(f"{figure}: not measured: {reason}", flush=True)

    def beside(self, case: Case, engine: TreeEngine, X: Array, rounds: int = 5) -> tuple[float, float, float]:
        """(ours, plain prediction of the faster XGBoost, our own prediction) in ms, taking turns."""
        repeats = max(3, min(50, 20_000 // max(len(X), 1)))
        ours, own, plain = [], [], []
        for _ in range(rounds):
            ours.append(best_ms(lambda: engine.contributions(X), repeats))
            own.append(best_ms(lambda: engine.predict(X), repeats))
            for name in ("xgboost 3.2", NEWEST):
                if name in self.peers and (ms := self.peers[name].ms(case, len(X), "predict", repeats)):
                    plain.append(ms)
        return min(ours), min(plain), min(own)


def bounded(bench: Bench, figure: str, unit: str, measured: float, most: float) -> None:
    """One figure that is to stay below a bound."""
    bench.add(figure, unit, measured, f"at most {most:g}", met=measured <= most)


def at_least(bench: Bench, figure: str, measured: float, least: float) -> None:
    """One ratio that is to reach a bound."""
    bench.add(figure, "times", measured, f"at least {least:g}", met=measured >= least)
