"""Written times of a frame's column, read all at once as `hospital.times` reads each of them.

What a pattern matches is read by pandas at once; every other cell goes through `parse_time` itself, which
alone says what is wrong with it.
"""

import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute
from numpy.typing import NDArray

from hospital.times import YEARS, Repeated, TimeError, instant, parse_time

__all__ = ["Clock", "dates_and_texts", "read_times"]

Mask = NDArray[np.bool_]

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
_ISO_LOCAL = re.compile(f"{_DAY}(?:[T ]{_HOUR_OF_DAY})?".format_map(_DIRECTIVES), re.ASCII)
_ISO_ZONED = re.compile(f"{_DAY}[T ]{_HOUR_OF_DAY}".format_map(_DIRECTIVES) + _OFFSET, re.ASCII)


@dataclass(frozen=True)
class Clock:
    """How the written times of a table are read.

    Attributes:
        zone: of naive times; None: they are refused.
        repeated: which of the two hours in autumn.
        forms: `strptime` forms by column; the other columns are ISO 8601.
    """

    zone: ZoneInfo | None = None
    repeated: Repeated = "refuse"
    forms: dict[str, str] = field(default_factory=dict)


def read_times(raw: pd.Series, clock: Clock, form: str | None = None) -> tuple[pd.Series, dict[str, Mask]]:
    """Times (datetime64[us, UTC] [n]; NaT where missing or faulty), and which rows have which fault.

    Args:
        raw: texts, dates or times; a date is its midnight. form: `strptime` form of texts, None for ISO 8601.
    """
    if isinstance(raw.dtype, pd.DatetimeTZDtype):
        utc = raw.reset_index(drop=True).dt.tz_convert("UTC").dt.as_unit("us")
        return _within_years(utc, {})
    if raw.dtype.kind == "M":
        return _in_zone(raw.reset_index(drop=True).dt.as_unit("us"), clock)
    if isinstance(raw.dtype, pd.StringDtype) and form is None:
        read = _as_arrow(raw, clock)
        if read is not None:
            return read
    cells = raw.to_numpy(object)
    utc = np.full(len(cells), np.datetime64("NaT"), "datetime64[us]")
    local = _matching(cells, _ISO_LOCAL if form is None else _pattern(form))
    zoned = _matching(cells, _ISO_ZONED, ~local) if form is None else np.zeros(len(cells), bool)
    faults: dict[str, Mask] = {}
    if local.any():
        naive = pd.to_datetime(pd.Series(cells[local]), format=form or "ISO8601", errors="coerce")
        times, found = _in_zone(naive.dt.as_unit("us"), clock)
        utc[local] = _bare(times)
        faults = {code: _spread(rows, local) for code, rows in found.items()}
    if zoned.any():
        utc[zoned] = _bare(
            pd.to_datetime(pd.Series(cells[zoned]), format="ISO8601", utc=True, errors="coerce")
        )
    told = np.logical_or.reduce([np.zeros(len(cells), bool), *faults.values()])
    _one_by_one(cells, raw.notna().to_numpy(bool) & np.isnat(utc) & ~told, clock, form, utc, faults)
    mixed = dates_and_texts(raw) & ~np.isnat(utc)
    if mixed.any():
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
        return _in_zone(times, clock) if zone is None else _within_years(times, {})
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
    if not isinstance(cell, str):
        return "not_a_time"
    try:
        return parse_time(cell, clock.zone, clock.repeated, form)
    except TimeError as error:
        return error.code


def _matching(cells: NDArray[np.object_], pattern: re.Pattern[str] | None, among: Mask | None = None) -> Mask:
    if pattern is None:
        return np.zeros(len(cells), bool)
    match = pattern.fullmatch
    if among is not None:
        return _spread(_matching(cells[among], pattern), among)
    return np.array([isinstance(c, str) and match(c) is not None for c in cells], bool)


def _pattern(form: str) -> re.Pattern[str] | None:
    """What pandas and `strptime` read alike; None for a form with words or a zone."""
    parts = re.split(r"(%.)", form)
    known = [_DIRECTIVES.get(p) if p.startswith("%") else re.escape(p) for p in parts]
    if None in known or parts.count("%Y") != 1 or len(set(parts[1::2])) < len(parts[1::2]):
        return None
    return re.compile("".join(p for p in known if p is not None), re.ASCII)


def _spread(rows: Mask, among: Mask) -> Mask:
    out = np.zeros(len(among), bool)
    out[among] = rows
    return out


def _in_zone(naive: pd.Series, clock: Clock) -> tuple[pd.Series, dict[str, Mask]]:
    given = naive.notna().to_numpy(bool)
    nothing = pd.Series(pd.NaT, index=naive.index).dt.tz_localize("UTC").dt.as_unit("us")
    if clock.zone is None:
        return nothing, {"naive_time": given} if given.any() else {}
    naive, faults = _within_years(naive, {})
    given = naive.notna().to_numpy(bool)
    first, second = (
        naive.dt.tz_localize(clock.zone, ambiguous=np.full(len(naive), summer), nonexistent="NaT")
        .dt.tz_convert("UTC")
        .dt.as_unit("us")
        for summer in (True, False)
    )
    skipped = given & first.isna().to_numpy(bool)
    repeated = given & ~skipped & (first != second).to_numpy(bool)
    times = second if clock.repeated == "second" else first
    if skipped.any():
        faults["nonexistent_local_time"] = skipped
    if repeated.any() and clock.repeated == "refuse":
        faults["repeated_local_time"] = repeated
        times = times.mask(repeated)
    return times, faults


def _within_years(times: pd.Series, faults: dict[str, Mask]) -> tuple[pd.Series, dict[str, Mask]]:
    year = times.dt.year
    wrong = (times.notna() & ~year.between(*YEARS)).to_numpy(bool)
    return (times.mask(wrong), {**faults, "not_a_time": wrong}) if wrong.any() else (times, faults)
