"""The names of a table's columns: of one line or two, and what stands in columns without one."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from hospital.contracts.fault_words import fault
from hospital.contracts.text_cleaning import clean_name
from hospital.errors import ContractError

__all__ = ["NamedColumns", "joined_names"]

Line = Sequence[str | None]


def joined_names(lines: Sequence[Line]) -> list[str]:
    """A name for each column, "" where it has none: of two lines upper and lower name, one after the other.

    An upper name stands for the columns to its right that have a lower name alone, as a merged cell does.
    """
    width = max(len(line) for line in lines)
    upper, *lower = (
        [clean_name(cell or "") for cell in [*line, *[""] * (width - len(line))]] for line in lines
    )
    for below in lower:
        for k in range(1, width):
            if not upper[k] and below[k] and below[k - 1]:
                upper[k] = upper[k - 1]
        upper = [clean_name(f"{a} {b}") if a != b else a for a, b in zip(upper, below, strict=True)]
    return upper


class NamedColumns:
    """Which columns of a table count, and under which names.

    A column without a name counts for nothing where it is empty, or where it is the first and numbers the rows.

    Args:
        file: the file's name.
        names: of every column, "" where it has none.
        place: what people call a column by its number from 0, as in "B" or "2".
    """

    def __init__(self, file: str, names: Sequence[str], place: Callable[[int], str]) -> None:
        self._file, self._place = file, place
        self._named = [k for k, name in enumerate(names) if name]
        self._unnamed = [k for k, name in enumerate(names) if not name]
        self.names = [names[k] for k in self._named]
        self._last = -1.0
        twice = [k for k in self._named if self.names.count(names[k]) > 1]
        if twice:
            raise ContractError((fault(file, "two_columns/places", places=tuple(place(k) for k in twice)),))

    def of(self, cells: pd.DataFrame) -> pd.DataFrame:
        """The columns that count, by their names; of a part of the rows, in their order.

        Args:
            cells: cleaned, a column each.

        Raises:
            ContractError: a column without a name holds something.
        """
        for k in self._unnamed:
            column = cells.iloc[:, k]
            if column.notna().any() and not (k == 0 and self._numbers_rows(column)):
                self._refuse(k, int(column.notna().sum()))
        out = cells.iloc[:, self._named]
        out = out.set_axis(pd.Index(self.names, dtype=object), axis=1)
        again = self._names_again(out)
        return out.drop(index=again) if again else out

    def _names_again(self, cells: pd.DataFrame) -> list[int]:
        """The rows (of the index) that are the line of names once more, as between exports put one after the other.

        Raises:
            ContractError: a row has the names in another order.
        """
        if len(self.names) < 2:
            return []
        names, again = set(self.names), []
        near = cells.iloc[:, 0].isin(names).to_numpy(bool) & cells.iloc[:, 1].isin(names).to_numpy(bool)
        for place in np.flatnonzero(near).tolist():
            row = [clean_name(cell) if isinstance(cell, str) else cell for cell in cells.iloc[place]]
            if row == self.names:
                again.append(int(cells.index[place]))
            elif set(row) == names:
                raise ContractError((fault(f"{self._file}[{cells.index[place]}]", "other_names"),))
        return again

    def _numbers_rows(self, column: pd.Series) -> bool:
        numbers = pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=float("nan"))
        before, self._last = self._last, float(numbers[-1])
        rising = (numbers[1:] > numbers[:-1]).all() and numbers[0] > before
        return bool(rising and (numbers % 1 == 0).all())

    def _refuse(self, k: int, rows: int) -> None:
        raise ContractError((fault(f"{self._file}:{self._place(k)}", "no_name", rows),))
