"""Shapley's values by their definition, over every order of few players."""

import itertools
from collections.abc import Callable
from math import factorial

__all__ = ["by_definition"]


def by_definition(worth: Callable[[frozenset[int]], float], players: int) -> list[float]:
    """Shapley values, coalition by coalition."""
    out = []
    for player in range(players):
        others = [p for p in range(players) if p != player]
        total = 0.0
        for size in range(players):
            weight = factorial(size) * factorial(players - size - 1) / factorial(players)
            for chosen in itertools.combinations(others, size):
                total += weight * (worth(frozenset((*chosen, player))) - worth(frozenset(chosen)))
        out.append(total)
    return out
