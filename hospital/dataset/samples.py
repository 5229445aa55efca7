"""Rows with their outcomes: what a model is fitted on and what a gate judges it on.

The one place where a row's future (its outcome) meets its features, so that training and check agree on both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array
from hospital.calendar import local_clock, local_hour
from hospital.features.bed_query import BedQuery
from hospital.features.beds import BedFeatures
from hospital.features.demand import TrueDemand
from hospital.features.emergency import minutes_between
from hospital.features.feature import Feature
from hospital.features.wait import VITAL_SIGNS, WaitFeatures, WaitQuery, prediction_times
from hospital.record.events import FOREVER, Events, Versions
from hospital.times import DAY, HOUR, MISSING_TIME

__all__ = [
    "BED_STEP_HOURS",
    "ERROR_STEP_HOURS",
    "WARM_UP_DAYS",
    "BedSamples",
    "WaitSamples",
    "bed_query",
    "bed_samples",
    "bed_times",
    "error_times",
    "wait_samples",
]

WARM_UP_DAYS = 42
"""Of a history, days without samples: four weeks of lags, and stays begun before it that nobody recorded."""
BED_STEP_HOURS = 5
"""Hours between two sampled prediction times: prime to 24, so that every hour of the day comes round."""

ERROR_STEP_HOURS = 25
"""Hours between two forecasts that are looked back on: a multiple of the sampled step, and prime to 24."""

_TEXTS = ("department", "triage", "arrival_mode", "reason")


@dataclass(frozen=True)
class WaitSamples:
    """Visits at their prediction times, in the order of those.

    Attributes:
        query: what the features are computed from.
        row_id: object [n], pseudonyms.
        outcome_minutes: float64 [n], NaN where the wait's end is not known.
        waited_minutes: float64 [n], how long they were seen to wait.
        censored: bool [n], left unseen or still waiting.
        received_at: int64 [n] instants, when the values that are asked with were received.
        audit: by attribute, object [n]; never a feature.
    """

    query: WaitQuery
    row_id: Array
    outcome_minutes: Array
    waited_minutes: Array
    censored: Array
    received_at: Array
    audit: Mapping[str, Array]

    def part(self, mask: Array) -> "WaitSamples":
        """Those of which `mask` (bool [n]) is true."""
        q = self.query
        query = WaitQuery(
            q.prediction_time[mask],
            q.arrived_at[mask],
            q.row[mask],
            {name: values[mask] for name, values in q.columns.items()},
            {name: values[mask] for name, values in q.overlay.items()},
        )
        audit = {name: values[mask] for name, values in self.audit.items()}
        return WaitSamples(
            query,
            self.row_id[mask],
            self.outcome_minutes[mask],
            self.waited_minutes[mask],
            self.censored[mask],
            self.received_at[mask],
            audit,
        )


def wait_samples(events: Events, audit: Sequence[str] = ()) -> WaitSamples:
    """Every visit that could be forecast: not yet seen at its prediction time, after the warm-up."""
    visits = events.tables["visits"]
    last = np.flatnonzero(visits.known_until == FOREVER)
    version = _version_at_triage(visits, last)
    arrived, triaged = visits.columns["arrived_at"][version], _get(visits, "triaged_at")[version]
    at = prediction_times(arrived, triaged)
    seen, left = _get(visits, "seen_at")[last], _get(visits, "left_at")[last]
    end_of_data = np.full(last.size, visits.known_from.max())
    stopped = np.where(left != MISSING_TIME, left, end_of_data)
    censored = seen == MISSING_TIME
    until = np.where(censored, stopped, seen)
    keep = (until > at) & (at >= events.history_from + WARM_UP_DAYS * DAY)
    order = np.flatnonzero(keep)[np.lexsort((visits.row[last][keep], at[keep]))]
    version, last, at, arrived = version[order], last[order], at[order], arrived[order]
    columns = {name: _get_text(visits, name)[version] for name in _TEXTS}
    columns |= {
        name: visits.columns[name][version] for name in ("age_years", *VITAL_SIGNS) if name in visits.columns
    }
    query = WaitQuery(at, arrived, visits.row[version], columns, {})
    return WaitSamples(
        query,
        visits.columns["visit_id"][version],
        minutes_between(arrived, seen[order]),
        minutes_between(arrived, until[order]),
        censored[order],
        visits.known_from[version],
        {name: visits.columns[name][last] for name in audit},
    )


def _version_at_triage(visits: Versions, last: Array) -> Array:
    """Index of the first version that names the triage, else of the first: [rows], in the order of `last`."""
    starts = np.concatenate([np.zeros(1, np.int64), last[:-1] + 1])
    triaged = np.flatnonzero(_get(visits, "triaged_at") != MISSING_TIME)
    if not triaged.size:
        return starts
    first = triaged[np.minimum(np.searchsorted(triaged, starts), triaged.size - 1)]
    return np.where((first >= starts) & (first <= last), first, starts)


def _get(visits: Versions, name: str) -> Array:
    return visits.columns.get(name, np.full(visits.size, MISSING_TIME))


def _get_text(visits: Versions, name: str) -> Array:
    return visits.columns.get(name, np.full(visits.size, None, object))


def compute_wait(events: Events, samples: WaitSamples, features: Sequence[Feature]) -> Array:
    """Features of the samples: float32 [n, features]."""
    return WaitFeatures(events).compute(samples.query, features)


@dataclass(frozen=True)
class BedSamples:
    """Units at prediction times and horizons, in the order of prediction time, unit, horizon.

    Attributes:
        X: float32 [n, features].
        query: what they were computed from.
        outcome_beds: float64 [n], the demand at the target as all is known now; NaN unknown.
        now, last_week: float64 [n], what the baselines need.
        staffed: float64 [n], NaN unknown.
    """

    X: Array
    query: BedQuery
    outcome_beds: Array
    now: Array
    last_week: Array
    staffed: Array

    def part(self, mask: Array) -> "BedSamples":
        """Those of which `mask` (bool [n]) is true."""
        return BedSamples(
            self.X[mask],
            self.query.part(mask),
            self.outcome_beds[mask],
            self.now[mask],
            self.last_week[mask],
            self.staffed[mask],
        )


def bed_times(events: Events) -> Array:
    """Prediction times of the history after the warm-up: whole hours, or the census's own times (int64 [m])."""
    start = events.history_from + WARM_UP_DAYS * DAY
    end = max(v.known_from.max() for n, v in events.tables.items() if n in ("stays", "visits", "census"))
    if events.cadence_hours >= 24:
        received = np.unique(events.tables["census"].known_from)
        # One time a local day, the first reception of that day's rows.
        days, first = np.unique(local_clock(received, events.zone) // DAY, return_index=True)
        return np.asarray(received[first][(received[first] >= start) & (days >= 0)])
    step = BED_STEP_HOURS * HOUR
    return np.arange(-(-start // step) * step, end, step, dtype=np.int64)


def error_times(events: Events, since: int, until: int) -> Array:
    """Prediction times from `since` up to `until` (instants) at which forecasts are looked back on, about one a day.

    One slot each 25 hours, so that every hour comes round: by night a ward moves less than by day. Of a daily census
    one each local day: when its first row was received, or, where none was, at noon, when there is nothing to look at.
    No slot is left out, so that as many always reach as far back.

    Returns:
        int64 [m], ascending.
    """
    since = max(since, events.history_from + WARM_UP_DAYS * DAY)
    if events.cadence_hours < 24:
        step = ERROR_STEP_HOURS * HOUR
        return np.arange(-(-since // step) * step, until + 1, step, dtype=np.int64)
    received = np.unique(events.tables["census"].known_from)
    seen, first = np.unique(local_clock(received, events.zone) // DAY, return_index=True)
    begin, end = local_clock(np.array([since, max(until, since)]), events.zone) // DAY
    days = np.arange(begin, end + 1)
    noon = days * DAY + DAY // 2
    noon = noon - (local_clock(noon, events.zone) - noon)
    place = np.minimum(seen.searchsorted(days), seen.size - 1)
    times = np.where(seen[place] == days, received[first][place], noon)
    return np.asarray(times[(times >= since) & (times <= until)])


def bed_query(times: Array, units: Array, horizons: Sequence[float]) -> BedQuery:
    """Each prediction time (int64 [m]) with each unit (its position) and horizon, in this order."""
    at, unit, horizon = (
        a.ravel()
        for a in np.broadcast_arrays(
            times[:, None, None], units[None, :, None], np.array(horizons)[None, None, :]
        )
    )
    return BedQuery(unit.astype(np.int64), at, horizon.astype(np.float64), np.full(at.size, np.nan))


def bed_samples(
    events: Events, features: Sequence[Feature], horizons: Sequence[float], times: Array
) -> BedSamples:
    """Every unit and horizon at each prediction time (int64 [m]) at which the present demand is known."""
    computer, truth = BedFeatures(events, features), TrueDemand(events)
    query = bed_query(times, np.arange(len(events.units)), horizons)
    beds = computer.state(query)
    outcome, target = np.full(beds.now.size, np.nan), query.target_time
    for unit, mine in enumerate(query.rows_of_units):
        outcome[mine] = truth.at(unit, target[mine])
    X = computer.compute(query, beds)
    samples = BedSamples(X, query, outcome, beds.now, beds.then_before, beds.staffed_then)
    return samples.part(~np.isnan(beds.now))


def local_hours(samples: BedSamples | WaitSamples, events: Events) -> Array:
    """Local hour of each prediction time, 0–23: int8 [n]."""
    return local_hour(samples.query.prediction_time, events.zone).astype(np.int8)
