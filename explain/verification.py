"""What a verification of the engine found, and how it is run: in a process of its own, which alone loads shap."""

import json
import math
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from explain.errors import ExplanationError
from explain.formats.ensemble import Array

__all__ = ["Verification", "verify_apart", "verifying_in_one_process"]

_ROOT = Path(__file__).resolve().parent.parent
_MOST_ROWS = 100_000  # to look for every leaf in


@dataclass(frozen=True)
class Verification:
    """The engine beside XGBoost and shap.

    Attributes:
        rows: compared.
        leaves: of the trees, each reached by a compared row.
        leaves_of_model: all that there are; rows thinned out of a long history may miss some.
        predictions_off: rows whose prediction differs from XGBoost's by more than a unit in the last place.
        from_xgboost, from_shap: largest difference of a contribution, relative to its row's sum of
            |contributions|.
        additivity: largest |base + contributions - output|, in units of the output.
    """

    rows: int
    leaves: int
    leaves_of_model: int
    predictions_off: int
    from_xgboost: float
    from_shap: float
    additivity: float

    def to_json(self) -> dict[str, float | None]:
        """For a registration; what is no number is null."""
        return {name: value if math.isfinite(value) else None for name, value in asdict(self).items()}


def verify_apart(model: bytes, X: Array) -> Verification:
    """Verifies a model on some rows of X in a child process.

    Args:
        model: the bytes of a ``.ubj`` file.
        X: float32 [rows, features], NaN missing.

    Raises:
        ExplanationError: the child failed.
    """
    rows = X[np.unique(np.linspace(0, len(X) - 1, min(len(X), _MOST_ROWS)).astype(np.int64))]
    with tempfile.TemporaryDirectory(prefix="vigie-") as name:
        folder = str(Path(name).resolve())
        (Path(folder) / "model.ubj").write_bytes(model)
        np.save(Path(folder) / "rows.npy", rows, allow_pickle=False)
        if _kept:
            return _kept[-1].verify(folder)
        with _child() as child:
            return child.verify(folder)


@contextmanager
def verifying_in_one_process() -> Iterator[None]:
    """Whoever verifies several models loads shap and XGBoost, which takes seconds, once: in a child that is kept."""
    with _child() as child:
        _kept.append(child)
        try:
            yield
        finally:
            _kept.remove(child)


class _Child:
    """``python -m explain.verify``, started when it is first asked, and again where it had ended."""

    def __init__(self, complaints: IO[str]) -> None:
        """complaints: the file that takes them."""
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._complaints = complaints

    def verify(self, folder: str) -> Verification:
        """What it found of the model and the rows in the folder.

        Raises:
            ExplanationError: it failed, or ended.
        """
        with self._lock:
            answer = self._asked(folder)
        if answer is None:
            answer = {"fault": self._last_words()}
        if "fault" in answer:
            raise ExplanationError(f"The explanations could not be verified: {answer['fault']}")
        return Verification(**answer)

    def end(self) -> None:
        """It ends where nothing more is asked."""
        if self._process is not None:
            self._process.communicate()

    def _asked(self, folder: str) -> dict[str, Any] | None:
        """Its answer; None: it ended before it gave one."""
        if self._process is None or self._process.poll() is not None:
            self._process = self._started()
        asked, answers = self._process.stdin, self._process.stdout
        line = ""
        if asked is not None and answers is not None:
            with suppress(BrokenPipeError):
                asked.write(f"{folder}\n")
                asked.flush()
            line = answers.readline()
        if not line:
            self._process.wait()
            return None
        found: dict[str, Any] = json.loads(line)
        return found

    def _started(self) -> "subprocess.Popen[str]":
        # From the folder of this code: no other module of that name is found, whatever folder Vigie was called from.
        return subprocess.Popen(
            [sys.executable, "-m", "explain.verify"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
        )

    def _last_words(self) -> str:
        self._complaints.seek(0)
        return (self._complaints.read().strip().splitlines() or ["no message"])[-1]


@contextmanager
def _child() -> Iterator[_Child]:
    with tempfile.TemporaryFile("w+") as complaints:
        child = _Child(complaints)
        try:
            yield child
        finally:
            child.end()


_kept: list[_Child] = []
"""Those that are kept, the last one asked."""
