"""What drove the forecasts of a period: how much each group of features moved them, by unit, horizon and hour.

Read from the file of explained rows, batch after batch, so that memory does not grow with it. A group's size in a cell
is the mean of what it added to each forecast, whichever way: what raises one day and lowers the next is not nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hospital.arrays import Array
from hospital.calendar import hour_of, local_clock
from hospital.words.language import Language
from registry.errors import BulkError

__all__ = ["Drivers", "Part", "drivers_of"]

HOURS_TOGETHER = 3
_GROUP = "group_"


@dataclass(frozen=True)
class Part:
    """The rows of one unit, horizon or part of the day.

    Attributes:
        name: of the unit; the horizon in hours; the first hour of the part of the day.
        rows: answered by the model.
        sizes: float64 [groups], in the forecast's unit.
    """

    name: str
    rows: int
    sizes: Array


@dataclass(frozen=True)
class Drivers:
    """What drove a period's forecasts.

    Attributes:
        groups, labels: of the features, and what they are called in the file's language.
        unit: of the forecasts, ``min`` or ``beds``.
        first, last: instants of the first and last forecast; 0 without one.
        rows: answered by the model; where the baseline answers no feature says anything.
        units, horizons, hours: parts with at least one row, in their order; no units and horizons of wait time.
        by_baseline: rows that the baseline answered.
        absent_units, absent_horizons: of which it answered every row, in their order.
        unit_names: what units are called in the file's language; a file of before has none.
    """

    groups: tuple[str, ...]
    labels: tuple[str, ...]
    unit: str
    language: Language
    zone: ZoneInfo
    first: int
    last: int
    rows: int
    units: tuple[Part, ...]
    horizons: tuple[Part, ...]
    hours: tuple[Part, ...]
    by_baseline: int = 0
    absent_units: tuple[str, ...] = ()
    absent_horizons: tuple[str, ...] = ()
    unit_names: Mapping[str, str] = field(default_factory=dict)


def drivers_of(path: Path, batch_rows: int = 65_536) -> Drivers:
    """The drivers of the forecasts in a file that `vigie explain` wrote.

    Args:
        batch_rows: how many rows are read at once.

    Raises:
        BulkError: it is none, or of before groups were written.
    """
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid):
        raise BulkError("registry.bulk.not_explained", path=path) from None
    with file:
        schema = file.schema_arrow
        groups = tuple(n.removeprefix(_GROUP) for n in schema.names if n.startswith(_GROUP))
        said = json.loads((schema.metadata or {}).get(b"vigie", b"{}"))
        if not groups or "zone" not in said:
            raise BulkError("registry.bulk.no_groups", path=path)
        sums = _Sums(len(groups), ZoneInfo(said["zone"]))
        keys = [n for n in ("unit", "horizon_hours", "prediction_time") if n in schema.names]
        columns = [*keys, "p50", *(f"{_GROUP}{g}" for g in groups)]
        for batch in file.iter_batches(batch_rows, columns=columns):
            sums.add(batch)
        labels = tuple(
            (schema.field(f"{_GROUP}{g}").metadata or {}).get(b"label", g.encode()).decode() for g in groups
        )
    parts = (sums.parts("unit"), sums.parts("horizon_hours"), sums.parts("hour"))
    return Drivers(
        groups,
        labels,
        said["unit"],
        said["language"],
        ZoneInfo(said["zone"]),
        sums.first,
        sums.last,
        sums.rows,
        *parts,
        sums.by_baseline,
        sums.absent("unit"),
        sums.absent("horizon_hours"),
        said.get("unit_names", {}),
    )


class _Sums:
    """Counts and sums of sizes by the values of each key."""

    def __init__(self, groups: int, zone: ZoneInfo) -> None:
        self._groups, self._zone = groups, zone
        self._found: dict[str, dict[Any, tuple[int, Array]]] = {"unit": {}, "horizon_hours": {}, "hour": {}}
        self._answered: dict[str, set[Any]] = {"unit": set(), "horizon_hours": set()}
        self.first = self.last = self.rows = self.by_baseline = 0

    def add(self, batch: Any) -> None:
        """The rows of a batch, but those of no forecast and those that a baseline answered."""
        sizes = np.column_stack(
            [np.abs(_numbers(batch.column(n))) for n in batch.schema.names if n.startswith(_GROUP)]
        )
        known = np.isfinite(sizes).all(axis=1)
        mine = known & (sizes.sum(axis=1) > 0)
        self.by_baseline += int((known & ~mine).sum())
        for name, answered in self._answered.items():
            if name in batch.schema.names:
                answered.update(_keys(batch, name)[known].tolist())
        if not mine.any():
            return
        sizes = sizes[mine]
        at = batch.column("prediction_time").cast(pa.int64()).to_numpy(zero_copy_only=False)[mine]
        self.first = min(self.first or int(at.min()), int(at.min()))
        self.last = max(self.last, int(at.max()))
        self.rows += len(sizes)
        hour = hour_of(local_clock(at, self._zone)).astype(np.int64)
        keys: dict[str, Array] = {"hour": hour // HOURS_TOGETHER * HOURS_TOGETHER}
        for name in ("unit", "horizon_hours"):
            if name in batch.schema.names:
                keys[name] = _keys(batch, name)[mine]
        for name, values in keys.items():
            found = self._found[name]
            for value in np.unique(values).tolist():
                own = sizes[values == value]
                n, total = found.get(value, (0, np.zeros(self._groups)))
                found[value] = (n + len(own), total + own.sum(axis=0))

    def parts(self, key: str) -> tuple[Part, ...]:
        """The parts by a key, ascending."""
        found = sorted(self._found[key].items())
        return tuple(Part(_written(v), n, total / n) for v, (n, total) in found)

    def absent(self, key: str) -> tuple[str, ...]:
        """The values of a key that have forecasts, and none of the model's, ascending."""
        return tuple(_written(v) for v in sorted(self._answered[key] - set(self._found[key])))


def _written(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _keys(batch: Any, name: str) -> Array:
    values = np.asarray(batch.column(name).to_numpy(zero_copy_only=False))
    return values.astype(str) if name == "unit" else values


def _numbers(column: Any) -> Array:
    return np.asarray(column.to_numpy(zero_copy_only=False), np.float64)
