"""What an explanation costs beside a prediction, and beside what others ask for it: one run, two threads for all.

Each figure is the best of several calls, and the calls of those that are compared take turns. Peers that XGBoost's
newest wheel and others need lie under `.bench/peers`; what does not install there is left out and said.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import xgboost as xgb

from benchmarks.results import Figure, conditions, publish
from explain import TreeEngine
from explain.build import _compile, _compiler, variants
from explain.engine import _TABLE_BYTES
from explain.model_file import Array

FOLDER = Path(".bench") / "explain"
PEERS = Path(".bench") / "peers"
THREADS, TREES = 2, 300
NEWEST = "xgboost 3.4.1"
WHEELS = {  # what each needs beyond Vigie's own
    "woodelf": ("woodelf-explainer==0.4.8", "treelite"),
    "fasttreeshap": ("fasttreeshap==0.1.6",),
    "shapiq": ("shapiq==1.4.1",),
}


@dataclass(frozen=True)
class Case:
    """One booster: its depth, its features, and the share of values that are missing."""

    depth: int
    features: int
    missing: float

    @property
    def name(self) -> str:
        """In words."""
        return f"depth {self.depth}, {self.features} features, {self.missing:.0%} missing"

    @property
    def path(self) -> Path:
        """Where its model and rows lie, without the ending."""
        return FOLDER / f"{self.depth}-{self.features}-{int(100 * self.missing)}"

    def make(self) -> tuple[bytes, Array]:
        """(model, rows): trained on 20,000 rows; made once."""
        rng = np.random.default_rng(0)
        X = rng.normal(size=(20_000, self.features)).astype(np.float32)
        X[rng.random(X.shape) < self.missing] = np.nan
        model = self.path.with_suffix(".ubj")
        if not model.exists():
            Z = np.nan_to_num(X)
            y = (
                Z[:, 0] * Z[:, 1]
                + np.sin(2 * Z[:, 2])
                + Z[:, 3] * (Z[:, 4] > 0)
                + 0.3 * Z[:, 5:12].sum(axis=1)
            )
            data = xgb.DMatrix(X, y + rng.normal(0, 0.3, len(X)))
            FOLDER.mkdir(parents=True, exist_ok=True)
            xgb.train({"max_depth": self.depth, "eta": 0.05, "nthread": THREADS}, data, TREES).save_model(
                model
            )
            np.save(self.path.with_suffix(".npy"), X[:15_000], allow_pickle=False)
            np.save(self.path.with_suffix(".reference.npy"), X[15_000:15_100], allow_pickle=False)
        return model.read_bytes(), X[:15_000]


class Peer:
    """A library in a process of its own."""

    def __init__(self, library: str, path: Path | None) -> None:
        environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "OMP_NUM_THREADS": str(THREADS)}
        environment["PYTHONPATH"] = os.pathsep.join(str(p.resolve()) for p in (path, Path()) if p is not None)
        self.library = library
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.explain_peer", library],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )

    def ms(self, case: Case, count: int, what: str, repeats: int, *, reference: bool = False) -> float | None:
        """Best milliseconds of a call; None where it failed, which is told."""
        asked = {"model": str(case.path.with_suffix(".ubj")), "rows": str(case.path.with_suffix(".npy"))}
        asked |= {"count": count, "what": what, "repeats": repeats}  # type: ignore[dict-item]
        if reference:
            asked["reference"] = str(case.path.with_suffix(".reference.npy"))
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"error": "it ended"}')
        if "error" in answer:
            print(f"{self.library}: {answer['error']}", file=sys.stderr)
            return None
        return float(answer["ms"])

    def end(self) -> None:
        """Ends it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


@contextmanager
def peers() -> Iterator[dict[str, Peer]]:
    """Those that could be installed."""
    found: dict[str, Path | None] = {"xgboost 3.2": None, "shap": None}
    newest = PEERS / "xgboost"
    if not newest.exists():
        # The wheel is tagged for any Python 3; its metadata asks for a newer one than Vigie's.
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--python-version", "3.12", "--dest", str(PEERS), "xgboost-cpu==3.4.1"]
        if subprocess.run(command, check=False).returncode == 0:
            (wheel,) = PEERS.glob("xgboost_cpu-3.4.1*.whl")
            subprocess.run([sys.executable, "-m", "zipfile", "-e", str(wheel), str(newest)], check=True)
    if newest.exists():
        found[NEWEST] = newest
    for name, wheels in WHEELS.items():
        target = PEERS / name
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--target",
            str(target),
            *wheels,
        ]
        if target.exists() or subprocess.run(command, check=False).returncode == 0:
            found[name] = target
    running = {name: Peer(name, path) for name, path in found.items()}
    try:
        yield running
    finally:
        for peer in running.values():
            peer.end()


def best_ms(call: Callable[[], object], repeats: int) -> float:
    """Best of some calls."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best * 1e3


@dataclass
class Bench:
    """The run: peers, figures so far, where they were taken."""

    peers: dict[str, Peer]
    figures: list[Figure]
    where: str

    def add(
        self, figure: str, unit: str, measured: float, target: str | None = None, *, met: bool | None = None
    ) -> None:
        """One figure."""
        self.figures.append(Figure(figure, unit, target, round(measured, 4), met, self.where))
        print(f"{figure}: {measured:.4g} {unit}", flush=True)

    def beside(self, case: Case, engine: TreeEngine, X: Array, rounds: int = 5) -> tuple[float, float, float]:
        """(ours, plain prediction of the faster XGBoost, our own prediction) in ms, taking turns."""
        repeats = max(3, min(50, 20_000 // max(len(X), 1)))
        ours, own, plain = [], [], []
        for _ in range(rounds):
            ours.append(best_ms(lambda: engine.contributions(X), repeats))
            own.append(best_ms(lambda: engine.predict(X), repeats))
            for name in ("xgboost 3.2", NEWEST):
                if name in self.peers and (ms := self.peers[name].ms(case, len(X), "predict", repeats)):
                    plain.append(ms)
        return min(ours), min(plain), min(own)


def _bounded(bench: Bench, figure: str, unit: str, measured: float, most: float) -> None:
    bench.add(figure, unit, measured, f"at most {most:g}", met=measured <= most)


def _at_least(bench: Bench, figure: str, measured: float, least: float) -> None:
    bench.add(figure, "times", measured, f"at least {least:g}", met=measured >= least)


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
                        _bounded(bench, name, "times", ours / plain, bound)
                    if depth == 6 and features == 30 and rows == 1:
                        _bounded(bench, f"one row explained: {case.name}", "ms", ours, 0.1)
                        _bounded(
                            bench,
                            f"own prediction of one row / XGBoost's: {case.name}",
                            "times",
                            own / plain,
                            1.0,
                        )
                    if depth == 6 and features == 30 and rows == 600:
                        _bounded(
                            bench, f"hospital total, 100 units x 6 horizons: {case.name}", "ms", ours, 6.0
                        )


def others(bench: Bench) -> None:
    """Depth 6, 30 features, 2 % missing: how long others take for the same values."""
    case = Case(6, 30, 0.02)
    model, X = case.make()
    engine = TreeEngine.load(model, threads=THREADS)
    reference = np.load(case.path.with_suffix(".reference.npy"), allow_pickle=False)
    for name, least in (
        ("xgboost 3.2", 160.0),
        (NEWEST, 60.0),
        ("woodelf", None),
        ("fasttreeshap", None),
        ("shapiq", None),
    ):
        if name not in bench.peers:
            continue
        rows = 1000 if name != "shapiq" else 8
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
            _at_least(bench, figure, fastest / ours, least)
    start = time.perf_counter()
    engine.contributions(X[:1], reference)
    built = time.perf_counter() - start
    (tables,) = engine._tables.values()
    _bounded(bench, "tables against 100 references, 300 trees of depth 6: made", "s", built, 2.0)
    _bounded(
        bench, "tables against 100 references, 300 trees of depth 6: size", "MB", tables.bytes / 1e6, 20.0
    )
    ours = best_ms(lambda: engine.contributions(X[:32], reference), 50)
    theirs = [bench.peers["shap"].ms(case, 32, "contributions", 2, reference=True) for _ in range(3)]
    fastest = min(t for t in theirs if t is not None)
    bench.add("32 rows against 100 references by shap", "ms", fastest)
    bench.add("32 rows against 100 references, ours", "ms", ours)
    _at_least(bench, "faster than shap, 32 rows against 100 references", fastest / ours, 150.0)
    one, contrast = (
        min(best_ms(call, 200) for _ in range(5))
        for call in (lambda: engine.contributions(X[:1]), lambda: engine.contrast(X[0], X[1]))
    )
    _bounded(bench, "one row against one row / one row explained", "times", contrast / one, 2.0)


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
    from benchmarks.explain_numba import NumbaKernel
    from explain.forest import grow
    from explain.kernel import Kernel, load_kernel
    from explain.model_file import read_model

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


def main() -> int:
    """Measures and publishes; 1 where a target is missed."""
    with peers() as running:
        where = f"{conditions()}; {THREADS} threads for all; {TREES} trees; best of the turns taken"
        bench = Bench(running, [], where)
        others(bench)
        prices(bench)
        depths(bench)
        kernels(bench)
    publish("explain", bench.figures)
    return 0 if all(f.met in (True, None) for f in bench.figures) else 1


if __name__ == "__main__":
    sys.exit(main())
