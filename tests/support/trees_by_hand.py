"""Trees made by hand, what they mean by definition (float64, subsets one by one), and the same as an XGBoost model."""

import itertools
import json
from dataclasses import dataclass, replace
from math import factorial
from typing import Any

import numpy as np
import xgboost as xgb

from explain.formats.ensemble import Array, Ensemble, Tree

__all__ = [
    "as_json",
    "booster_of",
    "interactions_by_definition",
    "random_ensemble",
    "shapley_by_definition",
    "special_rows",
]


@dataclass(frozen=True)
class Shape:
    """What random trees are like."""

    features: int
    trees: int
    depth: int
    outputs: int = 1
    empty: bool = False  # whether some nodes saw no training row
    stop: float = 0.2  # share of nodes that end early


def random_ensemble(shape: Shape, rng: np.random.Generator) -> Ensemble:
    """Trees whose thresholds lie on a coarse grid, so that rows can lie on them and features come again."""
    trees = tuple(_random_tree(shape, rng) for _ in range(shape.trees))
    return Ensemble(
        features=shape.features,
        outputs=shape.outputs,
        base_score=rng.normal(size=shape.outputs).astype(np.float32),
        trees=trees,
        output=tuple(int(i) % shape.outputs for i in range(shape.trees)),
        weight=np.ones(shape.trees, np.float32),
    )


GRID = np.array([-1.5, -1.0, 0.0, 1e-40, 0.5, 1.0, 3.0], np.float32)


def _random_tree(shape: Shape, rng: np.random.Generator) -> Tree:
    nodes: list[dict[str, Any]] = [{"cover": 1000.0, "depth": 0, "left": -1, "right": -1}]
    at = 0
    while at < len(nodes):  # children stand beside one another, as XGBoost wants them
        node = nodes[at]
        node |= {"feature": 0, "default": False, "value": np.float32(rng.normal())}
        if node["depth"] < shape.depth and (at == 0 or rng.random() >= shape.stop):
            share = rng.uniform(0.05, 0.95)
            if shape.empty and rng.random() < 0.2:
                share = float(rng.integers(0, 2))
            node |= {"feature": int(rng.integers(shape.features)), "default": bool(rng.integers(2))}
            node |= {"value": rng.choice(GRID), "left": len(nodes), "right": len(nodes) + 1}
            for part in (share, 1 - share):
                cover = node["cover"] * part
                nodes.append({"cover": cover, "depth": node["depth"] + 1, "left": -1, "right": -1})
        at += 1
    return Tree(
        left=np.array([n["left"] for n in nodes], np.int64),
        right=np.array([n["right"] for n in nodes], np.int64),
        feature=np.array([n["feature"] for n in nodes], np.int64),
        condition=np.array([n["value"] for n in nodes], np.float32),
        default_left=np.array([n["default"] for n in nodes], bool),
        cover=np.array([n["cover"] for n in nodes], np.float32).astype(np.float64),
    )


def special_rows(count: int, features: int, rng: np.random.Generator, *, infinite: bool = True) -> Array:
    """Rows on thresholds, one ulp beside them, missing, infinite, -0, subnormal, and anything."""
    values = [GRID, np.nextafter(GRID, np.float32(np.inf)), np.nextafter(GRID, np.float32(-np.inf))]
    values += [
        np.array([np.nan, np.nan, -0.0, 1e-45, -1e-45], np.float32),
        rng.normal(size=9).astype(np.float32),
    ]
    if infinite:
        values.append(np.array([np.inf, -np.inf], np.float32))
    return rng.choice(np.concatenate(values), (count, features)).astype(np.float32)


def _expected(tree: Tree, x: Array, known: frozenset[int], node: int = 0) -> float:
    """Mean value below a node where only some features are known: the training rows' shares for the others."""
    if tree.left[node] == -1:
        return float(tree.condition[node])
    children = int(tree.left[node]), int(tree.right[node])
    if int(tree.feature[node]) in known:
        return _expected(tree, x, known, children[0 if _left(tree, x, node) else 1])
    cover = [float(tree.cover[c]) for c in children]
    share = cover[0] / sum(cover) if sum(cover) else 0.5
    return share * _expected(tree, x, known, children[0]) + (1 - share) * _expected(
        tree, x, known, children[1]
    )


def _left(tree: Tree, x: Array, node: int) -> bool:
    value = x[tree.feature[node]]
    if node in tree.sets and not np.isnan(value):
        return int(value) not in tree.sets[node]
    return bool(tree.default_left[node]) if np.isnan(value) else bool(value < tree.condition[node])


def _games(
    ensemble: Ensemble, x: Array, reference: Array | None
) -> list[tuple[int, dict[frozenset[int], float]]]:
    """Each tree's (output, worth of each set of its features)."""
    games = []
    for tree, output in zip(ensemble.trees, ensemble.output, strict=True):
        used = sorted({int(f) for f in tree.feature[tree.left != -1]})
        worth = {}
        for size in range(len(used) + 1):
            for chosen in itertools.combinations(used, size):
                known = frozenset(chosen)
                if reference is None:
                    worth[known] = _expected(tree, x, known)
                else:
                    mixed = reference.copy()
                    mixed[:, list(known)] = x[list(known)]
                    everything = frozenset(used)
                    worth[known] = float(np.mean([_expected(tree, row, everything) for row in mixed]))
        games.append((output, worth))
    return games


def shapley_by_definition(
    ensemble: Ensemble, x: Array, reference: Array | None = None
) -> tuple[Array, Array]:
    """(contributions [outputs, features], base [outputs]) of one row, from the definition."""
    values = np.zeros((ensemble.outputs, ensemble.features))
    base = ensemble.base_score.astype(np.float64)
    for output, worth in _games(ensemble, x, reference):
        players = max(worth, key=len)
        base[output] += worth[frozenset()]
        for i in players:
            for known, value in worth.items():
                if i in known:
                    continue
                n, s = len(players), len(known)
                weight = factorial(s) * factorial(n - s - 1) / factorial(n)
                values[output, i] += weight * (worth[known | {i}] - value)
    return values, base


def interactions_by_definition(ensemble: Ensemble, x: Array) -> Array:
    """[outputs, features, features] of one row: half of each pair's Shapley interaction value, the rest alone."""
    out = np.zeros((ensemble.outputs, ensemble.features, ensemble.features))
    for output, worth in _games(ensemble, x, None):
        players = sorted(max(worth, key=len))
        n = len(players)
        for i, j in itertools.combinations(players, 2):
            for known, value in worth.items():
                if i in known or j in known:
                    continue
                weight = factorial(len(known)) * factorial(n - len(known) - 2) / factorial(n - 1) / 2
                both = worth[known | {i, j}] - worth[known | {i}] - worth[known | {j}] + value
                out[output, i, j] += weight * both
                out[output, j, i] += weight * both
    single, _ = shapley_by_definition(ensemble, x)
    for output in range(ensemble.outputs):
        np.fill_diagonal(out[output], single[output] - out[output].sum(axis=1))
    return out


def as_json(ensemble: Ensemble) -> dict[str, Any]:
    """The ensemble as XGBoost writes a model (quantile regression, so that several outputs are one booster)."""
    trees = [_tree_json(tree, i, ensemble.features) for i, tree in enumerate(ensemble.trees)]
    scores = ",".join(repr(float(score)) for score in ensemble.base_score)
    alphas = ",".join(str((i + 1) / (ensemble.outputs + 1)) for i in range(ensemble.outputs))
    rounds = len(trees) // ensemble.outputs
    model = {
        "cats": {"enc": [], "feature_segments": [], "sorted_idx": []},
        "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(len(trees))},
        "iteration_indptr": [i * ensemble.outputs for i in range(rounds + 1)],
        "tree_info": list(ensemble.output),
        "trees": trees,
    }
    return {
        "learner": {
            "attributes": {},
            "feature_names": [],
            "feature_types": [],
            "gradient_booster": {"model": model, "name": "gbtree"},
            "learner_model_param": {
                "base_score": f"[{scores}]",
                "boost_from_average": "1",
                "num_class": "0",
                "num_feature": str(ensemble.features),
                "num_target": str(ensemble.outputs),
            },
            "objective": {
                "name": "reg:quantileerror",
                "quantile_loss_param": {"quantile_alpha": f"[{alphas}]"},
            },
        },
        "version": [3, 2, 0],
    }


def _tree_json(tree: Tree, index: int, features: int) -> dict[str, Any]:
    n = tree.left.size
    parents = np.full(n, 2147483647, np.int64)
    for node in np.flatnonzero(tree.left != -1):
        parents[[tree.left[node], tree.right[node]]] = node
    sizes = {"num_deleted": "0", "num_feature": str(features), "num_nodes": str(n), "size_leaf_vector": "1"}
    return {
        "base_weights": [0.0] * n,
        "categories": [],
        "categories_nodes": [],
        "categories_segments": [],
        "categories_sizes": [],
        "default_left": [int(d) for d in tree.default_left],
        "id": index,
        "left_children": tree.left.tolist(),
        "loss_changes": [0.0] * n,
        "parents": parents.tolist(),
        "right_children": tree.right.tolist(),
        "split_conditions": [float(c) for c in tree.condition],
        "split_indices": tree.feature.tolist(),
        "split_type": [0] * n,
        "sum_hessian": [float(c) for c in tree.cover],
        "tree_param": sizes,
    }


def booster_of(ensemble: Ensemble) -> xgb.Booster:
    """The ensemble in XGBoost."""
    return xgb.Booster({"nthread": 1}, model_file=bytearray(json.dumps(as_json(ensemble)).encode()))


def one_tree_each(ensemble: Ensemble) -> list[Ensemble]:
    """The ensemble's trees as ensembles of their own, without a base score."""
    nothing = np.zeros(ensemble.outputs, np.float32)
    return [
        replace(ensemble, trees=(tree,), output=(output,), base_score=nothing, weight=np.ones(1, np.float32))
        for tree, output in zip(ensemble.trees, ensemble.output, strict=True)
    ]
