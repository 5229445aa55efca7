"""Known error rates of the gates: sound hospitals, and hospitals with one flaw of a known size, judged in hundreds.

Synthetic evidence (`tests.support.synthetic_evidence`) runs scope, accuracy, calibration, fairness and drift under the
policy that ships. Every finished hospital is kept under `.bench/gates`, so that a stopped run goes on.
"""

import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress
from scipy import stats

from benchmarks.gates.power import draw_power
from benchmarks.gates.ranges import drawn, measured_ranges
from benchmarks.results import Figure, conditions, publish
from registry.digests import sha256_bytes, write_atomically
from registry.evidence.records import Evidence
from registry.gates import judge, worst
from registry.policy.board_policy import default_policy
from tests.support.synthetic_evidence import Hospital, beds, waits

KEPT = Path(".bench") / "gates"
SOUND, FLAWED, POWER = 600, 200, 50
SIZES = (0.05, 0.10, 0.20, 0.40)
FIRST_SEED = 900_000
"""Seeds of the published run; what set any number was run on seeds under 100,000."""
GATES = ("accuracy", "calibration", "fairness", "drift")


@dataclass(frozen=True)
class Flaw:
    """A flaw of a size s: which model's evidence it is put into, and how; `gate` is the one that should see it."""

    name: str
    make: Callable[[Hospital, np.random.Generator], Evidence]
    put: Callable[[Hospital, float], Hospital]
    gate: str


FLAWS = (
    Flaw("a group's waits x (1 + s), unseen", waits, lambda h, s: replace(h, unfair=1 + s), "fairness"),
    Flaw(
        "a group's share inside p10-p90 x (1 - s)", waits, lambda h, s: replace(h, certain=1 - s), "fairness"
    ),
    Flaw(
        "errors of one horizon x (1 + s), beside the current release",
        beds,
        lambda h, s: replace(h, worse=1 + s, current=True),
        "accuracy",
    ),
    Flaw("arrivals x (1 + s) in the last 30 days", waits, lambda h, s: replace(h, shift=1 + s), "drift"),
    Flaw(
        "correlation of two inputs less s, in the last 60 days",
        waits,
        lambda h, s: replace(h, correlation=s),
        "drift",
    ),
    Flaw(
        "p90 x (1 - s) between midnight and six", waits, lambda h, s: replace(h, night=1 - s), "calibration"
    ),
)


@dataclass(frozen=True)
class Task:
    """One hospital: of which flaw (-1: sound), of which size, which one of them."""

    flaw: int
    size: float
    number: int

    @property
    def seed(self) -> int:
        """A seed of its own."""
        return FIRST_SEED + (self.flaw + 1) * 10_000 + round(self.size * 100) * 100 + self.number * 1_000_000

    @property
    def name(self) -> str:
        """Of its kept result."""
        return f"{self.flaw}-{round(self.size * 100)}-{self.number}"


def tasks() -> Iterator[Task]:
    """Every hospital of the published run."""
    yield from (Task(-1, 0.0, i) for i in range(SOUND))
    for flaw in range(len(FLAWS)):
        for size in SIZES:
            yield from (Task(flaw, size, i) for i in range(FLAWED if size == 0.2 else POWER))


def judged(task: Task) -> dict[str, Any]:
    """The verdict of the gates together, each gate's, and what kept it shut."""
    rng = np.random.default_rng(task.seed)
    hospital = drawn(rng)
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
    rooms = (Path("registry/gates"), Path("registry/statistics"))
    code = b"".join(p.read_bytes() for room in rooms for p in sorted(room.glob("*.py")))
    code += (
        Path("registry/facts/daily_series.py").read_bytes()
        + Path("tests/support/synthetic_evidence.py").read_bytes()
    )
    return KEPT / sha256_bytes(default_policy().content + code)[7:19]


def _keep(task: Task) -> None:
    path = _folder() / f"{task.name}.json"
    write_atomically(path, json.dumps(judged(task)).encode())


def run() -> dict[Task, dict[str, Any]]:
    """Judges what is not kept yet, on both cores, and reads all of it."""
    _folder().mkdir(parents=True, exist_ok=True)
    every = list(tasks())
    todo = [t for t in every if not (_folder() / f"{t.name}.json").exists()]
    with Progress() as progress, ProcessPoolExecutor(2, get_context("spawn")) as workers:
        bar = progress.add_task("hospitals judged", total=len(every), completed=len(every) - len(todo))
        for _ in workers.map(_keep, todo, chunksize=8):
            progress.advance(bar)
    return {t: json.loads((_folder() / f"{t.name}.json").read_bytes()) for t in every}


def upper_bound(count: int, of: int) -> float:
    """One-sided 95 % upper bound of a share (Clopper & Pearson 1934)."""
    return 1.0 if count == of else float(stats.beta.ppf(0.95, count + 1, of - count))


def lower_bound(count: int, of: int) -> float:
    """One-sided 95 % lower bound of a share."""
    return 0.0 if count == 0 else float(stats.beta.ppf(0.05, count, of - count + 1))


def figures(found: dict[Task, dict[str, Any]]) -> list[Figure]:
    """Counts with their targets, and their bounds."""
    said = f"synthetic evidence, shipped policy, seeds from {FIRST_SEED}: none of them set any number; {conditions()}"
    sound = [v["verdict"] for t, v in found.items() if t.flaw < 0]
    blocked, passed = sound.count("block"), sound.count("pass")
    out = [
        Figure("sound: blocked, of 600", "hospitals", "at most 20", blocked, blocked <= 20, said),
        Figure("sound: passed, of 600", "hospitals", "at least 480", passed, passed >= 480, said),
        _bound("sound: blocked, upper 95 % bound", upper_bound(blocked, SOUND), said),
        _bound("sound: passed, lower 95 % bound", lower_bound(passed, SOUND), said),
    ]
    for number, flaw in enumerate(FLAWS):
        for size in SIZES:
            verdicts = [v["verdict"] for t, v in found.items() if (t.flaw, t.size) == (number, size)]
            stopped, shut, n = len(verdicts) - verdicts.count("pass"), verdicts.count("block"), len(verdicts)
            name = f"{flaw.name}, s = {size:g}"
            if size != 0.2:
                out.append(Figure(f"{name}: not passed, of {n}", "hospitals", None, stopped, None, said))
                out.append(Figure(f"{name}: blocked, of {n}", "hospitals", None, shut, None, said))
                continue
            out += [
                Figure(
                    f"{name}: not passed, of {n}", "hospitals", "at least 196", stopped, stopped >= 196, said
                ),
                Figure(f"{name}: blocked, of {n}", "hospitals", "at least 170", shut, shut >= 170, said),
                _bound(f"{name}: not passed, lower 95 % bound", lower_bound(stopped, n), said),
                _bound(f"{name}: blocked, lower 95 % bound", lower_bound(shut, n), said),
            ]
    return out


def _bound(name: str, value: float, said: str) -> Figure:
    return Figure(name, "share", None, round(value, 4), None, said)


def main() -> int:
    """Judges, then publishes the table and the power curves."""
    found = run()
    curves = {
        flaw.name: [
            _shares([v["verdict"] for t, v in found.items() if (t.flaw, t.size) == (number, size)])
            for size in SIZES
        ]
        for number, flaw in enumerate(FLAWS)
    }
    draw_power(SIZES, curves, Path("docs") / "pictures" / "gates_power.svg")
    publish("gates", [*figures(found), *measured_ranges()])
    return 0


def _shares(verdicts: list[str]) -> tuple[float, float]:
    """(share not passed, share blocked)."""
    n = max(len(verdicts), 1)
    return 1 - verdicts.count("pass") / n, verdicts.count("block") / n


if __name__ == "__main__":
    sys.exit(main())
