"""Ids that a program held as numbers and wrote out again: all their digits are there, and the last ones are invented.

A spreadsheet keeps 15 digits of a number and writes zeros for the others; a floating-point number of 16 digits or more
is a multiple of 2, 4, 8 … . One such id says nothing; that all of a column are so does.
"""

import re

import numpy as np
import pandas as pd

__all__ = ["RoundedIds"]

_LONG = re.compile(r"(?<![0-9A-Za-z])\d{16,}(?![0-9A-Za-z])", re.ASCII)
_DIGITS = 15
_MOST = 20_000
"""Different long ids that are looked at: enough to be sure."""
_SURE = 6.0
"""Decimal digits: that ids end so by chance happens once in a million columns."""
_FULL_DOUBLE = 53
_MOST_OTHERS = 0.5


class RoundedIds:
    """Counts how the long ids of one file's column end, chunk after chunk."""

    def __init__(self) -> None:
        self._ids: set[int] = set()
        self._rows = 0

    def add(self, cells: pd.Series) -> None:
        """Takes ids as they are written: texts or whole numbers ([n])."""
        if cells.dtype.kind == "f":
            return
        known = cells.dropna()
        if known.dtype == object:
            known = known[[isinstance(cell, (str, int)) for cell in known]]
        texts = known.astype(str)
        for value, rows in texts[texts.str.len() > _DIGITS].value_counts().items():
            long = _LONG.findall(str(value))
            if long:
                self._rows += int(rows)
                if len(self._ids) < _MOST:
                    self._ids.update(int(digits) for digits in long)

    @property
    def rows(self) -> int:
        """Rows with long ids where these have been rounded, 0 where nothing says so."""
        ids = [i for i in self._ids if i]
        return self._rows if ids and (_end_in_zeros(ids) or _are_multiples(ids)) else 0


def _end_in_zeros(ids: list[int]) -> bool:
    """Whether the digits beyond the 15th are zeros, in so many ids that it is no chance.

    Ids that end in more zeros than that have a fixed ending, as times to the second with their milliseconds: unless
    there are so many zeros that the rest is no id, either.
    """
    forced = np.array([len(str(i)) - _DIGITS for i in ids])
    zeros = np.array([len(str(i)) - len(str(i).rstrip("0")) for i in ids])
    rounded = zeros >= forced
    if rounded.mean() <= _MOST_OTHERS:
        return False
    exact = (zeros[rounded] == forced[rounded]).mean()
    further = int((zeros[rounded] - forced[rounded]).sum())
    shortened = bool((zeros[rounded] >= _DIGITS // 2).all()) and further >= _SURE
    fixed = exact < _MOST_OTHERS
    chance = int(forced[rounded].sum()) - (rounded.size - int(rounded.sum()))
    return shortened or (not fixed and chance >= _SURE)


def _are_multiples(ids: list[int]) -> bool:
    """Whether all ids beyond 2^53 are what a floating-point number can hold, in so many that it is no chance."""
    beyond = [i for i in ids if i.bit_length() > _FULL_DOUBLE]
    held = all(i % (1 << (i.bit_length() - _FULL_DOUBLE)) == 0 for i in beyond)
    bits = sum(i.bit_length() - _FULL_DOUBLE for i in beyond)
    return held and bits * np.log10(2) >= _SURE and not _have_one_ending(beyond)


def _have_one_ending(ids: list[int]) -> bool:
    """Whether the last two digits are the same in all: then they say nothing of chance."""
    return len({i % 100 for i in ids}) == 1
