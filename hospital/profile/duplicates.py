"""The same thing recorded twice: two ids, a copied day, stays that overlap, a unit that is the sum of others."""

import re

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.calendar import local_clock
from hospital.contracts.tables import Kind
from hospital.profile.current_rows import Latest, instants
from hospital.profile.facts import FLOOR, Finding, Weight
from hospital.times import DAY, MINUTE, MISSING_TIME

__all__ = ["duplicate_findings", "overlap_findings", "total_findings"]

_LEAST_PRESENT = 4
"""Two rows that agree on fewer columns than this may well be two people."""
_TOLERANCE = 5 * MINUTE
_MOMENTS = 1500
"""Times that are looked at: enough to tell a sum from a chance, and soon done."""
_LEAST_SHARE = 0.9
_NEARLY = 0.02
_LEAST_EXPLAINED = 0.9
_ROUGHLY, _LEAST_TOGETHER, _LEAST_ROUGH = 0.10, 0.5, 6 * FLOOR
"""A total that somebody else counted: how near it is, how closely the two change over a week, and of how many."""
_LEAST_VALUES = 5
_NAMED = re.compile(
    r"\b(sous-)?(total|totaux|totale|tot|ensemble|somme|cumul|sum|subtotal|overall|grand total|tous|toutes|all|s/t|"
    r"moyenne|moy|average|mean)\b",
    re.IGNORECASE,
)


def duplicate_findings(table: Latest) -> list[Finding]:
    """Rows alike in all but their id, and days that copy another day."""
    if table.contract.time is None:
        return []
    return [*_same_content(table), *_copied_days(table)]


def _same_content(table: Latest) -> list[Finding]:
    """Rows that differ in nothing but their id: one visit, recorded as two."""
    keys = [c.name for c in table.contract.columns if c.kind is Kind.ID and c.name in table.contract.key]
    if len(table.contract.key) != 1:
        return []
    said = table.frame.drop(columns=[*keys, "received_at"]).dropna(axis="columns", how="all")
    filled = (said.notna().sum(axis="columns") >= _LEAST_PRESENT).to_numpy(bool)
    rows = int((said.duplicated().to_numpy(bool) & filled).sum())
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
        # A hospital that shows the same numbers all day shows nothing of a copy.
        frame = frame[frame.groupby("day")["what"].transform("nunique") >= FLOOR]
    sizes = frame.groupby("day")["clock"].transform("size")
    frame = frame[sizes >= FLOOR].sort_values([*frame.columns], kind="stable")
    if name != "census" and (frame["clock"] % (60 * MINUTE) == 0).mean() > 0.9:
        return []  # with whole hours alone two days may well look the same
    rows = pd.util.hash_pandas_object(frame.drop(columns="day"), index=False).to_numpy()
    days = np.split(rows, np.flatnonzero(np.diff(frame["day"].to_numpy())) + 1)
    copies = len(days) - len({day.tobytes() for day in days})
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


def total_findings(table: Latest) -> list[Finding]:
    """Units of a census or of stays that are, or call themselves, the sum of others.

    A sum is one where, at nine in ten of the times, the others' counts add up to the unit's within 2 %, and the unit
    moves with them. Sums of sums are sought from the smallest on, so that a site's total is not
    taken for the hospital's.
    """
    sums = _sums(table) if table.contract.name == "census" else []
    known = {finding.unit for finding in sums}
    names = sorted({str(unit) for unit in table.frame["unit"].dropna()} - known)
    named = [unit for unit in names if _NAMED.search(unit)] if len(names) + len(known) > 1 else []
    notes = [Finding(table.contract.name, "unit_named_total", Weight.LOOK, "unit", unit) for unit in named]
    return [*sums, *notes]


def _sums(census: Latest) -> list[Finding]:
    counts = _counts(census)
    order = counts.mean().sort_values(kind="stable").index
    leaves: list[str] = []
    out = []
    for unit in order:
        parts, share, roughly = _parts(counts, str(unit), leaves)
        if not parts:
            leaves.append(str(unit))
            continue
        whole = len(parts) == len(leaves) > 1
        out.append(
            Finding(
                "census",
                "unit_is_rough_total" if roughly else "unit_is_total" if whole else "unit_is_subtotal",
                Weight.LOOK,
                "unit",
                str(unit),
                rows=int(counts[unit].notna().sum()),
                share=share,
                names=() if whole and not roughly else tuple(sorted(parts)),
            )
        )
    return out


def _counts(census: Latest) -> pd.DataFrame:
    """Patients of each unit (columns) at each of some times (rows), NaN where nothing is known."""
    frame = pd.DataFrame(
        {"at": census.times, "unit": census.frame["unit"], "occupied": census.frame["occupied"]}
    ).dropna()
    counts = frame.pivot_table(index="at", columns="unit", values="occupied", aggfunc="last")
    return counts.iloc[:: max(len(counts) // _MOMENTS, 1)]


def _parts(counts: pd.DataFrame, unit: str, leaves: list[str]) -> tuple[list[str], float, bool]:
    """The units that add up to one, at which share of its times, and whether but for noise; none where they do not."""
    known = counts[counts[unit].notna()]
    total = known[unit].to_numpy(np.float64)
    if not leaves or total.size < 2 * FLOOR or np.unique(total).size < _LEAST_VALUES:
        return [], 0.0, False
    for leaf in leaves:
        same = float((known[leaf].to_numpy(np.float64) == total).mean())
        if same >= _LEAST_SHARE:  # one ward under two names
            return [leaf], same, False
    # What a unit that is not there then would add to a sum is nothing.
    parts = known[leaves].fillna(0.0).to_numpy(np.float64)
    for mask in (np.ones(len(leaves), bool), _members(parts, total)):
        share = _share(parts[:, mask].sum(axis=1), total)
        if mask.sum() >= 2 and share >= _LEAST_SHARE:
            return [leaf for leaf, own in zip(leaves, mask, strict=True) if own], share, False
    if len(leaves) < 2:
        return [], 0.0, False
    whole = known[leaves].sum(axis=1, min_count=len(leaves)).to_numpy(np.float64)
    share = _rough_share(whole, total, known.index.to_numpy(np.int64))
    return (list(leaves), share, True) if share else ([], 0.0, False)


def _rough_share(added: Array, total: Array, at: Array) -> float:
    """At which share of times a sum (float64 [n]) is the total within a tenth, where it is so but for noise; else 0.

    Its mean is the total's within 2 %, hardly anything lies beyond a tenth, and over a week the two change together:
    units that only have one season, or one day of the week, do not.

    Args:
        at: int64 [n], instants, ascending.
    """
    known = np.isfinite(added) & (total > 0)
    added, total, at = added[known], total[known], at[known]
    if total.size < _LEAST_ROUGH or abs(total.mean() - added.mean()) > _NEARLY * total.mean():
        return 0.0
    week = np.searchsorted(at, at - 7 * DAY)
    pairs = np.flatnonzero((at[week] == at - 7 * DAY) & (np.arange(at.size) != week))
    near = float((np.abs(total - added) <= _ROUGHLY * total).mean())
    if near < _LEAST_SHARE or pairs.size < _LEAST_ROUGH:
        return 0.0
    change, moved = (values[pairs] - values[week[pairs]] for values in (total, added))
    if change.std() == 0 or moved.std() == 0:
        return 0.0
    return near if np.corrcoef(change, moved)[0, 1] >= _LEAST_TOGETHER else 0.0


def _members(parts: Array, total: Array) -> Array:
    """Which columns (float64 [n, units]) a total (float64 [n]) is made of, by least squares: bool [units]."""
    weights, *_ = np.linalg.lstsq(parts, total, rcond=None)
    return np.asarray(weights > 0.5, bool)


def _share(added: Array, total: Array) -> float:
    """At which share of times a sum (float64 [n]) is the total, where the two move together; else 0."""
    rest = total - added
    if np.median(np.abs(rest - np.median(rest))) > (1 - _LEAST_EXPLAINED) * total.std():
        return 0.0
    return float((np.abs(rest) <= np.maximum(_NEARLY * np.abs(total), 0.5)).mean())
