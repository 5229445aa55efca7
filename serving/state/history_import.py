"""A table's arrays as rows to store: a first import of what a hospital already has."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hospital.arrays import Array
from hospital.contracts.tables import TABLES
from hospital.times import MISSING_TIME

__all__ = ["parts_since", "rows_of", "rows_since"]


def rows_since(
    kind: str, columns: Mapping[str, Array], since: int, audit: Sequence[str] = ()
) -> Iterator[dict[str, Any]]:
    """Rows (times as instants, missing left out) that still say something about `since` (instant) or later.

    Audit attributes go into ``audit``, as applications send them. Columns: int64 of instants, float64 of numbers,
    object of texts, as `hospital.record.events` has them.
    """
    return _rows(columns, np.flatnonzero(_active(kind, columns, since)), audit)


def rows_of(columns: Mapping[str, Array], audit: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """Every row of these arrays, in their order, with columns and rows as `rows_since` has them."""
    return _rows(columns, np.arange(columns["received_at"].size), audit)


def parts_since(
    kind: str, columns: Mapping[str, Array], since: int, audit: Sequence[str] = (), *, size: int
) -> Iterator[list[dict[str, Any]]]:
    """Rows of about `size` at a time, always the same ones, with columns and rows as `rows_since` has them.

    All versions of a row stand in one part.
    """
    chosen = np.flatnonzero(_active(kind, columns, since))
    row = _row_numbers(kind, columns)[chosen]
    order = np.lexsort((columns["received_at"][chosen], row))
    first = np.flatnonzero(np.append(True, np.diff(row[order]) != 0)) if order.size else order
    after = np.searchsorted(first, np.arange(size, order.size, size))
    cuts = [0, *first[after[after < first.size]].tolist(), order.size]
    for begin, end in itertools.pairwise(dict.fromkeys(cuts)):
        yield list(_rows(columns, chosen[order[begin:end]], audit))


def _row_numbers(kind: str, columns: Mapping[str, Array]) -> Array:
    """Which row of the hospital each version is of, as numbers."""
    keys = [_numbers(columns[name]) for name in TABLES[kind].key]
    _, numbers = np.unique(np.stack(keys), axis=1, return_inverse=True)
    return np.asarray(numbers).reshape(-1)


def _rows(columns: Mapping[str, Array], chosen: Array, audit: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The rows of these numbers, in this order."""
    names = [n for n in columns if n not in audit]
    plain = {name: _plain(columns[name][chosen]) for name in columns}
    for i in range(chosen.size):
        row = {name: plain[name][i] for name in names if plain[name][i] is not None}
        attributes = {name: plain[name][i] for name in audit if name in plain and plain[name][i] is not None}
        yield {**row, "audit": attributes} if attributes else row


def _active(kind: str, columns: Mapping[str, Array], since: int) -> Array:
    """Versions in force at `since` or later: open ones, ended or received after it, and not replaced before it."""
    size = columns["received_at"].size
    if kind == "units":
        return np.ones(size, bool)
    if kind not in ("visits", "stays"):  # planned things were known long before they are
        return np.asarray(columns["planned_at" if kind == "operations" else "at"] >= since)
    key = columns["visit_id" if kind == "visits" else "stay_id"]
    order = np.lexsort((columns["received_at"], _numbers(key)))
    numbers = _numbers(key)[order]
    replaced = np.full(size, np.iinfo(np.int64).max)
    same = numbers[1:] == numbers[:-1]
    replaced[order[:-1][same]] = columns["received_at"][order[1:][same]]
    left = columns["left_at"]
    return np.asarray(
        (replaced >= since) & ((left == MISSING_TIME) | (left >= since) | (columns["received_at"] >= since))
    )


def _numbers(key: Array) -> Array:
    known: dict[Any, int] = {}
    return np.fromiter((known.setdefault(k, len(known)) for k in key), np.int64, key.size)


def _plain(values: Array) -> list[Any]:
    if values.dtype.kind == "i":
        return [None if v == MISSING_TIME else v for v in values.tolist()]
    if values.dtype.kind == "f":
        return [None if v != v else v for v in values.tolist()]
    return list(values.tolist())
