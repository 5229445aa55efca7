"""Faulty cells of a table, by column and code, and the faults that are said of them."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from hospital.contracts.column_faults import column_fault
from hospital.contracts.fault_words import fault
from hospital.contracts.tables import TABLES
from hospital.errors import Fault

__all__ = ["Faults"]

_DAYS_SHOWN = 4
_NO_ROWS = np.empty(0, np.int64)


class Faults:
    """Faulty cells by column and code; each cell is named once, by its first fault."""

    def __init__(self, table: str) -> None:
        self.table = table
        self.cells: dict[tuple[str, str], NDArray[np.int64]] = {}
        self._named: dict[str, NDArray[np.int64]] = {}
        self._changes: dict[tuple[str, str], set[date]] = {}
        self._zone = ""

    def add(self, column: str, code: str, rows: Sequence[int] | NDArray[np.integer]) -> None:
        """Notes that cells of a column are faulty."""
        named = self._named.get(column, _NO_ROWS)
        new = np.setdiff1d(np.asarray(rows, np.int64), named)
        if new.size:
            self._named[column] = np.concatenate([named, new])
            self.cells[column, code] = np.concatenate([self.cells.get((column, code), _NO_ROWS), new])

    def take(self, other: "Faults", rows: Callable[[NDArray[np.int64]], NDArray[np.int64]]) -> None:
        """Notes what was found in a chunk of the table, whose rows are `rows` of its own."""
        for (column, code), cells in other.cells.items():
            if column != "*" or (column, code) not in self.cells:  # what is said of the whole is said once
                self.add(column, code, rows(cells))
        for at, days in other._changes.items():
            self.note_changes(*at, days, other._zone)

    def divided(self, apart: Callable[[str], bool]) -> tuple["Faults", "Faults"]:
        """The faults of the codes that `apart` names, and the others."""
        both = Faults(self.table), Faults(self.table)
        for (column, code), rows in self.cells.items():
            both[0 if apart(code) else 1].add(column, code, rows)
        for at, days in self._changes.items():
            both[0 if apart(at[1]) else 1].note_changes(*at, days, self._zone)
        return both

    def without(self, rows: Sequence[NDArray[np.int64]]) -> "Faults":
        """The faults of all rows but these."""
        if not rows:
            return self
        kept, left_out = Faults(self.table), np.concatenate(rows)
        for (column, code), cells in self.cells.items():
            kept.add(column, code, np.setdiff1d(cells, left_out))
        for at, days in self._changes.items():
            kept.note_changes(*at, days, self._zone)
        return kept

    def rows(self) -> NDArray[np.int64]:
        """The rows that have a fault, ascending."""
        return np.unique(np.concatenate([_NO_ROWS, *self.cells.values()]))

    def note_changes(self, column: str, code: str, days: Iterable[date], zone: str) -> None:
        """Notes the days on which the clock of a zone changed, of times that it skipped or repeated."""
        self._changes.setdefault((column, code), set()).update(days)
        self._zone = zone

    def mark(self, column: str, code: str, faulty: NDArray[np.bool_]) -> None:
        """Notes the cells of a column where `faulty` (bool [n]) is true."""
        self.add(column, code, np.flatnonzero(faulty))

    def all(self) -> tuple[Fault, ...]:
        """One fault for each column and code, with the first row concerned."""
        return tuple(
            self.at(f"{self.table}[{rows.min()}].{column}", column, code, rows.size)
            for (column, code), rows in sorted(self.cells.items())
        )

    def at(self, path: str, column: str, code: str, rows: int) -> Fault:
        """The fault of a column's cells at a path."""
        contract = TABLES.get(self.table)
        days = sorted(self._changes.get((column, code), ()))
        if code == "conflicting_revision" and contract is not None and column in contract.key:
            case = "conflicting_revision/at" if contract.time in contract.key else "conflicting_revision/key"
            return fault(path, case, rows, key=contract.key)
        places = {"days": (*days[:_DAYS_SHOWN], *["…"] * (len(days) > _DAYS_SHOWN)), "zone": self._zone}
        own = contract.by_name.get(column) if contract is not None else None
        return column_fault(path, code, own, rows, **(places if days else {}))
