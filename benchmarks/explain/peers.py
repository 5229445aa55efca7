"""The libraries that the explanation benchmark is held against, each in a process of its own, and its boosters.

What a library needs beyond Vigie's own lies under `.bench/peers`, put there at the first run; what cannot be had is
said, with the reason. XGBoost 3.4.1 and shapiq 1.8 ask for Python 3.12: the first one's wheel holds for any Python 3
and is unpacked, the second is compiled from its source, and `typing.override`, the one name that it misses in 3.11,
is lent to it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xgboost as xgb

from explain.formats.ensemble import Array

__all__ = ["NEWEST", "SHAPIQ", "THREADS", "TREES", "Case", "Peer", "Times", "peers"]

FOLDER = Path(".bench") / "explain"
PEERS = Path(".bench") / "peers"
THREADS, TREES = 2, 300
NEWEST, SHAPIQ = "xgboost 3.4.1", "shapiq 1.8.0"
WHEELS = {  # what each needs beyond Vigie's own
    "woodelf": ("woodelf-explainer==0.4.8", "treelite"),
    "fasttreeshap": ("fasttreeshap==0.1.6",),
}
_PIP = (sys.executable, "-m", "pip")
_LENT = "import typing\n\nimport typing_extensions\n\ntyping.override = typing_extensions.override\n"


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


@dataclass(frozen=True)
class Times:
    """Milliseconds of a call, the best of its repeats: by the clock, and of the processor in all threads together."""

    clock: float
    processor: float


class Peer:
    """A library in a process of its own.

    Attributes:
        error: why the last call failed; None where it did not.
    """

    def __init__(self, library: str, path: Path | None) -> None:
        environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "OMP_NUM_THREADS": str(THREADS)}
        environment["PYTHONPATH"] = os.pathsep.join(str(p.resolve()) for p in (path, Path()) if p is not None)
        self.library = library
        self.error: str | None = None
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.explain.peer_process", library],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )

    def times(
        self,
        case: Case,
        count: int,
        what: str,
        repeats: int,
        *,
        reference: bool = False,
        values: Path | None = None,
    ) -> Times | None:
        """Best times of a call; None where it failed, which `error` says.

        Args: values: where to write what was computed, float64 [count, features, ...].
        """
        asked = {"model": str(case.path.with_suffix(".ubj")), "rows": str(case.path.with_suffix(".npy"))}
        asked |= {"count": count, "what": what, "repeats": repeats}  # type: ignore[dict-item]
        if reference:
            asked["reference"] = str(case.path.with_suffix(".reference.npy"))
        if values is not None:
            asked["values"] = str(values)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"error": "it ended"}')
        self.error = answer.get("error")
        if self.error is not None:
            print(f"{self.library}: {self.error}", file=sys.stderr)
            return None
        return Times(float(answer["ms"]), float(answer["processor_ms"]))

    def ms(self, case: Case, count: int, what: str, repeats: int, *, reference: bool = False) -> float | None:
        """Best milliseconds of a call by the clock; None where it failed."""
        found = self.times(case, count, what, repeats, reference=reference)
        return None if found is None else found.clock

    def end(self) -> None:
        """Ends it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


@contextmanager
def peers() -> Iterator[dict[str, Peer]]:
    """Those that could be installed."""
    found: dict[str, Path | None] = {"xgboost 3.2": None, "shap": None}
    if _newest():
        found[NEWEST] = PEERS / "xgboost"
    if _shapiq():
        found[SHAPIQ] = PEERS / "shapiq"
    for name, wheels in WHEELS.items():
        if (PEERS / name).exists() or _run("install", "--no-deps", "--target", str(PEERS / name), *wheels):
            found[name] = PEERS / name
    running = {name: Peer(name, path) for name, path in found.items()}
    try:
        yield running
    finally:
        for peer in running.values():
            peer.end()


def _newest() -> bool:
    """Whether XGBoost's newest lies there: its wheel is tagged for any Python 3, its metadata asks for a newer one."""
    target = PEERS / "xgboost"
    asked = ("download", "--no-deps", "--only-binary=:all:", "--python-version", "3.12", "--dest", str(PEERS))
    if not target.exists() and _run(*asked, "xgboost-cpu==3.4.1"):
        (wheel,) = PEERS.glob("xgboost_cpu-3.4.1*.whl")
        subprocess.run([sys.executable, "-m", "zipfile", "-e", str(wheel), str(target)], check=True)
    return target.exists()


def _shapiq() -> bool:
    """Whether shapiq lies there, compiled from its source with its own flags: its wheels are for newer Pythons."""
    target = PEERS / "shapiq"
    asked = ("download", "--no-deps", "--no-binary=shapiq", "--python-version", "3.12", "--dest", str(PEERS))
    build = ("install", "--no-deps", "--ignore-requires-python", "--target", str(target))
    if not target.exists() and _run(*asked, "shapiq==1.8.0"):
        source = str(PEERS / "shapiq-1.8.0.tar.gz")
        if _run(*build, source, "colour==0.1.5", "networkx==3.6.1"):
            (target / "sitecustomize.py").write_text(_LENT)
    return target.exists()


def _run(*arguments: str) -> bool:
    command = (*_PIP, arguments[0], "--quiet", *arguments[1:])
    return subprocess.run(command, check=False).returncode == 0
