"""Where a label stands in a picture so that no line runs through it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

__all__ = ["ABOVE", "BELOW", "clear_height"]

Point = tuple[float, float]
ABOVE, BELOW = -8.0, 18.0
"""From a line to the baseline of a label that stands over or under it, and does not touch it."""
_RISE, _FALL = 12.0, 4.0  # of letters over and under their baseline


def clear_height(
    lines: Sequence[Sequence[Point]], span: tuple[float, float], wanted: float, limits: tuple[float, float]
) -> float:
    """The baseline of a label beside the height `wanted`, over it if that is clear.

    Args:
        lines: all that is drawn, as points (x, y) from left to right; y points down.
        span: x from which and to which the label reaches.
        limits: the lowest and highest y that a baseline may have.

    Returns:
        The nearest baseline that no line runs through; where there is none, the one that lines leave the most room.
    """
    heights = [h for line in lines for h in _within(line, *span)]
    steps = (ABOVE, BELOW, *(sign * far for far in range(24, 200, 8) for sign in (-1.0, 1.0)))
    possible = [b for b in (wanted + step for step in steps) if limits[0] <= b <= limits[1]]
    possible = possible or [min(max(wanted + ABOVE, limits[0]), limits[1])]
    clear = (b for b in possible if _gap(heights, b) > 0)
    return next(clear, max(possible, key=lambda b: _gap(heights, b)))


def _gap(heights: Sequence[tuple[float, float]], baseline: float) -> float:
    """How far lines are from a label; below 0 where one runs through it."""
    above, below = baseline - _RISE, baseline + _FALL
    return min((max(above - high, low - below) for low, high in heights), default=1.0)


def _within(line: Sequence[Point], left: float, right: float) -> Iterator[tuple[float, float]]:
    """The lowest and highest y of each piece of a line that lies between two x."""
    for (x0, y0), (x1, y1) in pairwise(line):
        if x1 < left or x0 > right:
            continue
        ends = (
            [y0, y1]
            if x1 == x0
            else [y0 + (y1 - y0) * (x - x0) / (x1 - x0) for x in _cut(x0, x1, left, right)]
        )
        yield min(ends), max(ends)


def _cut(x0: float, x1: float, left: float, right: float) -> tuple[float, float]:
    return max(x0, left), min(x1, right)
