"""What pairs of features take besides a forest, counted again by walking up from every split."""

import numpy as np
import pytest

from explain.forest.forest import Forest, grow
from explain.forest.pair_factors import pair_factors
from tests.support.trees_by_hand import Shape, random_ensemble

SHAPES = {
    "features come again on a path": Shape(features=3, trees=4, depth=7, outputs=1, empty=False, stop=0.2),
    "parts that no row reached": Shape(features=5, trees=4, depth=5, outputs=1, empty=True, stop=0.2),
    "one feature alone": Shape(features=1, trees=2, depth=4, outputs=1, empty=False, stop=0.2),
}


def path(forest: Forest, tree: int, split: int) -> list[tuple[int, int]]:
    """(split within the tree, side on which it goes on), from the root down to just above a split."""
    out = []
    while (above := int(forest.parent[forest.first[tree] + split])) >= 0:
        split = above >> 1
        out.append((split, above & 1))
    return out[::-1]


@pytest.mark.parametrize("name", SHAPES)
def test_every_split_has_its_pairs_and_its_inverses(name: str) -> None:
    forest = grow(random_ensemble(SHAPES[name], np.random.default_rng(11)))
    factors = pair_factors(forest)
    assert forest.feature.size > 4
    assert (factors.first[0], factors.first[-1]) == (0, factors.others.size)
    assert factors.first.size == forest.feature.size + 1
    for tree in range(forest.trees):
        count = int(forest.points[tree])
        point = forest.gauss[count, 0, :count]
        for split in range(forest.first[tree + 1] - forest.first[tree]):
            k = forest.first[tree] + split
            above = path(forest, tree, split)
            asked = list(dict.fromkeys(int(forest.feature[forest.first[tree] + s]) for s, _ in above))
            own = int(forest.feature[k])
            assert factors.own[k] == (asked.index(own) if own in asked else len(asked))
            pairs = {
                64 * (max(own, f) * (max(own, f) - 1) // 2 + min(own, f)) + place
                for place, f in enumerate(asked)
                if f != own
            }
            here = factors.others[factors.first[k] : factors.first[k + 1]].tolist()
            assert sorted(here) == sorted(pairs)
            for side in (0, 1):
                share = 1.0
                for s, goes in [*above, (split, side)]:
                    at = forest.first[tree] + s
                    if forest.feature[at] == own:
                        share *= (1.0 - forest.ratio[at]) if goes else forest.ratio[at]
                begin = factors.begin[tree] + (2 * split + side) * count
                np.testing.assert_allclose(
                    factors.inverse[begin : begin + count], 1.0 / (point + (1.0 - point) * share), rtol=1e-12
                )


def test_without_a_tree_there_are_no_pairs() -> None:
    shape = Shape(features=2, trees=0, depth=1, outputs=1, empty=False, stop=0.2)
    factors = pair_factors(grow(random_ensemble(shape, np.random.default_rng(1))))
    assert [part.size for part in factors] == [0, 0, 0, 1, 0]
