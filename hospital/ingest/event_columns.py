"""From pandas frames, as the contracts leave them, to the arrays that events are made of."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.contracts.tables import TABLES, Kind
from hospital.record.events import Events
from hospital.record.row_order import order_of_versions
from hospital.times import MISSING_TIME

if TYPE_CHECKING:
    from hospital.ingest.hospital_reader import HospitalTables

__all__ = ["columns_of", "events_of"]


def columns_of(frame: pd.DataFrame, table: str) -> dict[str, Array]:
    """Each column as an array: times int64 instants, numbers float64, texts object with None."""
    kinds = {c.name: c.kind for c in TABLES[table].columns} | {"received_at": Kind.TIME}
    return {str(name): _array(frame[name], kinds.get(str(name))) for name in frame.columns}


def _array(series: pd.Series, kind: Kind | None) -> Array:
    if kind is Kind.TIME:
        instants = series.dt.tz_convert(None).dt.as_unit("us").to_numpy("datetime64[us]").astype(np.int64)
        return np.where(series.isna().to_numpy(), MISSING_TIME, instants)
    if kind in (Kind.NUMBER, Kind.INTEGER) or (kind is None and pd.api.types.is_numeric_dtype(series)):
        return series.to_numpy(np.float64, na_value=np.nan)
    return _texts(series)


def _texts(cells: pd.Series) -> Array:
    """Texts as objects, one for each different text; None where missing."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        codes, values = cells.cat.codes.to_numpy(), cells.cat.categories
    elif isinstance(cells.dtype, pd.StringDtype):
        codes, values = pd.factorize(cells)
    else:
        out: Array = cells.to_numpy(object, copy=True)
        out[cells.isna().to_numpy()] = None
        return out
    return _of_codes(codes, values)


def _of_codes(codes: Array, values: pd.Index) -> Array:
    # A missing text has the code -1: the last.
    return np.append(np.asarray(values, object), np.array([None], object))[codes]


def _keys(frame: pd.DataFrame, table: str) -> tuple[Array, pd.Index]:
    """A number for each different key of the rows, in the order in which they first appear (int64 [n]).

    Beside them the different values of the key's last column.
    """
    numbers, values = np.zeros(len(frame), np.int64), pd.Index([])
    for place, name in enumerate(TABLES[table].key):
        codes, values = pd.factorize(frame[name])
        numbers = pd.factorize(numbers * len(values) + codes)[0] if place else codes
    return numbers.astype(np.int64), values


def events_of(hospital: "HospitalTables") -> Events:
    """The events of a hospital's tables."""
    numbers, columns = {}, {}
    for name, frame in hospital.tables.items():
        numbers[name], columns[name] = _ordered(frame, name)
    return Events.of(
        columns,
        zone=hospital.zone,
        cadence_hours=24 if hospital.cadence == "daily" else 1,
        locality=hospital.locality,
        names=hospital.names,
        row_numbers=numbers,
    )


def _ordered(frame: pd.DataFrame, table: str) -> tuple[Array, dict[str, Array]]:
    """Row numbers and columns of a table, by row and reception.

    Keys are numbered, and rows put in order, while texts are codes still: an export has a million of either.
    """
    names, key = [str(name) for name in frame.columns], TABLES[table].key
    numbers, values = _keys(frame, table)
    order = order_of_versions(numbers, _array(frame["received_at"], Kind.TIME))
    rest = frame.drop(columns=[*key]) if len(key) == 1 else frame
    if order is not None:
        numbers, rest = numbers[order], rest.take(order)
    columns = columns_of(rest, table)
    if len(key) == 1:  # its texts are those of the row numbers
        columns[key[0]] = _of_codes(numbers, values)
    return numbers, {name: columns[name] for name in names}
