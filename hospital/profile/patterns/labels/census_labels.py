"""Two units of a census that are exchanged from one row to the next: each goes on where the other was."""

from itertools import combinations

import numpy as np

from hospital.arrays import Array
from hospital.profile.current_rows import Latest, day_text
from hospital.profile.facts import FLOOR, Finding, Weight

__all__ = ["exchanged_counts"]

_JUMP, _GOES_ON = 6.0, 3.0
"""Standard deviations of a step: of each unit's jump at least, and of where it goes on at most."""
_LEAST_STEP = 0.5
_MOST_UNITS = 60


def exchanged_counts(census: Latest) -> list[Finding]:
    """Pairs of units whose counts change places between two rows, more than either moves in a step otherwise."""
    frame = census.frame.assign(time=census.times)
    counts = frame.pivot_table(index="time", columns="unit", values="occupied", aggfunc="last")
    values, times = counts.to_numpy(np.float64), counts.index.to_numpy(np.int64)
    if values.shape[0] < 2 * FLOOR or values.shape[1] > _MOST_UNITS:
        return []
    steps = np.diff(values, axis=0)
    known = np.isfinite(steps)
    spread = np.sqrt(np.where(known, steps**2, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))
    spread = np.maximum(spread, _LEAST_STEP)
    out = []
    for i, j in combinations(range(values.shape[1]), 2):
        place = _exchange(values[:, [i, j]], spread[[i, j]])
        if place is None:
            continue
        names = [str(counts.columns[k]) for k in (i, j)]
        late = census.frame["unit"].isin(names).to_numpy(bool) & (census.times >= times[place])
        first, last = (day_text(int(t), census.zone) for t in (times[place], times[-1]))
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


def _exchange(pair: Array, spread: Array) -> int | None:
    """The row (of float64 [n, 2] counts) at which two units change places; None where they never do."""
    before, after = pair[:-1], pair[1:]
    jumps = np.abs(after - before)
    goes_on = np.abs(after[:, ::-1] - before)
    with np.errstate(invalid="ignore"):
        holds = (jumps >= _JUMP * spread).all(axis=1) & (goes_on <= _GOES_ON * spread).all(axis=1)
    places = np.flatnonzero(holds)
    if not places.size:
        return None
    return int(places[np.argmax(jumps[places].sum(axis=1))]) + 1
