"""What an explanation costs beside a prediction, and beside what others ask for it: one run, two threads for all.

Each figure is the best of several calls, and the calls of those that are compared take turns. Arguments name the
sections to measure (all without one); what was found of the others before stays in the file.
"""

import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.explain.figures import Bench, at_least, best_ms, bounded
from benchmarks.explain.peers import NEWEST, THREADS, TREES, Case, peers
from benchmarks.explain.prior_art import prior_art
from benchmarks.results import conditions, publish, published
from explain import TreeEngine
from explain.build import _compile, _compiler, variants
from explain.engine import _TABLE_BYTES

_BESIDE = {(4, 0.02): 1.0, (4, 0.0): 1.3, (6, 0.02): 2.5, (6, 0.0): 3.5}


def prices(bench: Bench) -> None:
    """Every depth, width, number of rows and share missing beside the plain prediction."""
    for depth in (4, 6, 8):
        for features in (30, 100):
            for missing in (0.02, 0.0):
                case = Case(depth, features, missing)
                model, X = case.make()
                engine = TreeEngine.load(model, threads=THREADS)
                for rows in (1, 32, 600, 1000, 15_000):
                    ours, plain, own = bench.beside(case, engine, X[:rows], rounds=3 if rows > 1000 else 5)
                    bench.add(f"explained: {case.name}, {rows} rows", "ms", ours)
                    bench.add(f"plain prediction, faster XGBoost: {case.name}, {rows} rows", "ms", plain)
                    bench.add(f"own prediction: {case.name}, {rows} rows", "ms", own)
                    name = f"explained / plain prediction: {case.name}, {rows} rows"
                    bound = _BESIDE.get((depth, missing)) if rows == 1000 and features == 30 else None
                    if bound is None:
                        bench.add(name, "times", ours / plain)
                    else:
                        bounded(bench, name, "times", ours / plain, bound)
                    if depth == 6 and features == 30 and rows == 1:
                        bounded(bench, f"one row explained: {case.name}", "ms", ours, 0.1)
                        bounded(
                            bench,
                            f"own prediction of one row / XGBoost's: {case.name}",
                            "times",
                            own / plain,
                            1.0,
                        )
                    if depth == 6 and features == 30 and rows == 600:
                        bounded(
                            bench, f"hospital total, 100 units x 6 horizons: {case.name}", "ms", ours, 6.0
                        )


def others(bench: Bench) -> None:
    """Depth 6, 30 features, 2 % missing: how long others take for the same values."""
    case = Case(6, 30, 0.02)
    model, X = case.make()
    engine = TreeEngine.load(model, threads=THREADS)
    reference = np.load(case.path.with_suffix(".reference.npy"), allow_pickle=False)
    rows = 1000
    for name, least in (("xgboost 3.2", 160.0), (NEWEST, 60.0), ("woodelf", None), ("fasttreeshap", None)):
        if name not in bench.peers:
            continue
        theirs: list[float | None] = []
        ours = float("inf")
        for _ in range(5):  # in turns
            theirs.append(bench.peers[name].ms(case, rows, "contributions", 1))
            if theirs[-1] is None:
                break
            ours = min(ours, best_ms(partial(engine.contributions, X[:rows]), 10))
        if None in theirs:
            continue
        fastest = min(t for t in theirs if t is not None)
        bench.add(f"contributions by {name}, {rows} rows", "ms", fastest)
        figure = f"faster than {name}'s contributions, {rows} rows"
        if least is None:
            bench.add(figure, "times", fastest / ours)
        else:
            at_least(bench, figure, fastest / ours, least)
    start = time.perf_counter()
    engine.contributions(X[:1], reference)
    built = time.perf_counter() - start
    (tables,) = engine._tables.values()
    bounded(bench, "tables against 100 references, 300 trees of depth 6: made", "s", built, 2.0)
    bounded(
        bench, "tables against 100 references, 300 trees of depth 6: size", "MB", tables.bytes / 1e6, 20.0
    )
    ours = best_ms(lambda: engine.contributions(X[:32], reference), 50)
    theirs = [bench.peers["shap"].ms(case, 32, "contributions", 2, reference=True) for _ in range(3)]
    fastest = min(t for t in theirs if t is not None)
    bench.add("32 rows against 100 references by shap", "ms", fastest)
    bench.add("32 rows against 100 references, ours", "ms", ours)
    at_least(bench, "faster than shap, 32 rows against 100 references", fastest / ours, 150.0)
    one, contrast = (
        min(best_ms(call, 200) for _ in range(5))
        for call in (lambda: engine.contributions(X[:1]), lambda: engine.contrast(X[0], X[1]))
    )
    bounded(bench, "one row against one row / one row explained", "times", contrast / one, 2.0)


def depths(bench: Bench) -> None:
    """What depth costs, with tables and without, and with NumPy alone."""
    for depth in (2, 4, 6, 8, 10):
        case = Case(depth, 30, 0.02)
        model, X = case.make()
        start = time.perf_counter()
        engine = TreeEngine.load(model, threads=THREADS)
        bench.add(f"loaded, depth {depth}", "s", time.perf_counter() - start)
        reference = np.load(case.path.with_suffix(".reference.npy"), allow_pickle=False)
        bench.add(
            f"1,000 rows explained, depth {depth}", "ms", best_ms(partial(engine.contributions, X[:1000]), 5)
        )
        engine.contributions(X[:1], reference)
        (tables,) = engine._tables.values()
        budget = f"within {_TABLE_BYTES >> 20} MB"
        bench.add(f"trees without a table {budget}, depth {depth}", "trees", float(tables.slow.size))
        bench.add(f"tables {budget}, depth {depth}", "MB", tables.bytes / 1e6)
        bench.add(
            f"32 rows against 100 references {budget}, depth {depth}",
            "ms",
            best_ms(partial(engine.contributions, X[:32], reference), 3),
        )
    case = Case(6, 30, 0.02)
    model, X = case.make()
    plain = TreeEngine.load(model, threads=THREADS, compiled=False)
    bench.add(
        "1,000 rows explained in NumPy, nothing compiled",
        "ms",
        best_ms(lambda: plain.contributions(X[:1000]), 2),
    )


def kernels(bench: Bench) -> None:
    """The C kernel beside the same recursion in Numba: time, and what each costs to have."""
    from benchmarks.explain.numba_kernel import NumbaKernel
    from explain.forest.forest import grow
    from explain.formats.reading import read_model
    from explain.kernel import Kernel, load_kernel

    case = Case(6, 30, 0.02)
    model, X = case.make()
    forest, rows = grow(read_model(model)), X[:1000]
    library = load_kernel()
    assert library is not None
    ours, numba = Kernel(library, forest), NumbaKernel(forest)
    out, theirs = np.empty((1000, 1, 30)), np.empty((1000, 30))
    numba.contributions(rows, theirs)  # compiles
    ours.contributions(rows, out)
    assert np.abs(out[:, 0] - theirs).max() < 1e-12
    c, jit = [], []
    for _ in range(5):
        c.append(best_ms(lambda: ours.contributions(rows, out), 3))
        jit.append(best_ms(lambda: numba.contributions(rows, theirs), 3))
    bench.add("C kernel, one thread, 1,000 rows", "ms", min(c))
    bench.add("Numba, one thread, 1,000 rows", "ms", min(jit))
    for module in ("numpy", "explain", "numba"):
        code = f"import {module}; print([l for l in open('/proc/self/status') if l.startswith('VmRSS')][0].split()[1])"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        bench.add(f"memory after import {module}", "MB", int(done.stdout) / 1024)
    compiler = _compiler()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:  # not where the kernel lies that was just measured
        for variant in variants():
            _compile(compiler, variant, Path(folder) / f"{variant}.so")
    bench.add(f"all variants compiled by {Path(compiler[0]).name}", "s", time.perf_counter() - start)


SECTIONS = {"others": others, "prior": prior_art, "prices": prices, "depths": depths, "kernels": kernels}


def main(names: list[str]) -> int:
    """Measures the sections named, or all, and publishes; 1 where a target is missed."""
    if unknown := [name for name in names if name not in SECTIONS]:
        print(f"No section {', '.join(unknown)}: there are {', '.join(SECTIONS)}.", file=sys.stderr)
        return 2
    with peers() as running:
        where = f"{conditions()}; {THREADS} threads for all; {TREES} trees; best of the turns taken"
        bench = Bench(running, [], where)
        for name in names or SECTIONS:
            SECTIONS[name](bench)
    taken = {figure.figure for figure in bench.figures}
    kept = [figure for figure in published("explain") if figure.figure not in taken] if names else []
    publish("explain", kept + bench.figures)
    return 0 if all(f.met in (True, None) for f in bench.figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
