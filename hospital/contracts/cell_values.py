"""Cells as people and programs write them, read as texts, numbers and ages."""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute
from numpy.typing import NDArray

from hospital.contracts.codes import SCIENTIFIC, whole_code

__all__ = [
    "Thousands",
    "as_text",
    "by_value",
    "could_be_thousands",
    "joined",
    "number_and_more",
    "other_decimal",
    "read_numbers",
    "rounded",
    "whole_codes",
    "whole_years",
]

_SURE_DIGITS = {4: 2**24, 8: 10**15}
"""By the bytes of a float: whole numbers below this have each digit that was written."""
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:[ '’]\d{3})+(?:[.,]\d+)?", re.ASCII)
Thousands = Literal[".", ",", "none"]
"""The sign between groups of three digits; ``none``: no point or comma is one."""
_POINTED = {sign: re.compile(rf"[+-]?[1-9]\d{{0,2}}(?:[{sign}]\d{{3}})+", re.ASCII) for sign in ".,"}
_SIGNED = {
    ".": re.compile(r"[+-]?[1-9]\d{0,2}(?:[.]\d{3})+(?:,\d+)?", re.ASCII),
    ",": re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:[.]\d+)?", re.ASCII),
}
_UNGROUPED = re.compile(r"[+-]?\d{4,}(?:[.,]\d*)?", re.ASCII)
_AND_MORE = re.compile(r"\D{0,12}\d+(?:[.,]\d+)?\D{0,16}|\d+ ?/ ?\d+")
_DECIMALS = {".": re.compile(r"[+-]?\d+,\d+"), ",": re.compile(r"[+-]?\d+[.]\d+")}


def by_value(texts: pd.Series, read: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """`read` of a text column (dtype str [n]), done once for each different text; None where it is missing.

    Args:
        read: takes the different texts (object [m]), returns what stands for them (object [m]).
    """
    codes, values = pd.factorize(texts)
    meant = read(pd.Series(np.asarray(values, object), dtype=object)).to_numpy(object)
    # A missing text has the code -1: the last.
    out = np.append(meant, np.array([None], object))[codes]
    return pd.Series(out, index=texts.index, dtype=object)


def as_text(cell: object) -> str:
    """A cell as a mapping writes it: 9 for 9.0, a date for its midnight, without spaces around."""
    if isinstance(cell, (float, np.floating)) and float(cell).is_integer():
        return str(int(cell))
    if isinstance(cell, datetime) and cell.time() == time.min and cell.tzinfo is None:
        return cell.date().isoformat()
    return str(cell).strip()


def whole_codes(texts: pd.Series) -> pd.Series:
    """`whole_code` of each text (str or object [n]); what is no text stays as it is."""
    if isinstance(texts.dtype, pd.StringDtype):
        return by_value(texts, lambda values: values.map(whole_code))
    cells = np.empty(len(texts), object)
    cells[:] = [whole_code(cell) if isinstance(cell, str) else cell for cell in texts.to_numpy(object)]
    return pd.Series(cells, index=texts.index, dtype=np.dtype(object))


def read_numbers(
    cells: pd.Series, decimal: str = ".", thousands: str | None = None
) -> tuple[pd.Series, NDArray[np.bool_]]:
    """Numbers (float64 [n]; NaN where missing or faulty), and which cells are none.

    Args:
        decimal: the decimal sign of texts.
        thousands: the sign between groups of three digits in texts, beside blanks and apostrophes; None or
            ``none``: no other.
    """
    if cells.dtype.kind in "bmM":
        given = cells.notna().to_numpy(bool)
        return pd.Series(np.full(len(cells), np.nan), index=cells.index), given
    if cells.dtype.kind in "iuf":
        return cells.astype(np.float64), np.zeros(len(cells), bool)
    if isinstance(cells.dtype, pd.StringDtype):
        codes, values = pd.factorize(cells)
        known, none = read_numbers(pd.Series(np.asarray(values, object), dtype=object), decimal, thousands)
        numbers = pd.Series(np.append(known.to_numpy(), np.nan)[codes], index=cells.index)
        return numbers, np.append(none, False)[codes]
    texts = cells.astype(object).map(_ungrouped, na_action="ignore")
    if thousands in _SIGNED:
        texts = texts.map(lambda c: _joined_groups(c, thousands), na_action="ignore")
    if decimal != ".":
        texts = texts.map(lambda c: _pointed(c, decimal), na_action="ignore")
    # pandas would read a date as the nanoseconds since 1970, a duration as its nanoseconds, and true as 1.
    other = (date, time, timedelta, np.datetime64, np.timedelta64, bool, np.bool_)
    none = texts.map(lambda c: isinstance(c, other)).to_numpy(bool)
    numbers = pd.to_numeric(texts.astype(object).mask(none, None), errors="coerce").astype(np.float64)
    return numbers, (cells.notna() & numbers.isna()).to_numpy(bool)


def other_decimal(cells: pd.Series, decimal: str = ".") -> NDArray[np.bool_]:
    """Which texts (bool [n]) are numbers with the other decimal sign than `decimal`."""
    match = _DECIMALS[decimal].fullmatch
    return np.array([isinstance(c, str) and match(c) is not None for c in cells.to_numpy(object)], bool)


def number_and_more(cells: pd.Series) -> NDArray[np.bool_]:
    """Which texts (bool [n]) are a number with something around it, or two numbers: 85 %, (3), <5, 120/70."""
    match = _AND_MORE.fullmatch
    return np.array([isinstance(c, str) and match(c) is not None for c in cells.to_numpy(object)], bool)


def could_be_thousands(cells: pd.Series, sign: str) -> NDArray[np.bool_]:
    """Which texts (bool [n]) are one number with `sign` between thousands and another with `sign` before decimals.

    1.211 is 1211 to some and a little more than one to others. Only the column can tell: other decimals than three,
    or a whole number of four digits without the sign, show that it stands before decimals.
    """
    texts = [c for c in cells.dropna().unique() if isinstance(c, str)]
    grouped = {text for text in texts if _POINTED[sign].fullmatch(text)}
    shown = any(text not in grouped and (sign in text or _UNGROUPED.fullmatch(text)) for text in texts)
    if shown or not grouped:
        return np.zeros(len(cells), bool)
    return cells.isin(grouped).to_numpy(bool)


def rounded(cells: pd.Series) -> NDArray[np.bool_]:
    """Which cells (bool [n]) are numbers that may have lost digits, and so can be no ids.

    Floating-point numbers of more than 15 digits (of a float32, beyond 2^24), and texts in scientific notation.
    """
    if cells.dtype.kind == "f":
        numbers = cells.to_numpy(np.float64, na_value=np.nan)
        return np.abs(numbers) >= _SURE_DIGITS.get(getattr(cells.dtype, "itemsize", 8), 10**15)
    if isinstance(cells.dtype, pd.StringDtype):
        texts = pyarrow.array(cells.array)
        found = pyarrow.compute.match_substring_regex(texts, f"^(?:{SCIENTIFIC.pattern})$")
        return np.asarray(pyarrow.compute.fill_null(found, False).to_numpy(zero_copy_only=False), bool)
    if cells.dtype != object:
        return np.zeros(len(cells), bool)
    return np.fromiter((_is_rounded(cell) for cell in cells), bool, len(cells))


def _is_rounded(cell: object) -> bool:
    if isinstance(cell, str):
        return SCIENTIFIC.fullmatch(cell) is not None
    return isinstance(cell, (float, np.floating)) and abs(float(cell)) >= 10**15


def _ungrouped(cell: object) -> object:
    """A text number without the blanks or apostrophes between its groups of three digits: 1 211,5 is 1211,5."""
    if isinstance(cell, str) and _GROUPED.fullmatch(cell):
        return re.sub("[ '’]", "", cell)
    return cell


def _joined_groups(cell: object, sign: str) -> object:
    """A text number without the sign between its groups of three digits; one with the sign elsewhere is none."""
    if not isinstance(cell, str) or sign not in cell:
        return cell
    return cell.replace(sign, "") if _SIGNED[sign].fullmatch(cell) else "?"


def _pointed(cell: object, decimal: str) -> object:
    """A text number with its decimal sign made a point; with a point of its own it is none."""
    return re.sub(r"[.]", "?", cell).replace(decimal, ".") if isinstance(cell, str) else cell


def joined(parts: list[pd.Series], between: str, form: str | None) -> pd.Series:
    """Texts (object [n]) of parts written one after the other; None where one of them is missing.

    Args:
        form: of a time that they make; a date or hour that a spreadsheet holds as such is written in its part.
    """
    forms: list[str | None] = [None] * len(parts)
    if form is not None and between and len(form.split(between)) == len(parts):
        forms = [*form.split(between)]
    texts = [
        part.map(lambda cell, f=f: _written(cell, f), na_action="ignore").astype(object)
        for part, f in zip(parts, forms, strict=True)
    ]
    whole = np.logical_and.reduce([t.notna().to_numpy(bool) for t in texts])
    out = texts[0].where(whole, None)
    for text in texts[1:]:
        out = out.where(~whole, out.astype(object) + between + text)
    return out


def _written(cell: object, form: str | None) -> str:
    if isinstance(cell, timedelta) and timedelta(0) <= cell < timedelta(days=1):
        # A spreadsheet's hour of the day in a format of lengths, as [h]:mm.
        cell = (datetime.min + cell).time()
    if form is not None and isinstance(cell, (date, time)):
        return cell.strftime(form)
    return as_text(cell)


def whole_years(born: pd.Series, at: pd.Series) -> pd.Series:
    """Completed years (float64 [n], NaN where unknown) from dates to local times; below 0 for the unborn."""
    before = (at.dt.month < born.dt.month) | ((at.dt.month == born.dt.month) & (at.dt.day < born.dt.day))
    return (at.dt.year - born.dt.year - before).astype(np.float64)
