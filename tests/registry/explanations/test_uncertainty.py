"""The reasons of a width and of a probability are Shapley values of what the model's own formulas say."""

import numpy as np
import pytest

from registry.explanations.few_player_game import coalitions, shapley_values
from tests.support.shapley import by_definition


@pytest.mark.parametrize("players", [0, 1, 2, 5, 8])
def test_values_of_few_players_are_those_of_the_definition(players: int) -> None:
    """Of several games at once, whatever their values are; all together they are worth what everybody is."""
    games = np.random.default_rng(players).normal(size=(3, 2**players)) ** 3
    found = shapley_values(games, players)
    member = coalitions(players)
    for game, values in zip(games, found, strict=True):
        known = {frozenset(np.flatnonzero(row).tolist()): v for row, v in zip(member, game, strict=True)}
        assert values == pytest.approx(by_definition(known.__getitem__, players), abs=1e-12)
        assert game[0] + values.sum() == pytest.approx(game[-1], abs=1e-12)


def test_too_many_players_are_refused() -> None:
    """Their coalitions would not be counted in a lifetime."""
    with pytest.raises(ValueError, match="13 players"):
        coalitions(13)
