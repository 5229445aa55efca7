"""The engine held against XGBoost and shap, in a process of its own; and what the engine itself needs."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xgboost as xgb

from explain import ExplanationError, TreeEngine
from explain.forest.forest import grow
from explain.formats.ensemble import Array
from explain.leaf_search import AT_A_TIME, LeafSearch, _best, combs
from explain.reasons import Contributions
from explain.verification import Verification, verify_apart, verifying_in_one_process
from explain.verify import _difference, as_shap, verify
from registry.digests import canonical_json
from registry.facts.cache import keep
from registry.facts.explanation_facts import verified
from tests.support.repository import ROOT
from tests.support.trees_by_hand import Shape, random_ensemble, special_rows


@pytest.fixture(scope="module")
def trained() -> tuple[bytes, Array]:
    """A booster and the rows that it learned from."""
    rng = np.random.default_rng(4)
    X = rng.normal(size=(3000, 5)).astype(np.float32)
    X[rng.random(X.shape) < 0.1] = np.nan
    y = np.nan_to_num(X[:, 0]) * np.nan_to_num(X[:, 1]) + rng.normal(0, 0.2, 3000)
    booster = xgb.train({"nthread": 1, "max_depth": 5}, xgb.DMatrix(X, y, nthread=1), 60)
    return bytes(booster.save_raw("ubj")), X


def test_every_leaf_is_held_against_both(trained: tuple[bytes, Array]) -> None:
    """All leaves that training made are reached, no prediction differs, and contributions do by float32's rounding."""
    model, X = trained
    found = verify_apart(model, X)
    booster = xgb.Booster({"nthread": 1}, model_file=bytearray(model))
    assert found.leaves == sum(
        sum("leaf" in line for line in tree.splitlines()) for tree in booster.get_dump()
    )
    assert found.leaves == found.leaves_of_model
    assert found.rows >= 200
    assert found.predictions_off == 0
    assert 0 < found.from_xgboost < 1e-5
    assert 0 <= found.from_shap < 1e-5
    assert found.additivity < 1e-10


def test_a_check_reads_what_it_verified_before(trained: tuple[bytes, Array], tmp_path: Path) -> None:
    """The same trees and rows are not verified twice; others, or what was edited, are."""
    model, X = trained
    found = verified(model, X, tmp_path)
    (path,) = (tmp_path / "verified").iterdir()
    keep(path, canonical_json({**found.to_json(), "rows": 4}))
    assert verified(model, X, tmp_path).rows == 4
    assert verified(model, X[:-1], tmp_path).rows >= 200
    path.write_bytes(path.read_bytes()[:-5])
    assert verified(model, X, tmp_path) == found


def test_another_models_values_are_seen() -> None:
    """The comparison can fail: one leaf moved is far beyond the bound. Rows without a number are passed over."""
    ensemble = random_ensemble(Shape(features=3, trees=20, depth=3), np.random.default_rng(1))
    first = ensemble.trees[0]
    leaf = int(np.flatnonzero(first.left == -1)[0])
    moved = replace(first, condition=np.where(np.arange(first.left.size) == leaf, 5.0, first.condition))
    X = special_rows(300, 3, np.random.default_rng(2), infinite=False)
    ours = TreeEngine(grow(ensemble)).contributions(X).values
    theirs = TreeEngine(grow(replace(ensemble, trees=(moved, *ensemble.trees[1:])))).contributions(X).values
    assert _difference(ours, ours) == 0.0
    assert _difference(ours, theirs) > 1e-2
    theirs[1:] = np.nan
    theirs[0] = ours[0]
    assert _difference(ours, theirs) == 0.0
    assert np.isnan(_difference(ours, np.full_like(ours, np.nan)))


def test_what_cannot_be_verified_is_said(trained: tuple[bytes, Array]) -> None:
    """The child's last word, and no traceback."""
    with pytest.raises(ExplanationError, match="could not be verified"):
        verify_apart(b"{}", trained[1])


def test_one_child_verifies_one_model_after_the_other(trained: tuple[bytes, Array]) -> None:
    """What one cannot be verified by says nothing of the next; a child that ended is started again."""
    model, X = trained
    alone, others = verify_apart(model, X), _verifiers()
    with verifying_in_one_process():
        assert verify_apart(model, X) == alone
        (child,) = _verifiers() - others
        with pytest.raises(ExplanationError, match=r"could not be verified: \w+Error: "):
            verify_apart(b"{}", X)
        assert verify_apart(model, X) == alone
        assert _verifiers() - others == {child}
        os.kill(child, signal.SIGKILL)
        with suppress(ExplanationError):  # where it is asked before it is gone
            assert verify_apart(model, X) == alone
        assert verify_apart(model, X) == alone
        assert child not in _verifiers()
    assert _verifiers() == others


def _verifiers() -> set[int]:
    """Processes that verify, and were started by this one."""
    found = set()
    for process in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"explain.verify" in (process / "cmdline").read_bytes():
                found.add(int(process.name))
    return found


def test_a_figure_that_is_no_number_is_null() -> None:
    """A registration is JSON, which has no NaN."""
    found = Verification(3, 4, 5, 0, float("nan"), 1e-7, 0.0).to_json()
    assert json.loads(json.dumps(found, allow_nan=False)) == {
        "rows": 3,
        "leaves": 4,
        "leaves_of_model": 5,
        "predictions_off": 0,
        "from_xgboost": None,
        "from_shap": 1e-7,
        "additivity": 0.0,
    }


def test_the_engine_needs_numpy_alone() -> None:
    """Neither XGBoost nor shap nor pandas nor anything of hospitals is loaded with it."""
    code = "import explain, json, sys; print(json.dumps([m.partition('.')[0] for m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout)) - set(sys.stdlib_module_names)
    assert {name for name in loaded if not name.startswith("_")} <= {"explain", "numpy"}


def small(rounds: int = 8) -> tuple[xgb.Booster, Array]:
    """A booster of a few trees, and its rows."""
    rng = np.random.default_rng(6)
    X = rng.normal(size=(1000, 3)).astype(np.float32)
    X[rng.random(X.shape) < 0.1] = np.nan
    y = np.nan_to_num(X[:, 0]) * np.nan_to_num(X[:, 1]) + rng.normal(0, 0.2, 1000)
    return xgb.train({"nthread": 1, "max_depth": 3}, xgb.DMatrix(X, y, nthread=1), rounds), X


def leaves_of(booster: xgb.Booster) -> int:
    """How many XGBoost writes down."""
    return sum(sum("leaf" in line for line in tree.splitlines()) for tree in booster.get_dump())


def test_a_few_trees_are_held_against_xgboost_and_shap() -> None:
    """Every leaf is reached, and the differences are float32's rounding and not nothing at all."""
    booster, X = small()
    found = verify(bytes(booster.save_raw("ubj")), X)
    assert found.leaves == found.leaves_of_model == leaves_of(booster)
    assert 200 <= found.rows < 1000
    assert found.predictions_off == 0
    assert 0 < found.from_xgboost < 1e-5
    assert 0 < found.from_shap < 1e-5
    assert found.additivity < 1e-10


def test_a_child_says_what_the_comparison_says() -> None:
    """Of all rows where they are not too many, to the last bit."""
    booster, X = small(2)
    model = bytes(booster.save_raw("ubj"))
    assert verify_apart(model, X) == verify(model, X)


def test_a_child_loads_nothing_that_draws(tmp_path: Path) -> None:
    """Nor does shap miss it: the comparison is the same."""
    booster, X = small(2)
    (tmp_path / "model.ubj").write_bytes(bytes(booster.save_raw("ubj")))
    np.save(tmp_path / "rows.npy", X)
    command = [sys.executable, "-X", "importtime", "-m", "explain.verify"]
    done = subprocess.run(
        command, cwd=ROOT, input=f"{tmp_path}\n", capture_output=True, text=True, check=True
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert {"shap", "xgboost"} <= loaded
    assert [name for name in loaded if name.startswith(("matplotlib.", "shap.plots"))] == []
    assert Verification(**json.loads(done.stdout)) == verify(bytes(booster.save_raw("ubj")), X)


def test_the_trees_that_are_served_are_those_that_are_held_against() -> None:
    """Of a fit that stopped early: the rounds through its best one, on both sides."""
    booster, X = small()
    booster.set_attr(best_iteration="3")
    found = verify(bytes(booster.save_raw("ubj")), X)
    assert found.leaves_of_model == leaves_of(booster[0:4]) < leaves_of(booster)
    assert found.predictions_off == 0
    assert max(found.from_xgboost, found.from_shap) < 1e-5


def looked_for(*parts: Array, leaves: int) -> LeafSearch:
    """A search that was given rows in parts, one after the other: the leaf that each reaches in each of three trees."""
    search, first = LeafSearch([2000] * parts[0].shape[1], leaves), 0
    for part in parts:
        search.look(np.arange(first, first + len(part)), part)
        first += len(part)
    return search


def test_rows_for_every_leaf_are_found_and_no_others() -> None:
    """Two hundred evenly through all, and those that alone reach a leaf; one that reaches two does for both."""
    leaves = np.zeros((1000, 3), np.int32)
    leaves[501, 0], leaves[777, 1], leaves[333, 0], leaves[333, 2] = 1, 4, 2, 1
    even = np.linspace(0, 999, 200).astype(np.int64)
    assert not {333, 501, 777} & set(even.tolist())
    found = looked_for(leaves, leaves=7)
    assert found.chosen().tolist() == sorted([*even.tolist(), 333, 501, 777])
    assert (found.reached, found.done) == (7, True)
    assert looked_for(leaves[:50], leaves=7).chosen().tolist() == list(range(50))
    many = np.zeros((1000, 1), np.int32)
    many[:, 0] = np.arange(1000)
    assert looked_for(many, leaves=1000).chosen().tolist() == list(range(1000))


def test_a_row_that_reaches_what_another_does_is_not_taken_for_it() -> None:
    """In whichever part it was looked at; and it is known when no leaf is missing any more."""
    leaves = np.zeros((600, 3), np.int32)
    leaves[10, 0], leaves[311, 0], leaves[320, 1], leaves[330, 1] = 5, 5, 7, 7
    even = np.linspace(0, 599, 200).astype(np.int64)
    assert not {10, 311, 320, 330} & set(even.tolist())
    half = looked_for(leaves[:300], leaves=5)
    assert (half.reached, half.done) == (4, False)
    found = looked_for(leaves[:300], leaves[300:], leaves=5)
    assert set(found.chosen().tolist()) - set(even.tolist()) == {10, 320}
    assert (found.reached, found.done) == (5, True)


def test_of_rows_that_are_chosen_together_each_adds_half_of_what_it_reaches() -> None:
    """The first has three missing leaves; a row with one more of its two counts, too, with one of three not."""
    ids = np.array([[1, 11, 21], [1, 12, 20], [1, 11, 23]], np.int32)
    missing = np.ones(30, bool)
    missing[20] = False
    others = np.count_nonzero(missing[ids], axis=1)
    assert others.tolist() == [3, 2, 3]
    assert _best(ids, others, missing) == [0, 1]
    assert missing[ids].tolist() == [[False, False, False], [False, False, False], [False, False, True]]


@pytest.mark.parametrize("rows", [1, 200, AT_A_TIME, 2 * AT_A_TIME - 1, 2 * AT_A_TIME, 100_000])
def test_rows_are_looked_at_in_parts_that_go_through_all(rows: int) -> None:
    """Each row is in one of them, and none is small where there are many rows."""
    parts = [part.tolist() for part in combs(rows)]
    assert sorted(row for part in parts for row in part) == list(range(rows))
    assert len(parts) == max(rows // AT_A_TIME, 1)
    assert {part[k + 1] - part[k] for part in parts for k in range(len(part) - 1)} <= {len(parts)}


def test_a_leaf_that_few_rows_reach_is_found_among_many(trained: tuple[bytes, Array]) -> None:
    """Of the rows that training knew a thousand times over, but for one: that one is looked for, too."""
    model, X = trained
    alone = verify(model, X)
    usual = np.repeat(X[:1], 40 * len(X), axis=0)
    found = verify(model, np.concatenate([usual, X]))
    assert found.leaves == found.leaves_of_model == alone.leaves
    assert found.predictions_off == 0
    few = verify(model, usual)
    assert (few.rows, few.leaves) == (200, 60)


def test_what_shap_draws_is_of_one_output() -> None:
    """Of several it is said how to take one; names are the model's, those that are given go before them."""
    found = Contributions(np.zeros((2, 3)), np.float64(1.5), ("a", "b", "c"))
    X = np.arange(6, dtype=np.float32).reshape(2, 3)
    drawn = as_shap(found, X)
    assert drawn.base_values.tolist() == [1.5, 1.5]
    assert list(drawn.feature_names) == ["a", "b", "c"]
    assert list(as_shap(found, X, ["x", "y", "z"]).feature_names) == ["x", "y", "z"]
    nameless = as_shap(Contributions(np.zeros((2, 3)), np.float64(0.0)), X)
    assert nameless.feature_names is None
    for several in (
        Contributions(np.zeros((2, 2, 3)), np.zeros(2)),
        Contributions(np.zeros((2, 3)), np.zeros(2)),
        Contributions(np.zeros((2, 2, 3)), np.float64(0.0)),
    ):
        with pytest.raises(ExplanationError, match="one output"):
            as_shap(several, X)
