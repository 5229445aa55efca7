"""From pandas frames, as the contracts leave them, to the arrays that events are made of."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.contracts.cell_values import by_value
from hospital.contracts.tables import TABLES, Kind
from hospital.record.events import Events
from hospital.times import MISSING_TIME

if TYPE_CHECKING:
    from hospital.ingest.hospital_reader import HospitalTables

__all__ = ["columns_of", "events_of"]

_PSEUDONYMS = ("visit_id", "stay_id", "operation_id")


def columns_of(frame: pd.DataFrame, table: str) -> dict[str, Array]:
    """Each column as an array: times int64 instants, numbers float64, texts object with None."""
    kinds = {c.name: c.kind for c in TABLES[table].columns} | {"received_at": Kind.TIME}
    out: dict[str, Array] = {}
    for name in frame.columns:
        series, kind = frame[name], kinds.get(str(name))
        if kind is Kind.TIME:
            instants = series.dt.tz_convert(None).dt.as_unit("us").to_numpy("datetime64[us]").astype(np.int64)
            out[str(name)] = np.where(series.isna().to_numpy(), MISSING_TIME, instants)
        elif kind in (Kind.NUMBER, Kind.INTEGER) or (kind is None and pd.api.types.is_numeric_dtype(series)):
            out[str(name)] = series.to_numpy(np.float64, na_value=np.nan)
        else:
            out[str(name)] = _texts(series, repeats=name not in _PSEUDONYMS)
    return out


def _texts(cells: pd.Series, *, repeats: bool) -> Array:
    """Texts as objects, None where missing; of texts that repeat one object for each different one."""
    if isinstance(cells.dtype, pd.StringDtype):
        if repeats:
            return by_value(cells, lambda texts: texts).to_numpy(object)
        return np.asarray(cells.array.to_numpy(object, na_value=None))
    out: Array = cells.to_numpy(object, copy=True)
    out[cells.isna().to_numpy()] = None
    return out


def events_of(hospital: "HospitalTables") -> Events:
    """The events of a hospital's tables."""
    return Events.of(
        {name: columns_of(frame, name) for name, frame in hospital.tables.items()},
        zone=hospital.zone,
        cadence_hours=24 if hospital.cadence == "daily" else 1,
        locality=hospital.locality,
        names=hospital.names,
    )
