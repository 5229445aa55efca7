"""When a history's rows count as received: never after now, and nothing that has happened lies there either."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hospital.arrays import Array
from hospital.contracts.fault_words import fault
from hospital.contracts.tables import TABLES
from hospital.errors import ContractError, Fault
from hospital.times import MINUTE, MISSING_TIME

__all__ = ["received_by"]

_CLOCKS_DIFFER = 5 * MINUTE


def received_by(
    tables: Mapping[str, Mapping[str, Array]], now: int, derived: frozenset[str] = frozenset()
) -> dict[str, dict[str, Any]]:
    """The columns by table (instants: int64), with no reception after `now` (instant).

    Plans (a roster, a unit that will open) are known now, though their own time lies ahead.

    Args:
        derived: tables whose files tell no `received_at`, so that it was made from their times.

    Raises:
        ContractError: of every table, times of what has happened, and receptions, that lie after now.
    """
    faults = [one for kind, columns in tables.items() for one in _faults(kind, columns, now, derived)]
    if faults:
        raise ContractError(tuple(faults))
    return {
        kind: {**columns, "received_at": np.minimum(columns["received_at"], now)}
        for kind, columns in tables.items()
    }


def _faults(kind: str, columns: Mapping[str, Array], now: int, derived: frozenset[str]) -> list[Fault]:
    names = [name for name in TABLES[kind].event_times if name in columns]
    if kind not in derived:
        names.append("received_at")
    late = {name: int(_late(columns[name], now).sum()) for name in names}
    return [fault(f"{kind}.{name}", "after_now", rows) for name, rows in late.items() if rows]


def _late(times: Array, now: int) -> Array:
    return np.asarray((times != MISSING_TIME) & (times > now + _CLOCKS_DIFFER))
