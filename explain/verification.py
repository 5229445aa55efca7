"""What a verification of the engine found, and how it is run: in a process of its own, which alone loads shap."""

import json
import math
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from explain.errors import ExplanationError
from explain.formats.ensemble import Array

__all__ = ["Verification", "verify_apart"]

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
        command = [sys.executable, "-m", "explain.verify", folder]
        # From the folder of this code: no other module of that name is found, whatever folder Vigie was called from.
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ExplanationError(f"The explanations could not be verified: {last}")
    return Verification(**json.loads(done.stdout.splitlines()[-1]))
