"""From trees and rows to contributions and reasons. It knows nothing of hospitals, and needs NumPy alone to run."""

from explain.engine import Contributions, Interactions, TreeEngine
from explain.errors import ExplanationError, ModelFileError, RowsError

__all__ = [
    "Contributions",
    "ExplanationError",
    "Interactions",
    "ModelFileError",
    "RowsError",
    "TreeEngine",
]
