"""From trees and rows to contributions and reasons. It knows nothing of hospitals, and needs NumPy alone to run."""

from explain.engine import TreeEngine
from explain.errors import ExplanationError, ModelFileError, RowsError
from explain.reasons import Contributions, Interactions

__all__ = [
    "Contributions",
    "ExplanationError",
    "Interactions",
    "ModelFileError",
    "RowsError",
    "TreeEngine",
]
