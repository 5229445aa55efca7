"""What a package knows of the usual: means of the last twelve months by cell, and by situation, with which answers are
compared (`registry.components.usual_cases`)."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hospital.arrays import Array
from hospital.features.feature import Feature
from hospital.times import DAY
from registry.components.linear_step import Median
from registry.components.situations import LEAST_CASES, SITUATIONS, WIDENINGS, hour_of_day, members
from registry.components.usual_cases import NO_COMPARISON, UsualCases
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.forecast_model import Rows

__all__ = ["reference_file", "usual_cases"]

_YEAR = 365 * DAY
_REFERENCE_ROWS = 4096
_CHUNK = 1 << 16
_CLOCKS = frozenset({"hour", "target_hour"})
"""Hours of the clock: the mean of 23 and 1 is midnight, not noon."""
_DAY_HOURS = 24.0


def reference_file(
    median: Median, parts: Sequence[tuple[PreparedBeds | PreparedWaits, Rows]], cells: int
) -> bytes:
    """What is usual, over the last twelve months of training: mean contributions and values of each cell, and of each
    cell by situation."""
    newest = max(int(part.prediction_time.max()) for part, _ in parts)
    recent = [part.prediction_time >= newest - _YEAR for part, _ in parts]
    cases = usual_cases(median, [rows.at(mine) for (_, rows), mine in zip(parts, recent, strict=True)], cells)
    X, cell, group, scale = (
        np.concatenate([getattr(rows, name)[mine] for (_, rows), mine in zip(parts, recent, strict=True)])
        for name in ("X", "cell", "calibration", "scale")
    )
    # Evenly through the year: a mean needs no more.
    chosen = np.unique(np.linspace(0, len(X) - 1, min(len(X), _REFERENCE_ROWS)).astype(np.int64))
    X, cell = X[chosen], cell[chosen]
    values, _ = median.reasons(X, group[chosen], scale[chosen])
    contributions, means = np.zeros((cells, X.shape[1])), np.zeros((cells, X.shape[1]))
    categories = {j for j, f in enumerate(median.features) if f.levels}
    for c in range(cells):
        mine = cell == c if (cell == c).any() else np.ones(cell.size, bool)
        contributions[c] = values[mine].mean(axis=0)
        for j in range(X.shape[1]):
            known = X[mine, j][~np.isnan(X[mine, j])].astype(np.float64)
            means[c, j] = np.nan if not known.size else _mode(known) if j in categories else known.mean()
    buffer = io.BytesIO()
    stored: dict[str, Any] = {"contributions": contributions, "values": means, **cases.to_arrays()}
    np.savez(buffer, **stored)
    return buffer.getvalue()


def _mode(values: Array) -> float:
    unique, counts = np.unique(values, return_counts=True)
    return float(unique[counts.argmax()])


@dataclass(frozen=True)
class _Sums:
    """Sums over the cases of one cell by situation.

    Attributes:
        counts: of categories, by column, [SITUATIONS, codes].
        clocks: columns of hours of the clock, which go on from 23 to 24 where the situation's next ones do.
    """

    n: Array
    known: Array
    values: Array
    contributions: Array
    counts: dict[int, Array]
    clocks: tuple[int, ...]


def usual_cases(median: Median, parts: Sequence[Rows], cells: int) -> UsualCases:
    """The vectors of every comparison, from the rows that training knows.

    Args:
        parts: rows whose situations are known; those without a known start are no cases.
        cells: how many there are of `Rows.cell`.
    """
    features = median.features
    rows_by_cell = [_by_cell(rows, cells) for rows in parts]
    place = np.full(cells * SITUATIONS, NO_COMPARISON, np.int32)
    vectors: list[tuple[int, int, Array, Array]] = []
    for cell in range(cells):
        sums = _empty(features)
        for rows, of in zip(parts, rows_by_cell, strict=True):
            for start in range(0, of[cell].size, _CHUNK):
                _add(sums, median, rows, of[cell][start : start + _CHUNK])
        mine = place[cell * SITUATIONS : (cell + 1) * SITUATIONS]
        _compare(sums, mine, vectors)
    empty = np.zeros((0, len(features)), np.float32)
    return UsualCases(
        place,
        np.array([v[0] for v in vectors], np.int8),
        np.array([v[1] for v in vectors], np.int32),
        np.array([v[2] for v in vectors], np.float32) if vectors else empty,
        np.array([v[3] for v in vectors], np.float32) if vectors else empty,
    )


def _by_cell(rows: Rows, cells: int) -> list[Array]:
    if rows.situation is None:
        raise ValueError("the situations of these rows are not known")
    known = ~np.isnan(rows.offset + rows.scale)
    return [np.flatnonzero((rows.cell == c) & known) for c in range(cells)]


def _empty(features: Sequence[Feature]) -> _Sums:
    known, values, contributions = (np.zeros((SITUATIONS, len(features))) for _ in range(3))
    counts = {j: np.zeros((SITUATIONS, len(f.levels))) for j, f in enumerate(features) if f.levels}
    clocks = tuple(j for j, f in enumerate(features) if f.name in _CLOCKS)
    return _Sums(np.zeros(SITUATIONS, np.int64), known, values, contributions, counts, clocks)


def _add(sums: _Sums, median: Median, rows: Rows, chosen: Array) -> None:
    """Adds rows of one cell."""
    if rows.situation is None:
        return
    X, situation = rows.X[chosen], rows.situation[chosen]
    effects, _ = median.reasons(X, rows.calibration[chosen], rows.scale[chosen])
    order = np.argsort(situation, kind="stable")
    unique, first = np.unique(situation[order], return_index=True)
    there = ~np.isnan(X)
    numbers = _unrolled(X, hour_of_day(situation), median.features, sums.clocks)
    sums.n[:] += np.bincount(situation, minlength=SITUATIONS)
    for total, part in (
        (sums.known, there.astype(np.float64)),
        (sums.values, np.where(there, numbers, 0.0)),
        (sums.contributions, effects),
    ):
        total[unique] += np.add.reduceat(part[order], first, axis=0)
    for column, counts in sums.counts.items():
        mine = there[:, column]
        np.add.at(counts, (situation[mine], X[mine, column].astype(np.int64)), 1.0)


def _unrolled(X: Array, hour: Array, features: Sequence[Feature], clocks: Sequence[int]) -> Array:
    """The values, hours of the clock as those nearest to the situation's own: float64 [n, features].

    Args:
        hour: of the situation (int64 [n]), near which the hour is; that of the target is as far ahead as the horizon.
    """
    out = X.astype(np.float64)
    names = [f.name for f in features]
    for column in clocks:
        ahead = out[:, names.index("horizon_hours")] if names[column] == "target_hour" else 0.0
        expected = hour + ahead
        out[:, column] = expected + _from_own(out[:, column] - expected)
    return out


def _from_own(hours: Array) -> Array:
    """Hours of the clock later (or earlier: negative) than another, by the shorter way round: [n]."""
    return np.asarray((hours + _DAY_HOURS / 2) % _DAY_HOURS - _DAY_HOURS / 2)


def _compare(sums: _Sums, place: Array, vectors: list[tuple[int, int, Array, Array]]) -> None:
    """Fills one cell's places: of each situation the narrowest comparison with enough cases; alike ones once."""
    left = np.arange(SITUATIONS)
    for widening in range(len(WIDENINGS)):
        compared = members(left, widening)
        enough = sums.n[compared].sum(axis=1) >= LEAST_CASES
        known: dict[bytes, int] = {}
        for situation, alike in zip(left[enough].tolist(), compared[enough], strict=True):
            key = alike.tobytes()
            if key not in known:
                known[key] = len(vectors)
                vectors.append(_vector(sums, alike, widening))
            place[situation] = known[key]
        left = left[~enough]


def _vector(sums: _Sums, alike: Array, widening: int) -> tuple[int, int, Array, Array]:
    n, known = int(sums.n[alike].sum()), sums.known[alike].sum(axis=0)
    values = sums.values[alike].sum(axis=0) / np.maximum(known, 1)
    hours = hour_of_day(alike)
    own = hours[hours.size // 2]  # the hours before and after it lie on either side
    for column in sums.clocks:
        around = own + _from_own(hours - own) - hours  # a day more or less, across midnight
        values[column] += (around * sums.known[alike, column]).sum() / max(known[column], 1)
        values[column] %= _DAY_HOURS
    for column, counts in sums.counts.items():
        values[column] = float(counts[alike].sum(axis=0).argmax())  # the lowest code of several as frequent
    values[known < LEAST_CASES] = np.nan
    return widening, n, values, sums.contributions[alike].sum(axis=0) / n
