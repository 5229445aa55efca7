"""Which trees get tables, and how large they are: as they are laid out, and within what they may take."""

from dataclasses import replace

import numpy as np
import pytest

from explain.forest.forest import Forest, grow
from explain.kernel import Kernel, load_kernel
from explain.plain import Plain
from explain.tables import Tables, _choose, _Plan, _sizes
from tests.support.trees_by_hand import Shape, random_ensemble, special_rows


def forest_of(shape: Shape, seed: int = 1) -> Forest:
    """Random trees."""
    return grow(random_ensemble(shape, np.random.default_rng(seed)))


def laid_out(forest: Forest, tree: int, height: int) -> int:
    """Bytes of one tree's tables as they are put together."""
    plan = _Plan(forest)
    plan.add(tree, height)
    return 8 * plan.size


@pytest.mark.parametrize("height", [0, 1, 2])
def test_a_tree_s_tables_take_what_is_foreseen_for_them(height: int) -> None:
    """To the byte where no feature comes again on a path, and no more where one does."""
    distinct = forest_of(Shape(features=5000, trees=12, depth=4))
    assert (distinct.before < 0).all()
    sizes = _sizes(distinct, height)
    assert sizes.tolist() == [laid_out(distinct, tree, height) for tree in range(12)]
    again = forest_of(Shape(features=2, trees=12, depth=4))
    assert (again.before >= 0).any()
    foreseen = _sizes(again, height)
    assert all(laid_out(again, tree, height) <= foreseen[tree] for tree in range(12))


def test_a_stump_s_tables_by_hand() -> None:
    """One split, inside: two rows of one value each, 16 bytes; or above two bare leaves: twice as many."""
    stump = forest_of(Shape(features=1, trees=1, depth=1))
    assert [_sizes(stump, height)[0] for height in (0, 1, 2)] == [32.0, 16.0, 16.0]


def test_what_a_tree_leaves_of_its_share_goes_to_those_after_it() -> None:
    """A stump before a larger tree: with what both take at their best both get it; with a byte less one does not."""
    small, large = Shape(50, 1, 1), Shape(50, 1, 4, stop=0.0)
    rng = np.random.default_rng(3)
    first, second = random_ensemble(small, rng), random_ensemble(large, rng)
    both = replace(
        first,
        trees=(*first.trees, *second.trees),
        output=(0, 0),
        weight=np.ones(2, np.float32),
    )
    forest = grow(both)
    best = _sizes(forest, 2)
    assert best[0] < best[1] / 2
    assert _sizes(forest, 1)[1] != best[1]
    assert _choose(forest, int(best.sum())).tolist() == [2, 2]
    assert _choose(forest, int(best.sum()) - 1)[1] < 2
    assert _choose(forest, int(best.sum()) - 1)[0] == 2
    assert _choose(forest, 0).tolist() == [-1, -1]
    turned = grow(replace(both, trees=both.trees[::-1]))
    assert (
        _choose(turned, int(best.sum()))[0] < 2
    )  # the first has half, and what a later one leaves comes too late
    assert _choose(turned, 2 * int(best[1])).tolist() == [2, 2]


def test_pairs_in_numpy_add_up_over_all_trees() -> None:
    """To the contributions, of trees with splits and of a bare leaf between them."""
    forest = forest_of(Shape(features=4, trees=5, depth=3))
    bare = grow(random_ensemble(Shape(features=4, trees=1, depth=0), np.random.default_rng(1)))
    assert (forest.root >= 0).any()
    assert (bare.root < 0).all()
    rows = special_rows(9, 4, np.random.default_rng(2))
    for trees in (forest, bare):
        pairs, values = np.empty((9, 1, 4, 4)), np.empty((9, 1, 4))
        Plain(trees).interactions(rows, pairs)
        Plain(trees).contributions(rows, values)
        np.testing.assert_allclose(pairs.sum(axis=3), values, atol=1e-12)


def test_tables_say_what_they_take_and_which_trees_have_none() -> None:
    """All trees where there is room, none where there is none, and none in NumPy; contributions are the same."""
    library = load_kernel()
    assert library is not None
    forest = forest_of(Shape(features=5000, trees=6, depth=3))
    rows = special_rows(9, 5000, np.random.default_rng(2))
    kernel = Kernel(library, forest)
    whole = Tables.of(forest, kernel, rows[:3], 1 << 26)
    assert whole.slow.size == 0
    assert whole.bytes == int(_sizes(forest, 2).sum())
    none, plain = Tables.of(forest, kernel, rows[:3], 0), Tables.of(forest, Plain(forest), rows[:3], 1 << 26)
    assert none.slow.tolist() == plain.slow.tolist() == list(range(6))
    assert (none.bytes, plain.bytes) == (0, 0)
    found = []
    for tables in (whole, none, plain):
        out = np.zeros((9, 1, 5000))
        tables.contributions(rows, out)
        found.append(out)
    np.testing.assert_allclose(found[0], found[1], atol=1e-12)
    np.testing.assert_allclose(found[0], found[2], atol=1e-12)


def test_a_subtree_below_the_first_split_of_all_is_counted_within_it() -> None:
    """A tree of two levels before another: whole inside, three splits of three features, 8 rows of three values."""
    forest = forest_of(Shape(features=5000, trees=2, depth=2, stop=0.0))
    assert _sizes(forest, 2).tolist() == [8.0 * 2**3 * 3] * 2
    assert _sizes(forest, 1).tolist() == [2 * 8.0 * 2**2 * 2] * 2
    assert _sizes(forest, 0).tolist() == [4 * 8.0 * 2**2 * 2] * 2
