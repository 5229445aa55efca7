"""Shapley values of a game of few players, from all their coalitions: exact, whatever the game is.

For sums of trees the engine computes them from the trees. A width or a probability is no sum of trees, and of a game
with a dozen players every coalition can be asked.
"""

from functools import lru_cache
from math import factorial

import numpy as np

from hospital.arrays import Array

__all__ = ["MOST_PLAYERS", "coalitions", "shapley_values"]

MOST_PLAYERS = 12


@lru_cache(maxsize=MOST_PLAYERS)
def coalitions(players: int) -> Array:
    """Who plays in each coalition: float64 [2^players, players], 0 or 1; nobody first, everybody last."""
    if not 0 <= players <= MOST_PLAYERS:
        raise ValueError(
            f"a game of {players} players has too many coalitions: at most {MOST_PLAYERS} may play"
        )
    found = (np.arange(2**players)[:, None] >> np.arange(players)) & 1
    return found.astype(np.float64)


@lru_cache(maxsize=MOST_PLAYERS)
def _weights(players: int) -> Array:
    """What each coalition's value counts for in each player's: float64 [2^players, players]."""
    member = coalitions(players)
    size = member.sum(axis=1).astype(np.int64)
    by_size = [
        factorial(s) * factorial(players - s - 1) / factorial(players) if s < players else 0.0
        for s in range(players + 1)
    ]
    joined = np.array([by_size[max(s - 1, 0)] for s in size])
    absent = np.array([by_size[s] for s in size])
    return np.where(member == 1, joined[:, None], -absent[:, None])


def shapley_values(values: Array, players: int) -> Array:
    """Each player's value: float64 [n, players]; with the value of nobody they add up to the value of everybody.

    Args:
        values: float64 [n, 2^players], what each coalition of `coalitions` is worth in n games.
    """
    return np.asarray(values @ _weights(players))
