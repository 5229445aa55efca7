"""Features of a bed-demand forecast: one row a unit, prediction time and horizon."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from hospital.calendar import (
    days_before_local,
    hour_of,
    is_holiday,
    local_clock,
    local_day,
    local_hour,
    season,
    weekday,
)
from hospital.counting import Counter, Spans, later, or_forever
from hospital.events import Array, Events
from hospital.features.demand import Demand, demand_of
from hospital.features.emergency import EmergencyDepartment
from hospital.features.feature import SEASON_DAYS, Feature
from hospital.times import DAY, HOUR

__all__ = ["ALL_BED_FEATURES", "BedFeatures", "BedQuery", "bed_features_of"]

_COMMON: tuple[Feature, ...] = (
    Feature("unit", "calendar", "Unité", "Unit"),
    Feature("horizon_hours", "calendar", "Horizon", "Horizon", "h"),
    Feature("target_weekday", "calendar", "Jour de la semaine visé", "Day of the week then"),
    Feature("season_cos", "calendar", "Saison (hiver–été)", "Season (winter–summer)"),
    Feature("season_sin", "calendar", "Saison (printemps–automne)", "Season (spring–autumn)"),
    Feature("target_holiday", "calendar", "Jour férié visé", "Public holiday then"),
    Feature("holidays_until", "calendar", "Jours fériés d'ici là", "Public holidays until then", "days"),
    Feature("demand_now", "census", "Lits demandés maintenant", "Beds needed now", "beds"),
    Feature("demand_change_24h", "census", "Évolution sur 24 h", "Change over 24 h", "beds"),
    Feature("demand_change_7d", "census", "Évolution sur 7 jours", "Change over 7 days", "beds"),
    Feature("above_usual", "census", "Écart à l'habitude à cette heure", "Above usual for this hour", "beds"),
    Feature(
        "usual_then",
        "census",
        "Niveau habituel à l'heure visée, moins maintenant",
        "Usual level then, less now",
        "beds",
    ),
    Feature("last_week_change", "census", "Évolution la semaine dernière", "Change last week", "beds"),
    Feature(
        "hospital_above_usual", "census", "Écart de l'hôpital à l'habitude", "Hospital above usual", "beds"
    ),
    Feature("admissions_24h", "flow", "Entrées sur 24 h", "Admissions in 24 h", "patients"),
    Feature("discharges_24h", "flow", "Sorties sur 24 h", "Discharges in 24 h", "patients"),
    Feature(
        "waiting_for_bed",
        "flow",
        "En attente d'un lit de l'unité",
        "Waiting for a bed of the unit",
        "patients",
    ),
    Feature("staffed_now", "staff", "Lits ouverts maintenant", "Staffed beds now", "beds"),
    Feature("staffed_then", "planned", "Lits ouverts à l'heure visée", "Staffed beds then", "beds"),
    Feature(
        "free_then",
        "planned",
        "Lits ouverts alors, moins demande actuelle",
        "Staffed beds then, less demand now",
        "beds",
    ),
)
_HOURLY: tuple[Feature, ...] = (
    Feature("hour", "calendar", "Heure", "Hour of the day", "h"),
    Feature("target_hour", "calendar", "Heure visée", "Hour then", "h"),
)
_EMERGENCY: tuple[Feature, ...] = (
    Feature("ed_present", "crowding", "Patients aux urgences", "Patients in emergency", "patients"),
    Feature(
        "ed_boarding",
        "crowding",
        "Aux urgences, en attente d'un lit",
        "In emergency, waiting for a bed",
        "patients",
    ),
    Feature("ed_arrivals_3h", "flow", "Arrivées aux urgences (3 h)", "Emergency arrivals (3 h)", "patients"),
)
_THEATRE = Feature(
    "planned_operations",
    "planned",
    "Opérations programmées d'ici là",
    "Operations planned until then",
    "patients",
)
ALL_BED_FEATURES: tuple[Feature, ...] = (*_COMMON, *_HOURLY, *_EMERGENCY, _THEATRE)
_WEEKS = 4


def bed_features_of(events: Events, covariates: Sequence[str] = ()) -> tuple[Feature, ...]:
    """The features that this hospital's tables can give."""
    lacking = _lacking(events)
    out = [f for f in _COMMON if f.name not in lacking]
    if events.cadence_hours < 24:
        out += _HOURLY
    if "visits" in events.tables:
        out += _EMERGENCY
    if "operations" in events.tables:
        out.append(_THEATRE)
    for name in covariates:
        out.append(
            Feature(
                f"{name}_change_7d",
                "covariate",
                f"{name} : évolution sur 7 jours",
                f"{name}: change over 7 days",
            )
        )
    return tuple(out)


def _lacking(events: Events) -> set[str]:
    """Features of which this hospital's tables never tell."""
    if events.counted:
        staffing = events.tables.get("staffing")
        out = set() if "visits" in events.tables else {"waiting_for_bed"}
        told = staffing is not None and bool((staffing.columns["role"] == "bed").any())
    else:
        census = events.tables["census"].columns
        of = {"admissions_24h": "admissions", "discharges_24h": "discharges", "waiting_for_bed": "waiting"}
        out = {feature for feature, name in of.items() if bool(np.isnan(census[name]).all())}
        told = not bool(np.isnan(census["staffed"]).all())
    if events.history_days < SEASON_DAYS:
        out |= {"season_cos", "season_sin"}
    return out if told else out | {"staffed_now", "staffed_then", "free_then"}


@dataclass(frozen=True)
class BedQuery:
    """What to forecast, one entry each.

    Attributes:
        unit: int64 [n], position in `Events.units`. prediction_time: int64 [n] instants.
        horizon_hours: float64 [n], elapsed hours.
        demand_now: float64 [n], what the caller says of the unit's demand now; NaN: the stored state.
    """

    unit: Array
    prediction_time: Array
    horizon_hours: Array
    demand_now: Array

    @property
    def target_time(self) -> Array:
        """Instants the forecasts are for: int64 [n]."""
        return self.prediction_time + (self.horizon_hours * HOUR).astype(np.int64)


class BedFeatures:
    """Computes the features and the raw levels that baselines need; built once, asked for any rows."""

    def __init__(self, events: Events, features: Sequence[Feature]) -> None:
        self._events = events
        self._names = [f.name for f in features]
        self._levels = next(f.levels for f in features if f.name == "unit")
        self._demand: Demand = demand_of(events)
        self._emergency = EmergencyDepartment(events, None) if "visits" in events.tables else None
        self._operations: dict[tuple[int, float], Counter] = {}
        self._covariates = [n.removesuffix("_change_7d") for n in self._names if _is_covariate(n)]

    def demand_now(self, query: BedQuery) -> Array:
        """Beds needed at the prediction time, as known then (or as the caller says): float64 [n]."""
        stored = self._at_unit(query.unit, query.prediction_time, query.prediction_time)
        return np.where(np.isnan(query.demand_now), stored, query.demand_now)

    def demand_before(self, query: BedQuery) -> tuple[Array, Array]:
        """Demand whole weeks earlier at the target's and at the prediction time's local clock: float64 [n] each."""
        weeks = np.maximum(np.ceil(query.horizon_hours / 168.0), 1).astype(np.int64)
        return self._at(query, self._back(query.target_time, weeks)), self._at(
            query, self._back(query.prediction_time, weeks)
        )

    def staffed_then(self, query: BedQuery) -> Array:
        """Staffed beds planned for the target, as known at the prediction time: float64 [n], NaN unknown."""
        return self._per_unit(query.unit, query.target_time, query.prediction_time, self._demand.staffed)

    def compute(self, query: BedQuery) -> Array:
        """Float32 [n, features], NaN missing."""
        now = self.demand_now(query)
        values = self._calendar(query) | self._census(query, now) | self._flow(query, now)
        for name in self._covariates:
            values[f"{name}_change_7d"] = self._covariate_change(query, name)
        return np.column_stack([values[name] for name in self._names]).astype(np.float32)

    def _calendar(self, query: BedQuery) -> dict[str, Array]:
        zone, target = self._events.zone, query.target_time
        first, clock = local_day(query.prediction_time, zone), local_clock(target, zone)
        last = clock // DAY
        cosine, sine = season(last)
        code = {unit: float(i) for i, unit in enumerate(self._levels)}
        of_unit = np.array([code.get(u.unit, np.nan) for u in self._events.units])
        return {
            "unit": of_unit[query.unit],
            "horizon_hours": query.horizon_hours,
            "hour": local_hour(query.prediction_time, zone),
            "target_hour": hour_of(clock),
            "target_weekday": weekday(last).astype(np.float64),
            "season_cos": cosine,
            "season_sin": sine,
            "target_holiday": is_holiday(last).astype(np.float64),
            "holidays_until": _holidays_between(first, last),
        }

    def _census(self, query: BedQuery, now: Array) -> dict[str, Array]:
        at = query.prediction_time
        day_before = self._at(query, days_before_local(at, 1, self._events.zone))
        week_before = self._at(query, self._back(at, np.ones(at.size, np.int64)))
        usual_now = self._usual(query, at, query.unit)
        usual_then = self._usual(query, query.target_time, query.unit)
        then, before = self.demand_before(query)
        return {
            "demand_now": now,
            "demand_change_24h": now - day_before,
            "demand_change_7d": now - week_before,
            "above_usual": now - usual_now,
            "usual_then": usual_then - now,
            "last_week_change": then - before,
            "hospital_above_usual": self._hospital_above_usual(query),
        }

    def _flow(self, query: BedQuery, now: Array) -> dict[str, Array]:
        at = query.prediction_time
        staffed_then = self.staffed_then(query)
        values = {
            "admissions_24h": self._now(query, self._demand.moved_in),
            "discharges_24h": self._now(query, self._demand.moved_out),
            "waiting_for_bed": self._now(query, self._demand.waiting),
            "staffed_now": self._per_unit(query.unit, at, at, self._demand.staffed),
            "staffed_then": staffed_then,
            "free_then": staffed_then - now,
        }
        if self._emergency is not None:
            flow = self._emergency.flow(at)
            values |= {name: flow[name] for name in ("ed_present", "ed_boarding", "ed_arrivals_3h")}
        if "planned_operations" in self._names:
            values["planned_operations"] = self._planned_operations(query)
        return values

    def _usual(self, query: BedQuery, times: Array, unit: Array) -> Array:
        """Mean demand at the same local clock in the last four whole weeks known."""
        first = np.maximum(np.ceil((times - query.prediction_time) / (7 * DAY)), 1).astype(np.int64)
        total = np.zeros(times.size)
        for back in range(_WEEKS):
            total = total + self._at_unit(unit, self._back(times, first + back), query.prediction_time)
        return total / _WEEKS

    def _hospital_above_usual(self, query: BedQuery) -> Array:
        times, inverse = np.unique(query.prediction_time, return_inverse=True)
        one = BedQuery(
            np.zeros(times.size, np.int64), times, np.zeros(times.size), np.full(times.size, np.nan)
        )
        total = np.zeros(times.size)
        for unit in range(len(self._events.units)):
            of = np.full(times.size, unit, np.int64)
            total = total + self._at_unit(of, times, times) - self._usual(one, times, of)
        return total[inverse]

    def _planned_operations(self, query: BedQuery) -> Array:
        out = np.zeros(query.unit.size)
        for unit in np.unique(query.unit):
            for horizon in np.unique(query.horizon_hours):
                chosen = np.flatnonzero((query.unit == unit) & (query.horizon_hours == horizon))
                out[chosen] = self._operations_counter(int(unit), float(horizon)).count(
                    query.prediction_time[chosen]
                )
        return out

    def _operations_counter(self, unit: int, horizon: float) -> Counter:
        key = (unit, horizon)
        if key not in self._operations:
            facts = self._events.facts("operations", ("unit", "planned_at", "cancelled_at"))
            facts = facts.where(self._events.unit_index(facts["unit"]) == unit)
            # Planned in (t, t + h] and not called off by t, exactly for t in [planned - h, planned).
            start = later(facts["planned_at"], -int(horizon * HOUR))
            end = np.minimum(facts["planned_at"], or_forever(facts["cancelled_at"]))
            self._operations[key] = Spans.of(facts, start, end).counter()
        return self._operations[key]

    def _covariate_change(self, query: BedQuery, name: str) -> Array:
        at = query.prediction_time
        week_before = self._back(at, np.ones(at.size, np.int64))
        now = self._per_unit(query.unit, at, at, partial(self._demand.covariate, name))
        return now - self._per_unit(query.unit, week_before, at, partial(self._demand.covariate, name))

    def _back(self, times: Array, weeks: Array) -> Array:
        return days_before_local(times, 7 * weeks, self._events.zone)

    def _at(self, query: BedQuery, times: Array) -> Array:
        return self._at_unit(query.unit, times, query.prediction_time)

    def _at_unit(self, unit: Array, times: Array, known_at: Array) -> Array:
        # A week back on the local clock can, over a clock change, be an hour past now: now is the latest known.
        return self._per_unit(unit, np.minimum(times, known_at), known_at, self._demand.at)

    def _now(self, query: BedQuery, of: Callable[[int, Array], Array]) -> Array:
        at = query.prediction_time
        return self._per_unit(query.unit, at, at, lambda unit, times, _: of(unit, times))

    @staticmethod
    def _per_unit(
        unit: Array, times: Array, known_at: Array, of: Callable[[int, Array, Array], Array]
    ) -> Array:
        out = np.full(times.size, np.nan)
        for u in np.unique(unit):
            chosen = np.flatnonzero(unit == u)
            out[chosen] = of(int(u), times[chosen], known_at[chosen])
        return out


def _holidays_between(first: Array, last: Array) -> Array:
    """Public holidays after the local day `first` up to `last`: float64 [n]."""
    if not first.size:
        return np.empty(0)
    start = int(first.min())
    holidays = is_holiday(np.arange(start, int(last.max()) + 1))
    total = np.cumsum(holidays)
    return (total[last - start] - total[first - start]).astype(np.float64)


def _is_covariate(feature: str) -> bool:
    return feature.endswith("_change_7d") and feature != "demand_change_7d"
