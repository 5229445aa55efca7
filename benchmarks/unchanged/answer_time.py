"""What one answer costs the processor beside another checkout's: each serves the releases of its own demo.

    python -m benchmarks.unchanged.answer_time --before DIR [--work DIR] [--turns N]

Both services run at once and are asked in turn: the same hospital, the same questions, over the network, with the
journal's entries. Counted is the processor time of all of a service's processes; each figure is the best of its turns,
since what else runs on a shared machine only ever adds. The figures stand with those of training (`train.json`).
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.demo import _family
from benchmarks.results import Figure, conditions, publish, published
from benchmarks.unchanged.checkout_service import SideError, post, service
from benchmarks.unchanged.questions import Question
from benchmarks.unchanged.sides import Side, commit_of, run_demo, take_over

__all__ = ["figures_of", "processor_seconds"]

ROOT = Path(__file__).resolve().parents[2]
DAYS, SEED = 560, 1
MOST_RATIO = 1.1
BEGINNING = "an answer"
"""Begins the name of each figure, by which they are told from those of training."""
_ASKED = {"bed demand": 60, "wait time": 150}
"""Questions of a turn: a clock of hundredths of a second then counts to a percent."""
_TURNS = 7
_UNLIMITED = {"VIGIE_REQUESTS_PER_TOKEN": "1e9", "VIGIE_REQUESTS_PER_ADDRESS": "1e9"}


@dataclass
class Asked:
    """A side that answers, and what it took, in milliseconds an answer by turn and kind of question."""

    side: Side
    process: int
    address: str
    token: str
    questions: Mapping[str, Question]
    took: dict[str, list[float]] = field(default_factory=dict)

    def turn(self) -> None:
        """Asks each question as often as a turn does."""
        for kind, question in self.questions.items():
            post(self.address, self.token, question)  # the first answer waits for what it needs to be read
            begun = processor_seconds(self.process)
            for _ in range(_ASKED[kind]):
                post(self.address, self.token, question)
            spent = processor_seconds(self.process) - begun
            self.took.setdefault(kind, []).append(1000 * spent / _ASKED[kind])


def main() -> int:
    """Measures and publishes; 1: an answer costs more than it may; 2: a side cannot be made."""
    parser = argparse.ArgumentParser(prog="benchmarks.unchanged.answer_time")
    parser.add_argument("--before", type=Path, required=True, metavar="DIR")
    default = Path(tempfile.gettempdir()) / "vigie-answers"
    parser.add_argument("--work", type=Path, default=default, metavar="DIR", help="what the sides made")
    parser.add_argument("--turns", type=int, default=_TURNS)
    asked = parser.parse_args()
    try:
        with ExitStack() as stack:
            before, after = (
                _answering(Side(name, root.resolve(), asked.work.resolve() / name), stack)
                for name, root in (("before", asked.before), ("after", ROOT))
            )
            for _ in range(asked.turns):
                before.turn()
                after.turn()
    except SideError as error:
        print(f"answer time: {error}", file=sys.stderr)
        return 2
    where = f"{conditions()}, load {os.getloadavg()[0]:.1f}; simulated hospital of {DAYS} days, seed {SEED}; "
    where += f"best of {asked.turns} turns; {before.side.commit[:7]} before, {after.side.commit[:7]} now"
    figures = figures_of(before.took, after.took, where)
    publish("train", [f for f in published("train") if not f.figure.startswith(BEGINNING)] + figures)
    return 0 if all(f.met is not False for f in figures) else 1


def figures_of(
    before: Mapping[str, list[float]], after: Mapping[str, list[float]], where: str
) -> list[Figure]:
    """Milliseconds of the best turn of each side by kind of question, and how many times those of before."""
    out = []
    for kind in before:
        was, now = min(before[kind]), min(after[kind])
        name = f"{BEGINNING} of {kind}: processor time"
        out += [
            Figure(f"{name}, before", "ms", None, round(was, 2), None, where),
            Figure(f"{name}, now", "ms", None, round(now, 2), None, where),
            Figure(
                f"{name} beside before",
                "",
                f"at most {MOST_RATIO:g}",
                round(now / was, 3),
                now <= MOST_RATIO * was,
                where,
            ),
        ]
    return out


def processor_seconds(process: int) -> float:
    """Of a process and all that descend from it, so far, by themselves and by the system for them."""
    ticks = 0
    for number in _family(process):
        try:
            told = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        ticks += int(told[11]) + int(told[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _answering(side: Side, stack: ExitStack) -> Asked:
    """The side's demo, made where it is not there, and its service."""
    take_over(side, {"commit": commit_of(side.root), "days": DAYS, "seed": SEED})
    clock = run_demo(side, DAYS, SEED)
    process, address = stack.enter_context(service(side.root, side.folder, side.home, clock, **_UNLIMITED))
    token = (side.home / "demo-token").read_text().strip()
    return Asked(side, process.pid, address, token, _questions(side, clock))


def _questions(side: Side, clock: datetime) -> dict[str, Question]:
    """All wards of the hospital at all horizons, and one visit at triage, each with its reasons."""
    explain = {"reference": "typical", "language": "en", "top": 6}
    beds = {"units": side.units, "horizons_hours": [4.0, 8.0, 24.0, 48.0, 72.0, 168.0], "hospital": True}
    triaged = clock - timedelta(minutes=1)
    visit = {
        "visit_id": "answer-time",
        "department": "ED",
        "arrived_at": (triaged - timedelta(minutes=4)).isoformat(),
        "triaged_at": triaged.isoformat(),
        "triage": "3A",
        "arrival_mode": "walk_in",
        "age_years": 42,
    }
    return {
        "bed demand": Question("/v1/bed-demand", {**beds, "explain": explain}),
        "wait time": Question("/v1/wait-time", {"visits": [visit], "explain": explain}),
    }


if __name__ == "__main__":
    sys.exit(main())
