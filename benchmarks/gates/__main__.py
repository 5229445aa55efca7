"""Known error rates of the gates: sound hospitals, and hospitals with one flaw of a known size, judged in hundreds.

Synthetic evidence (`tests.support.synthetic_evidence`) runs scope, accuracy, calibration, fairness and drift under the
policy that ships. Every finished hospital is kept under `.bench/gates`, so that a stopped run goes on; with
`--dry-run` a few are judged and the cost of the others is said.

    python -m benchmarks.gates [--dry-run]
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.gates.flaws import FLAWS, JUDGED_SIZE, SIZES
from benchmarks.gates.hospital_runs import FIRST_SEED, Task, cost, lower_bound, run, upper_bound
from benchmarks.gates.power import draw_power
from benchmarks.gates.ranges import measured_ranges
from benchmarks.results import Figure, conditions, publish

SOUND, FLAWED, POWER = 600, 200, 50


def tasks() -> Iterator[Task]:
    """Every hospital of the published run."""
    yield from (Task(-1, 0.0, i) for i in range(SOUND))
    for flaw in range(len(FLAWS)):
        for size in SIZES:
            yield from (Task(flaw, size, i) for i in range(FLAWED if size == JUDGED_SIZE else POWER))


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
            if size != JUDGED_SIZE:
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
    parser = argparse.ArgumentParser(prog="benchmarks.gates")
    parser.add_argument("--dry-run", action="store_true", help="say what it costs")
    if parser.parse_args().dry_run:
        print(cost(list(tasks())))
        return 0
    found = run(list(tasks()))
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
