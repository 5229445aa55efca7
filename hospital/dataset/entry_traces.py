"""What a table's entry gives away beside its value: that it is there, how exactly it was written, when it came.

Whoever sees a patient writes down what nobody else does, more exactly or later. Trees need no value to know that
(missing values that inform: Rubin 1976, doi 10.1093/biomet/63.3.581; leakage: Kaufman et al. 2012, doi
10.1145/2382577.2382579).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hospital.arrays import Array

__all__ = ["Aspect", "Entries", "decimals", "entries_of", "order_of_entry", "time_of_entry"]

Aspect = Literal["value", "known", "digits", "entry", "order"]
"""What of an input is held against the outcome: its value; whether it is known; how many decimals it was written with;
how long after the prediction time it was received; its place among what was received."""

_DECIMALS = 4  # single precision holds no more of a temperature
_MINUTE = 60e6


@dataclass(frozen=True)
class Entries:
    """One aspect of one input.

    Attributes:
        feature: its name.
        aspect: what of it.
        values: float64 [n], NaN where there is none.
        categories: the values are categories, in no order.
    """

    feature: str
    aspect: Aspect
    values: Array
    categories: bool = False


def entries_of(feature: str, column: Array, *, categories: bool = False) -> Sequence[Entries]:
    """The value, whether it is known, and its decimals; the latter two only where they differ between rows.

    Args:
        feature: its name.
        column: float32 or float64 [n], NaN unknown.
        categories: it holds positions of categories, which have no decimals.
    """
    values = column.astype(np.float64)
    known = np.isfinite(values)
    out = [Entries(feature, "value", values, categories)]
    if known.any() and not known.all():
        out.append(Entries(feature, "known", known.astype(np.float64)))
    digits = np.zeros(values.size) if categories else decimals(values)
    if np.unique(digits[known]).size > 1:
        out.append(Entries(feature, "digits", digits))
    return out


def decimals(values: Array) -> Array:
    """With how many decimals each value was written, at most four: float64 [n], NaN unknown."""
    out = np.where(np.isfinite(values), float(_DECIMALS), np.nan)
    close = 1e-6 * np.maximum(1.0, np.abs(values))
    for places in reversed(range(_DECIMALS)):
        out[np.abs(values - np.round(values, places)) <= close] = places
    return out


def time_of_entry(received_at: Array, prediction_time: Array) -> Sequence[Entries]:
    """Minutes from the prediction time to the reception of the visit's own values; none where all came at once.

    Args:
        received_at: int64 [n] instants.
        prediction_time: int64 [n] instants.
    """
    minutes = (received_at - prediction_time) / _MINUTE
    return [Entries("visits", "entry", minutes)] if np.unique(minutes).size > 1 else []


def order_of_entry(received_at: Array) -> Sequence[Entries]:
    """By how many places each visit was received later than in the order of their times; none where in that order.

    Args:
        received_at: int64 [n] instants, of visits in the order of their own times.
    """
    places = np.empty(received_at.size)
    places[np.argsort(received_at, kind="stable")] = np.arange(received_at.size)
    later = places - np.arange(received_at.size)
    return [Entries("visits", "order", later)] if later.any() else []
