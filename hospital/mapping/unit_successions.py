"""Units that were renamed or merged: their former rows count as those of the unit of today."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hospital.contracts.fault_words import fault
from hospital.contracts.tables import TABLES, Kind, Table
from hospital.errors import ContractError
from hospital.mapping.revisions import BEGINNING

__all__ = ["Renamed", "rename_units"]

_NAMING = {"stays": "unit", "operations": "unit", "visits": "destination_unit"}
_COUNTED = ("census", "staffing")
_LATE = pd.Timedelta(days=3)
"""For so long at the end of the data a silent part may be late rather than gone."""


@dataclass(frozen=True)
class Renamed:
    """What following the former names did to a table.

    Attributes:
        rows: rows that now count for another name.
        left_out: moments of merged units that not every part of them has: a sum of some is none.
        covariates: further numbers that are unknown where several parts were added: nothing says that they add.
    """

    table: str
    rows: int
    left_out: int = 0
    covariates: tuple[str, ...] = ()


def rename_units(tables: dict[str, pd.DataFrame], former: dict[str, str]) -> list[Renamed]:
    """Follows former names in every table, in place.

    Args:
        tables: typed, with ``received_at``.
        former: names and the units that they are today, from a mapping; those that ``units.predecessor``
            names count too.

    Raises:
        ContractError: units that succeed each other in a circle, or two that succeed the same one.
    """
    today = _today({**_predecessors(tables.get("units")), **former})
    if not today:
        return []
    out = []
    for name, column in _NAMING.items():
        if name in tables:
            rows = int(tables[name][column].isin(today).sum())
            # Two categories that become one are no longer categories.
            named = tables[name][column].astype(object)
            tables[name] = tables[name].assign(**{column: named.replace(today)})
            out.append(Renamed(name, rows))
    for name in _COUNTED:
        if name in tables:
            tables[name], done = _counted(tables[name], TABLES[name], today)
            out.append(done)
    if "units" in tables:
        tables["units"] = _inherited(tables["units"], today)
    return [done for done in out if done.rows]


def _predecessors(units: pd.DataFrame | None) -> dict[str, str]:
    if units is None:
        return {}
    named = units[["predecessor", "unit"]].dropna().drop_duplicates()
    if named["predecessor"].duplicated().any():
        rows = int(named["predecessor"].duplicated(keep=False).sum())
        raise ContractError((fault("units.predecessor", "divided_unit", rows),))
    return dict(zip(named["predecessor"], named["unit"], strict=True))


def _today(former: dict[str, str]) -> dict[str, str]:
    """Each former name and the unit at the end of its chain."""
    out = {}
    for old in former:
        seen, name = {old}, former[old]
        while name in former:
            if name in seen:
                raise ContractError((fault("units.predecessor", "circular"),))
            seen.add(name)
            name = former[name]
        out[old] = name
    return out


def _inherited(units: pd.DataFrame, today: dict[str, str]) -> pd.DataFrame:
    """Units without the former ones; a successor is known, and open, since the first of them was."""
    names = units["unit"].replace(today)
    known = units["received_at"].groupby(names).min()
    opened = units["open_from"].groupby(names).min()
    always = set(names[units["open_from"].isna()])
    # Of a former unit that no table lists, nothing says since when it was open.
    unlisted = {new for old, new in today.items() if old not in set(units["unit"])}
    out = units[~units["unit"].isin(today)].reset_index(drop=True)
    unit = out["unit"]
    heirs = unit.isin(set(today.values()))
    first = heirs & ~unit.duplicated()
    received = unit.map(known).mask(unit.isin(unlisted), BEGINNING)
    open_from = unit.map(opened).mask(unit.isin(unlisted | always))
    return out.assign(
        received_at=out["received_at"].mask(first, received),
        open_from=out["open_from"].mask(heirs, open_from),
    )


def _counted(frame: pd.DataFrame, contract: Table, today: dict[str, str]) -> tuple[pd.DataFrame, Renamed]:
    """Rows under today's names; where several parts have one time, they are added."""
    rows = int(frame["unit"].isin(today).sum())
    frame = frame.assign(_part=frame["unit"], unit=frame["unit"].replace(today))
    parts = frame.groupby("unit")["_part"].nunique()
    merged = frame["unit"].isin(parts.index[parts > 1])
    extra = [str(c) for c in frame.columns if c not in (*contract.by_name, "received_at", "_part")]
    chunks, left_out, unknown = [frame[~merged].drop(columns="_part")], 0, False
    for _, some in frame[merged].groupby([k for k in contract.key if k != "at"]):
        added, lacking, several = _added(some, contract, extra)
        chunks.append(added)
        left_out += lacking
        unknown |= several
    # The first time of the first part is always whole: something is left.
    whole = pd.concat([p for p in chunks if len(p)], ignore_index=True)[
        [c for c in frame.columns if c != "_part"]
    ]
    return whole, Renamed(contract.name, rows, left_out, tuple(extra) if unknown else ())


def _added(some: pd.DataFrame, contract: Table, extra: list[str]) -> tuple[pd.DataFrame, int, bool]:
    """The rows of one merged unit: at each reception the last that each part had sent, added.

    A part counts from its first time to its last. A time that one of them lacks then has no sum. Nor have the
    last days where a part is silent and none has begun since: it may only be late.
    """
    moments = some[[*contract.key, "received_at"]].drop_duplicates().sort_values("received_at", kind="stable")
    numbers = [c.name for c in contract.columns if c.kind in (Kind.NUMBER, Kind.INTEGER)]
    other = [str(c) for c in some.columns if c not in (*moments.columns, *numbers, "_part")]
    total = moments.reset_index(drop=True)
    total[numbers], whole = 0.0, np.ones(len(total), bool)
    parts = np.zeros(len(total), np.int64)
    begun, end = some.groupby("_part")["at"].min(), some["at"].max()
    for _, part in some.groupby("_part"):
        last = part["at"].max()
        if end - last <= _LATE and not (begun > last).any():
            last = end
        span = total["at"].between(part["at"].min(), last).to_numpy(bool)
        there = part.drop(columns="_part").sort_values("received_at", kind="stable")
        found = pd.merge_asof(
            total[[*contract.key, "received_at"]],
            there.assign(_there=True),
            on="received_at",
            by=[*contract.key],
        )
        has = found["_there"].notna().to_numpy(bool)
        whole &= has | ~span
        parts += has
        for name in numbers:
            total[name] = total[name] + found[name].where(has | span, 0.0)
        for name in other:
            before = total[name] if name in total.columns else found[name]
            total[name] = found[name].where(found[name].notna(), before)
    several = parts > 1
    for name in extra:
        total[name] = total[name].mask(several)
    kept = total[whole].reset_index(drop=True)
    moments_sent = len(total[list(contract.key)].drop_duplicates())
    lacking = moments_sent - len(kept[list(contract.key)].drop_duplicates())
    return kept, lacking, bool(several.any())
