"""What the card's tables say of how good a probability is: announced, happened, skill and reliability slope."""

from collections.abc import Mapping, Sequence
from typing import Any

from hospital.page_pieces import Cell
from hospital.words import formats
from registry.cards.finding_text import Words

__all__ = ["EVENT_COLUMNS", "counts_cell", "estimate_cell", "event_cells"]

EVENT_COLUMNS = ("c_announced", "c_happened", "c_events", "c_skill", "c_slope")
"""Titles of the columns of `event_cells`."""


def event_cells(row: Mapping[str, Any], words: Words, digits: int, against: str = "") -> tuple[Cell, ...]:
    """The cells of figures as `registry.cards.tension.event_figures` makes them.

    Args:
        digits: of skill and slope.
        against: what the skill is held against, in words.
    """
    days = words.t("event_days", row["event_days"]) if row["events"] else ""
    return (
        Cell(words.percent(row["announced"], 1)),
        Cell(words.percent(row["happened"], 1)),
        Cell(words.number(row["events"], 0), small=days),
        estimate_cell(row["skill"], words, digits, against),
        estimate_cell(row["slope"], words, digits),
    )


def estimate_cell(found: Sequence[float | None] | None, words: Words, digits: int, against: str = "") -> Cell:
    """(value, low, high) as a value with its interval; a dash where there were too few days for one."""
    if found is None:
        return Cell(formats.UNKNOWN)
    low, high = (words.number(x, digits) for x in found[1:])
    bounds = formats.interval(low, high, words.language)
    return Cell(words.number(found[0], digits), small=f"{bounds} {against}".strip())


def counts_cell(words: Words, *, counts: bool) -> Cell:
    """Whether the probability counts towards a level."""
    return Cell(words.t("yes_counts" if counts else "no_counts"))
