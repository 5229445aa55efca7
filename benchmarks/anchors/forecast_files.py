"""Forecasts of rows with what came, kept in a file: made once, and compared on the rows that several have in common."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from hospital.times import DAY
from registry.digests import write_atomically

__all__ = ["FOLDER", "Forecasts", "aligned", "path_of", "read", "together", "write"]

FOLDER = Path(".bench") / "anchors"
_MEDIAN = LEVELS.index(0.5)


@dataclass(frozen=True)
class Forecasts:
    """Rows of one data set as one method forecasts them.

    Attributes:
        row_id: str [n], unique.
        time: int64 [n], instants of the forecasts; of NHAMCS, which has no dates, the hospital and year in days.
        horizon_hours: float64 [n], 0 for waits.
        unit: str [n], unit or department.
        outcome: float64 [n], beds or minutes, finite.
        weight: float64 [n], above 0: inverse probability of censoring, 1 for beds.
        quantiles: float64 [n, levels] at 5, 10, … 95 %.
        made_by: commit of the code, or libraries with their versions.
    """

    row_id: Array
    time: Array
    horizon_hours: Array
    unit: Array
    outcome: Array
    weight: Array
    quantiles: Array
    made_by: str

    @property
    def size(self) -> int:
        """Rows."""
        return int(self.row_id.size)

    @property
    def p50(self) -> Array:
        """The median forecast: float64 [n]."""
        return self.quantiles[:, _MEDIAN]

    def part(self, mask: Array) -> "Forecasts":
        """The rows of which `mask` (bool [n]) is true, or those at these positions (int64 [m])."""
        return replace(self, **{name: getattr(self, name)[mask] for name in _ARRAYS})

    def forecast_as(self, quantiles: Array, made_by: str) -> "Forecasts":
        """The same rows with other quantiles (float64 [n, levels])."""
        return replace(self, quantiles=quantiles, made_by=made_by)


_ARRAYS = tuple(f.name for f in fields(Forecasts) if f.name != "made_by")


def path_of(data_set: str, method: str) -> Path:
    """Where the forecasts of a method are kept."""
    return FOLDER / data_set / f"{method}.npz"


def write(path: Path, forecasts: Forecasts) -> None:
    """Keeps forecasts, whole or not at all."""
    arrays = {name: getattr(forecasts, name) for name in _ARRAYS}
    for name in ("row_id", "unit"):
        arrays[name] = arrays[name].astype(str)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, made_by=np.array(forecasts.made_by), **arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, buffer.getvalue())


def read(path: Path) -> Forecasts:
    """The forecasts that `write` kept."""
    with np.load(path, allow_pickle=False) as body:
        return Forecasts(**{name: body[name] for name in _ARRAYS}, made_by=str(body["made_by"]))


def aligned(of: Mapping[str, Forecasts]) -> dict[str, Forecasts]:
    """The rows that all methods have, in the first one's order.

    Raises:
        ValueError: they disagree on what came of a row, or on its weight by more than rounding: then they did not
            read the same data.
    """
    common = set.intersection(*(set(f.row_id.tolist()) for f in of.values()))
    first = next(iter(of.values()))
    ids = [row for row in first.row_id.tolist() if row in common]
    out = {}
    for name, forecasts in of.items():
        place = {row: i for i, row in enumerate(forecasts.row_id.tolist())}
        out[name] = forecasts.part(np.array([place[row] for row in ids], np.int64))
    reference = next(iter(out.values()))
    for name, forecasts in out.items():
        off = ~np.isclose(forecasts.outcome, reference.outcome, rtol=1e-9, atol=1e-9)
        if off.any():
            row = reference.row_id[off][0]
            raise ValueError(
                f"{name} has another outcome of {int(off.sum())} rows, as of {row}: remove its files and make them "
                "again"
            )
        # The others' weights may come from other rows (a part's weights are its own): the first one's hold for all.
        out[name] = replace(forecasts, weight=reference.weight, time=reference.time)
    return out


def together(parts: Sequence[Forecasts], *, same_days: bool) -> Forecasts:
    """Several data sets as one: the mean over all rows.

    Args:
        same_days: rows of one day in several parts are one block, as where the parts were drawn from the same rows;
            else each part's days follow those of the one before.
    """
    times, begin = [], 0
    for part in parts:
        shift = 0 if same_days else -((int(part.time.min()) - begin) // DAY) * DAY
        times.append(part.time + shift)
        begin = int(times[-1].max()) + DAY
    joined = {name: np.concatenate([getattr(p, name) for p in parts]) for name in _ARRAYS}
    joined["time"] = np.concatenate(times)
    joined["row_id"] = np.array([f"{i}|{row}" for i, p in enumerate(parts) for row in p.row_id.tolist()])
    return Forecasts(**joined, made_by=parts[0].made_by)
