"""Error rates of the gates by length of history and visits a day: what the promise of `make bench-gates` is elsewhere.

Every cell has sound hospitals and hospitals with each flaw of one size; nothing is promised of them, the bounds say how
much so few can show. What is finished is kept, so that a stopped run goes on; with `--dry-run` a few are judged
and the cost of the others is said.

    python -m benchmarks.gates.lengths [--dry-run]
"""

import argparse
import sys
from collections.abc import Iterator
from typing import Any

from benchmarks.gates.flaws import FLAWS, JUDGED_SIZE
from benchmarks.gates.hospital_runs import FIRST_SEED, Task, cost, lower_bound, run, upper_bound
from benchmarks.results import Figure, conditions, publish

DAYS = (180, 365, 540, 730)
VISITS = (40, 130, 220)
SOUND, FLAWED = 100, 50


def tasks() -> Iterator[Task]:
    """Every hospital of every cell."""
    for days in DAYS:
        for visits in VISITS:
            yield from (Task(-1, 0.0, i, days, visits) for i in range(SOUND))
            for flaw in range(len(FLAWS)):
                yield from (Task(flaw, JUDGED_SIZE, i, days, visits) for i in range(FLAWED))


def figures(found: dict[Task, dict[str, Any]]) -> list[Figure]:
    """Counts of each cell, with their bounds."""
    said = f"synthetic evidence, shipped policy, seeds from {FIRST_SEED} of each cell's own; {conditions()}"
    out = []
    for days in DAYS:
        for visits in VISITS:
            cell = f"{days} days, {visits} visits a day"
            for flaw in range(-1, len(FLAWS)):
                mine = [v for t, v in found.items() if (t.flaw, t.days, t.visits) == (flaw, days, visits)]
                verdicts = [v["verdict"] for v in mine]
                if flaw < 0:
                    out += _shares(f"{cell}: sound", verdicts, said)
                else:
                    out += _shares(f"{cell}: {FLAWS[flaw].name}, s = {JUDGED_SIZE:g}", verdicts, said)
    return out


def _shares(name: str, verdicts: list[str], said: str) -> list[Figure]:
    n, passed, blocked = len(verdicts), verdicts.count("pass"), verdicts.count("block")

    def bounded(what: str, count: int) -> Figure:
        bounds = f"one-sided 95 % bounds {lower_bound(count, n):.3f} and {upper_bound(count, n):.3f}"
        return Figure(f"{name}: {what}, of {n}", "hospitals", None, count, None, f"{bounds}; {said}")

    return [bounded("passed", passed), bounded("blocked", blocked)]


def main() -> int:
    """Judges, then publishes the table."""
    parser = argparse.ArgumentParser(prog="benchmarks.gates.lengths")
    parser.add_argument("--dry-run", action="store_true", help="say what it costs")
    if parser.parse_args().dry_run:
        print(cost(list(tasks())))
        return 0
    publish("gates_lengths", figures(run(list(tasks()))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
