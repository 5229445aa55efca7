"""Runs the search for a stated time: `make fuzz SECONDS=3600 SEED=1`. What breaks is kept as a file, with its seed.

Each input has a seed of its own, so that one that breaks is made again from the run's seed and its number.
"""

import argparse
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from registry.digests import sha256_bytes, write_atomically
from tests.fuzz.mutation import mutated
from tests.fuzz.targets import ALLOWED, TARGETS, Target

__all__ = ["Broken", "main", "search"]

KEPT = Path(".bench") / "fuzz"
MOST_SECONDS = 10.0
"""Longer for one input of a few hundred bytes is a fault, too."""


@dataclass(frozen=True)
class Broken:
    """An input at which something else happened than an answer or an error for people.

    Attributes:
        target: which way in.
        number: of the input in the run.
        content: the bytes.
        trace: what happened.
    """

    target: str
    number: int
    content: bytes
    trace: str


def search(
    target: Target, seed: int, until: Callable[[int], bool], clock: Callable[[], float] = time.monotonic
) -> tuple[int, list[Broken]]:
    """Tries inputs until it is to stop; returns how many were tried, and those that broke something.

    Args:
        target: the way in.
        seed: of the run.
        until: whether to stop before the input of this number.
        clock: seconds.
    """
    number, broken = 0, []
    while not until(number):
        content = mutated(target.seeds, np.random.default_rng((seed, number)))
        begun = clock()
        try:
            target.run(content)
        except ALLOWED:
            pass
        except Exception:  # whatever it is: nothing else may come out
            broken.append(Broken(target.name, number, content, traceback.format_exc()))
        took = clock() - begun
        if (
            took > MOST_SECONDS
        ):  # once more: what is slow by itself is slow again, what waited for a busy machine is not
            took = min(took, _seconds(target, content, clock))
        if took > MOST_SECONDS:
            broken.append(Broken(target.name, number, content, f"it took {took:.0f} s"))
        number += 1
    return number, broken


def _seconds(target: Target, content: bytes, clock: Callable[[], float]) -> float:
    begun = clock()
    with suppress(Exception):  # what it was is known
        target.run(content)
    return clock() - begun


def main() -> int:
    """Every way in, one after the other, each for its share of the time; 1 where something broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", choices=[t.name for t in TARGETS], help="one way in alone")
    asked = parser.parse_args()
    chosen = [t for t in TARGETS if asked.target in (None, t.name)]
    share, failed = asked.seconds / len(chosen), False
    for target in chosen:
        end = time.monotonic() + share
        tried, broken = search(target, asked.seed, lambda _, end=end: time.monotonic() >= end)  # type: ignore[misc]
        print(f"{target.name:14} {tried:9,} inputs, {len(broken)} broke something", flush=True)
        kinds = {b.trace.strip().splitlines()[-1]: b for b in reversed(broken)}
        for last, one in kinds.items():
            path = KEPT / target.name.replace(" ", "-") / f"{sha256_bytes(one.content)[7:19]}.bin"
            write_atomically(path, one.content)
            print(f"  seed {asked.seed}, input {one.number}: {last[:160]} (kept: {path})", flush=True)
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
