"""Synthetic hospitals judged by the gates, one result each, kept so that a run that was stopped goes on."""

import json
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress
from scipy import stats

from benchmarks.gates.flaws import FLAWS
from benchmarks.gates.ranges import drawn
from registry.digests import sha256_bytes, write_atomically
from registry.gates import judge, worst
from registry.policy.board_policy import default_policy
from tests.support.synthetic_evidence import beds, waits

__all__ = ["FIRST_SEED", "Task", "cost", "judged", "lower_bound", "run", "upper_bound"]

KEPT = Path(".bench") / "gates"
_ROOT = Path(__file__).resolve().parents[2]
FIRST_SEED = 500_000
"""Of the published run. What set any number was run on seeds under 100,000 and on 710,000 to 790,000; those of the runs
before, by which numbers may have been set since, are 900,000 to 1,014,000 and 300,000 to 414,000, these and as many
millions.
"""
GATES = ("accuracy", "calibration", "fairness", "drift")
_WORKERS = 2
_TIMED = 4


@dataclass(frozen=True)
class Task:
    """One hospital.

    Attributes:
        flaw: its number among `FLAWS`; -1: sound.
        size: of the flaw.
        number: which one of them.
        days: of history. None: drawn from the published ranges.
        visits: a day. None: drawn.
    """

    flaw: int
    size: float
    number: int
    days: int | None = None
    visits: int | None = None

    @property
    def seed(self) -> int:
        """A seed of its own."""
        own = FIRST_SEED + (self.flaw + 1) * 10_000 + round(self.size * 100) * 100 + self.number * 1_000_000
        return own + (self.days or 0) * 10**9 + (self.visits or 0) * 10**13

    @property
    def name(self) -> str:
        """Of its kept result."""
        fixed = f"-{self.days}-{self.visits}" if self.days else ""
        return f"{self.flaw}-{round(self.size * 100)}-{self.number}{fixed}"


def judged(task: Task) -> dict[str, Any]:
    """The verdict of the gates together, each gate's, and what kept it shut."""
    rng = np.random.default_rng(task.seed)
    hospital = drawn(rng)
    hospital = replace(hospital, days=task.days or hospital.days, visits=task.visits or hospital.visits)
    if task.flaw < 0:  # half of either model, half of either beside a current release
        make = beds if task.number % 2 else waits
        evidence = make(replace(hospital, current=task.number % 4 > 1), rng)
    else:
        flaw = FLAWS[task.flaw]
        evidence = flaw.make(flaw.put(hospital, task.size), rng)
    results, _ = judge(evidence, default_policy())
    gates = {r.name: str(r.verdict) for r in results if r.name in GATES}
    shut = [
        f"{r.name} {f.metric} {f.group} {f.verdict} {f.note}"
        for r in results
        if r.name in GATES
        for f in r.findings
        if f.required and not f.verdict.opens
    ]
    verdict = worst(r.verdict for r in results if r.name in GATES)
    return {"verdict": str(verdict), "gates": gates, "shut": shut}


def _folder() -> Path:
    """Kept results are of one policy and one state of the code that judges."""
    rooms = (_ROOT / "registry" / "gates", _ROOT / "registry" / "statistics")
    code = b"".join(p.read_bytes() for room in rooms for p in sorted(room.glob("*.py")))
    code += (_ROOT / "registry" / "facts" / "daily_series.py").read_bytes() + (
        _ROOT / "tests" / "support" / "synthetic_evidence.py"
    ).read_bytes()
    return KEPT / sha256_bytes(default_policy().content + code)[7:19]


def _path(task: Task) -> Path:
    return _folder() / f"{task.name}.json"


def _keep(task: Task) -> None:
    write_atomically(_path(task), json.dumps(judged(task)).encode())


def _missing(every: Sequence[Task]) -> list[Task]:
    return [t for t in every if not _path(t).exists()]


def run(every: Sequence[Task]) -> dict[Task, dict[str, Any]]:
    """Judges what is not kept yet, on two cores, and reads all of it."""
    _folder().mkdir(parents=True, exist_ok=True)
    todo = _missing(every)
    with Progress() as progress, ProcessPoolExecutor(_WORKERS, get_context("spawn")) as workers:
        bar = progress.add_task("hospitals judged", total=len(every), completed=len(every) - len(todo))
        for _ in workers.map(_keep, todo, chunksize=8):
            progress.advance(bar)
    return {t: json.loads(_path(t).read_bytes()) for t in every}


def cost(every: Sequence[Task]) -> str:
    """What a run would cost, by the time of a few hospitals of it, which are then kept: a sentence."""
    todo = _missing(every)
    if not todo:
        return f"All {len(every)} hospitals are judged already."
    _folder().mkdir(parents=True, exist_ok=True)
    some = [todo[i] for i in np.linspace(0, len(todo) - 1, min(_TIMED, len(todo))).astype(int)]
    start = time.monotonic()
    for task in some:
        _keep(task)
    seconds = (time.monotonic() - start) / len(some)
    hours = seconds * len(todo) / 3600
    return (
        f"{len(todo)} of {len(every)} hospitals are to be judged, {seconds:.1f} s each: about {hours:.1f} hours of one "
        f"core, {hours / _WORKERS:.1f} hours on {_WORKERS}."
    )


def upper_bound(count: int, of: int) -> float:
    """One-sided 95 % upper bound of a share (Clopper & Pearson 1934)."""
    return 1.0 if count == of else float(stats.beta.ppf(0.95, count + 1, of - count))


def lower_bound(count: int, of: int) -> float:
    """One-sided 95 % lower bound of a share."""
    return 0.0 if count == 0 else float(stats.beta.ppf(0.05, count, of - count + 1))
