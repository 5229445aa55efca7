"""Why a hospital total is as uncertain as it is: the width of its interval, and its tension probability.

The total's quantiles are the sum of its units' means, and the hospital's own errors in units of √Σ(p90 − p10)² of the
units (`registry.model.hospital_total`). So the game is that of units (`registry.explanations.uncertainty`), played for
all of them at once: a feature of a coalition has its value in every unit that the model answers, the others have what
is usual of each unit's own cases, and the total's formulas say what that coalition is worth. Nothing is sampled.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from registry.explanations.distributions import State, floored
from registry.explanations.few_player_game import coalitions, shapley_values
from registry.explanations.players import chosen_players
from registry.explanations.total_basis import TotalBasis
from registry.explanations.uncertainty import RECENT_ERRORS, Moves, Uncertainty, moves_of
from registry.model.hospital_total import sums_of_states

__all__ = ["explain_total"]

_LOW, _MIDDLE, _HIGH = LEVELS.index(0.1), LEVELS.index(0.5), LEVELS.index(0.9)


def explain_total(basis: TotalBasis, of: Literal["interval", "tension"]) -> Uncertainty:
    """The reasons of p90 − p10, or of the tension probability, of one total: as of an answer of one row.

    Of a total that the baseline answers for every unit no feature says anything.
    """
    game = _Game(basis, of)
    if not basis.inside:
        plain, served = (game.worth(game.nothing, np.array([on])) for on in (False, True))
        none = np.zeros((1, 0))
        errors = {RECENT_ERRORS: served - plain}
        return Uncertainty(plain, none.astype(np.int64), none, np.zeros(1), errors, none, none)
    columns = game.chosen()
    players = columns.size
    member = coalitions(players + 2)
    found = shapley_values(game.values(columns, member)[None], players + 2)[0]
    base = float(game.values(columns, member[:1])[0])
    order = np.argsort(-np.abs(found[:players]), kind="stable")
    columns, alone = columns[order], found[:players][order]
    usual = basis.of_all(game.usual.astype(np.float64))
    return Uncertainty(
        np.array([base]),
        columns[None],
        alone[None],
        found[players : players + 1],
        {RECENT_ERRORS: found[players + 1 :]},
        basis.values[columns][None],
        usual[columns][None],
    )


@dataclass(frozen=True)
class _Game:
    """What coalitions of features, and of recent errors, are worth."""

    basis: TotalBasis
    of: Literal["interval", "tension"]

    @cached_property
    def _moves_of_all(self) -> Moves:
        return moves_of(self.basis.of_units, self.basis.staffed)

    @property
    def usual(self) -> Array:
        """What is usual of each feature in every unit, whoever answers for it: float [units, features]."""
        return self._moves_of_all.usual

    @cached_property
    def moves(self) -> Moves:
        """From the usual to what is, in each unit; of one that the baseline answers no feature moves anything."""
        inside = self.basis.answered.inside[:, None]
        found = self._moves_of_all
        usual = np.where(inside, found.usual, self.basis.rows.X)
        centre, below, above, _ = found.start
        staffed = np.where(self.basis.answered.inside, found.start[3], self.basis.staffed)
        added = tuple(np.where(inside, part, 0.0) for part in found.added)
        return replace(found, start=(centre, below, above, staffed), added=added, usual=usual)  # type: ignore[arg-type]

    @property
    def nothing(self) -> State:
        """A state of a total that the baseline answers: of its units' staffed beds alone."""
        none = np.zeros((len(self.basis.units), 1))
        return State(none, none, none, none, self.basis.staffed[:, None])

    def chosen(self) -> Array:
        """The features that play by themselves, every recent error stretching all the while."""
        return chosen_players(
            self.moves.start,
            self.moves.added,
            lambda sums, _: self._of(sums, np.ones(sums[0].shape[1], bool)),
        )

    def values(self, columns: Array, member: Array) -> Array:
        """What coalitions (float64 [m, players + 2]) are worth: float64 [m]."""
        shown = member[:, : columns.size + 1].T
        sums = []
        for start, added in zip(self.moves.start, self.moves.added, strict=True):
            alone = added[:, columns]
            rest = added.sum(axis=1) - alone.sum(axis=1)
            sums.append(start[:, None] + np.column_stack([alone, rest]) @ shown)
        return self._of(sums, member[:, -1] == 1)

    def _of(self, sums: list[Array], on: Array) -> Array:
        stretch = np.where(on, self.basis.rows.width[:, None], 1.0)
        return self.worth(self.moves.state(sums, stretch), on)

    def worth(self, state: State, on: Array) -> Array:
        """The total's number of states (arrays [units, m]): float64 [m]; `on`: recent errors stretch, bool [m]."""
        sums = sums_of_states(self._quantiles(state, on))
        horizon = np.full(on.size, self.basis.horizon_hours)
        quantiles = self.basis.total.forecast(sums, horizon)
        if self.of == "interval":
            return np.asarray(quantiles[:, _HIGH] - quantiles[:, _LOW])
        staffed = state.staffed.sum(axis=0)
        return self.basis.model.exceedances.probability("hospital", quantiles, staffed, horizon)

    def _quantiles(self, state: State, on: Array) -> Array:
        """Of each unit in each state: float64 [units, m, levels]."""
        rows, inside, model = self.basis.rows, self.basis.answered.inside, self.basis.model
        plain = model.baseline_quantiles(replace(rows, baseline_width=np.ones(inside.size)))
        baseline = np.where(on[None, :, None], model.baseline_quantiles(rows)[:, None, :], plain[:, None, :])
        if not inside.any():
            return baseline
        z = model.z[rows.calibration][:, None, :]
        width = np.where(np.arange(len(LEVELS)) < _MIDDLE, state.below[:, :, None], state.above[:, :, None])
        raw = state.centre[:, :, None] + width * state.stretch[:, :, None] * z
        out = floored(raw.reshape(len(raw), -1), rows.floor).reshape(raw.shape)
        return np.where(inside[:, None, None], out, baseline)
