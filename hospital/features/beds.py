"""Features of a bed-demand forecast: one row a unit, prediction time and horizon."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from hospital.arrays import Array
from hospital.calendar import (
    days_before_local,
    days_from_new_year,
    hour_of,
    local_clock,
    season,
    weekday,
)
from hospital.features.bed_list import ALL_BED_FEATURES, COVARIATE_SUFFIX, bed_features_of
from hospital.features.bed_query import BedQuery, BedState
from hospital.features.demand import Demand, demand_of
from hospital.features.emergency_flow import EmergencyFlow, visits_of
from hospital.features.feature import SCHOOL_FEATURES, Feature
from hospital.features.levels import Levels, levels_of
from hospital.holidays.place import Place
from hospital.holidays.public_holidays import holiday_values
from hospital.holidays.school_holidays import days_to_school_holiday, school_days
from hospital.record.events import Events
from hospital.record.planned_moves import PlannedMoves
from hospital.times import DAY

__all__ = ["ALL_BED_FEATURES", "BedFeatures", "bed_features_of"]

_WEEKS = 4
_OF_EMERGENCY = ("ed_present", "ed_boarding", "ed_arrivals_3h")


class BedFeatures:
    """Computes the features and the raw levels that baselines need; built once, asked for any rows."""

    def __init__(self, events: Events, features: Sequence[Feature]) -> None:
        self._events = events
        self._names = [f.name for f in features]
        self._has_school = not SCHOOL_FEATURES.isdisjoint(self._names)
        self._levels = next(f.levels for f in features if f.name == "unit")
        self._demand: Demand = demand_of(events)
        self._emergency = (
            EmergencyFlow(events, None, visits_of(events, None)) if "visits" in events.tables else None
        )
        self._moves = PlannedMoves(events)
        self._covariates = [f.name.removesuffix(COVARIATE_SUFFIX) for f in features if f.group == "covariate"]

    def demand_now(self, query: BedQuery) -> Array:
        """Beds needed at the prediction time, as known then (or as the caller says): float64 [n]."""
        stored = self._once(query, lambda q: self._at(q, q.prediction_time))
        return np.where(np.isnan(query.demand_now), stored, query.demand_now)

    def changes(self, unit: int, since: int) -> Array | None:
        """When patients of a unit came or went after an instant: int64, as `hospital.features.demand.Demand` says."""
        return self._demand.changes(unit, since)

    def state(self, query: BedQuery) -> BedState:
        """What features and baselines start from."""
        weeks = np.maximum(np.ceil(query.horizon_hours / 168.0), 1).astype(np.int64)
        return BedState(
            self.demand_now(query),
            self._at(query, self._back(query.target_time, weeks)),
            self._at(query, self._back(query.prediction_time, weeks)),
            self._per_unit(query, query.target_time, self._demand.staffed),
        )

    def compute(self, query: BedQuery, state: BedState | None = None) -> Array:
        """Float32 [n, features], NaN missing.

        Args:
            state: the rows' `state`, where the caller has it already.
        """
        beds = self.state(query) if state is None else state
        values = self._calendar(query) | self._census(query, beds) | self._flow(query, beds)
        for name in self._covariates:
            values[f"{name}{COVARIATE_SUFFIX}"] = self._once(query, partial(self._covariate_change, name))
        X = np.empty((query.unit.size, len(self._names)), np.float32)
        for column, name in enumerate(self._names):
            X[:, column] = values[name]
        return X

    def _calendar(self, query: BedQuery) -> dict[str, Array]:
        zone, target, place = self._events.zone, query.target_time, self._events.place
        here, clock = (
            self._once(query, lambda q: local_clock(q.prediction_time, zone)),
            local_clock(target, zone),
        )
        first = here // DAY
        last = clock // DAY
        cosine, sine = season(last)
        code = {unit: float(i) for i, unit in enumerate(self._levels)}
        of_unit = np.array([code.get(u.unit, np.nan) for u in self._events.units])
        return {
            "unit": of_unit[query.unit],
            "horizon_hours": query.horizon_hours,
            "hour": hour_of(here),
            "target_hour": hour_of(clock),
            "target_weekday": weekday(last).astype(np.float64),
            "season_cos": cosine,
            "season_sin": sine,
            "target_holiday": holiday_values(last, place),
            "holidays_until": _holidays_between(first, last, place),
            "holidays_last_week": _holidays_between(first - 7, first, place),
            "holidays_before_then": _holidays_between(last - 4, last - 1, place),
            "holidays_after_then": _holidays_between(last, last + 3, place),
            "days_from_new_year": days_from_new_year(last),
            **(_school_values(first, last, place.locality.school_zone) if self._has_school else {}),
        }

    def _census(self, query: BedQuery, beds: BedState) -> dict[str, Array]:
        now, zone = beds.now, self._events.zone
        day_before = self._once(query, lambda q: self._at(q, days_before_local(q.prediction_time, 1, zone)))
        week_before = self._once(query, lambda q: self._at(q, days_before_local(q.prediction_time, 7, zone)))
        usual_now = self._once(query, lambda q: self._usual(q, q.prediction_time))
        usual_then = self._usual(query, query.target_time)
        levels = self._levels_of(query)
        changes = {
            "change_24h": now - day_before,
            "change_7d": now - week_before,
            "above_week": now - levels.week,
            "above_month": now - levels.month,
            "above_usual": now - usual_now,
            "usual_then": usual_then - now,
            "seasonal_profile": levels.seasonal_profile,
        }
        usual = np.maximum(levels.month, 1.0)  # a share of less than a bed says nothing
        shares = {f"{name}_share": 100 * beds / usual for name, beds in changes.items()}
        return shares | {
            "demand_now": now,
            "usual_level": levels.month,
            "demand_change_24h": now - day_before,
            "demand_change_7d": now - week_before,
            "above_usual": now - usual_now,
            "usual_then": usual_then - now,
            "seasonal_profile": levels.seasonal_profile,
            "last_week_change": beds.then_before - beds.now_before,
            "hospital_change_24h": levels.change_24h,
            "hospital_above_usual": levels.above_usual,
            "hospital_usual_change": levels.usual_change,
        }

    def _flow(self, query: BedQuery, beds: BedState) -> dict[str, Array]:
        values = {
            "admissions_24h": self._now(query, self._demand.moved_in),
            "discharges_24h": self._now(query, self._demand.moved_out),
            "waiting_for_bed": self._now(query, self._demand.waiting),
            "staffed_now": self._once(
                query, lambda q: self._per_unit(q, q.prediction_time, self._demand.staffed)
            ),
            "staffed_then": beds.staffed_then,
            "free_then": beds.staffed_then - beds.now,
        }
        if self._emergency is not None:
            # All units have the same emergency department: it is asked once for each time.
            times, of = np.unique(query.prediction_time, return_inverse=True)
            flow = self._emergency.at(times)
            values |= {name: flow[name][of] for name in _OF_EMERGENCY}
        else:  # a model may know a department of which nothing was received here: unknown, not 0
            values |= dict.fromkeys(_OF_EMERGENCY, np.full(query.unit.size, np.nan))
        if "planned_operations" in self._names:
            values["planned_operations"] = self._planned(query, self._moves.operations)
        if "expected_departures" in self._names:
            values["expected_departures"] = self._planned(query, self._moves.departures)
        return values

    def _usual(self, query: BedQuery, times: Array) -> Array:
        """Mean demand at the same local clock in the last four whole weeks known."""
        first = np.maximum(np.ceil((times - query.prediction_time) / (7 * DAY)), 1).astype(np.int64)
        total = np.zeros(times.size)
        for back in range(_WEEKS):
            total = total + self._at(query, self._back(times, first + back))
        return total / _WEEKS

    def _planned(self, query: BedQuery, of: Callable[[int, float, Array], Array]) -> Array:
        """`of` (position of the unit, horizon in hours, prediction times) of each row: float64 [n]."""
        out = np.zeros(query.unit.size)
        for unit, mine in enumerate(query.rows_of_units):
            for horizon in np.unique(query.horizon_hours[mine]):
                chosen = mine[query.horizon_hours[mine] == horizon]
                out[chosen] = of(unit, float(horizon), query.prediction_time[chosen])
        return out

    def _levels_of(self, query: BedQuery) -> Levels:
        return levels_of(
            self._demand,
            len(self._events.units),
            self._events.zone,
            query.unit,
            query.prediction_time,
            query.target_time,
        )

    def _covariate_change(self, name: str, query: BedQuery) -> Array:
        at = query.prediction_time
        week_before = days_before_local(at, 7, self._events.zone)
        now = self._per_unit(query, at, partial(self._demand.covariate, name))
        return now - self._per_unit(query, week_before, partial(self._demand.covariate, name))

    def _back(self, times: Array, weeks: Array) -> Array:
        return days_before_local(times, 7 * weeks, self._events.zone)

    def _at(self, query: BedQuery, times: Array) -> Array:
        # A week back on the local clock can, over a clock change, be an hour past now: now is the latest known.
        return self._per_unit(query, np.minimum(times, query.prediction_time), self._demand.at)

    def _now(self, query: BedQuery, of: Callable[[int, Array], Array]) -> Array:
        return self._once(
            query, lambda q: self._per_unit(q, q.prediction_time, lambda unit, times, _: of(unit, times))
        )

    @staticmethod
    def _once(query: BedQuery, of: Callable[[BedQuery], Array]) -> Array:
        """`of` (an array [n]) where it depends on no horizon: asked once for each unit and time."""
        once, which = query.moments
        return of(once)[which]

    @staticmethod
    def _per_unit(query: BedQuery, times: Array, of: Callable[[int, Array, Array], Array]) -> Array:
        """`of` (position of the unit, instants, what was known when) at each row's time (int64 [n]): float64 [n]."""
        out, known_at = np.full(times.size, np.nan), query.prediction_time
        for unit, mine in enumerate(query.rows_of_units):
            if mine.size:
                out[mine] = of(unit, times[mine], known_at[mine])
        return out


def _holidays_between(first: Array, last: Array, place: Place) -> Array:
    """Public holidays after the local day `first` up to `last`: float64 [n], NaN where one of the days is unknown."""
    if not first.size:
        return np.empty(0)
    start = int(first.min())
    values = holiday_values(np.arange(start, int(last.max()) + 1), place)
    total = np.cumsum(np.nan_to_num(values))
    unknown = np.cumsum(np.isnan(values))
    of_rows = total[last - start] - total[first - start]
    return np.where(unknown[last - start] > unknown[first - start], np.nan, of_rows)


def _school_values(first: Array, last: Array, zone: str) -> dict[str, Array]:
    """School holidays on the local day of the prediction and on that of what is forecast, and until the next ones."""
    return {
        "school_holiday": school_days(first, zone),
        "target_school_holiday": school_days(last, zone),
        "days_to_school_holiday_then": days_to_school_holiday(last, zone),
    }
