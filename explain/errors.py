"""Exceptions of `explain`.

ExplanationError       an explanation that would not be exact
├── ModelFileError     a model file that is damaged, hostile, or of a kind that is not supported
└── RowsError          rows that do not fit the model
"""

__all__ = ["ExplanationError", "ModelFileError", "RowsError"]


class ExplanationError(Exception):
    """The explanation does not add up to what it explains, or cannot be made."""


class ModelFileError(ExplanationError):
    """The model file cannot be used; nothing was built from it."""


class RowsError(ExplanationError):
    """The rows are not what the model was trained on: their type, or their number of features."""
