"""Contributions against many reference rows, from tables that are made once: a row costs the same for any number.

``tables.c`` says what a table holds. Here it is decided which trees get one, and of which height their subtrees are.
"""

import ctypes
from dataclasses import dataclass

import numpy as np

from explain.forest.forest import Forest
from explain.formats.ensemble import Array
from explain.kernel import Kernel, aligned
from explain.plain import Plain

__all__ = ["Tables"]

_BITS, _HEIGHT = 12, 2  # as in tables.c
_LISTS = (
    *("tree", "subtrees", "root", "above", "inside", "member"),
    *("edges", "edge", "split", "feature", "begin", "table"),
)


class _Struct(ctypes.Structure):
    """`tables` of ``tables.c``."""

    _fields_ = (("trees", ctypes.c_int32), *((name, ctypes.c_void_p) for name in _LISTS))


@dataclass
class Tables:
    """Tables of a forest against reference rows.

    Attributes:
        base: float64 [outputs], mean output of the reference rows.
        bytes: of the tables.
        slow: trees without one, computed reference by reference.
    """

    forest: Forest
    kernel: Kernel | Plain
    reference: Array
    base: Array
    slow: Array
    arrays: dict[str, Array]
    struct: _Struct | None

    @classmethod
    def of(cls, forest: Forest, kernel: Kernel | Plain, reference: Array, table_bytes: int) -> "Tables":
        """Makes the tables that fit in `table_bytes`.

        Args: reference: float32 [references, features].
        """
        outputs = np.empty((len(reference), forest.outputs))
        outputs[:] = forest.base_score
        kernel.predict(reference, outputs)
        inner = np.flatnonzero(forest.root >= 0).astype(np.int32)
        base = outputs.mean(axis=0)
        if isinstance(kernel, Plain):
            return cls(forest, kernel, reference, base, inner, {}, None)
        heights = _choose(forest, table_bytes)
        plan = _Plan(forest)
        for tree in np.flatnonzero(heights >= 0):
            plan.add(int(tree), int(heights[tree]))
        slow = inner[heights[inner] < 0]
        arrays = plan.arrays()
        struct = _Struct(arrays["tree"].size, *(ctypes.c_void_p(arrays[name].ctypes.data) for name in _LISTS))
        kernel.make_tables(struct, reference)
        return cls(forest, kernel, reference, base, slow, arrays, struct)

    @property
    def bytes(self) -> int:
        """What the tables take."""
        return int(self.arrays["table"].nbytes) if self.arrays else 0

    def contributions(self, X: Array, out: Array) -> None:
        """Adds contributions of X (float32 [rows, features]) to out: float64 [rows, outputs, features]."""
        if self.struct is not None and isinstance(self.kernel, Kernel):
            self.kernel.look_up(self.struct, X, out)
        if self.slow.size:
            self.kernel.against(X, self.reference, self.slow, out)


def _choose(forest: Forest, table_bytes: int) -> Array:
    """The height of each tree's subtrees: int64 [trees], -1 where no table fits. The largest that fits its share.

    What a tree leaves of its share goes to those after it.
    """
    sizes = np.stack([_sizes(forest, height) for height in range(_HEIGHT + 1)])
    heights = np.full(forest.trees, -1)
    left, inner = float(table_bytes), np.flatnonzero(forest.root >= 0)
    for done, tree in enumerate(inner):
        share = left / (inner.size - done)
        fits = np.flatnonzero(sizes[:, tree] <= share)
        if fits.size:
            heights[tree] = fits[-1]
            left -= sizes[fits[-1], tree]
    return heights


def _sizes(forest: Forest, height: int) -> Array:
    """Bytes of each tree's tables at most, were its subtrees of a height; inf where an index gets too long."""
    f = forest
    begin = f.first[f.tree].astype(np.int64)
    tall, splits = np.ones(f.tree.size, np.int64), np.ones(f.tree.size, np.int64)
    parent = np.where(f.parent >= 0, (f.parent >> 1) + begin, -1)
    for level in range(f.depth - 1, 0, -1):
        at = np.flatnonzero(f.level == level)
        np.maximum.at(tall, parent[at], tall[at] + 1)
        np.add.at(splits, parent[at], splits[at])
    sizes = np.zeros(f.trees)

    def add(trees: Array, above: Array, inside: Array) -> None:
        cost = np.where(above + inside <= _BITS, 8.0 * 2.0 ** (above + inside) * (above + inside), np.inf)
        np.add.at(sizes, trees, cost)

    own = (tall <= height) & ((parent < 0) | (tall[parent] > height))
    add(f.tree[own], np.where(parent[own] >= 0, f.distinct[parent[own]], 0), splits[own])
    for child in (f.left, f.right):
        bare = (child < 0) & (tall > height)
        add(f.tree[bare], f.distinct[bare], np.zeros(int(bare.sum()), np.int64))
    return sizes


class _Plan:
    """The lists of ``tables.c`` while they are put together."""

    def __init__(self, forest: Forest) -> None:
        self.f = forest
        self.lists: dict[str, list[int]] = {name: [] for name in _LISTS if name != "table"}
        for name in ("subtrees", "above", "inside", "member", "edges"):
            self.lists[name].append(0)
        self.size = 0

    def add(self, tree: int, height: int) -> None:
        """The subtrees of one tree."""
        f = self.f
        first, splits = int(f.first[tree]), int(f.first[tree + 1] - f.first[tree])
        left, right = (a[first : first + splits].tolist() for a in (f.left, f.right))
        feature = f.feature[first : first + splits].tolist()
        tall = [1] * splits
        for k in range(splits - 1, -1, -1):
            tall[k] = 1 + max([tall[c] for c in (left[k], right[k]) if c >= 0], default=0)
        stack: list[tuple[int, dict[int, list[int]]]] = [(0, {})]
        while stack:
            node, above = stack.pop()
            if node < 0 or tall[node] <= height:
                self._subtree(node, above, left, right, feature)
                continue
            for side, child in ((1, right[node]), (0, left[node])):
                edges = above | {feature[node]: [*above.get(feature[node], []), 2 * node + side]}
                stack.append((child, edges))
        self.lists["tree"].append(tree)
        self.lists["subtrees"].append(len(self.lists["root"]))

    def _subtree(
        self,
        root: int,
        above: dict[int, list[int]],
        left: list[int],
        right: list[int],
        feature: list[int],
    ) -> None:
        inside, todo = [], [root]
        while todo:
            node = todo.pop()
            if node >= 0:
                inside.append(node)
                todo += [right[node], left[node]]
        members = list(dict.fromkeys([*above, *(feature[k] for k in inside)]))
        lists = self.lists
        lists["root"].append(root)
        for edges in above.values():
            lists["edge"] += edges
            lists["edges"].append(len(lists["edge"]))
        lists["above"].append(len(lists["edges"]) - 1)
        lists["split"] += inside
        lists["inside"].append(len(lists["split"]))
        lists["feature"] += members
        lists["member"].append(len(lists["feature"]))
        lists["begin"].append(self.size)
        self.size += 2 ** (len(above) + len(inside)) * len(members)

    def arrays(self) -> dict[str, Array]:
        """As the kernel reads them."""
        out: dict[str, Array] = {
            name: np.array(values, np.int64 if name == "begin" else np.int32)
            for name, values in self.lists.items()
        }
        out["table"] = aligned(self.size)
        out["table"][:] = 0.0
        return out
