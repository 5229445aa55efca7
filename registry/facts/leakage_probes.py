"""Leakage probes at data level: takes away, shuffles and shifts in time what a feature must not know.

The first two are exact: features are computed again from a record in which all that was received after the prediction
time is gone, or something else, and must be the same bits. The third looks at numbers whose reception only the
hospital's tables vouch for: one that knows the outcome goes with it far better than it did one horizon earlier, beyond
what the baselines know (Kaufman et al. 2012, doi 10.1145/2382577.2382579).
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from hospital.arrays import Array
from hospital.dataset.altered_history import hindsight_replaced, received_until, recent, shuffled_after
from hospital.dataset.baselines import BedBaselines, WaitBaselines
from hospital.features.beds import BedFeatures
from hospital.features.lookback import SEASONAL_PROFILE_WEEKS
from hospital.features.wait import WaitFeatures
from hospital.record.events import Events
from hospital.times import DAY
from registry.evidence.probe_records import LeakageFacts
from registry.facts.outcome_correlation import alignments
from registry.model.dataset import PreparedBeds, PreparedWaits

__all__ = ["Compute", "leakage_facts", "recomputed"]

Prepared = PreparedBeds | PreparedWaits
Compute = Callable[[Events, Prepared], Array]
"""Features (float32 [n, features]) of prepared rows from other events; `recomputed` is the one in use."""

# Days' news; a seasonal profile's weeks, and what of them came late.
_LOOK_BACK = {"wait-time": 10 * DAY, "bed-demand": (7 * SEASONAL_PROFILE_WEEKS + 14) * DAY}
_LOOK_AHEAD = 21 * DAY  # the longest horizon and a week: later news is of later outcomes
_ROWS_A_TIME = 100
_SEED = 7


def recomputed(events: Events, prepared: Prepared) -> Array:
    """The features of prepared rows, as these events give them: float32 [n, features]."""
    if isinstance(prepared, PreparedBeds):
        return BedFeatures(events, prepared.features).compute(prepared.samples.query)
    return WaitFeatures(events).compute(prepared.samples.query, prepared.features)


def leakage_facts(
    baselines: BedBaselines | WaitBaselines,
    judged: Prepared,
    others: Prepared | None,
    *,
    times: int,
    compute: Compute = recomputed,
) -> LeakageFacts:
    """Probes the judged rows.

    Args:
        baselines: what alignments are given.
        others: rows to measure them on, judged ones among them; None: on none.
        times: at how many prediction times, evenly through the judged rows, the record is cut.
    """
    rows = cuts = dropped = shuffled = hindsight = 0
    rng = np.random.default_rng(_SEED)
    for cut in _cuts(judged.prediction_time, times):
        part = _rows_before(judged, cut)
        dropped += _off(part, compute, received_until, cut)
        shuffled += _off(part, compute, partial(shuffled_after, rng=rng), cut)
        if isinstance(part, PreparedWaits):
            hindsight += _hindsight_off(part, rng)
        rows, cuts = rows + len(part.X), cuts + 1
    aligned = () if others is None else alignments(baselines, others)
    return LeakageFacts(rows, cuts, dropped, shuffled, hindsight, aligned)


def _off(part: Prepared, compute: Compute, hide: Callable[[Events, int], Events], cut: int) -> int:
    """Rows whose features are others once the events are hidden so.

    Asked of the recent record, and where that differs of the whole one: a feature may look further back.
    """
    look_back = _LOOK_BACK["bed-demand" if isinstance(part, PreparedBeds) else "wait-time"]
    for events in (recent(part.events, cut - look_back, cut + _LOOK_AHEAD), part.events):
        off = int((~_same(compute(hide(events, cut), part), part.X)).sum())
        if not off:
            break
    return off


def _cuts(at: Array, times: int) -> list[int]:
    """Prediction times (int64 [n], sorted) evenly through the rows."""
    if not at.size:
        return []
    # Not the very last rows: after them there is little to take away.
    chosen = np.linspace(0, at.size - 1, times + 2).astype(np.int64)[1:-1]
    return sorted({int(at[i]) for i in chosen})


def _rows_before(judged: Prepared, cut: int) -> Prepared:
    """The last rows up to the cut."""
    at = judged.prediction_time
    mine = at <= cut
    if isinstance(judged, PreparedWaits):
        mine &= ~judged.samples.censored
    chosen = np.flatnonzero(mine)[-_ROWS_A_TIME:]
    mask = np.zeros(at.size, bool)
    mask[chosen] = True
    return judged.part(mask)


def _same(a: Array, b: Array) -> Array:
    """Rows that are the same bits, however what is missing is written: bool [n]."""
    return np.asarray(((a == b) | (np.isnan(a) & np.isnan(b))).all(axis=1))


def _hindsight_off(part: PreparedWaits, rng: np.random.Generator) -> int:
    """Visits that are asked otherwise once what happened to them later is another."""
    again = hindsight_replaced(part.events, part.samples, rng)
    at = {name: i for i, name in enumerate(again.row_id)}
    found = [at.get(name, -1) for name in part.samples.row_id]
    q, r = part.samples.query, again.query
    off = 0
    for i, j in enumerate(found):
        same = j >= 0 and q.prediction_time[i] == r.prediction_time[j] and q.arrived_at[i] == r.arrived_at[j]
        off += not (same and all(_equal(q.columns[n][i], r.columns[n][j]) for n in q.columns))
    return off


def _equal(a: object, b: object) -> bool:
    return a == b or (a != a and b != b)
