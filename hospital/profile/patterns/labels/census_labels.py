"""Two units of a census that are exchanged from one row to the next: each goes on where the other was."""

from itertools import combinations

import numpy as np

from hospital.arrays import Array
from hospital.profile.current_rows import Latest, day_text
from hospital.profile.facts import FLOOR, Finding, Weight

__all__ = ["exchanged_counts"]

_LEVEL_SHIFT, _GOES_ON = 6.0, 3.0
"""Standard deviations of a step: of each unit's jump at least, and of where it goes on at most."""
_LEAST_STEP, _LARGEST = 0.5, 4
_MOST_UNITS = 60


def exchanged_counts(census: Latest) -> list[Finding]:
    """Pairs of units whose counts change places between two rows, more than either moves in a step otherwise."""
    frame = census.frame.assign(time=census.times)
    counts = frame.pivot_table(index="time", columns="unit", values="occupied", aggfunc="last")
    values, times = counts.to_numpy(np.float64), counts.index.to_numpy(np.int64)
    if values.shape[0] < 2 * FLOOR or values.shape[1] > _MOST_UNITS:
        return []
    spread = np.maximum(_spreads(np.diff(values, axis=0)), _LEAST_STEP)
    out = []
    for i, j in combinations(range(values.shape[1]), 2):
        places = _exchanges(values[:, [i, j]], spread[[i, j]])
        if not places:
            continue
        place, end = places[0], places[1] if len(places) > 1 else times.size
        names = [str(counts.columns[k]) for k in (i, j)]
        late = census.frame["unit"].isin(names).to_numpy(bool) & (census.times >= times[place])
        late &= census.times <= times[end - 1]
        first, last = (day_text(int(t), census.zone) for t in (times[place], times[end - 1]))
        days = np.unique(census.day[late]).size
        out.append(
            Finding(
                "census",
                "labels_exchanged",
                Weight.LOOK,
                "unit",
                names[0],
                rows=int(late.sum()),
                share=float(late.mean()),
                first=first,
                last=last,
                names=(names[1],),
                days=days,
            )
        )
    return out


def _spreads(steps: Array) -> Array:
    """The standard deviation of each unit's steps (float64 [n, units]), without the largest: two exchanges' own."""
    squares = np.sort(np.where(np.isfinite(steps), steps**2, np.inf), axis=0)
    known = np.isfinite(squares).sum(axis=0)
    kept = np.arange(len(squares))[:, None] < np.maximum(known - _LARGEST, 1)
    return np.asarray(np.sqrt(np.where(kept, squares, 0.0).sum(axis=0) / kept.sum(axis=0)))


def _exchanges(pair: Array, spread: Array) -> list[int]:
    """The row (of float64 [n, 2] counts) at which two units change places, and the one at which they change back."""
    before, after = pair[:-1], pair[1:]
    shifts = np.abs(after - before)
    goes_on = np.abs(after[:, ::-1] - before)
    with np.errstate(invalid="ignore"):
        holds = (shifts >= _LEVEL_SHIFT * spread).all(axis=1) & (goes_on <= _GOES_ON * spread).all(axis=1)
    places = np.flatnonzero(holds)
    largest = places[np.argsort(-shifts[places].sum(axis=1), kind="stable")[:2]]
    return sorted(int(place) + 1 for place in largest)
