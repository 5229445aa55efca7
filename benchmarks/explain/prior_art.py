"""Depth 4 and 6 beside those who compute the same by quadrature, or against references: XGBoost 3.4.1, shapiq 1.8.

Both sides explain the same rows of the same model file in turns, and what they find is compared first. On a machine
that others use, the clock lengthens the longer call more, and gives two threads less than two cores; processor time,
divided by the threads that compute, takes both cores for granted. So both ratios stand in the file, and the smaller
one is held against the goal.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.explain.figures import Bench, at_least, bounded
from benchmarks.explain.peers import NEWEST, SHAPIQ, THREADS, Case, Peer, Times
from explain import TreeEngine
from explain.formats.ensemble import Array

__all__ = ["prior_art"]

_TURNS = 5


@dataclass(frozen=True)
class _Asked:
    """What a peer is asked for: on how many rows, on how many of its threads, and our goal at depth 6."""

    peer: str
    what: str
    rows: int
    threads: int
    least: float | None
    references: bool = False

    def named(self, depth: int) -> str:
        """In words."""
        against = " against 100 references" if self.references else ""
        return f"{self.what}{against} by {self.peer}, depth {depth}, {self.rows} rows"

    def ours(self, engine: TreeEngine, X: Array, reference: Array) -> Callable[[], Array]:
        """Our call for the same."""
        if self.what == "interactions":
            return lambda: engine.interactions(X).values
        return lambda: engine.contributions(X, reference if self.references else None).values


_ALL = (
    _Asked(NEWEST, "contributions", 1000, THREADS, None),
    _Asked(NEWEST, "interactions", 1000, THREADS, 50.0),
    _Asked(SHAPIQ, "contributions", 1000, 1, 100.0),
    _Asked(SHAPIQ, "contributions", 32, THREADS, 15.0, references=True),
)


def prior_art(bench: Bench) -> None:
    """Every peer and question at depth 4 and 6; goals at depth 6."""
    for depth in (4, 6):
        case = Case(depth, 30, 0.02)
        model, X = case.make()
        reference = np.load(case.path.with_suffix(".reference.npy"), allow_pickle=False)
        for asked in _ALL:
            call = asked.ours(TreeEngine.load(model, threads=THREADS), X[: asked.rows], reference)
            least = asked.least if depth == 6 else None
            reason = _beside(bench, case, asked, call, least)
            if reason is not None:
                target = None if least is None else f"at least {least:g}"
                bench.not_measured(f"faster than {asked.named(depth)}", "times", target, reason)


def _beside(
    bench: Bench, case: Case, asked: _Asked, call: Callable[[], Array], least: float | None
) -> str | None:
    """Takes the figures; or the reason why there are none."""
    peer = bench.peers.get(asked.peer)
    if peer is None:
        return f"{asked.peer} could not be installed on this Python"
    values = call()  # makes tables, too
    times, apart = _turns(peer, case, asked, lambda: _times(call), values)
    if times is None:
        return f"{asked.peer} failed: {peer.error}"
    theirs, ours = times
    name = asked.named(case.depth)
    bounded(bench, f"largest difference from {name}", "of the row's sum", apart, 1e-4)
    bench.add(name, "ms", theirs.clock)
    bench.add(
        f"{name}: processor time on each of {asked.threads} threads", "ms", theirs.processor / asked.threads
    )
    bench.add(f"{name}: ours", "ms", ours.clock)
    bench.add(f"{name}: ours, processor time on each of {THREADS} threads", "ms", ours.processor / THREADS)
    by_clock = theirs.clock / ours.clock
    by_processor = (theirs.processor / asked.threads) / (ours.processor / THREADS)
    bench.add(f"faster by the clock than {name}", "times", by_clock)
    bench.add(f"faster by processor time than {name}", "times", by_processor)
    ratio = min(by_clock, by_processor)
    if least is None:
        bench.add(f"faster than {name}", "times", ratio)
    else:
        at_least(bench, f"faster than {name}", ratio, least)
    return None


def _turns(
    peer: Peer, case: Case, asked: _Asked, ours: Callable[[], Times], values: Array
) -> tuple[tuple[Times, Times] | None, float]:
    """((their best times, ours) or None where the peer failed, largest difference of the values)."""
    found, mine, apart = [], [], float("nan")
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(_TURNS):
            path = Path(folder) / "values.npy" if turn == 0 else None
            times = peer.times(case, asked.rows, asked.what, 1, reference=asked.references, values=path)
            if times is None:
                return None, apart
            if path is not None:
                apart = _apart(np.load(path, allow_pickle=False), values)
            found.append(times)
            mine.append(ours())
    return (_best(found), _best(mine)), apart


def _times(call: Callable[[], object]) -> Times:
    """The best of ten calls in this process, on all of its threads."""
    found = []
    for _ in range(10):
        start, busy = time.perf_counter(), time.process_time()
        call()
        found.append(Times((time.perf_counter() - start) * 1e3, (time.process_time() - busy) * 1e3))
    return _best(found)


def _best(found: list[Times]) -> Times:
    return Times(min(t.clock for t in found), min(t.processor for t in found))


def _apart(theirs: Array, ours: Array) -> float:
    """The largest difference as a share of the sum of its row's absolute values."""
    rows = np.abs(ours).reshape(len(ours), -1).sum(axis=1)
    return float((np.abs(theirs - ours).reshape(len(ours), -1).max(axis=1) / rows).max())
