"""Which rows of a file a mapping means: those whose cells have, or have not, the codes that it names."""

import unicodedata
from collections import Counter
from collections.abc import Mapping as Dict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hospital.contracts.cell_values import as_text, by_value, whole_codes
from hospital.contracts.codes import whole_code
from hospital.contracts.fault_words import fault
from hospital.errors import Fault
from hospital.mapping.mapping_language import Condition

__all__ = ["RowChoice", "reading_of", "rows_where"]

_SHOWN, _LENGTH, _RARE = 30, 24, 5
"""A code is one of few, short, and not of a few rows alone: what is not is shown to nobody."""


def rows_where(raw: pd.DataFrame, where: Dict[str, Condition]) -> NDArray[np.bool_]:
    """The rows (bool [n]) for which every condition holds; ``""`` is an empty cell."""
    rows = np.ones(len(raw), bool)
    for column, condition in where.items():
        rows &= _holds(_codes_of(raw[column]), condition)
    return rows


def _holds(codes: pd.Series, condition: Condition) -> NDArray[np.bool_]:
    listed = condition.excluded if condition.only is None else condition.only
    among = codes.isin([whole_code(code) for code in listed]).to_numpy(bool)
    return ~among if condition.only is None else among


def _codes_of(cells: pd.Series) -> pd.Series:
    """Cells as the codes that a mapping lists, an empty one as the text ""."""
    if isinstance(cells.dtype, pd.StringDtype):
        return by_value(cells, lambda values: values.map(as_text).map(whole_code)).fillna("")
    return whole_codes(cells.map(as_text, na_action="ignore").astype(object)).fillna("")


class RowChoice:
    """The rows of a table's files that its mapping chooses, and the codes that were there to choose from."""

    def __init__(self, where: Dict[str, Condition]) -> None:
        self._where = where
        self._codes: dict[str, Counter[str]] = {column: Counter() for column in where}
        self._rows = self._chosen = 0

    def choose(self, raw: pd.DataFrame) -> pd.DataFrame:
        """The chosen rows of a chunk, which has every column that is named."""
        self._rows += len(raw)
        rows = np.ones(len(raw), bool)
        for column, condition in self._where.items():
            codes = _codes_of(raw[column])
            self._codes[column].update({str(code): int(n) for code, n in codes.value_counts().items()})
            rows &= _holds(codes, condition)
        self._chosen += int(rows.sum())
        return raw[rows] if self._where else raw

    def faults(self, table: str) -> tuple[Fault, ...]:
        """Codes that no row has, and conditions that no row meets; to be asked once all files have been read."""
        out = []
        for column, condition in self._where.items():
            listed = condition.excluded if condition.only is None else condition.only
            absent = [code for code in listed if whole_code(code) not in self._codes[column]]
            if absent and self._rows:
                at, present = f"tables.{table}.where.{column}", self._present(column)
                words = {"codes": tuple(map(_quoted, absent)), "present": present}
                out.append(fault(at, "no_such_code", self._rows, **words))
        if self._rows and not self._chosen and not out:
            columns = {"columns": tuple(self._where)}
            out.append(fault(f"tables.{table}.where", "no_row_chosen", self._rows, **columns))
        return tuple(out)

    def alike(self) -> dict[str, int]:
        """Of each column, the rows with a code that people read as a listed one, and that is another."""
        out = {}
        for column, condition in self._where.items():
            listed = condition.excluded if condition.only is None else condition.only
            codes = {whole_code(code) for code in listed}
            read = {reading_of(code) for code in codes} - {""}
            counts = self._codes[column].items()
            out[column] = sum(n for code, n in counts if code not in codes and reading_of(code) in read)
        return out

    def _present(self, column: str) -> tuple[str, ...]:
        """The codes of a column that may be shown, most frequent first, and how many others there are."""
        counts = self._codes[column]
        may = [code for code, n in counts.most_common() if n >= _RARE and len(code) <= _LENGTH]
        shown = may if len(counts) <= _SHOWN else []
        rest = len(counts) - len(shown)
        return (*map(_quoted, shown), *([f"+ {rest}"] if rest else []))


def reading_of(code: str) -> str:
    """A code, or the name of a column, without case, accents and signs."""
    plain = unicodedata.normalize("NFKD", code.casefold())
    return "".join(c for c in plain if c.isalnum())


def _quoted(code: str) -> str:
    return f'"{code}"'
