"""One cleaning after every reader: the same text is the same cell, whatever kind of file it came from."""

import re
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute

from hospital.contracts.fault_words import fault
from hospital.contracts.text_cleaning import clean_name, clean_text
from hospital.errors import ContractError

__all__ = ["clean"]

_FORMULA = re.compile('^="([^"]*)"$')
"""A text as programs write it that keep a spreadsheet from reading it as a number: ="00123"."""


def clean(frame: pd.DataFrame, file: str) -> pd.DataFrame:
    """Cells as `clean_text` leaves them, empty ones missing; names as `clean_name` does; rows without a cell left out.

    The index, which is the row of the file, stays that of the rows that are left.

    Raises:
        ContractError: two columns of `file` have the same name then.
    """
    columns = [_clean_column(frame.iloc[:, k]) for k in range(frame.shape[1])]
    names = [clean_name(str(name)) for name in frame.columns]
    if len(set(names)) < len(names):
        raise ContractError((fault(file, "two_columns"),))
    out = pd.concat(columns, axis=1) if columns else frame
    out.columns = pd.Index(names, dtype=object)
    blank = (
        np.logical_and.reduce([c.isna().to_numpy(bool) for c in columns]) if columns else np.empty(0, bool)
    )
    return out[~blank] if blank.any() else out


def _clean_column(cells: pd.Series) -> pd.Series:
    if isinstance(cells.dtype, pd.StringDtype):
        return _clean_texts(cells)
    if isinstance(cells.dtype, pd.CategoricalDtype):
        return _clean_column(cells.astype(cells.cat.categories.dtype))
    if cells.dtype == object:
        return pd.Series([_clean_cell(cell) for cell in cells], index=cells.index, dtype=object)
    return cells


def _clean_cell(cell: object) -> object:
    if isinstance(cell, bytes):  # some programs write the texts of a Parquet file so
        try:
            cell = cell.decode()
        except UnicodeDecodeError:
            return cell
    if isinstance(cell, Decimal):  # databases hold ids and counts so; a whole one keeps all its digits
        return int(cell) if cell.is_finite() and cell == cell.to_integral_value() else float(cell)
    if isinstance(cell, str) and cell.startswith("="):
        cell = _FORMULA.sub(r"\1", cell)
    return (clean_text(cell) or None) if isinstance(cell, str) else cell


def _clean_texts(cells: pd.Series) -> pd.Series:
    """As `_clean_cell`, of a column of texts."""
    compute, texts = pyarrow.compute, pyarrow.array(cells.array)
    if compute.all(compute.string_is_ascii(texts), min_count=0).as_py():
        trimmed = compute.utf8_trim_whitespace(texts)
        if compute.any(compute.starts_with(trimmed, '="'), min_count=0).as_py():
            trimmed = compute.utf8_trim_whitespace(
                compute.replace_substring_regex(trimmed, _FORMULA.pattern, "\\1")
            )
        whole: pd.Series = compute.if_else(compute.equal(trimmed, ""), None, trimmed).to_pandas()
        return whole.set_axis(cells.index)
    # Arrow's own utf8_normalize leaves letters and accents apart.
    codes, values = pd.factorize(cells)
    known = pd.Series([*map(_clean_cell, values), None], dtype=object).astype(cells.dtype)
    return known.take(codes).set_axis(cells.index)
