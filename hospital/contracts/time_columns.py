"""Written times of a frame's column, read all at once as `hospital.times` reads each of them.

What a pattern matches is read by pandas at once; every other cell goes through `parse_time` itself, which
alone says what is wrong with it.
"""

import re
from collections.abc import Hashable
from datetime import date, datetime

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute
from numpy.typing import NDArray

from hospital.contracts.cell_values import as_text
from hospital.contracts.codes import time_code, whole_code
from hospital.contracts.local_times import Clock, Mask, in_zone, no_dates, spread, within_years
from hospital.times import TimeError, has_hour, instant, parse_time, written_in

__all__ = ["clock_changes", "dates_and_texts", "read_times"]

_OFFSET = r"(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)"
_DIRECTIVES = {
    "%Y": r"(?:19|2[01])\d\d",
    "%m": r"(?:0[1-9]|1[0-2])",
    "%d": r"(?:0[1-9]|[12]\d|3[01])",
    "%H": r"(?:[01]\d|2[0-3])",
    "%M": r"[0-5]\d",
    "%S": r"[0-5]\d",
}
_DAY, _HOUR_OF_DAY = "{%Y}-{%m}-{%d}", "{%H}:{%M}(?::{%S}(?:\\.\\d{{3}}|\\.\\d{{6}})?)?"
_DATE_LENGTH = len("2024-01-31")
_DAY_AND_MONTH = re.compile(r"\d{1,2}([/.-])\d{1,2}\1(?:\d{4}|\d{2})(?:\D.*)?", re.ASCII)
"""A date as people write it, in whichever order."""
_ISO_LOCAL = re.compile(f"{_DAY}(?:[T ]{_HOUR_OF_DAY})?".format_map(_DIRECTIVES), re.ASCII)
_ISO_ZONED = re.compile(f"{_DAY}[T ]{_HOUR_OF_DAY}".format_map(_DIRECTIVES) + _OFFSET, re.ASCII)


def read_times(raw: pd.Series, clock: Clock, form: str | None = None) -> tuple[pd.Series, dict[str, Mask]]:
    """Times (datetime64[us, UTC] [n]; NaT where missing or faulty), and which rows have which fault.

    A cell without an hour is its day's first instant; so is midnight where all the column's times are midnights.

    Args:
        raw: texts, dates or times.
        form: `strptime` form of texts, None for ISO 8601.
    """
    if isinstance(raw.dtype, pd.DatetimeTZDtype):
        utc = raw.reset_index(drop=True).dt.tz_convert("UTC").dt.as_unit("us")
        return within_years(utc, {})
    if raw.dtype.kind == "M":
        return in_zone(raw.reset_index(drop=True).dt.as_unit("us"), clock, no_dates)
    if isinstance(raw.dtype, pd.StringDtype) and form is None:
        read = _as_arrow(raw, clock)
        if read is not None:
            return read
    cells = _as_days(raw.to_numpy(object))
    utc = np.full(len(cells), np.datetime64("NaT"), "datetime64[us]")
    local = _matching(cells, _ISO_LOCAL if form is None else _pattern(form))
    zoned = _matching(cells, _ISO_ZONED, ~local) if form is None else np.zeros(len(cells), bool)
    faults: dict[str, Mask] = {}
    if local.any():
        naive = pd.to_datetime(pd.Series(cells[local]), format=form or "ISO8601", errors="coerce")
        dates = lambda: np.array([_is_date(c, form) for c in cells[local]], bool)  # noqa: E731
        times, found = in_zone(naive.dt.as_unit("us"), clock, dates, np.flatnonzero(local))
        utc[local] = _bare(times)
        faults = {code: spread(rows, local) for code, rows in found.items()}
    if zoned.any():
        utc[zoned] = _bare(
            pd.to_datetime(pd.Series(cells[zoned]), format="ISO8601", utc=True, errors="coerce")
        )
    faulty = np.logical_or.reduce([np.zeros(len(cells), bool), *faults.values()])
    _one_by_one(cells, raw.notna().to_numpy(bool) & np.isnat(utc) & ~faulty, clock, form, utc, faults)
    mixed = dates_and_texts(raw)
    mixed[mixed] = ~np.isnat(utc[mixed]) | _matching(cells[mixed], _DAY_AND_MONTH)
    if mixed.any():
        faults = {code: rows & ~mixed for code, rows in faults.items() if (rows & ~mixed).any()}
        faults["mixed_dates"] = mixed
        utc[mixed] = np.datetime64("NaT")
    return pd.Series(utc).dt.tz_localize("UTC"), faults


def dates_and_texts(cells: pd.Series) -> Mask:
    """Which cells (bool [n]) are texts in a column that holds real dates too, as a spreadsheet leaves it."""
    if cells.dtype != object:
        return np.zeros(len(cells), bool)
    held = cells.to_numpy(object)
    texts = np.fromiter((isinstance(cell, str) for cell in held), bool, len(held))
    if not texts.any() or not any(isinstance(cell, date) and not pd.isna(cell) for cell in held):
        return np.zeros(len(held), bool)
    return texts


def clock_changes(raw: pd.Series, rows: Mask, form: str | None = None) -> tuple[date, ...]:
    """The days of the local times in some rows (bool [n]) of a column that a clock skipped or repeated."""
    written = dict.fromkeys(raw.to_numpy(object)[rows].tolist())
    return tuple(sorted({day for cell in written if (day := _local_day(cell, form)) is not None}))


def _local_day(cell: object, form: str | None) -> date | None:
    if isinstance(cell, date):
        return cell.date() if isinstance(cell, datetime) else cell
    try:
        when = datetime.fromisoformat(str(cell)) if form is None else written_in(form, str(cell))
    except ValueError:
        return None
    return when.date()


def _is_date(cell: str, form: str | None) -> bool:
    return len(cell) == _DATE_LENGTH if form is None else not has_hour(form)


def _as_days(cells: NDArray[np.object_]) -> NDArray[np.object_]:
    """A spreadsheet's or Parquet file's own times as dates, where all of them are midnights."""
    times = [c for c in cells if isinstance(c, datetime)]
    if not times or any(c.tzinfo is not None or c != datetime(c.year, c.month, c.day) for c in times):
        return cells
    out = cells.copy()
    out[:] = [c.date() if isinstance(c, datetime) else c for c in cells]
    return out


def _as_arrow(raw: pd.Series, clock: Clock) -> tuple[pd.Series, dict[str, Mask]] | None:
    """The times of a text column that are all ISO 8601 with a zone, or all without; None for any other."""
    texts = pyarrow.array(raw.array)
    for pattern, zone in ((_ISO_ZONED, "UTC"), (_ISO_LOCAL, None)):
        whole = pyarrow.compute.match_substring_regex(texts, f"^(?:{pattern.pattern})$")
        if not pyarrow.compute.all(whole, min_count=0).as_py():
            continue
        try:
            times = texts.cast(pyarrow.timestamp("us", zone)).to_pandas()
        except pyarrow.ArrowInvalid:  # the 30th of February
            return None
        if zone is not None:
            return within_years(times, {})
        return in_zone(times, clock, lambda: (raw.str.len() == _DATE_LENGTH).to_numpy(bool, na_value=False))
    return None


def _bare(times: pd.Series) -> NDArray[np.datetime64]:
    return np.asarray(times.dt.tz_convert(None).dt.as_unit("us"), "datetime64[us]")


def _one_by_one(
    cells: NDArray[np.object_],
    rows: Mask,
    clock: Clock,
    form: str | None,
    utc: NDArray[np.datetime64],
    faults: dict[str, Mask],
) -> None:
    read: dict[Hashable, datetime | str] = {}
    for row in np.flatnonzero(rows):
        cell = cells[row]
        key = cell if isinstance(cell, str) else (type(cell).__name__, str(cell))
        if key not in read:
            read[key] = _time_or_code(cell, clock, form)
        found = read[key]
        if isinstance(found, str):
            faults.setdefault(found, np.zeros(len(cells), bool))[row] = True
        else:
            utc[row] = np.datetime64(instant(found), "us")


def _time_or_code(cell: object, clock: Clock, form: str | None) -> datetime | str:
    if isinstance(cell, date):  # a Parquet file's own dates and times
        cell, form = cell.isoformat(), None
    if form is not None and isinstance(cell, (int, float, np.number)) and not isinstance(cell, bool):
        cell = as_text(cell)
    if not isinstance(cell, str):
        return time_code(as_text(cell))
    try:
        # A program that held a day of digits alone as a number writes 20240301.0.
        whole = cell if form is None else whole_code(cell)
        return parse_time(whole if whole.isdigit() else cell, clock.zone, clock.repeated, form, clock.skipped)
    except TimeError as error:
        return error.code if error.code != "not_a_time" else time_code(cell)


def _matching(cells: NDArray[np.object_], pattern: re.Pattern[str] | None, among: Mask | None = None) -> Mask:
    if pattern is None:
        return np.zeros(len(cells), bool)
    match = pattern.fullmatch
    if among is not None:
        return spread(_matching(cells[among], pattern), among)
    return np.array([isinstance(c, str) and match(c) is not None for c in cells], bool)


def _pattern(form: str) -> re.Pattern[str] | None:
    """What pandas and `strptime` read alike; None for a form with words or a zone."""
    parts = re.split(r"(%.)", form)
    known = [_DIRECTIVES.get(p) if p.startswith("%") else re.escape(p) for p in parts]
    if None in known or parts.count("%Y") != 1 or len(set(parts[1::2])) < len(parts[1::2]):
        return None
    return re.compile("".join(p for p in known if p is not None), re.ASCII)
