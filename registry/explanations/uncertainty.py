"""Why a forecast is as uncertain as it is: exact reasons of the width served, and of the tension probability.

Neither is a sum of trees. The width (p90 − p10) is a scale times the exponential of the spread's trees, or the ways
from the median to the trees' own p10 and p90, none less than a little, cut at the floor; the probability is read from a
distribution whose centre and width both move. So each is a game of its own: a coalition of features has its values,
the other features have their usual ones, and the model's own formulas say what that coalition is worth. What a feature
does to the centre, to the logarithm of the spread and to these ways is exact by the engine (Shapley values of trees,
terms of slopes); of the features the six that matter most play by themselves, all others as one player, and what recent
errors stretched the intervals by is another. Shapley values of these few players are computed from every coalition:
nothing is sampled, and with the value of "everything as usual" they add up to the number served.

Compared with is the forecast that the model would give where every feature has the value that is usual of the very
cases which the answer's values are compared with (`registry.components.usual_cases`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from registry.components.usual_cases import NO_COMPARISON
from registry.explanations.basis import Basis, horizons_of
from registry.explanations.distributions import State, exceedance, floored
from registry.explanations.few_player_game import coalitions, shapley_values
from registry.explanations.players import chosen_players
from registry.model.forecast_model import ForecastModel, Rows

__all__ = [
    "RECENT_ERRORS",
    "Moves",
    "Uncertainty",
    "explain_tension",
    "explain_width",
    "moves_of",
    "tension_of",
]

_LOW, _MIDDLE, _HIGH = LEVELS.index(0.1), LEVELS.index(0.5), LEVELS.index(0.9)
RECENT_ERRORS = "recent_errors"


@dataclass(frozen=True)
class Uncertainty:
    """Reasons of one number of each row; `base` + contributions + other + adjustments = the number served.

    Attributes:
        base: float64 [n], where every feature is usual and no recent error stretches anything.
        columns: int64 [n, players], the features that play by themselves, largest contribution first.
        contributions: float64 [n, players].
        other: float64 [n], of all other features together.
        adjustments: ``recent_errors`` (float64 [n]): the stretching of the interval.
        values, usual: float64 [n, players]; NaN unknown.
    """

    base: Array
    columns: Array
    contributions: Array
    other: Array
    adjustments: Mapping[str, Array]
    values: Array
    usual: Array


@dataclass(frozen=True)
class Moves:
    """From the usual to what is: what each feature adds (float64 [n, features]), and where that starts ([n] each).

    Attributes:
        start: centre, terms of the widths below and above, staffed beds.
        added: the same by feature.
        widths: of sums of terms ([n, …]).
    """

    start: tuple[Array, Array, Array, Array]
    added: tuple[Array, Array, Array, Array]
    widths: Callable[[Array], Array]
    usual: Array

    def state(self, sums: Sequence[Array], stretch: Array) -> State:
        """The state of sums (float64 [n, states] each) of start and what is added; `stretch`: float64, as they are."""
        centre, below, above, staffed = sums
        return State(centre, self.widths(below), self.widths(above), stretch, staffed)


Worth = Callable[[State], Array]


def explain_width(basis: Basis) -> Uncertainty:
    """The reasons of p90 − p10 of all rows of an answer."""
    rows, answered = basis.rows, basis.answered
    served = answered.quantiles[:, _HIGH] - answered.quantiles[:, _LOW]
    plain = basis.model.baseline_quantiles(replace(rows, baseline_width=np.ones(served.size)))
    baseline = plain[:, _HIGH] - plain[:, _LOW]
    if answered.model is None:
        return _by_baseline(basis, baseline, served)
    z, floor = basis.model.z[rows.calibration], rows.floor

    def worth(state: State) -> Array:
        high, low = (
            floored(state.centre + width * state.stretch * z[:, q, None], floor)
            for q, width in ((_HIGH, state.above), (_LOW, state.below))
        )
        return np.asarray(high - low)

    found = _game(basis, moves_of(basis, np.zeros(served.size)), worth)
    return _either(basis, found, _by_baseline(basis, baseline, served))


def explain_tension(basis: Basis, staffed: Array) -> Uncertainty:
    """The reasons of the probability that more beds are needed than are staffed (float64 [n]), row by row."""
    model, rows, answered = basis.model, basis.rows, basis.answered
    hours = horizons_of(model, rows)
    plain = model.baseline_quantiles(replace(rows, baseline_width=np.ones(staffed.size)))
    baseline = model.exceedances.probability("baseline", plain, staffed, hours)
    served = model.exceedances.of_units(answered.inside, answered.quantiles, staffed, hours)
    if answered.model is None:
        return _by_baseline(basis, baseline, served)
    z, curve = model.z[rows.calibration], model.exceedances.curves.get("model")

    def worth(state: State) -> Array:
        if curve is None:
            return exceedance(state, z, rows.floor)
        width = state.above * state.stretch  # of demand, below as above
        shape = np.broadcast_shapes(width.shape, state.centre.shape)
        quantiles = np.zeros((*shape, len(LEVELS)))
        for q in (_LOW, _MIDDLE, _HIGH):  # which the curve reads
            quantiles[:, :, q] = floored(state.centre + width * z[:, q, None], rows.floor)
        beds = np.broadcast_to(state.staffed, shape).ravel()
        asked = quantiles.reshape(-1, len(LEVELS)), beds, np.repeat(hours, shape[1])
        return np.asarray(curve.probability(*asked).reshape(shape))

    found = _game(basis, moves_of(basis, staffed), worth)
    return _either(basis, found, _by_baseline(basis, baseline, served))


def tension_of(model: ForecastModel, rows: Rows, quantiles: Array, staffed: Array) -> Array:
    """The tension probability (float64 [n]) of rows that the model answers; quantiles: float64 [n, levels]."""
    return model.exceedances.probability("model", quantiles, staffed, horizons_of(model, rows))


def moves_of(basis: Basis, staffed: Array) -> Moves:
    """What each feature does to the centre, the spread and the beds, from its usual value to its own: float64
    [n, features] each; staffed: float64 [n]."""
    model, rows = basis.model, basis.rows
    usual = _usual_values(basis)
    both = np.concatenate([usual, rows.X])
    group, scale = np.tile(rows.calibration, 2), np.tile(rows.scale, 2)
    n = len(usual)
    median, base = model.median.reasons(both, group, scale)
    terms = model.interval.terms(both, scale, (median, base))
    centre = rows.scale[:, None] * (median[n:] - median[:n])
    beds = np.zeros(centre.shape)
    names = [f.name for f in model.features]
    moved = rows.X.astype(np.float64) - usual
    offset = rows.offset.copy()
    if "demand_now" in names:  # where the forecast starts, besides what trees make of it
        now = np.nan_to_num(moved[:, names.index("demand_now")])
        centre[:, names.index("demand_now")] += now
        offset -= now
    if "staffed_then" in names:
        beds[:, names.index("staffed_then")] = np.nan_to_num(moved[:, names.index("staffed_then")])
    start = (
        offset + rows.scale * (base[:n] + median[:n].sum(axis=1) + model.shift[rows.calibration]),
        terms.below_base[:n] + terms.below[:n].sum(axis=1),
        terms.above_base[:n] + terms.above[:n].sum(axis=1),
        staffed - beds.sum(axis=1),
    )
    below, above = (side[n:] - side[:n] for side in (terms.below, terms.above))
    added = (centre, below, above, beds)
    return Moves(start, added, lambda sums: model.interval.widths_of(sums, rows.scale), usual)


def _usual_values(basis: Basis) -> Array:
    """What each feature is usually (float32 [n, features]); its own value where that is not known.

    The calendar and the triage level are the row's own: they are what the usual cases have in common with it.
    """
    model, rows, explained = basis.model, basis.rows, basis.answered.model
    if explained is None:
        raise ValueError("the model answers none of these rows")
    alone = explained.widening == NO_COMPARISON
    usual = np.where(alone[:, None], model.usual_values[rows.cell], explained.reference_values)
    own = np.array([f.group == "calendar" or f.name == "triage" for f in model.features], bool)
    return np.where(np.isnan(usual) | own, rows.X, usual).astype(np.float32)


def _game(basis: Basis, moves: Moves, worth: Worth) -> Uncertainty:
    stretched = basis.rows.width[:, None]
    columns = chosen_players(moves.start, moves.added, lambda sums, _: worth(moves.state(sums, stretched)))
    players = columns.shape[1]
    member = coalitions(players + 2)
    shown = member[:, : players + 1].T

    def state(moved: Array) -> Array:
        alone = np.take_along_axis(moved, columns, axis=1)
        rest = moved.copy()
        np.put_along_axis(rest, columns, 0.0, axis=1)
        return np.column_stack([alone, rest.sum(axis=1)]) @ shown

    stretch = np.where(member[:, -1] == 1, basis.rows.width[:, None], 1.0)
    sums = [s[:, None] + state(a) for s, a in zip(moves.start, moves.added, strict=True)]
    values = worth(moves.state(sums, stretch))
    found = shapley_values(values, players + 2)
    order = np.argsort(-np.abs(found[:, :players]), axis=1, kind="stable")
    columns, alone = (np.take_along_axis(a, order, axis=1) for a in (columns, found[:, :players]))
    X, usual = (
        np.take_along_axis(a, columns, axis=1).astype(np.float64) for a in (basis.rows.X, moves.usual)
    )
    return Uncertainty(
        values[:, 0], columns, alone, found[:, players], {RECENT_ERRORS: found[:, -1]}, X, usual
    )


def _by_baseline(basis: Basis, plain: Array, served: Array) -> Uncertainty:
    """Of a baseline no feature says anything: its own distribution, and what recent errors stretched it by."""
    n, none = served.size, np.zeros((served.size, 0))
    return Uncertainty(
        plain, none.astype(np.int64), none, np.zeros(n), {RECENT_ERRORS: served - plain}, none, none
    )


def _either(basis: Basis, model: Uncertainty, baseline: Uncertainty) -> Uncertainty:
    inside = basis.answered.inside
    if inside.all():
        return model
    return Uncertainty(
        np.where(inside, model.base, baseline.base),
        model.columns,
        np.where(inside[:, None], model.contributions, 0.0),
        np.where(inside, model.other, 0.0),
        {
            RECENT_ERRORS: np.where(
                inside, model.adjustments[RECENT_ERRORS], baseline.adjustments[RECENT_ERRORS]
            )
        },
        model.values,
        model.usual,
    )
