"""What an expert makes of dated visits in an hour: queue, flow, recent waits and calendar as known at triage, and a
LightGBM for each quantile."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from benchmarks.anchors.forecast_files import Forecasts
from benchmarks.anchors.plain_boosters import WAITS, direct_quantiles
from benchmarks.forecasts.nhamcs import JUDGED, Survey
from hospital.arrays import Array
from hospital.calendar import local_clock, weekday
from hospital.dataset.quantiles import LEVELS
from hospital.features.wait import VITAL_SIGNS
from hospital.ingest.event_columns import columns_of
from hospital.ingest.hospital_reader import HospitalTables
from hospital.times import DAY, HOUR, MINUTE, MISSING_TIME

__all__ = ["Visits", "features", "forecast_survey", "forecast_waits", "visits_of"]

_CODES = ("department", "reason", "arrival_mode")
_RECENT_HOURS, _LAST = (1, 3, 6), (1, 5, 20)


class Visits:
    """The last version of each visit, in the order of triage; times are instants, `MISSING_TIME` where unknown.

    Attributes:
        visit_id: object [n]. arrived, at, seen, gone: int64 [n], `at` the triage or else the arrival, `gone` when
            the patient was seen or left. table: the other columns.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        columns = columns_of(frame, "visits")
        arrived = columns["arrived_at"]
        triaged, seen, left = (
            columns.get(name, np.full(arrived.size, MISSING_TIME))
            for name in ("triaged_at", "seen_at", "left_at")
        )
        at = np.where(triaged != MISSING_TIME, triaged, arrived)
        gone = np.minimum(*(np.where(t != MISSING_TIME, t, np.iinfo(np.int64).max) for t in (seen, left)))
        order = np.argsort(at, kind="stable")
        self.visit_id = frame["visit_id"].to_numpy(object)[order]
        self.arrived, self.at, self.seen, self.gone = (a[order] for a in (arrived, at, seen, gone))
        self.table = frame.iloc[order].reset_index(drop=True)

    @property
    def wait(self) -> Array:
        """Minutes from the arrival to the first contact: float64 [n], NaN where there was none."""
        known = self.seen != MISSING_TIME
        return np.where(known, (np.where(known, self.seen, self.arrived) - self.arrived) / MINUTE, np.nan)


def visits_of(tables: HospitalTables) -> Visits:
    """The visits as all is known in the end."""
    frame = tables.tables["visits"]
    if "received_at" in frame:
        frame = frame.sort_values("received_at", kind="stable")
    # Values of a later version stand; what it leaves open was said before.
    return Visits(frame.groupby("visit_id", sort=False, as_index=False).last())


def forecast_waits(
    tables: HospitalTables, rows: Forecasts, progress: Callable[[], None] = lambda: None
) -> Array:
    """Quantiles of the judged visits in minutes: float64 [n, levels]."""
    visits = visits_of(tables)
    place = {name: i for i, name in enumerate(visits.visit_id.tolist())}
    judged = np.array([place[name] for name in rows.row_id.tolist()], np.int64)
    x, wait = features(visits, tables), visits.wait
    if not np.allclose(wait[judged], rows.outcome, rtol=0, atol=1e-6):
        raise ValueError("the visits and the judged rows have other waits")
    # A day's gap: the last waits that are learned from had ended by then.
    learned = (visits.at < rows.time.min() - DAY) & (visits.seen > visits.at)
    one = np.ones(int(learned.sum()))
    found = direct_quantiles(x[learned], wait[learned], one, x.iloc[judged], WAITS, progress)
    return np.maximum(found, 0.0)


def features(visits: Visits, tables: HospitalTables) -> pd.DataFrame:
    """What is known of each visit at its triage, and of the department then: [n] rows."""
    table, at = visits.table, visits.at
    triage = table["triage"].to_numpy(object) if "triage" in table else np.full(at.size, None, object)
    columns: dict[str, Array] = {"queue": _waiting(visits, np.ones(at.size, bool))}
    levels = sorted({str(v) for v in triage.tolist() if isinstance(v, str)})
    for name in levels:
        columns[f"queue_{name}"] = _waiting(visits, triage == name)
    came = np.sort(visits.arrived)
    for hours in _RECENT_HOURS:
        columns[f"arrivals_{hours}h"] = np.searchsorted(came, at) - np.searchsorted(came, at - hours * HOUR)
    columns |= _recent_waits(visits)
    clock = local_clock(at, tables.zone)
    columns["hour"], columns["weekday"] = clock % DAY / HOUR, weekday(clock // DAY).astype(np.float64)
    columns["month"] = pd.to_datetime(clock, unit="us").month.to_numpy(np.float64)
    columns["day"] = ((at - at.min()) // DAY).astype(np.float64)
    columns["elapsed"] = (at - visits.arrived) / MINUTE
    for name in ("age_years", *VITAL_SIGNS):
        if name in table:
            columns[name] = table[name].to_numpy(np.float64)
    rank = {name: float(i) for i, name in enumerate(levels)}
    columns["triage"] = np.array([rank.get(v, np.nan) for v in triage.tolist()])
    frame = pd.DataFrame(columns)
    for name in _CODES:
        if name in table:
            frame[name] = pd.Categorical(table[name])
    return frame


def _waiting(visits: Visits, of: Array) -> Array:
    """Patients of the mask (bool [n]) who had arrived before each triage and were neither seen nor gone: [n]."""
    came, went = np.sort(visits.arrived[of]), np.sort(visits.gone[of])
    return np.searchsorted(came, visits.at) - np.searchsorted(went, visits.at, "right")


def _recent_waits(visits: Visits) -> dict[str, Array]:
    """Mean wait of the last patients seen before each triage (float64 [n]); NaN before there were as many."""
    known = visits.seen != MISSING_TIME
    seen = np.sort(visits.seen[known])
    total = np.concatenate(
        [[0.0], np.cumsum(visits.wait[known][np.argsort(visits.seen[known], kind="stable")])]
    )
    ended = np.searchsorted(seen, visits.at)
    return {
        f"last_{k}": np.where(ended >= k, (total[ended] - total[np.maximum(ended - k, 0)]) / k, np.nan)
        for k in _LAST
    }


def forecast_survey(survey: Survey, rows: Forecasts, progress: Callable[[], None] = lambda: None) -> Array:
    """Quantiles of the survey's judged visits in minutes, with the hospital's earlier waits: float64 [n, levels]."""
    x = pd.DataFrame(np.column_stack([survey.X, survey.recent]))
    judged = np.array([int(name.removeprefix("v")) for name in rows.row_id.tolist()], np.int64)
    if not np.array_equal(survey.wait[judged], rows.outcome):
        raise ValueError("the survey and the judged rows have other waits")
    past = survey.year < JUDGED
    one = np.ones(int(past.sum()))
    found = direct_quantiles(x[past], survey.wait[past], one, x.iloc[judged], WAITS, progress)
    assert found.shape[1] == len(LEVELS)
    return np.maximum(found, 0.0)
