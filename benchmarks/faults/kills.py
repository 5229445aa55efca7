"""`make bench-kills N=200`: kill -9 under real writers, again and again; benchmarks/results/kills.json."""

import argparse
import itertools
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.results import Figure, conditions, publish
from tests.support.kills import KINDS, Experiment, Kill, experiment
from tests.support.small_demo import SmallDemo, make_small_demo
from tests.support.writers import feed, mixed

__all__ = ["main"]

_SHARES = ("worker", "worker", "promote", "supervisor", "worker", "promote", "starting supervisor", "service")
"""Which is killed how often: what is cheap to start again more often."""
_AT_ONCE = 20
_STARTED_SECONDS, _WORKER_SECONDS = 3.0, 5.0
_UNITS, _ROWS, _EVENTS_AN_HOUR = 100, 10, 5_000


def main() -> None:
    """Runs so many kills, a home for each twenty, and publishes what was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=19)
    chosen = parser.parse_args()
    kinds = list(itertools.islice(itertools.cycle(_SHARES), chosen.count))
    done: list[Experiment] = []
    with tempfile.TemporaryDirectory() as folder:
        demo = make_small_demo(Path(folder) / "made")
        for number, first in enumerate(range(0, len(kinds), _AT_ONCE)):
            part = kinds[first : first + _AT_ONCE]
            done.append(_part(demo, Path(folder) / str(number), part, chosen.seed + number))
            print(f"{first + len(part)} of {len(kinds)} kills", file=sys.stderr, flush=True)
    publish("kills", figures(done, f"{len(kinds)} kills, seed {chosen.seed}"))


def _part(demo: SmallDemo, home: Path, kinds: Sequence[str], seed: int) -> Experiment:
    found = experiment(demo.copied(home), kinds, [mixed, mixed, feed(_UNITS, _ROWS)], seed)
    for fault in found.faults:
        print(f"seed {seed}: {fault}", file=sys.stderr)
    return found


def figures(done: Sequence[Experiment], run: str) -> list[Figure]:
    """What was found, of all parts together."""
    kills = [k for part in done for k in part.kills]
    writes = [w for part in done for w in part.writers.acknowledged]
    seconds = sum(part.seconds for part in done)
    by_kind = ", ".join(f"{kind}: {sum(k.kind == kind for k in kills)}" for kind in KINDS)
    again = sum(w.attempts > 1 for w in writes)
    where = (
        f"{run} ({by_kind}) in {seconds:.0f} s; {len(writes)} writes acknowledged over HTTP, {again} of them asked "
        f"again with their key; {conditions()}; a small simulated hospital, SQLite, one worker"
    )
    lost = [f for part in done for f in part.faults if "in the record" in f or "never answered" in f]
    other = [f for part in done for f in part.faults if f not in lost]
    rows = sum(w.count for w in writes if "census" in w.body)
    return [
        Figure("acknowledged writes lost or doubled", "", "0", len(lost), not lost, where),
        Figure("next starts, commands or verifications that failed", "", "0", len(other), not other, where),
        _started(kills, where),
        *[_back(kind, kills, where) for kind in KINDS],
        Figure(
            f"rows of {_UNITS} units received beside it, an hour",
            "",
            f">= {_EVENTS_AN_HOUR}",
            round(rows / seconds * 3_600),
            rows / seconds * 3_600 >= _EVENTS_AN_HOUR,
            where,
        ),
    ]


def _started(kills: Sequence[Kill], where: str) -> Figure:
    """How long the supervisor took to start another worker: what it promises on a machine that is busy, too."""
    slowest = max((k.started_seconds for k in kills if k.kind == "worker"), default=0.0)
    figure, target = "slowest start of another worker's process", f"<= {_STARTED_SECONDS:g}"
    return Figure(figure, "s", target, round(slowest, 2), slowest <= _STARTED_SECONDS, where)


def _back(kind: str, kills: Sequence[Kill], where: str) -> Figure:
    """The slowest way back after a kill of one kind; of a worker it was promised."""
    seconds = [k.seconds for k in kills if k.kind == kind]
    if not seconds:
        return Figure(f"slowest way back: {kind}", "s", None, None, None, "none of this run")
    ordered = sorted(seconds)
    slowest, told = ordered[-1], f"{where}; median {ordered[len(ordered) // 2]:.1f} s"
    if kind != "worker":
        return Figure(f"slowest way back: {kind}", "s", None, round(slowest, 2), None, told)
    target = f"<= {_WORKER_SECONDS:g}"
    return Figure(
        f"slowest way back: {kind}", "s", target, round(slowest, 2), slowest <= _WORKER_SECONDS, told
    )


if __name__ == "__main__":
    main()
