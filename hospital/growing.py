"""A typed table that grows by pieces: int64 times, float64 numbers, pseudonyms of 16 bytes, texts as codes."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
from numpy.typing import NDArray

from hospital.pseudonyms import PSEUDONYM_BYTES
from hospital.tables import Kind

__all__ = ["Growing"]

_HEX = np.frombuffer("".join(f"{n:02x}" for n in range(256)).encode(), np.uint8).reshape(256, 2)
_ODD = np.uint64(0x9E3779B97F4A7C15)
"""2⁶⁴ over the golden ratio: what a hash is multiplied by so that every bit of it counts."""


class _Times:
    """Instants, NaT where missing."""

    def __init__(self) -> None:
        self.parts: list[NDArray[np.int64]] = []

    def add(self, cells: pd.Series) -> None:
        self.parts.append(cells.dt.tz_convert(None).to_numpy("datetime64[us]").view(np.int64))

    def hashes(self) -> NDArray[np.uint64]:
        return np.concatenate(self.parts).view(np.uint64)

    def series(self) -> pd.Series:
        instants = _joined(self.parts).view("datetime64[us]")
        return pd.Series(instants, copy=False).dt.tz_localize("UTC")


class _Numbers:
    """Numbers, NaN where missing."""

    def __init__(self) -> None:
        self.parts: list[NDArray[np.float64]] = []

    def add(self, cells: pd.Series) -> None:
        self.parts.append(cells.to_numpy(np.float64))

    def hashes(self) -> NDArray[np.uint64]:
        return np.concatenate(self.parts).view(np.uint64)

    def series(self) -> pd.Series:
        return pd.Series(_joined(self.parts), copy=False)


class _Texts:
    """Texts as numbers of the different ones, -1 where missing.

    Args:
        categorical: whether the column becomes one of categories (a byte or two a row), else of objects.
    """

    def __init__(self, categorical: bool) -> None:
        self.parts: list[NDArray[np.signedinteger]] = []
        self._number: dict[str, int] = {}
        self._categorical = categorical

    def add(self, cells: pd.Series) -> None:
        codes, values = pd.factorize(cells)
        number = self._number
        known = np.array([number.setdefault(v, len(number)) for v in values] + [-1], np.int64)
        self.parts.append(known[codes].astype(_least(len(number))))

    def hashes(self) -> NDArray[np.uint64]:
        return np.concatenate(self.parts).astype(np.int64).view(np.uint64)

    def series(self) -> pd.Series:
        texts = np.array([*self._number, None], object)
        if not self._categorical:
            return pd.Series(texts[_joined(self.parts)], dtype=object, copy=False)
        order = np.argsort(texts[:-1]) if len(texts) > 1 else np.empty(0, np.int64)
        place = np.empty(len(texts), _least(len(texts)))
        place[order], place[-1] = np.arange(order.size), -1
        codes = place[_joined(self.parts)]
        return pd.Series(pd.Categorical.from_codes(codes, pd.Index(texts[order], dtype=object)), copy=False)


class _Pseudonyms:
    """Ids by their pseudonyms."""

    def __init__(self, pseudonym: Callable[[str], bytes]) -> None:
        self.parts: list[NDArray[np.uint8]] = []
        self._missing: list[NDArray[np.bool_]] = []
        self._pseudonym = pseudonym

    def add(self, cells: pd.Series) -> None:
        missing = cells.isna().to_numpy(bool)
        of, nothing = self._pseudonym, bytes(PSEUDONYM_BYTES)
        written = b"".join(
            nothing if gone else of(cell) for cell, gone in zip(cells.to_numpy(object), missing, strict=True)
        )
        self.parts.append(np.frombuffer(written, np.uint8).reshape(-1, PSEUDONYM_BYTES))
        self._missing.append(missing)

    def hashes(self) -> NDArray[np.uint64]:
        halves = [np.ascontiguousarray(part[:, :8]).view(np.uint64).ravel() for part in self.parts]
        return np.concatenate(halves)

    def series(self) -> pd.Series:
        missing = np.concatenate(self._missing)
        size, width = missing.size, 2 * PSEUDONYM_BYTES
        digits = np.empty((size, width), np.uint8)
        first = 0
        for i, part in enumerate(self.parts):
            digits[first : first + len(part)] = _HEX[part].reshape(-1, width)
            first += len(part)
            self.parts[i] = part[:0]
        ends = np.arange(size + 1, dtype=np.int64) * width
        known = pyarrow.array(~missing).buffers()[1] if missing.any() else None
        texts = pyarrow.LargeStringArray.from_buffers(
            size, pyarrow.py_buffer(ends), pyarrow.py_buffer(digits), known
        )
        series: pd.Series = texts.to_pandas()
        return series


_Grown = _Times | _Numbers | _Texts | _Pseudonyms


class Growing:
    """A table's columns, grown by typed pieces.

    Args:
        kinds: the columns in their order. pseudonym: the 16 bytes that stand for an id.
        ids: the columns that hold such ids. categorical: texts become categories.
    """

    def __init__(
        self,
        kinds: dict[str, Kind],
        pseudonym: Callable[[str], bytes],
        ids: Sequence[str],
        categorical: bool,
    ) -> None:
        self._columns: dict[str, _Grown] = {}
        for name, kind in kinds.items():
            if kind is Kind.TIME:
                self._columns[name] = _Times()
            elif kind in (Kind.NUMBER, Kind.INTEGER):
                self._columns[name] = _Numbers()
            elif name in ids:
                self._columns[name] = _Pseudonyms(pseudonym)
            else:
                self._columns[name] = _Texts(categorical and kind is Kind.TEXT)

    def add(self, piece: pd.DataFrame) -> None:
        """Takes the rows of a typed piece."""
        for name, column in self._columns.items():
            column.add(piece[name])

    def may_repeat(self, key: Sequence[str]) -> NDArray[np.int64]:
        """Rows that may have the key of another: all that have, and by a rare chance some that have not."""
        mixed = self._columns[key[0]].hashes() * _ODD
        for name in key[1:]:
            mixed = ((mixed ^ (mixed >> np.uint64(29))) + self._columns[name].hashes()) * _ODD
        ordered = np.sort(mixed)
        twice = ordered[1:][ordered[1:] == ordered[:-1]]
        return np.flatnonzero(np.isin(mixed, twice)) if twice.size else np.empty(0, np.int64)

    def frame(self) -> pd.DataFrame:
        """The whole table; what has grown is given up, column after column."""
        columns = {}
        for name in list(self._columns):
            columns[name] = self._columns.pop(name).series()
        return pd.DataFrame(columns, copy=False)


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    """All parts one after the other; they are given up meanwhile."""
    out = np.empty(sum(map(len, parts)), np.result_type(*parts))
    first = 0
    while parts:
        part = parts.pop(0)
        out[first : first + len(part)] = part
        first += len(part)
    return out


def _least(values: int) -> type[np.signedinteger]:
    """The smallest whole number that counts so many and -1."""
    return np.int8 if values < 127 else np.int16 if values < 32_767 else np.int32
