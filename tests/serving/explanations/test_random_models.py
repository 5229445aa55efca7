"""Random small models, and the same by hand: games by definition, differences of sums, counts by trying them all."""

import itertools
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from functools import cache
from typing import Literal

import numpy as np
import pytest

from explain import TreeEngine
from explain.forest.forest import grow
from registry.components.interval_trees import QuantileTrees
from registry.explanations.basis import Basis
from registry.explanations.contrast import contrast
from registry.explanations.counterfactual import Counterfactual, Goal, counterfactuals
from registry.explanations.levers import LEVERS, Lever, LeverTable, ranges
from registry.explanations.players import PLAYERS
from registry.explanations.uncertainty import Uncertainty, explain_tension, explain_width
from registry.model.scope_fallback import answer
from serving.messages.question_records import BedQuestion, ExplainOptions
from tests.support.models_by_hand import RandomModel, above
from tests.support.shapley import by_definition
from tests.support.ward_census import HORIZONS, UNITS, WardService, ward_release

_LOW, _MIDDLE, _HIGH = 1, 9, 17
SHIFTS = (0.0, -26.0, -60.0)
"""Beds by which forecasts start lower: far from the floor, about it, and under it."""


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Basis:
    """The rows of three wards at two horizons, and the model that answers them."""
    release = ward_release(tmp_path_factory.mktemp("release"))
    service = WardService.of(release, tmp_path_factory.mktemp("service"))
    now = service.parts.clock.now()
    question = BedQuestion(UNITS, HORIZONS, now, (), ExplainOptions(6, "typical", "fr", basis=True))
    with service.parts.engine.connect() as connection:
        made = service.parts.forecaster.bed_demand(release, connection, question, now)
    basis = made[0].basis
    assert basis is not None
    return basis


def _worth(
    model: RandomModel, place: int, columns: list[int], number: Callable[[list[float], float], float]
) -> Callable[[frozenset[int]], float]:
    """What a coalition is worth: its players have their values, all other features their usual ones."""
    rows, explained = model.basis.rows, model.basis.answered.model
    assert explained is not None
    x, usual = rows.X[place], explained.reference_values[place].astype(np.float32)
    for j, feature in enumerate(model.basis.model.features):
        if feature.group == "calendar" or np.isnan(usual[j]):
            usual[j] = x[j]
    (then, base, thin, start), (now, _, wide, _) = model.moves(place, usual), model.moves(place, x)
    demand, staffed = model.names.index("demand_now"), model.names.index("staffed_then")

    @cache
    def worth(players: frozenset[int]) -> float:
        playing = {columns[p] for p in players if p < len(columns)}
        if len(columns) in players:
            playing |= set(range(len(then))) - set(columns)
        centre = base + sum(now[j] if j in playing else then[j] for j in range(len(then)))
        log_width = start + sum(wide[j] if j in playing else thin[j] for j in range(len(then)))
        stretch = float(rows.width[place]) if len(columns) + 1 in players else 1.0
        more = 0.0 if demand in playing else float(usual[demand]) - float(x[demand])
        beds = 0.0 if staffed in playing else float(usual[staffed]) - float(x[staffed])
        return number(model.distribution(place, centre, log_width, stretch, more), beds)

    return worth


def _holds(
    model: RandomModel, place: int, found: Uncertainty, number: Callable[[list[float], float], float]
) -> None:
    """The reasons add up to the number by hand, and are the Shapley values of the game by hand."""
    shown = [*found.contributions[place], found.other[place], found.adjustments["recent_errors"][place]]
    served = number(model.quantiles(place, model.basis.rows.X[place]), 0.0)
    assert abs(found.base[place] + sum(shown) - served) <= 1e-6
    worth = _worth(model, place, found.columns[place].tolist(), number)
    assert shown == pytest.approx(by_definition(worth, PLAYERS + 2), abs=1e-6)
    assert found.base[place] == pytest.approx(worth(frozenset()), abs=1e-6)


@pytest.mark.parametrize("shift", SHIFTS)
@pytest.mark.parametrize("seed", range(3))
def test_reasons_of_width_and_tension_are_those_of_the_game_by_hand(
    real: Basis, seed: int, shift: float
) -> None:
    """Trees walked node by node, their Shapley values subset by subset, every coalition by itself."""
    model = RandomModel.of(real, seed, shift)
    beds = np.full(len(real.rows.X), max(30.0 + shift, 1.0))
    width, tension = explain_width(model.basis), explain_tension(model.basis, beds)
    for place in range(0, len(beds), 2 if seed else 1):
        _holds(model, place, width, lambda q, _: q[_HIGH] - q[_LOW])
        _holds(model, place, tension, lambda q, more: above(q, max(30.0 + shift, 1.0) + more))


def test_reasons_of_a_width_with_trees_of_each_side_add_up(real: Basis) -> None:
    """As waits have them, random and so often crossing the median: to the width served, from that of usual values."""
    drawn = [RandomModel.of(real, seed, shift=-20.0) for seed in (11, 12, 13)]
    basis = drawn[0].basis
    model = copy(basis.model)
    model.interval = QuantileTrees(*(TreeEngine(grow(other.median)) for other in drawn[1:]))
    made = answer(model, basis.rows, np.ones(len(basis.rows.X), bool))
    found = explain_width(replace(basis, model=model, answered=made))
    served = made.quantiles[:, _HIGH] - made.quantiles[:, _LOW]
    added = found.base + found.contributions.sum(axis=1) + found.other + found.adjustments["recent_errors"]
    assert np.abs(added - served).max() <= 1e-6
    assert np.abs(found.contributions).max() > 0.1
    assert np.ptp(served) > 1.0


def test_differences_hold_across_floor_calibration_units_and_horizons(real: Basis) -> None:
    """Of any two rows: each one's p50 by hand, and the steps are those of the two."""
    cut = 0
    for seed, shift in enumerate(SHIFTS):
        later, earlier = RandomModel.of(real, 7, shift), RandomModel.of(real, 7, SHIFTS[seed - 1])
        for i, j in itertools.product(range(len(real.rows.X)), repeat=2):
            found = contrast(later.at(i, None), earlier.at(j, None))
            now, then = (m.quantiles(k, m.basis.rows.X[k])[_MIDDLE] for m, k in ((later, i), (earlier, j)))
            assert found.base == pytest.approx(then, abs=1e-9)
            added = float(found.contributions.sum()) + sum(found.adjustments.values())
            assert added == pytest.approx(now - then, abs=1e-9)
            cut += found.adjustments["floor"] != 0.0
    assert cut > 10


TWO = LeverTable((LEVERS[2], Lever("operations", "bed-demand", "staffed_now", {})))
"""With another count that this census gives and the dictionary marks."""


def _by_hand(model: RandomModel, place: int, of: str, staffed: float, now: float) -> float:
    """What the model says where so many beds are staffed then, and so many now."""
    x = model.basis.rows.X[place].copy()
    x[model.names.index("staffed_then")], x[model.names.index("staffed_now")] = staffed, now
    x[model.names.index("free_then")] = staffed - x[model.names.index("demand_now")]
    quantiles = model.quantiles(place, x)
    return above(quantiles, staffed) if of == "tension" else quantiles[_MIDDLE]


def _goals(numbers: list[float], now: float, of: Literal["p50", "tension"]) -> list[Goal]:
    """Between neighbouring numbers that can be reached, a far one, and one out of reach; on either side of now."""
    distinct = sorted({round(n, 9) for n in numbers})
    between = [(a + b) / 2 for a, b in itertools.pairwise(distinct) if b - a > 1e-6]
    chosen = [*between[:2], *between[len(between) // 2 :][:2], *between[-2:], distinct[-1] + 1.0]
    return [Goal(of, value > now, value) for value in chosen]


@pytest.mark.parametrize("of", ["p50", "tension"])
def test_counterfactuals_are_the_best_of_all_counts(real: Basis, of: Literal["p50", "tension"]) -> None:
    """Of every count of one lever and of both: the least change, or none, whatever the trees are."""
    ones = pairs = nothing = 0
    for seed in range(6):
        model = RandomModel.of(real, seed)
        for place in range(0, len(real.rows.X), 2):
            x = real.rows.X[place]
            here = tuple(float(x[model.names.index(n)]) for n in ("staffed_then", "staffed_now"))
            basis = model.at(place, here[0])
            first, second = ranges(basis, table=TWO)
            grid = {
                (a, b): _by_hand(model, place, of, a, b)
                for a, b in itertools.product(first.counts.tolist(), second.counts.tolist())
            }
            for goal in _goals(list(grid.values()), grid[here], of):
                expected = _best(grid, here, goal)
                found = counterfactuals(basis, goal, seconds=60.0, table=TWO)
                assert found.complete
                assert _changes(found.results, here) == expected
                for one in found.results:
                    counts = tuple(one.changes.get(n, h) for n, h in zip(_NAMES, here, strict=True))
                    assert one.number == pytest.approx(grid[counts], abs=1e-9)
                ones += len(expected) - ((True, True) in expected)
                pairs += (True, True) in expected
                nothing += not expected
    assert min(ones, nothing) > 5
    assert pairs > 0


_NAMES = ("staffed_beds", "operations")


def _best(
    grid: dict[tuple[float, float], float], here: tuple[float, ...], goal: Goal
) -> dict[tuple[bool, bool], float]:
    """The least change by which levers move (the first, the second): two only where neither alone does with as much."""
    best: dict[tuple[bool, bool], float] = {}
    for counts, number in grid.items():
        moved = (counts[0] != here[0], counts[1] != here[1])
        if any(moved) and (number >= goal.value if goal.least else number <= goal.value):
            change = sum(abs(c - h) for c, h in zip(counts, here, strict=True))
            best[moved] = min(best.get(moved, np.inf), change)
    alone = min(best.get((True, False), np.inf), best.get((False, True), np.inf))
    if best.get((True, True), np.inf) >= alone:
        best.pop((True, True), None)
    return best


def _changes(results: tuple[Counterfactual, ...], here: tuple[float, ...]) -> dict[tuple[bool, bool], float]:
    out = {}
    for one in results:
        now = dict(zip(_NAMES, here, strict=True))
        moved = (_NAMES[0] in one.changes, _NAMES[1] in one.changes)
        out[moved] = sum(abs(count - now[name]) for name, count in one.changes.items())
    return out
