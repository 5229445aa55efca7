"""Distributions by what they are made of, very many at once, and how probably each exceeds staffed beds."""

from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS

__all__ = ["State", "exceedance", "floored"]

_EDGES = np.array([0.0, *LEVELS, 1.0])
_MORE = 0.5  # more than so many whole beds


@dataclass(frozen=True)
class State:
    """What a distribution is made of, in beds or minutes: centre + width x stretch x z, never under a floor.

    Attributes:
        centre, below, above, stretch: float64, of any one shape; the width of either side of the centre.
        staffed: float64, of the same shape, the beds that demand is held against; 0 where it is not.
    """

    centre: Array
    below: Array
    above: Array
    stretch: Array
    staffed: Array


def _edges(quantiles: Array) -> Array:
    """The quantiles (float64 [n, levels]) with both ends: float64 [n, levels + 2], never falling."""
    first = quantiles[:, :1] - (quantiles[:, 1:2] - quantiles[:, :1])
    last = quantiles[:, -1:] + (quantiles[:, -1:] - quantiles[:, -2:-1])
    return np.asarray(np.maximum.accumulate(np.concatenate([first, quantiles, last], axis=1), axis=1))


def _above_cut(quantiles: Array, beds: Array) -> Array:
    """`registry.components.exceedance_curve.share_above` of very many rows at once."""
    edges, x = _edges(quantiles), beds + _MORE
    right = np.clip((edges <= x[:, None]).sum(axis=1), 1, _EDGES.size - 1)
    at = np.arange(x.size)
    low, high = edges[at, right - 1], edges[at, right]
    apart = high > low
    share = np.where(apart, (x - low) / np.where(apart, high - low, 1.0), x >= low)
    level = _EDGES[right - 1] + np.clip(share, 0.0, 1.0) * (_EDGES[right] - _EDGES[right - 1])
    return np.asarray(1.0 - level)


def exceedance(state: State, z: Array, floor: Array) -> Array:
    """Read off the quantiles of many states of each row ([n, states]); where none is cut, in units of the width.

    Of demand, whose width is the same above as below. Float64 all: `z` [n, levels], `floor` [n], beds.
    """
    width = state.above * state.stretch
    out = np.empty(state.centre.shape)
    x = (state.staffed + _MORE - state.centre) / width
    edges = _edges(z)
    for row in range(len(out)):
        out[row] = 1.0 - np.interp(x[row], edges[row], _EDGES)
    cut = state.centre + width * np.minimum(edges[:, :1], z[:, :1]) < floor[:, None]
    if cut.any():
        of = np.nonzero(cut)[0]
        quantiles = state.centre[cut][:, None] + width[cut][:, None] * z[of]
        staffed = np.broadcast_to(state.staffed, out.shape)[cut]
        out[cut] = _above_cut(np.maximum(quantiles, floor[of][:, None]), staffed)
    return out


def floored(values: Array, floor: Array) -> Array:
    """Values (float64 [n, k]), none under its row's floor (float64 [n])."""
    return np.asarray(np.maximum(values, floor[:, None]))
