"""An hourly census of many units, made fast: days, weeks and seasons of a ward, and what no clock explains."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

__all__ = ["write_census"]

_START = np.datetime64("2022-01-03T00:00", "h")
_MEMORY = 0.985
"""Share of a deviation that is still there an hour later: patients stay for days."""


def write_census(folder: Path, units: int, days: int, *, seed: int) -> None:
    """Writes ``census.parquet``: a row a unit and hour, with staffed beds, admissions and discharges."""
    rng, hours = np.random.default_rng(seed), np.arange(days * 24)
    level = rng.uniform(12, 40, units)
    clock, weekday = hours % 24, hours // 24 % 7
    day = np.cos(2 * np.pi * (clock[:, None] - rng.uniform(10, 16, units)) / 24) * rng.uniform(
        0.02, 0.08, units
    )
    week = np.where(weekday[:, None] >= 5, -rng.uniform(0.05, 0.2, units), 0.0)
    season = np.cos(2 * np.pi * hours[:, None] / (365.25 * 24)) * rng.uniform(0.0, 0.1, units)
    deviation = np.empty((hours.size, units))
    now = np.zeros(units)
    for hour in hours:
        now = _MEMORY * now + rng.normal(0, 0.022, units)
        deviation[hour] = now
    occupied = np.maximum(np.round(level * (1 + day + week + season + deviation)), 0)
    change = np.diff(occupied, axis=0, prepend=occupied[:1])
    moved = rng.poisson(level / 120, occupied.shape)
    at = np.repeat((_START + hours).astype("datetime64[us]").astype(np.int64), units)
    name = pa.array([f"U{number:03d}" for number in range(units)])
    numbers = pa.array(np.tile(np.arange(units, dtype=np.int32), hours.size))
    table = pa.table(
        {
            "unit": pa.DictionaryArray.from_arrays(numbers, name).cast(pa.string()),
            "at": pa.array(at, pa.timestamp("us", "UTC")),
            "occupied": occupied.ravel(),
            "staffed": np.tile(np.ceil(level * 1.15), hours.size),
            "admissions": (np.maximum(change, 0) + moved).ravel(),
            "discharges": (np.maximum(-change, 0) + moved).ravel(),
        }
    )
    folder.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(table, folder / "census.parquet")
