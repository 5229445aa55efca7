"""From a file's cells to the contract's columns, as a mapping says; all that does not fit is said at once."""

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hospital.errors import Fault, MappingError
from hospital.frames import Faults
from hospital.mapping import Mapping, Source
from hospital.rows import message_of
from hospital.tables import TABLES, Kind

__all__ = ["apply_mapping", "read_numbers"]

_NUMBERS = (Kind.NUMBER, Kind.INTEGER)


def apply_mapping(mapping: Mapping, table: str, raw: pd.DataFrame) -> pd.DataFrame:
    """The contract's columns (still to be validated); a table that the mapping does not name stays as it is.

    Raises:
        MappingError: columns the file lacks, codes the mapping does not list, texts instead of numbers.
    """
    mapped = mapping.tables.get(table)
    if mapped is None:
        return raw
    raw = raw.reset_index(drop=True)
    faults, work = Faults(table), _Work(mapping, raw)
    kinds = {name: column.kind for name, column in TABLES[table].by_name.items()}
    kinds |= dict.fromkeys(mapped.covariates, Kind.NUMBER)
    sources = {**mapped.columns, **mapped.audit, **mapped.covariates}
    lacking = sorted({c for s in sources.values() for c in s.columns} - set(map(str, raw.columns)))
    out = {}
    for name, source in sources.items():
        if not set(lacking).intersection(source.columns):
            out[name] = work.column(name, source, kinds.get(name, Kind.TEXT) in _NUMBERS, faults)
    absent = [
        Fault(f"{table}.{name}", "column_not_in_file", message_of("column_not_in_file"), len(raw))
        for name in lacking
    ]
    if absent or faults.cells:
        raise MappingError((*absent, *faults.all()))
    return pd.DataFrame(out, index=raw.index)


def read_numbers(cells: pd.Series, decimal: str = ".") -> tuple[pd.Series, NDArray[np.bool_]]:
    """Numbers (float64 [n]; NaN where missing or faulty), and which cells are none."""
    if cells.dtype.kind in "iufb":
        return cells.astype(np.float64), np.zeros(len(cells), bool)
    texts = cells.astype(object)
    if decimal != ".":
        texts = texts.map(lambda c: _pointed(c, decimal), na_action="ignore")
    numbers = pd.to_numeric(texts, errors="coerce").astype(np.float64)
    return numbers, (cells.notna() & numbers.isna()).to_numpy(bool)


def _pointed(cell: object, decimal: str) -> object:
    """A text number with its decimal sign made a point; with a point of its own it is none."""
    return re.sub(r"[.]", "?", cell).replace(decimal, ".") if isinstance(cell, str) else cell


class _Work:
    """One file's cells being mapped."""

    def __init__(self, mapping: Mapping, raw: pd.DataFrame) -> None:
        self.mapping = mapping
        self.raw = raw

    def column(self, name: str, source: Source, number: bool, faults: Faults) -> pd.Series:
        """One contract column."""
        if source.constant is not None:
            return pd.Series([source.constant] * len(self.raw), index=self.raw.index, dtype=object)
        if not number:
            return self._decoded(source.columns[0], source, faults)
        parts = [self._numbers(part, source, faults) for part in source.columns]
        total = parts[0]
        for part in parts[1:]:
            total = total + part if source.sum is not None else total - part
        if source.scale == 1.0 and source.offset == 0.0:
            return total
        return total * source.scale + source.offset

    def _numbers(self, part: str, source: Source, faults: Faults) -> pd.Series:
        numbers, wrong = read_numbers(self._decoded(part, source, faults), self.mapping.decimal)
        faults.mark(part, "not_a_number", wrong)
        return numbers

    def _decoded(self, part: str, source: Source, faults: Faults) -> pd.Series:
        cells = self.raw[part]
        unknown = {*self.mapping.missing, *source.missing}
        if not unknown and source.codes is None:
            return cells
        texts = cells.map(as_text, na_action="ignore").astype(object)
        missing = texts.isin(unknown) | texts.isna()
        if source.codes is None:
            return cells.astype(object).mask(missing, None)
        unlisted = ~missing & ~texts.isin(source.codes)
        faults.mark(part, "code_not_listed", unlisted.to_numpy(bool))
        return texts.map(source.codes, na_action="ignore").astype(object).mask(missing | unlisted, None)


def as_text(cell: object) -> str:
    """A cell as a mapping writes it: 9 for 9.0, without spaces around."""
    if isinstance(cell, (float, np.floating)) and float(cell).is_integer():
        return str(int(cell))
    return str(cell).strip()
