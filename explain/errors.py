"""Exceptions of `explain`.

ExplanationError       an explanation that would not be exact
"""

__all__ = ["ExplanationError"]


class ExplanationError(Exception):
    """The explanation does not add up to what it explains, or cannot be made."""
