"""Features of a wait-time forecast: one row a visit, at its prediction time.

A wait is forecast at triage, or at arrival where there is no triage. What is known of the visit itself
afterwards (first contact, departure, disposition, destination) is hindsight and is not even read here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array
from hospital.calendar import hour_of, local_clock, season, weekday
from hospital.features.emergency import EmergencyDepartment
from hospital.features.feature import SEASON_DAYS, TRIAGE_RANK, Feature, encode, lacking_school_features
from hospital.features.reader_counts import contradictions, lay_over
from hospital.holidays.public_holidays import holiday_values, holidays_known
from hospital.holidays.school_holidays import school_days
from hospital.record.column_values import is_filled
from hospital.record.events import Events
from hospital.times import DAY, HOUR, MISSING_TIME

__all__ = [
    "VITAL_SIGNS",
    "WAIT_FEATURES",
    "WaitFeatures",
    "WaitQuery",
    "prediction_times",
    "wait_features_of",
]

VITAL_SIGNS = (
    "heart_rate",
    "systolic_mmhg",
    "respiratory_rate",
    "temperature_celsius",
    "spo2_percent",
    "pain_0_10",
)

WAIT_FEATURES: tuple[Feature, ...] = (
    Feature("hour", "calendar", "Heure", "Hour of the day", "h"),
    Feature("weekday", "calendar", "Jour de la semaine", "Day of the week"),
    Feature("season_cos", "calendar", "Saison (hiver–été)", "Season (winter–summer)"),
    Feature("season_sin", "calendar", "Saison (printemps–automne)", "Season (spring–autumn)"),
    Feature("holiday", "calendar", "Jour férié", "Public holiday"),
    Feature("school_holiday", "calendar", "Vacances scolaires", "School holidays"),
    Feature("department", "patient", "Service d'urgences", "Emergency department"),
    Feature("triage", "patient", "Niveau de tri", "Triage level"),
    Feature("age_years", "patient", "Âge", "Age", "years"),
    Feature("arrival_mode", "patient", "Mode d'arrivée", "Mode of arrival"),
    Feature("reason", "patient", "Motif de recours", "Reason for the visit"),
    Feature("heart_rate", "patient", "Fréquence cardiaque", "Heart rate", "/min"),
    Feature("systolic_mmhg", "patient", "Pression systolique", "Systolic pressure", "mmHg"),
    Feature("respiratory_rate", "patient", "Fréquence respiratoire", "Respiratory rate", "/min"),
    Feature("temperature_celsius", "patient", "Température", "Temperature", "°C"),
    Feature("spo2_percent", "patient", "Saturation en oxygène", "Oxygen saturation", "%"),
    Feature("pain_0_10", "patient", "Douleur (0–10)", "Pain (0–10)"),
    Feature("minutes_since_arrival", "patient", "Minutes depuis l'arrivée", "Minutes since arrival", "min"),
    Feature("ed_waiting", "crowding", "Patients en attente", "Patients waiting"),
    Feature("ed_waiting_urgent", "crowding", "Patients urgents en attente", "Urgent patients waiting"),
    Feature(
        "ed_waiting_ahead", "crowding", "En attente, au moins aussi urgents", "Waiting, at least as urgent"
    ),
    Feature(
        "ed_waiting_over_1h", "crowding", "En attente depuis plus d'une heure", "Waiting for over one hour"
    ),
    Feature(
        "ed_waiting_over_2h",
        "crowding",
        "En attente depuis plus de deux heures",
        "Waiting for over two hours",
    ),
    Feature("ed_mean_wait_so_far", "crowding", "Attente moyenne en cours", "Mean wait so far", "min"),
    Feature("ed_present", "crowding", "Patients présents", "Patients present"),
    Feature("ed_boarding", "crowding", "Patients en attente d'un lit", "Patients waiting for a bed"),
    Feature("ed_arrivals_1h", "flow", "Arrivées de la dernière heure", "Arrivals in the last hour"),
    Feature(
        "ed_arrivals_3h", "flow", "Arrivées des trois dernières heures", "Arrivals in the last three hours"
    ),
    Feature("ed_seen_1h", "flow", "Patients vus dans la dernière heure", "Patients seen in the last hour"),
    Feature("ed_left_unseen_4h", "flow", "Partis sans être vus (4 h)", "Left unseen (4 h)"),
    Feature(
        "recent_wait_triage", "flow", "Attente récente, même urgence", "Recent wait, same urgency", "min"
    ),
    Feature("last_wait_triage", "flow", "Dernière attente, même urgence", "Last wait, same urgency", "min"),
    Feature("recent_wait_all", "flow", "Attente récente, tous", "Recent wait, everybody", "min"),
    Feature("ed_doctors", "staff", "Médecins présents", "Doctors on duty"),
    Feature("ed_nurses", "staff", "Infirmiers présents", "Nurses on duty"),
    Feature("waiting_per_doctor", "staff", "Patients en attente par médecin", "Patients waiting per doctor"),
)

_ARRIVED = {"ed_arrivals_1h": HOUR, "ed_arrivals_3h": 3 * HOUR}
_COLUMNS = ("department", "triage", "age_years", "arrival_mode", "reason", *VITAL_SIGNS)


def wait_features_of(events: Events) -> tuple[Feature, ...]:
    """The features that this hospital's tables can give: what they never give drops its features."""
    visits = events.tables["visits"]
    lacking = {name for name in _COLUMNS if not is_filled(visits.columns.get(name))}
    if "staffing" not in events.tables:
        lacking |= {"ed_doctors", "ed_nurses", "waiting_per_doctor"}
    if not is_filled(visits.columns.get("bed_requested_at")):
        lacking.add("ed_boarding")
    if not holidays_known(events.place):
        lacking.add("holiday")
    lacking |= lacking_school_features(events)
    if events.history_days < SEASON_DAYS:
        lacking |= {"season_cos", "season_sin"}
    if "triage" in lacking:
        lacking |= {"ed_waiting_ahead", "ed_waiting_urgent"}
    return tuple(f for f in WAIT_FEATURES if f.name not in lacking)


@dataclass(frozen=True)
class WaitQuery:
    """The visits to forecast, one entry each.

    Attributes:
        prediction_time, arrived_at: int64 [n] instants.
        row: int64 [n], the visit's row in the events, so that it does not count itself; -1 where it is not
            among them.
        columns: the visit's own values known at triage: texts (object), numbers (float64, NaN missing).
        overlay: what the caller says of the department instead of the stored state: ed_waiting, ed_boarding,
            ed_doctors, then what is said of their urgency (`kinds_of_waiting`); float64 [n], NaN: nothing said.
    """

    prediction_time: Array
    arrived_at: Array
    row: Array
    columns: Mapping[str, Array]
    overlay: Mapping[str, Array]

    @property
    def size(self) -> int:
        return int(self.prediction_time.size)


class WaitFeatures:
    """Computes `WAIT_FEATURES`; built once from the events, asked for any visits."""

    def __init__(self, events: Events) -> None:
        self._events = events
        named = events.facts("visits", ("department",))["department"]
        names = sorted({d for d in named if d is not None})
        self._departments: dict[str | None, EmergencyDepartment] = {
            d: EmergencyDepartment(events, d) for d in names
        }
        if not names:
            self._departments[None] = EmergencyDepartment(events, None)

    def compute(self, query: WaitQuery, features: Sequence[Feature]) -> Array:
        """Float32 [n, features], NaN missing."""
        levels = {f.name: f.levels for f in features}
        rank = _ranks(query)
        values = (
            self._calendar(query.prediction_time)
            | self._patient(query, rank, levels)
            | lay_over(self._state(query, rank), query.overlay)
        )
        values["waiting_per_doctor"] = _per(values["ed_waiting"], values["ed_doctors"])
        X = np.empty((query.size, len(features)), np.float32)
        for column, feature in enumerate(features):
            X[:, column] = values[feature.name]
        return X

    def contradictions(self, query: WaitQuery) -> Array:
        """Rows (bool [n]) in which the caller says what the record speaks against (`reader_counts`)."""
        if all(np.isnan(said).all() for said in query.overlay.values()):
            return np.zeros(query.size, bool)
        return contradictions(self._state(query, _ranks(query)), query.overlay)

    def _calendar(self, times: Array) -> dict[str, Array]:
        zone = self._events.zone
        clock = local_clock(times, zone)
        days = clock // DAY
        cosine, sine = season(days)
        return {
            "hour": hour_of(clock),
            "weekday": weekday(days).astype(np.float64),
            "season_cos": cosine,
            "season_sin": sine,
            "holiday": holiday_values(days, self._events.place),
            "school_holiday": school_days(days, self._events.locality.school_zone),
        }

    def _patient(
        self, query: WaitQuery, rank: Array, levels: Mapping[str, tuple[str, ...]]
    ) -> dict[str, Array]:
        missing = np.full(query.size, np.nan)
        out = {name: query.columns.get(name, missing) for name in ("age_years", *VITAL_SIGNS)}
        for name in ("department", "arrival_mode", "reason"):
            out[name] = encode(query.columns[name], levels.get(name, ()))
        since = (query.prediction_time - query.arrived_at) / 60e6
        return out | {"triage": rank, "minutes_since_arrival": since}

    def _state(self, query: WaitQuery, rank: Array) -> dict[str, Array]:
        out: dict[str, Array] = {}
        departments = query.columns["department"]
        for name, department in self._departments.items():
            chosen = np.flatnonzero(departments == name) if name is not None else np.arange(query.size)
            times, ranks = query.prediction_time[chosen], rank[chosen]
            state = department.waiting(times, query.row[chosen], ranks) | department.flow(times)
            since = times - query.arrived_at[chosen]
            for feature, own in department.own(times, query.row[chosen]).items():
                # The patient is there and has arrived, whether or not anybody has reported it yet.
                counts = since < _ARRIVED[feature] if feature in _ARRIVED else np.ones(chosen.size, bool)
                state[feature] = state[feature] - own + counts
            state |= department.recent_waits(times, ranks)
            if chosen.size == query.size:
                out = state
                break
            for feature, values in state.items():
                out.setdefault(feature, np.full(query.size, np.nan))[chosen] = values
        return out


def _ranks(query: WaitQuery) -> Array:
    return np.fromiter((TRIAGE_RANK.get(t, np.nan) for t in query.columns["triage"]), np.float64, query.size)


def _per(count: Array, staff: Array) -> Array:
    some = staff > 0
    return np.where(some, count / np.where(some, staff, 1), np.nan)


def prediction_times(arrived_at: Array, triaged_at: Array) -> Array:
    """When a wait is forecast: at triage, else at arrival (int64 [n])."""
    return np.where(triaged_at != MISSING_TIME, triaged_at, arrived_at)
