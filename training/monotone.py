"""Signs that the domain knows: where more patients wait, a forecast of the wait is never shorter.

XGBoost keeps its own constraints only while it chooses splits: with the pinball loss it sets the leaves anew
afterwards, and the order can be lost. Here each tree's leaves are put back in order, so that each tree, and with
it their sum, rises or falls with the feature everywhere.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost as xgb

from hospital.features.feature import Feature

__all__ = ["WAIT_SIGNS", "in_order", "signs_of"]

WAIT_SIGNS: Mapping[str, int] = {
    "ed_waiting_ahead": 1,
    "ed_boarding": 1,
    "recent_wait_triage": 1,
    "ed_doctors": -1,
}
"""More people waiting who go first, more who wait for a ward's bed, longer waits of those just seen: no shorter wait;
more doctors: no longer one. Further signs (all who wait, those waiting per doctor) say the same again and cost
accuracy (docs/forecasts.md)."""


def signs_of(features: Sequence[Feature], signs: Mapping[str, int]) -> tuple[int, ...]:
    """The sign of each feature, in their order; 0: none is known."""
    return tuple(signs.get(f.name, 0) for f in features)


def in_order(booster: xgb.Booster, signs: Sequence[int]) -> xgb.Booster:
    """The booster with every tree's leaves in the order of the signs; the same one where none is known."""
    if not any(signs):
        return booster
    model = json.loads(bytes(booster.save_raw("json")))
    for tree in model["learner"]["gradient_booster"]["model"]["trees"]:
        _order(tree, signs)
    ordered = xgb.Booster()
    ordered.load_model(bytearray(json.dumps(model).encode()))
    return ordered


def _order(tree: dict[str, Any], signs: Sequence[int]) -> None:
    """Puts the leaves of one tree in order: at each split of a sign, no leaf below is above one of the other side.

    Where they are not, the two sides meet half-way between their means, each weighted by the training rows that
    came there.
    """
    left, right, feature = tree["left_children"], tree["right_children"], tree["split_indices"]
    value = [float(v) for v in tree["split_conditions"]]
    under = _under(left, right, value, tree["sum_hessian"])
    pending = [(0, -math.inf, math.inf)]
    while pending:
        node, low, high = pending.pop()
        if left[node] == -1:
            value[node] = float(np.float32(min(max(value[node], low), high)))
            continue
        sides = {left[node]: (low, high), right[node]: (low, high)}
        sign = signs[feature[node]]
        if sign:
            lower, upper = (left[node], right[node]) if sign > 0 else (right[node], left[node])
            meet = (under[lower].mean + under[upper].mean) / 2
            if under[lower].most <= under[upper].least:  # in order as they are: nothing is to be moved
                meet = min(max(meet, under[lower].most), under[upper].least)
            meet = min(max(meet, low), high)
            sides = {lower: (low, meet), upper: (meet, high)}
        pending += [(child, *bounds) for child, bounds in sides.items()]
    tree["split_conditions"] = value


@dataclass(frozen=True)
class _Leaves:
    """The leaves under a node: their mean weighted by covers, and the cover; the least and the most of them."""

    mean: float
    cover: float
    least: float
    most: float


def _under(
    left: Sequence[int], right: Sequence[int], value: Sequence[float], cover: Sequence[float]
) -> list[_Leaves]:
    out = [_Leaves(v, c, v, v) for v, c in zip(value, cover, strict=True)]
    for node in range(len(left) - 1, -1, -1):  # children have larger numbers than their parent
        if left[node] != -1:
            a, b = out[left[node]], out[right[node]]
            total = a.cover + b.cover
            mean = (a.cover * a.mean + b.cover * b.mean) / total if total > 0 else (a.mean + b.mean) / 2
            out[node] = _Leaves(mean, total, min(a.least, b.least), max(a.most, b.most))
    return out
