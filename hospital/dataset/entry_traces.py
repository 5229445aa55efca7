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

__all__ = ["Aspect", "Entries", "decimals", "entries_of", "order_of_entry", "roundness", "time_of_entry"]

Aspect = Literal[
    "value",
    "known",
    "digits",
    "rounding",
    "entry",
    "order",
    "spread",
    "value_spread",
    "delay",
    "after",
    "others",
]
"""What of an input is held against the outcome: its value; whether it is known; how many decimals it was written with,
or how round it is; how long after the prediction time it was received; its place among what was received; the value, or
one of the traces, against how far the outcome lies from the expected (`value_spread`, `spread`); when triage was,
against the wait that was left (`delay`); counts that may have been entered after the fact (`after`); a label against
other people's waits (`others`).
"""

_DECIMALS = 4  # single precision holds no more of a temperature
_NEARLY_ALL = 0.99
_LEAST_DIFFERENT = 25
"""Of a scale of a few steps the last digit is the value itself."""
_LEAST_IN_TEN = 10
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
    elif not categories:
        round_ones = roundness(values)
        if np.unique(round_ones[np.isfinite(round_ones)]).size > 1:
            out.append(Entries(feature, "rounding", round_ones))
    return out


def roundness(values: Array) -> Array:
    """How round each value is beyond what values of its size are: 0 odd, 1 even, 2 and 3 multiples of five and ten.

    A pulse counted over half a minute is even, an age that nobody asked for ends in 0 or 5. Within each ten, what the
    value itself explains (a straight line) is taken away, so that a value that goes with the outcome does not show.

    Args:
        values: float64 [n], NaN unknown.

    Returns:
        float64 [n], NaN unknown or with too few values alike; all NaN of a scale with few different values.
    """
    out = np.full(values.size, np.nan)
    known = np.flatnonzero(np.isfinite(values))
    if np.unique(values[known]).size < _LEAST_DIFFERENT:
        return out
    places = np.quantile(decimals(values[known]), _NEARLY_ALL, method="lower")
    units = np.round(values[known] * 10**places).astype(np.int64)
    steps = [units % 10 == 0, units % 5 == 0, units % 2 == 0]
    round_ones = np.select(steps, [3.0, 2.0, 1.0], 0.0)
    ten, of, counts = np.unique((units + 5) // 10, return_inverse=True, return_counts=True)
    place = units - 10.0 * ten[of]
    centred, level = (v - (np.bincount(of, v) / counts)[of] for v in (place, round_ones))
    slope = np.bincount(of, centred * level) / np.maximum(np.bincount(of, centred**2), 1e-9)
    out[known] = np.where(counts[of] >= _LEAST_IN_TEN, level - slope[of] * centred, np.nan)
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
