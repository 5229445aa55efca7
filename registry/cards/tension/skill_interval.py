"""What the interval of a skill says: better than what it is held against, worse, or neither."""

from collections.abc import Sequence

__all__ = ["is_better", "is_worse"]


def is_better(skill: Sequence[float | None] | None) -> bool:
    """Whether a skill (value, low, high) lies above 0 with its whole interval."""
    return skill is not None and skill[1] is not None and skill[1] > 0


def is_worse(skill: Sequence[float | None] | None) -> bool:
    """Whether it lies below 0 with its whole interval."""
    return skill is not None and skill[2] is not None and skill[2] < 0
