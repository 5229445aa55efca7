"""What each group of features is worth: the loss on later rows when a model must do without it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hospital.dataset.splits import Split
from registry.model.dataset import PreparedBeds
from training.packages.lessons import Prepared, lesson_of
from training.trees import Hyperparameters

__all__ = ["Ablation", "ablate"]

_QUICK = Hyperparameters(rounds=80, step=0.15)
"""A third of the trees with three times the step: groups are compared with one another, not with the model."""


@dataclass(frozen=True)
class Ablation:
    """One group left out.

    Attributes:
        group: of features; "" for none left out.
        features: how many it has.
        loss: mean absolute error on the later rows of the training set, in units of the row's scale.
        rise: of the loss over that of all features, a share.
    """

    group: str
    features: int
    loss: float
    rise: float


def ablate(
    data: Prepared, split: Split, *, seed: int, threads: int, progress: Callable[[float], None]
) -> tuple[Ablation, ...]:
    """All features, then each group left out, on the training set alone; `progress` gets the share done."""
    groups = list(dict.fromkeys(f.group for f in data.features))
    full, found = 0.0, []
    for number, group in enumerate(("", *groups)):
        columns = [j for j, f in enumerate(data.features) if f.group == group]
        lesson = lesson_of(_without(data, columns), split)
        loss = round(lesson.loss_of(_QUICK, seed=seed, threads=threads), 9)
        full = full or loss
        found.append(Ablation(group, len(columns), loss, round(loss / full - 1, 9) if full else 0.0))
        progress((number + 1) / (len(groups) + 1))
    return tuple(found)


def _without(data: Prepared, columns: list[int]) -> Prepared:
    """The same rows, these features never known."""
    X = data.X.copy()
    X[:, columns] = np.nan
    if isinstance(data, PreparedBeds):
        return replace(data, samples=replace(data.samples, X=X))
    return replace(data, X=X)
