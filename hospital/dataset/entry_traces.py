"""What a table's entry gives away beside its value: that it is there, how exactly it was written, when it came.

Whoever sees a patient writes down what nobody else does, more exactly or later. Trees need no value to know that
(missing values that inform: Rubin 1976, doi 10.1093/biomet/63.3.581; leakage: Kaufman et al. 2012, doi
10.1145/2382577.2382579).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hospital.arrays import Array

__all__ = [
    "REST",
    "Aspect",
    "Entries",
    "decimals",
    "defaults",
    "entries_of",
    "entries_together",
    "order_of_entry",
    "roundness",
    "scale_of",
    "time_of_entry",
    "times_written",
    "traces_of",
    "width_of",
]

Aspect = Literal[
    "value",
    "known",
    "digits",
    "rounding",
    "default",
    "entry",
    "together",
    "order",
    "spread",
    "value_spread",
    "delay",
    "after",
    "others",
    "exactness",
    "scale",
    "width",
]
"""What of an input is held against the outcome: its value; whether it is known; how many decimals it was written with,
or how round it is; whether it is a default value; how long after the prediction time it was received; which of the
row's entries are known together; its place among what was received; the value, or
one of the traces, against how far the outcome lies from the expected (`value_spread`, `spread`); when triage was,
against the wait that was left (`delay`); counts that may have been entered after the fact (`after`); a label against
other people's waits (`others`); how exactly what was expected came (`exactness`); its value as one of a scale in no
order (`scale`); how far it lies from the middle of all (`width`).
"""

_DECIMALS = 4  # single precision holds no more of a temperature
_NEARLY_ALL = 0.99
_LEAST_DIFFERENT = 25
"""Of a scale of a few steps the last digit is the value itself."""
_MOST_STEPS = 200
REST = frozenset({"other", "unknown", "autre", "inconnu", "unspecified", "non_renseigne"})
"""Codes that a list has for what it does not name, or nobody asked."""
_LEAST_IN_TEN = 10
_DEFAULT, _DEFAULT_TIMES, _ALONE = 0.01, 3.0, 0.8
"""A default value: this share of all that are known, and so many times as frequent as those in the same ten; where
it is this share of its ten, there is nothing there to compare it with but the others."""
_MINUTE = 60e6
_MINUTES, _FIVE = 60_000_000, 300_000_000


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


def entries_of(
    feature: str, column: Array, *, categories: bool = False, rest: Sequence[int] = ()
) -> Sequence[Entries]:
    """The value, whether it is known, its decimals and defaults; but for the value, where they differ between rows.

    Args:
        feature: its name.
        column: float32 or float64 [n], NaN unknown.
        categories: it holds positions of categories, which have no decimals.
        rest: positions of those that stand for what nobody wrote (`REST`): one more way of not knowing.
    """
    values = column.astype(np.float64)
    known = np.isfinite(values)
    written = traces_of(feature, values) if not categories else _known(feature, known)
    out = [Entries(feature, "value", values, categories), *written]
    if not categories and "digits" not in {e.aspect for e in written}:
        round_ones = roundness(values)
        if np.unique(round_ones[np.isfinite(round_ones)]).size > 1:
            out.append(Entries(feature, "rounding", round_ones))
    usual = np.where(known, np.isin(values, rest), np.nan) if categories else defaults(values)
    if np.unique(usual[np.isfinite(usual)]).size > 1:
        out.append(Entries(feature, "default", usual))
    return out


def traces_of(feature: str, values: Array) -> list[Entries]:
    """Whether a number is known, and with how many decimals it was written, where they differ between rows.

    Args:
        values: float64 [n], NaN unknown.
    """
    known = np.isfinite(values)
    out, digits = _known(feature, known), decimals(values)
    return [*out, Entries(feature, "digits", digits)] if np.unique(digits[known]).size > 1 else out


def _known(feature: str, known: Array) -> list[Entries]:
    varies = known.any() and not known.all()
    return [Entries(feature, "known", known.astype(np.float64))] if varies else []


def scale_of(feature: str, column: Array) -> Sequence[Entries]:
    """Each value of a number as a category, in no order: an odd pain score, or the saturation that is the usual one.

    A model splits a scale of a few steps wherever it likes; no straight line shows that. Of a number with more values
    than two hundred each is too rare to say anything.

    Args:
        column: float32 or float64 [n], NaN unknown.
    """
    values = column.astype(np.float64)
    different = np.unique(values[np.isfinite(values)]).size
    return [Entries(feature, "scale", values, categories=True)] if 2 < different <= _MOST_STEPS else []


def width_of(feature: str, column: Array) -> Sequence[Entries]:
    """How far each value lies from the middle of all, by ranks: 0 in the middle, 0.5 at either end.

    A pulse that is pulled towards the usual one where the wait was long, or typed from one's head, is neither higher
    nor lower for it, and no single value of it is frequent. Ranks hold single extreme values.

    Args:
        column: float32 or float64 [n], NaN unknown.
    """
    values = column.astype(np.float64)
    known = np.flatnonzero(np.isfinite(values))
    different, of, counts = np.unique(values[known], return_inverse=True, return_counts=True)
    if different.size < _LEAST_DIFFERENT:
        return []
    rank = (np.cumsum(counts) - counts / 2) / known.size
    out = np.full(values.size, np.nan)
    out[known] = np.abs(rank - 0.5)[of]
    return [Entries(feature, "width", out)]


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
    known, units = _whole_units(values)
    if not known.size:
        return out
    steps = [units % 10 == 0, units % 5 == 0, units % 2 == 0]
    round_ones = np.select(steps, [3.0, 2.0, 1.0], 0.0)
    ten, of, counts = np.unique((units + 5) // 10, return_inverse=True, return_counts=True)
    place = units - 10.0 * ten[of]
    centred, level = (v - (np.bincount(of, v) / counts)[of] for v in (place, round_ones))
    slope = np.bincount(of, centred * level) / np.maximum(np.bincount(of, centred**2), 1e-9)
    out[known] = np.where(counts[of] >= _LEAST_IN_TEN, level - slope[of] * centred, np.nan)
    return out


def _whole_units(values: Array) -> tuple[Array, Array]:
    """Places of known values (of float64 [n]), and these in units of the decimal that they are written with: int64
    each; nothing of a scale with few different values.
    """
    known = np.flatnonzero(np.isfinite(values))
    if np.unique(values[known]).size < _LEAST_DIFFERENT:
        return known[:0], known[:0]
    places = np.quantile(decimals(values[known]), _NEARLY_ALL, method="lower")
    return known, np.round(values[known] * 10**places).astype(np.int64)


def defaults(values: Array) -> Array:
    """Whether each value stands for one that nobody asked for, beyond how many in its ten do: an age of 0, 47 or 99.

    Such a value is several times as frequent as those beside it. Against these it is held, so that old people who wait
    longer do not show; one that is nearly alone in its ten is held against everybody.

    Args:
        values: float64 [n], NaN unknown.

    Returns:
        float64 [n], NaN unknown; all 0 or NaN where no value stands out.
    """
    out = np.full(values.size, np.nan)
    known, units = _whole_units(values)
    if not known.size:
        return out
    different, of, counts = np.unique(units, return_inverse=True, return_counts=True)
    ten = np.unique((different + 5) // 10, return_inverse=True)[1]
    rows, values_in = np.bincount(ten, counts)[ten], np.bincount(ten)[ten]
    beside = (rows - counts) / np.maximum(values_in - 1, 1)
    default = (counts >= _DEFAULT * units.size) & (counts >= _DEFAULT_TIMES * beside)
    share = (np.bincount(ten, counts * default) / np.bincount(ten, counts))[ten]
    out[known] = (default - np.where(share >= _ALONE, 0.0, share))[of]
    return out


def entries_together(columns: Mapping[str, Array]) -> Sequence[Entries]:
    """Which of a row's entries are known, and which of them with decimals, as one category a pattern.

    One of two values that is known where the other is not goes with no outcome by itself; trees find the two.

    Args:
        columns: float64 [n] each, NaN unknown.
    """
    traces = [np.isfinite(values) for values in columns.values()]
    traces += [decimals(values) > 0 for values in columns.values()]
    varied = [trace for trace in traces if trace.any() and not trace.all()]
    if len(varied) < 2:
        return []
    pattern = np.zeros(varied[0].size, np.int64)
    for trace in varied:
        pattern = np.unique(2 * pattern + trace, return_inverse=True)[1]
    return [Entries("visits", "together", pattern.astype(np.float64), categories=True)]


def times_written(at: Array) -> Array:
    """How exactly times are written: 0 in steps of five minutes, 1 of a minute, 2 more exactly: float64 [n].

    Args:
        at: int64 [n] instants.
    """
    return np.select([at % _FIVE == 0, at % _MINUTES == 0], [0.0, 1.0], 2.0)


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
