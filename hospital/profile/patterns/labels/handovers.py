"""Who leaves one place enters the next: a clock that is off in one of them, and labels that are exchanged in stays.

Where the time between the two differs by an hour in one department or unit alone, in all months or in some, its clock
is another. Where from a day on most who waited for a bed in one unit enter another, and the other way round, their
labels are exchanged.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.profile.current_rows import Latest, instants
from hospital.profile.facts import FLOOR, Finding, Weight
from hospital.times import MINUTE, MISSING_TIME

__all__ = ["handover_findings", "handover_label_findings", "handovers"]

_HOURS = (-2, -1, 1, 2)
_NEAR_MINUTES, _EVEN_MINUTES = 15.0, 30.0
_AT_ONCE, _OFF_SHARE, _TIMES_OTHERS = 0.2, 0.05, 5.0
_CROSSED, _STRAIGHT, _LEAST_CROSSED = 0.7, 0.3, 10
"""Shares of the patients of two units who went to the other one than the bed was asked in, while the labels are
exchanged, and before or after; and how many each way."""


def handover_findings(pairs: pd.DataFrame) -> list[Finding]:
    """Departments, and units, whose patients leave an hour before or after they enter the next place.

    Args:
        pairs: as `handovers` has them.
    """
    if len(pairs) < 2 * FLOOR:
        return []
    departments = _off(pairs, "department", "visits", "left_at")
    units = _off(pairs, "unit", "stays", "entered_at")
    # A department that is off puts the units off that it fills, and a unit some of a department's patients.
    return max(departments, units, key=lambda found: max((f.share or 0.0 for f in found), default=0.0))


def handovers(visits: Latest, stays: Latest) -> pd.DataFrame:
    """The first stay of each visit: minutes from leaving the department to entering the unit, of at most a day.

    A row has its ``department``, the ``unit``, the one that was ``asked`` for, ``minutes`` and the ``day``; rows stand
    in the order of entering.
    """
    left = pd.DataFrame(
        {
            "visit_id": visits.frame["visit_id"],
            "department": visits.frame["department"].astype(object).fillna(""),
            "left": instants(visits.frame["left_at"]),
            "asked": visits.frame["destination_unit"].astype(object),
        }
    )
    columns = {"visit_id": stays.frame["visit_id"], "unit": stays.frame["unit"]}
    entered = pd.DataFrame({**columns, "entered": stays.times, "day": stays.day})
    entered = entered[entered["visit_id"].notna()].drop_duplicates("visit_id")
    pairs = entered.merge(left[left["left"] != MISSING_TIME], on="visit_id")
    pairs["minutes"] = (pairs["entered"] - pairs["left"]) / MINUTE
    return pairs[pairs["minutes"].abs() <= 24 * 60].sort_values("entered", kind="stable")


def _off(pairs: pd.DataFrame, key: str, table: str, column: str) -> list[Finding]:
    """Names of which many rows lie whole hours beside the usual time between the two, and hardly any of the others."""
    minutes, names = pairs["minutes"].to_numpy(np.float64), pairs[key].to_numpy(object)
    low, usual, high = np.quantile(minutes, (0.25, 0.5, 0.75))
    # One department off in most rows is not the usual one: to go on takes no time rather than an hour.
    if (np.abs(minutes) <= _NEAR_MINUTES).mean() >= _AT_ONCE:
        usual = 0.0
    elif high - low > _EVEN_MINUTES:
        return []
    out = []
    for name in sorted(set(names.tolist())):
        own = names == name
        for hours in _HOURS:
            off = np.abs(minutes - usual - 60 * hours) <= _NEAR_MINUTES
            count, share = int((off & own).sum()), float(off[own].mean())
            others = float(off[~own].mean()) if not own.all() else 0.0
            if count < 2 * FLOOR or share < _OFF_SHARE or share < _TIMES_OTHERS * others:
                continue
            days = pairs["day"].to_numpy(np.int64)[off & own]
            first, last = (str(np.datetime64(int(d), "D")) for d in (days[FLOOR - 1], days[-FLOOR]))
            out.append(
                Finding(
                    table,
                    "handover_moved",
                    Weight.LOOK,
                    column,
                    str(name),
                    rows=count,
                    share=share,
                    first=first,
                    last=last,
                    after=float(hours),
                    days=np.unique(days).size,
                )
            )
    return out


def handover_label_findings(pairs: pd.DataFrame) -> list[Finding]:
    """Two units whose labels are exchanged in stays, by where a bed was asked: also where they are alike.

    From one day on most who waited for a bed in the one enter the other, and the other way round.

    Args:
        pairs: as `handovers` has them.
    """
    pairs = pairs[pairs["asked"].notna() & pairs["unit"].notna()]
    asked, entered = (pairs[name].to_numpy(object) for name in ("asked", "unit"))
    day, out = pairs["day"].to_numpy(np.int64), list[Finding]()
    for a, b in combinations(sorted(set(entered.tolist())), 2):
        both = np.isin(asked, [a, b]) & np.isin(entered, [a, b])
        crossed = both & (asked != entered)
        if min((crossed & (asked == name)).sum() for name in (a, b)) < _LEAST_CROSSED:
            continue
        run = _run(crossed[both])
        inside, outside = crossed[both][run], np.delete(crossed[both], run)
        if (
            inside.sum() < 2 * _LEAST_CROSSED
            or inside.mean() < _CROSSED
            or (outside.size and outside.mean() > _STRAIGHT)
        ):
            continue
        days = day[both][run]
        spread = [str(np.datetime64(int(d), "D")) for d in (days[FLOOR - 1], days[-FLOOR])]
        share = float(inside.sum() / both.sum())
        out.append(
            Finding(
                "stays",
                "labels_exchanged",
                Weight.LOOK,
                "unit",
                str(a),
                rows=int(inside.sum()),
                share=share,
                first=spread[0],
                last=spread[1],
                names=(str(b),),
                days=np.unique(days).size,
            )
        )
    return out


def _run(crossed: Array) -> slice:
    """The rows on end (of bool [n]) that hold the most that cross and the fewest that do not."""
    sums = np.concatenate([[0.0], np.cumsum(crossed - 0.5)])
    lowest = np.minimum.accumulate(sums)
    stop = int(np.argmax(sums - lowest))
    start = int(np.argmin(sums[: stop + 1]))
    return slice(start, stop)
