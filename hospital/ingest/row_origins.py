"""Where each row of a table came from, so that a fault names the file and line that a person can open."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hospital.contracts.faulty_cells import Faults
from hospital.errors import Fault

__all__ = ["Origins"]


@dataclass(frozen=True)
class Origins:
    """The origins of n rows.

    Attributes:
        labels: of the files: the table's name where there is one file, else ``visits/nord.csv``.
        file, row: int64 [n]; which file, and its row (the line of names not counted).
        unit: object [n], the unit of each row where a file has columns a unit; else None.
        by_unit: the contract columns that each unit has of its own.
    """

    labels: tuple[str, ...]
    file: NDArray[np.int64]
    row: NDArray[np.int64]
    unit: NDArray[np.object_] | None = None
    by_unit: frozenset[str] = frozenset()

    def faults(self, found: Faults) -> tuple[Fault, ...]:
        """One fault for each file, column and code, with the first row concerned."""
        out = []
        for (column, code), cells in sorted(found.cells.items()):
            rows = np.sort(cells)
            for number in np.unique(self.file[rows]):
                here = rows[self.file[rows] == number]
                for name, own in self._named(column, here):
                    lines = self.row[own]
                    at = f"{self.labels[number]}[{lines.min()}].{name}"
                    out.append(found.at(at, column, code, np.unique(lines).size))
        return tuple(out)

    def causes(self, found: Faults) -> tuple[Fault, ...]:
        """One fault for each column and code, of all files and units together, with the first row concerned."""
        out = []
        for (column, code), cells in sorted(found.cells.items()):
            first = int(cells.min())
            at = f"{self.labels[self.file[first]]}[{self.row[first]}].{column}"
            out.append(
                found.at(at, column, code, np.unique(self.file[cells] * self.row.size + self.row[cells]).size)
            )
        return tuple(out)

    def _named(self, column: str, rows: NDArray[np.int64]) -> list[tuple[str, NDArray[np.int64]]]:
        """The column's name and its rows, apart for each unit where units have their own."""
        if self.unit is None or column not in self.by_unit:
            return [(column, rows)]
        units = self.unit[rows]
        return [(f"{unit}.{column}", rows[units == unit]) for unit in sorted(set(units))]
