"""Exceptions of `training`.

VigieError
└── TrainingError      a model that cannot be trained from these tables
"""

from hospital.errors import VigieError

__all__ = ["TrainingError"]


class TrainingError(VigieError):
    """A model cannot be trained from these tables."""
