"""The same thing told twice: rows under two ids, a day copied onto another, stays that overlap."""

import hashlib

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.calendar import local_clock
from hospital.contracts.tables import Kind
from hospital.profile.current_rows import Latest, instants
from hospital.profile.facts import FLOOR, Finding, Weight
from hospital.times import DAY, MINUTE, MISSING_TIME

__all__ = ["duplicate_findings", "overlap_findings"]

_LEAST_PRESENT = 4
"""Two rows that agree on fewer columns than this may well be two people."""
_TOLERANCE = 5 * MINUTE


def duplicate_findings(table: Latest) -> list[Finding]:
    """Rows alike in all but their id, and days that copy another day."""
    if table.contract.time is None:
        return []
    return [*_same_content(table), *_copied_days(table)]


def _same_content(table: Latest) -> list[Finding]:
    """Rows that differ in nothing but their id: one visit, told as two."""
    keys = [c.name for c in table.contract.columns if c.kind is Kind.ID and c.name in table.contract.key]
    if len(table.contract.key) != 1:
        return []
    said = table.frame.drop(columns=[*keys, "received_at"]).dropna(axis="columns", how="all")
    told = (said.notna().sum(axis="columns") >= _LEAST_PRESENT).to_numpy(bool)
    rows = int((said.duplicated().to_numpy(bool) & told).sum())
    if not rows or (table.contract.name == "operations" and rows / table.size < 0.01):
        return []
    return [Finding(table.contract.name, "same_content", Weight.LOOK, rows=rows, share=rows / table.size)]


def _copied_days(table: Latest) -> list[Finding]:
    """Days whose times of day, and counts, are exactly those of another day."""
    name = table.contract.name
    if name not in ("visits", "stays", "census"):
        return []
    frame = pd.DataFrame({"day": table.day, "clock": local_clock(table.times, table.zone) % DAY})
    if name == "census":
        frame["what"] = table.frame["unit"] + "=" + table.frame["occupied"].astype(str)
        # A hospital that shows the same numbers all day tells nothing of a copy.
        frame = frame[frame.groupby("day")["what"].transform("nunique") >= FLOOR]
    sizes = frame.groupby("day")["clock"].transform("size")
    frame = frame[sizes >= FLOOR].sort_values([*frame.columns], kind="stable")
    if name != "census" and (frame["clock"] % (60 * MINUTE) == 0).mean() > 0.9:
        return []  # with whole hours alone two days may well look the same
    seen: dict[bytes, int] = {}
    copies = 0
    for _, day in frame.groupby("day", sort=True):
        content = pd.util.hash_pandas_object(day.drop(columns="day"), index=False).to_numpy().tobytes()
        copies += seen.setdefault(hashlib.sha256(content).digest(), 1) > 1
        seen[hashlib.sha256(content).digest()] += 1
    return (
        [Finding(name, "copied_day", Weight.LOOK, table.contract.time or "", rows=copies)] if copies else []
    )


def overlap_findings(stays: Latest) -> list[Finding]:
    """Stays of one visit that overlap by more than five minutes: one patient counted in two beds."""
    visit = stays.frame["visit_id"]
    known = visit.notna().to_numpy(bool)
    if not known.any():
        return []
    entered = instants(stays.frame["entered_at"])[known]
    left = instants(stays.frame["left_at"])[known]
    end = np.where(left == MISSING_TIME, np.iinfo(np.int64).max, left)
    number = pd.factorize(visit[known])[0]
    rows = int(_overlap(number, entered, end).sum())
    share = rows / int(known.sum())
    return [Finding("stays", "overlapping", Weight.LOOK, "left_at", rows=rows, share=share)] if rows else []


def _overlap(number: Array, entered: Array, end: Array) -> Array:
    """Whether each stay begins before an earlier one of the same visit has ended: bool [n]."""
    order = np.lexsort((entered, number))
    number, entered = number[order], entered[order]
    latest = pd.Series(end[order]).groupby(number).cummax().to_numpy(np.int64)
    return (number[1:] == number[:-1]) & (entered[1:] + _TOLERANCE < latest[:-1])
