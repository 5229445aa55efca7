"""A typed table that grows by chunks: int64 times, float64 numbers, pseudonyms of 16 bytes, texts as codes."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
from numpy.typing import DTypeLike, NDArray

from hospital.contracts.tables import Kind
from hospital.ingest.pseudonyms import PSEUDONYM_BYTES

__all__ = ["ColumnBuilder"]

_HEX = np.frombuffer("".join(f"{n:02x}" for n in range(256)).encode(), np.uint8).reshape(256, 2)
_ODD = np.uint64(0x9E3779B97F4A7C15)
"""2⁶⁴ over the golden ratio: what a hash is multiplied by so that every bit of it counts."""
_LEAST_ROOM = 1 << 20


class _Buffer:
    """An array that grows by parts.

    Room ahead that nothing was written to takes no memory: large arrays get their pages from the system one by
    one. Parts kept apart would lie scattered among what was only passing, and be copied once more at the end.
    """

    def __init__(self, dtype: DTypeLike, rows: int, width: int | None = None) -> None:
        room = rows + rows // 16
        self._values: NDArray[Any] = np.empty(room if width is None else (room, width), dtype)
        self._size = 0

    def add(self, part: NDArray[Any]) -> None:
        size = self._size + len(part)
        if size > len(self._values) or part.dtype != self._values.dtype:
            room = max(2 * size if size > len(self._values) else 0, len(self._values), _LEAST_ROOM)
            wider = np.empty((room, *self._values.shape[1:]), np.result_type(part, self._values))
            wider[: self._size] = self.whole
            self._values = wider
        self._values[self._size : size] = part
        self._size = size

    @property
    def whole(self) -> NDArray[Any]:
        return self._values[: self._size]


class _Times:
    """Instants, NaT where missing."""

    def __init__(self, rows: int) -> None:
        self.values = _Buffer(np.int64, rows)

    def add(self, cells: pd.Series) -> None:
        self.values.add(cells.dt.tz_convert(None).to_numpy("datetime64[us]").view(np.int64))

    def hashes(self, rows: slice) -> NDArray[np.uint64]:
        return self.values.whole[rows].view(np.uint64)

    def series(self) -> pd.Series:
        return pd.Series(self.values.whole.view("datetime64[us]"), copy=False).dt.tz_localize("UTC")


class _Numbers:
    """Numbers, NaN where missing."""

    def __init__(self, rows: int) -> None:
        self.values = _Buffer(np.float64, rows)

    def add(self, cells: pd.Series) -> None:
        self.values.add(cells.to_numpy(np.float64))

    def hashes(self, rows: slice) -> NDArray[np.uint64]:
        return self.values.whole[rows].view(np.uint64)

    def series(self) -> pd.Series:
        return pd.Series(self.values.whole, copy=False)


class _Texts:
    """Texts as numbers of the different ones, -1 where missing.

    Args:
        categorical: whether the column becomes one of categories (a byte or two a row), else of objects.
    """

    def __init__(self, rows: int, categorical: bool) -> None:
        self.values = _Buffer(np.int8, rows)
        self._number: dict[str, int] = {}
        self._categorical = categorical

    def add(self, cells: pd.Series) -> None:
        codes, values = pd.factorize(cells)
        number = self._number
        known = np.array([number.setdefault(v, len(number)) for v in values] + [-1], np.int64)
        self.values.add(known.astype(_least(len(number)))[codes])

    def hashes(self, rows: slice) -> NDArray[np.uint64]:
        return self.values.whole[rows].astype(np.int64).view(np.uint64)

    def series(self) -> pd.Series:
        texts = np.array([*self._number, None], object)
        if not self._categorical:
            return pd.Series(texts[self.values.whole], dtype=object, copy=False)
        # In the order of their texts, so that a file's order of rows changes no category.
        order = np.argsort(texts[:-1]) if len(texts) > 1 else np.empty(0, np.int64)
        place = np.empty(len(texts), _least(len(texts)))
        place[order], place[-1] = np.arange(order.size), -1
        codes = place[self.values.whole]
        return pd.Series(pd.Categorical.from_codes(codes, pd.Index(texts[order], dtype=object)), copy=False)


class _Pseudonyms:
    """Ids by the hex digits of their pseudonyms."""

    def __init__(self, rows: int, pseudonym: Callable[[str], bytes]) -> None:
        self.values = _Buffer(np.uint8, rows, 2 * PSEUDONYM_BYTES)
        self._missing = _Buffer(np.bool_, rows)
        self._pseudonym = pseudonym

    def add(self, cells: pd.Series) -> None:
        missing = cells.isna().to_numpy(bool)
        of, nothing = self._pseudonym, bytes(PSEUDONYM_BYTES)
        known = zip(cells.to_numpy(object), missing, strict=True)
        written = b"".join([nothing if gone else of(cell) for cell, gone in known])
        self.values.add(_HEX[np.frombuffer(written, np.uint8)].reshape(-1, 2 * PSEUDONYM_BYTES))
        self._missing.add(missing)

    def hashes(self, rows: slice) -> NDArray[np.uint64]:
        digits = self.values.whole[rows].view(np.uint64)
        return digits[:, 0] * _ODD + digits[:, 1]

    def series(self) -> pd.Series:
        missing, digits = self._missing.whole, self.values.whole
        ends = np.arange(missing.size + 1, dtype=np.int64) * digits.shape[1]
        known = pyarrow.array(~missing).buffers()[1] if missing.any() else None
        texts = pyarrow.LargeStringArray.from_buffers(
            missing.size, pyarrow.py_buffer(ends), pyarrow.py_buffer(digits), known
        )
        series: pd.Series = texts.to_pandas()
        return series


_TypedColumn = _Times | _Numbers | _Texts | _Pseudonyms


class ColumnBuilder:
    """A table's columns, grown by typed chunks.

    Args:
        kinds: the columns in their order.
        rows: how many will come, as far as known.
        pseudonym: the 16 bytes that stand for an id.
        ids: the columns that hold such ids.
        categorical: texts become categories.
    """

    def __init__(
        self,
        kinds: dict[str, Kind],
        rows: int,
        pseudonym: Callable[[str], bytes],
        ids: Sequence[str],
        categorical: bool,
    ) -> None:
        self._columns: dict[str, _TypedColumn] = {}
        for name, kind in kinds.items():
            if kind is Kind.TIME:
                self._columns[name] = _Times(rows)
            elif kind in (Kind.NUMBER, Kind.INTEGER):
                self._columns[name] = _Numbers(rows)
            elif name in ids:
                self._columns[name] = _Pseudonyms(rows, pseudonym)
            else:
                self._columns[name] = _Texts(rows, categorical and kind is Kind.TEXT)

    def add(self, chunk: pd.DataFrame) -> None:
        """Takes the rows of a typed chunk."""
        for name, column in self._columns.items():
            column.add(chunk[name])

    def may_be_duplicates(self, key: Sequence[str]) -> NDArray[np.int64]:
        """Rows that may have the key of another: all that have, and by a rare chance some that have not."""
        size = self._columns[key[0]].values.whole.shape[0]
        parts = [slice(first, first + _LEAST_ROOM) for first in range(0, size, _LEAST_ROOM)]
        ordered = np.empty(size, np.uint32)
        for rows in parts:
            ordered[rows] = self._hashes(key, rows)
        ordered.sort()
        twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
        del ordered
        if not twice.size:
            return np.empty(0, np.int64)
        # Made again: kept beside the sorted ones, they would be the most that is ever held.
        return np.flatnonzero(np.concatenate([np.isin(self._hashes(key, rows), twice) for rows in parts]))

    def _hashes(self, key: Sequence[str], rows: slice) -> NDArray[np.uint32]:
        """A hash of the key of each row."""
        mixed = np.zeros(1, np.uint64)
        for name in key:
            mixed = ((mixed ^ (mixed >> np.uint64(29))) + self._columns[name].hashes(rows)) * _ODD
        return (mixed >> np.uint64(32)).astype(np.uint32)

    def frame(self) -> pd.DataFrame:
        """The whole table; what has been built is given up, column after column."""
        columns = {}
        for name in list(self._columns):
            columns[name] = self._columns.pop(name).series()
        return pd.DataFrame(columns, copy=False)


def _least(values: int) -> type[np.signedinteger]:
    """The smallest whole number that counts so many and -1."""
    return np.int8 if values < 127 else np.int16 if values < 32_767 else np.int32
