"""Rows as the engine takes them: float32 arrays as they are, DataFrames by the names of their columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from explain.errors import RowsError
from explain.formats.ensemble import Array

__all__ = ["RowReader", "Rows"]

Rows = Any
"""float32 [rows, features], or a DataFrame (of pandas or polars) with a column for each feature."""

_CATEGORICAL = ("category", "Categorical", "Enum")
_SHOWN = 5


@dataclass(frozen=True)
class RowReader:
    """Reads rows for one model.

    Attributes:
        features: how many.
        names, categories: as in `Ensemble`.
    """

    features: int
    names: tuple[str, ...]
    categories: Mapping[int, tuple[object, ...]]

    def read(self, X: Rows) -> Array:
        """float32 [rows, features], contiguous.

        Raises:
            RowsError: X is neither a float32 array nor a DataFrame, or does not fit the model.
        """
        if isinstance(X, np.ndarray) and X.dtype == np.float32:
            if X.ndim != 2 or X.shape[1] != self.features:
                raise RowsError(f"The model needs rows of {self.features} features: [rows, {self.features}].")
            return np.ascontiguousarray(X)
        if not hasattr(X, "columns") or not hasattr(X, "to_numpy"):
            raise RowsError(_advice(X))
        columns = [str(name) for name in X.columns]
        order = self._order(columns)
        out = np.empty((len(X), self.features), np.float32)
        faults = []
        for feature, at in enumerate(order):
            try:
                out[:, feature] = self._column(X[X.columns[at]], feature)
            except RowsError as error:
                faults.append(f"column {columns[at]!r}: {error}")
        if faults:
            raise RowsError(
                "; ".join(faults[:_SHOWN]) + ("; and others" if len(faults) > _SHOWN else "") + "."
            )
        return out

    def _order(self, columns: list[str]) -> list[int]:
        """The place of each feature's column."""
        if len(set(columns)) != len(columns):
            raise RowsError("The DataFrame has two columns of the same name: rename one.")
        if not self.names:
            if len(columns) != self.features:
                raise RowsError(
                    f"The DataFrame has {len(columns)} columns and the model {self.features} features, without names."
                )
            return list(range(self.features))
        missing = [name for name in self.names if name not in columns]
        others = [name for name in columns if name not in self.names]
        if missing or others:
            parts = [f"lacks {_listed(missing)}"] if missing else []
            parts += [f"has {_listed(others)}, which the model does not know"] if others else []
            raise RowsError(
                f"The DataFrame {' and '.join(parts)}: give a column for each of the model's features, by its name."
            )
        place = {name: i for i, name in enumerate(columns)}
        return [place[name] for name in self.names]

    def _column(self, series: Any, feature: int) -> Array:
        values, names = np.asarray(series), self.categories.get(feature)
        if values.dtype.kind in "biuf" and not _is_categorical(series):
            if names is not None and not np.isnan(values.astype(np.float64)).all():
                raise RowsError(
                    "it holds numbers, and the model knows categories by their names: give a column of categories, or "
                    "float32 rows with their numbers"
                )
            return _float32(values)
        if values.dtype.kind in "mM":  # as numbers they would be nanoseconds since 1970
            raise RowsError(
                "it holds times, and no number says which: give the numbers that the model was trained with"
            )
        objects = values.tolist()
        if names is None:
            if _is_categorical(series):
                raise RowsError(
                    "the model file does not hold which number each category is: give the numbers that it was trained "
                    "with (cat.codes of the training's categories)"
                )
            return _float32(np.array([_number(value) for value in objects], np.float64))
        number = {name: float(i) for i, name in enumerate(names)}
        unknown = sum(not _is_missing(value) and value not in number for value in objects)
        if unknown:
            raise RowsError(f"{unknown} values are categories that the model was not trained with")
        return np.array([np.nan if _is_missing(v) else number[v] for v in objects], np.float32)


def _advice(X: object) -> str:
    """What to do with rows that are no array of float32 and no DataFrame."""
    if hasattr(X, "tocsr"):
        return (
            "A sparse matrix does not say what its empty cells are: give rows.toarray() with NaN in them where the "
            "model took them for missing (XGBoost does), and 0 where it took them for 0 (LightGBM does)."
        )
    if hasattr(X, "to_pandas"):
        return "Rows are float32 arrays or DataFrames: give rows.to_pandas()."
    return "Rows are float32 arrays or DataFrames: convert them with numpy.asarray(rows, numpy.float32)."


def _is_categorical(series: Any) -> bool:
    return str(series.dtype).partition("(")[0] in _CATEGORICAL


def _float32(values: Array) -> Array:
    with np.errstate(over="ignore"):
        out = values.astype(np.float32)
    if (np.isinf(out) & np.isfinite(values)).any():
        raise RowsError("a value is beyond float32")
    return out


def _is_missing(value: object) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value


def _number(value: object) -> float:
    if _is_missing(value):
        return float("nan")
    if isinstance(value, int | float | np.number):
        return float(value)
    raise RowsError("it holds what is no number")


def _listed(names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} others"
