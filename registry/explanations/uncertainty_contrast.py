"""Why a forecast is more or less uncertain than another: of widths p90 − p10, and of tension probabilities.

The game is that of `registry.explanations.uncertainty`, played from the other forecast in place of the usual: a feature
of a coalition has the value of the later forecast, the others that of the earlier. What is no feature's, such as the
patients now, the unit's scale and the horizon's calibration, is one player, ``start``; what recent errors stretched the
interval by is another. The Shapley values of these few players are computed from every coalition, by the model's own
formulas: from the number of the earlier forecast they lead to that of the later, exactly.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from registry.explanations.basis import Basis, horizons_of
from registry.explanations.contrast import Contrast
from registry.explanations.few_player_game import coalitions, shapley_values
from registry.explanations.players import chosen_players
from registry.explanations.uncertainty import RECENT_ERRORS

__all__ = ["contrast_uncertainty"]

_LOW, _MIDDLE, _HIGH = LEVELS.index(0.1), LEVELS.index(0.5), LEVELS.index(0.9)
Of = Literal["interval", "tension"]


def contrast_uncertainty(later: Basis, earlier: Basis, of: Of) -> Contrast:
    """Why the width, or the tension probability, of a forecast differs from that of another of the same model.

    Its adjustments are ``start``, ``recent_errors`` and ``other``: the features that do not play by themselves. Where
    either is a baseline's, no feature says anything.
    """
    base = _number(earlier, of, stretched=True)
    values, before = (b.rows.X[b.place].astype(np.float64) for b in (later, earlier))
    none = np.zeros(values.size)
    if not (later.inside and earlier.inside):
        errors = sum(
            sign * (_number(b, of, stretched=True) - _number(b, of, stretched=False))
            for sign, b in ((1.0, later), (-1.0, earlier))
        )
        start = _number(later, of, stretched=True) - base - errors
        return Contrast(base, none, {"start": start, RECENT_ERRORS: errors, "other": 0.0}, values, before)
    game = _Game.of(later, earlier, of)
    columns = game.chosen()
    players = columns.size + 3
    found = shapley_values(game.values(columns, coalitions(players))[None], players)[0]
    none[columns] = found[: columns.size]
    other, start, errors = found[columns.size :].tolist()
    return Contrast(base, none, {"start": start, RECENT_ERRORS: errors, "other": other}, values, before)


@dataclass(frozen=True)
class _Side:
    """What a forecast is made of beside its features; `z`: float64 [levels], terms in units of the scale."""

    offset: float
    scale: float
    median: float
    below: float
    above: float
    floor: float
    z: Array
    width: float
    hours: float


@dataclass(frozen=True)
class _Game:
    """Two forecasts, and what each feature adds from the earlier to the later (float64 [features] each).

    Attributes:
        start: of the earlier the sums over its features: median, below, above, in units of the scale; staffed beds.
        added: the same by feature.
    """

    later: Basis
    of_number: Of
    sides: tuple[_Side, _Side]
    start: tuple[float, float, float, float]
    added: tuple[Array, Array, Array, Array]

    @classmethod
    def of(cls, later: Basis, earlier: Basis, of: Of) -> "_Game":
        """The game from one forecast to another."""
        model, pair = later.model, (earlier.row, later.row)
        X, group, scale = (
            np.concatenate([getattr(r, n) for r in pair]) for n in ("X", "calibration", "scale")
        )
        median, base = model.median.reasons(X, group, scale)
        terms = model.interval.terms(X, np.ones(2), (median, base))
        sides = [
            _Side(
                float(row.offset[0]),
                float(scale[i]),
                float(base[i] + model.shift[group[i]]),
                float(terms.below_base[i]),
                float(terms.above_base[i]),
                float(row.floor[0]),
                model.z[group[i]],
                float(row.width[0]),
                float(horizons_of(model, row)[0]),
            )
            for i, row in enumerate(pair)
        ]
        staffed = [np.nan if b.staffed is None else b.staffed for b in (earlier, later)]
        beds = np.zeros(X.shape[1])
        names = [f.name for f in model.features]
        if "staffed_then" in names:
            beds[names.index("staffed_then")] = staffed[1] - staffed[0]
        parts = (median, terms.below, terms.above)
        start = [float(p[0].sum()) for p in parts]
        added = [p[1] - p[0] for p in parts]
        return cls(later, of, (sides[0], sides[1]), (*start, staffed[0]), (*added, beds))  # type: ignore[arg-type]

    def chosen(self) -> Array:
        """The features that play by themselves: the first go from the earlier forecast, the last make it the later."""

        def worth(sums: list[Array], everybody: bool) -> Array:
            of_later = np.full(sums[0].size, everybody)
            return self._worth(sums, of_later, of_later)

        return chosen_players(self.start, self.added, worth)

    def values(self, columns: Array, member: Array) -> Array:
        """What coalitions (float64 [m, players]: features, others, start, recent errors) are worth: float64 [m]."""
        shown = member[:, : columns.size + 1]
        sums = [
            start + shown @ np.append(added[columns], added.sum() - added[columns].sum())
            for start, added in zip(self.start, self.added, strict=True)
        ]
        return self._worth(sums, member[:, -2] == 1, member[:, -1] == 1)

    def _worth(self, sums: list[Array], start: Array, errors: Array) -> Array:
        """The number of m states; start, errors: bool [m], whether these are the later forecast's."""
        model = self.later.model
        then, now = self.sides
        side = {
            name: np.where(start, getattr(now, name), getattr(then, name))
            for name in ("offset", "scale", "median", "below", "above", "floor", "hours")
        }
        z = np.where(start[:, None], now.z, then.z)
        ones = np.ones(1)
        centre = side["offset"] + side["scale"] * (side["median"] + sums[0])
        below, above = (
            side["scale"] * model.interval.widths_of((side[name] + added)[None], ones)[0]
            for name, added in (("below", sums[1]), ("above", sums[2]))
        )
        width = np.where(np.arange(len(LEVELS)) < _MIDDLE, below[:, None], above[:, None])
        stretch = np.where(errors, now.width, then.width)[:, None]
        quantiles = np.maximum(centre[:, None] + width * stretch * z, side["floor"][:, None])
        if self.of_number == "interval":
            return np.asarray(quantiles[:, _HIGH] - quantiles[:, _LOW])
        return model.exceedances.probability("model", quantiles, sums[3], side["hours"])


def _number(basis: Basis, of: Of, *, stretched: bool) -> float:
    """The number that a forecast has, or would have if no recent error stretched it."""
    row, model = basis.row, basis.model
    quantiles = basis.answered.quantiles[basis.place : basis.place + 1]
    if not stretched:
        plain = replace(row, width=np.ones(1), baseline_width=np.ones(1))
        quantiles = model.quantiles(plain) if basis.inside else model.baseline_quantiles(plain)
    if of == "interval":
        return float(quantiles[0, _HIGH] - quantiles[0, _LOW])
    staffed = np.array([np.nan if basis.staffed is None else basis.staffed])
    kind: Literal["model", "baseline"] = "model" if basis.inside else "baseline"
    return float(model.exceedances.probability(kind, quantiles, staffed, horizons_of(model, row))[0])
