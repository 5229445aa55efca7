"""Chooses hyperparameters: seeded trials on the training set alone, each kept, so that a stopped search goes on."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from registry.digests import canonical_json, sha256_bytes, sync_folder
from training.packages.lessons import Lesson
from training.trees import DEFAULT_HYPERPARAMETERS, MOST_ROWS_OF_A_TREE, Hyperparameters

__all__ = ["Trial", "Tuned", "hyperparameters_of", "tune"]

_SPACE: dict[str, tuple[float, ...]] = {
    "rounds": (150, 260, 400),
    "depth": (4, 5, 6, 7, 8),
    "step": (0.03, 0.05, 0.08),
    "least_weight": (3, 10, 30, 100),
    "columns": (0.4, 0.6, 0.8),
    "rows_share": (0.6, 0.8, 1.0),
}
_WHOLE = ("rounds", "depth")
_ROUNDING = 1e-9  # of a loss: what another order of adding up may change must not choose another trial


@dataclass(frozen=True)
class Trial:
    """Hyperparameters that were tried, and the mean loss on later rows of the training set."""

    hyperparameters: Hyperparameters
    loss: float

    def to_json(self) -> dict[str, float]:
        """As a manifest has it."""
        return {**asdict(self.hyperparameters), "loss": self.loss}


@dataclass(frozen=True)
class Tuned:
    """What a search found.

    Attributes:
        hyperparameters: of the least loss; of equals, the first.
        trials: every one in its order.
        kept: how many came from a search that was stopped.
    """

    hyperparameters: Hyperparameters
    trials: tuple[Trial, ...]
    kept: int

    def to_json(self) -> dict[str, Any]:
        """What a manifest says of it: nothing of when, where or how often it was stopped."""
        return {
            "hyperparameters": asdict(self.hyperparameters),
            "trials": [trial.to_json() for trial in self.trials],
        }


def hyperparameters_of(trial: int, seed: int) -> Hyperparameters:
    """The hyperparameters that a trial tries: the first is the default, every other one drawn by its own number."""
    if trial == 0:
        return DEFAULT_HYPERPARAMETERS
    rng = np.random.default_rng([seed, trial])
    drawn = {name: float(rng.choice(values)) for name, values in _SPACE.items()}
    return Hyperparameters(**{name: int(v) if name in _WHOLE else v for name, v in drawn.items()})  # type: ignore[arg-type]


def tune(
    lesson: Lesson,
    trials: int,
    *,
    subject: Mapping[str, object],
    folder: Path,
    seed: int,
    threads: int,
    progress: Callable[[float], None],
) -> Tuned:
    """Tries so many hyperparameters, and keeps each trial in a file of this search as soon as it is known.

    Args:
        subject: what makes this search this one (JSON): the data's digest, the features', the split, the model.
        folder: where searches are kept.
        progress: gets the share done.
    """
    name = sha256_bytes(
        canonical_json([subject, seed, _SPACE, asdict(DEFAULT_HYPERPARAMETERS), MOST_ROWS_OF_A_TREE])
    )
    path = folder / f"{name.removeprefix('sha256:')}.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    known = _read(path)
    kept = sum(number < trials for number in known)
    found: list[Trial] = []
    for number in range(trials):
        hyperparameters = hyperparameters_of(number, seed)
        if number not in known:
            known[number] = lesson.loss_of(hyperparameters, seed=seed, threads=threads)
            _append(path, {"trial": number, "loss": known[number]})
        found.append(Trial(hyperparameters, round(known[number], 9)))
        progress((number + 1) / trials)
    best = min(range(trials), key=lambda i: (round(found[i].loss / _ROUNDING), i))
    return Tuned(hyperparameters_of(best, seed), tuple(found), kept)


def _read(path: Path) -> dict[int, float]:
    """Losses by trial; a last line that a kill cut off is as if it had not been written."""
    found = {}
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return {}
    for line in lines:
        try:
            body = json.loads(line)
            found[int(body["trial"])] = float(body["loss"])
        except (ValueError, KeyError, TypeError):
            continue
    return found


def _append(path: Path, body: dict[str, Any]) -> None:
    """One line, durable before the next trial begins; after a line that was cut off it starts a new one."""
    with open(path, "ab") as file:
        if file.tell() and path.read_bytes()[-1:] != b"\n":
            file.write(b"\n")
        file.write(canonical_json(body))
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)
