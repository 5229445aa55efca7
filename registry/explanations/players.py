"""Which features play by themselves in the game of an uncertainty: the few that matter most; the others play as one."""

from collections.abc import Callable, Sequence

import numpy as np

from hospital.arrays import Array

__all__ = ["PLAYERS", "chosen_players"]

PLAYERS = 6
"""Features that play by themselves."""


def chosen_players(
    start: Sequence[Array | float], added: Sequence[Array], worth: Callable[[list[Array], bool], Array]
) -> Array:
    """The features that change most, be it first or last of all to have their values: int64 […, `PLAYERS` or fewer].

    Args:
        start: what the game sums (centre, widths, beds), before any feature has its value: float64 […] each.
        added: what each feature adds to it: float64 […, features] each.
        worth: the number that states have (sums of float64 […, m] each, all other features in them or not): float64
            […, m], or [m] where one number is of all rows.
    """
    size: Array | float = 0.0
    for everybody in (False, True):
        at, moved = [], []
        for base, parts in zip(start, added, strict=True):
            all_parts = parts.sum(axis=-1, keepdims=True)
            state = np.asarray(base)[..., None] + float(everybody) * all_parts
            at.append(state)
            moved.append(state - parts if everybody else state + parts)
        size = size + np.abs(worth(moved, everybody) - worth(at, everybody))
    order: Array = np.argsort(-np.asarray(size), axis=-1, kind="stable")
    return order[..., :PLAYERS]
