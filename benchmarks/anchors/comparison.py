"""Vigie beside every other method on the rows that all have: figures by group of data sets and horizon."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.anchors.classics import CLASSICS
from benchmarks.anchors.data_sets import FINAL, DataSet
from benchmarks.anchors.forecast_files import Forecasts, aligned, path_of, read, together
from benchmarks.anchors.scores import MEASURES, difference, mean, mean_of_both
from benchmarks.anchors.vigie import MODEL, SERVED

__all__ = [
    "BEFORE",
    "LAST",
    "LIGHTGBM",
    "MEAN",
    "MEANS_BEFORE",
    "VIGIE",
    "Cell",
    "Gain",
    "cells",
    "forecasts_of",
    "groups",
]

VIGIE, BEFORE, LIGHTGBM = "Vigie", "Vigie before", "LightGBM"
MEAN = "mean of LightGBM and Vigie"
_MODEL, _MODEL_BEFORE = "Vigie's model", "Vigie's model before"
MEANS_BEFORE = {of: f"mean of LightGBM and {of}" for of in (BEFORE, _MODEL_BEFORE)}
"""Of Vigie before as served, and of its model alone, which is harder to beat where the scope was narrow."""
_EVERY = "divi, every origin"
LAST = (*(d.name for d in FINAL), _EVERY)
"""Groups that hold the year that is looked at once."""
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Gain:
    """By how many per cent of another method's score Vigie's is lower, with its 95 % interval; NaN: unknown."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Cell:
    """One method in one group of data sets at one horizon.

    Attributes:
        scores: by measure.
        gains: of Vigie over this method, by measure; empty for Vigie itself.
    """

    group: str
    horizon_hours: float
    method: str
    rows: int
    scores: dict[str, float]
    gains: dict[str, Gain]


def groups(data: Sequence[DataSet]) -> dict[str, list[DataSet]]:
    """What is told together: each origin and, where there are several, all of a group."""
    out: dict[str, list[DataSet]] = {}
    for one in data:
        if one.group == "divi":
            out[one.name] = [one]
    for one in data:
        if not one.final:
            out.setdefault(one.group, []).append(one)
    finals = [one for one in data if one.final]
    if finals:
        out[_EVERY] = [d for d in data if d.group == "divi"]
    return out


def cells(group: str, data: Sequence[DataSet], label: str, before: str | None) -> list[Cell]:
    """Every method of a group by horizon, on the rows that all of them have; nothing where Vigie's are not there.

    Args:
        label, before: names under which Vigie's forecasts were kept.
    """
    methods = forecasts_of(data, label, before)
    if VIGIE not in methods:
        return []
    out = []
    for horizon in np.unique(methods[VIGIE].horizon_hours).tolist():
        here = {name: f.part(f.horizon_hours == horizon) for name, f in methods.items()}
        for name, forecasts in here.items():
            scores = {m: mean(of(forecasts), forecasts) for m, of in MEASURES.items()}
            gains = {} if name == VIGIE else _gains(here[VIGIE], forecasts)
            out.append(Cell(group, horizon, name, forecasts.size, scores, gains))
    return out


def _gains(ours: Forecasts, theirs: Forecasts) -> dict[str, Gain]:
    out = {}
    for measure, of in MEASURES.items():
        if measure.startswith("inside"):
            continue
        mine, other = of(ours), of(theirs)
        level, found = mean(other, theirs), difference(other, mine, ours)
        value = 100 * mean(other - mine, ours) / level
        ends = (np.nan, np.nan)
        if found is not None:
            ends = found.over(level / 100).interval((1 - _CONFIDENCE) / 2)
        out[measure] = Gain(value, *ends)
    return out


def forecasts_of(data: Sequence[DataSet], label: str, before: str | None) -> dict[str, Forecasts]:
    """By method; those that not every data set of the group has are left out."""
    files = {VIGIE: f"{SERVED}-{label}", _MODEL: f"{MODEL}-{label}"}
    if before is not None:
        files |= {BEFORE: f"{SERVED}-{before}", _MODEL_BEFORE: f"{MODEL}-{before}"}
    files[LIGHTGBM] = "lightgbm"
    files |= {name: name for name in CLASSICS}
    there = {n: f for n, f in files.items() if all(path_of(d.name, f).exists() for d in data)}
    parts = [aligned({n: read(path_of(d.name, f)) for n, f in there.items()}) for d in data] if there else []
    # Halves of the survey are drawn from the same hospitals: one of them is one block in all halves.
    same = any(d.kind == "survey" for d in data)
    out = {name: together([p[name] for p in parts], same_days=same) for name in there}
    for of, name in {VIGIE: MEAN, **MEANS_BEFORE}.items():
        if of in out and LIGHTGBM in out:
            out[name] = mean_of_both(out[LIGHTGBM], out[of])
    return out
