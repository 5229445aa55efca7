"""`make bench-journal`: entries a second of the journal, durably committed, on SQLite on a disk.

As many entries as the service commits together, one after the other, as long as a round lasts: alone, with those that
wait at the same moment, and in the parts of an import. A round of each in turn, several times: the best and the median.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.results import Figure, conditions, publish
from hospital.times import moment
from registry.record.database import opened_database, writing
from registry.record.journal import Draft, append_all
from serving.http.workers import MOST_TOGETHER

SECONDS, ROUNDS, LEAST = 2.0, 7, 2_000
PARTS = {"alone": 1, "with those that wait at the same moment": MOST_TOGETHER, "in parts of an import": 500}
_ANSWER = {
    "visits": [{"visit_id": "0" * 32, "minutes": {"p10": 12.5, "p50": 31.25, "p90": 74.75}}] * 8,
    "model": "wait-time",
    "version": 1,
}


def main() -> int:
    """Measures and publishes; 1 where the goal is missed."""
    found: dict[str, list[float]] = {name: [] for name in PARTS}
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        for _ in range(ROUNDS):
            for name, together in PARTS.items():
                found[name].append(_per_second(Path(folder), together))
    where = f"{conditions()}; SQLite on a disk, synchronous=FULL; {ROUNDS} rounds of {SECONDS:g} s in turn; "
    figures = []
    for name, rates in found.items():
        goal = None if PARTS[name] == 1 else LEAST
        best = max(rates)
        figures.append(
            Figure(
                f"entries a second, {name} ({PARTS[name]} a commit)",
                "1/s",
                None if goal is None else f"at least {goal}",
                round(best),
                None if goal is None else best >= goal,
                f"{where}the best; median {statistics.median(rates):.0f}",
            )
        )
    publish("journal", figures)
    return 0 if all(figure.met is not False for figure in figures) else 1


def _per_second(folder: Path, together: int) -> float:
    """Entries a second of one database, which is new."""
    with (
        tempfile.TemporaryDirectory(dir=folder) as own,
        opened_database(f"sqlite:///{own}/vigie.db") as engine,
    ):
        drafts = [Draft("service", "predict", {"prediction": "0" * 32}, "", _ANSWER)] * together
        begun, entries, now = time.perf_counter(), 0, moment(0)
        while (took := time.perf_counter() - begun) < SECONDS:
            with writing(engine) as connection:
                append_all(connection, drafts, now=now)
            entries += together
    return entries / took


if __name__ == "__main__":
    sys.exit(main())
