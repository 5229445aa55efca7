"""The figures of the emergency departments: who comes, when, and how long each step takes."""

from dataclasses import dataclass

__all__ = [
    "TRIAGE_LEVELS",
    "ArrivalParameters",
    "DepartmentParameters",
    "EmergencyParameters",
    "EpidemicParameters",
    "PatientParameters",
    "ReasonParameters",
    "UnfairnessParameters",
]

TRIAGE_LEVELS = ("1", "2", "3A", "3B", "4", "5")


@dataclass(frozen=True)
class ArrivalParameters:
    """How many come, and when."""

    visits_per_day: float
    hour_shares: tuple[float, ...]
    child_hour_factors: tuple[float, ...]
    weekday_factors: tuple[float, ...]
    holiday_factor: float
    after_holiday_factor: float
    special_holiday_factor: float
    school_age_holiday_factor: float
    school_holiday_share: float
    season_amplitude: float
    season_peak_day: int
    day_cv: float
    day_memory: float
    hour_cv: float
    hour_memory: float


@dataclass(frozen=True)
class EpidemicParameters:
    """Winter waves on respiratory and fever visits."""

    peak_day: int
    peak_spread_days: float
    width_days: float
    height_mean: float
    height_cv: float
    infant_peak_day: int
    infant_width_days: float
    infant_height: float


@dataclass(frozen=True)
class PatientParameters:
    """Who comes: hidden severity and what is recorded of it."""

    women_share: float
    other_language_share: float
    age_slope: float
    severity_sd: float
    triage_noise_sd: float
    triage_thresholds: tuple[float, ...]
    critical_severity: float
    admission_constant: float
    admission_severity: float
    admission_age: float
    death_share: float
    transfer_share: float
    ambulance_constant: float
    ambulance_severity: float
    ambulance_age: float
    smur_constant: float
    smur_severity: float
    transfer_in_share: float
    missing_heart_rate: float
    missing_systolic: float
    missing_temperature: float
    missing_spo2: float
    missing_pain: float


@dataclass(frozen=True)
class ReasonParameters:
    """One broad reason for coming."""

    code: str
    share: float
    severity: float
    pain: float
    respiratory: bool
    ages: tuple[float, ...]
    wards: dict[str, float]


@dataclass(frozen=True)
class EmergencyParameters:
    """Times and ways that all emergency departments share."""

    boarding_boxes_share: float
    triage_minutes: float
    triage_sigma: float
    registration_minutes: float
    doctor_minutes: tuple[float, ...]
    first_contact_share: float
    doctor_sigma: float
    team_sigma: float
    slowness_sigma: float
    slowness_memory: float
    workup_minutes: tuple[float, ...]
    workup_admitted_factor: float
    workup_child_factor: float
    workup_sigma: float
    target_minutes: tuple[float, ...]
    pull_sigma: float
    patience_of_list: float
    placement_minutes: float
    placement_sigma: float
    crowd_reference: float
    crowd_exponent: float
    crowd_limits: tuple[float, ...]
    taken_at_once_share: float
    immediate_minutes: float
    review_after_minutes: float
    patient_share: float
    patience_minutes: tuple[float, ...]
    patience_sigma: float
    noticed_minutes: float
    leaving_minutes: float
    transport_minutes: float
    scale_relief: float


@dataclass(frozen=True)
class DepartmentParameters:
    """One emergency department: whom it is for, staff, places."""

    department: str
    from_years: int
    until_years: int
    least_scale: float
    block_hours: tuple[int, ...]
    doctors_weekday: tuple[int, ...]
    doctors_weekend: tuple[int, ...]
    nurses_weekday: tuple[int, ...]
    nurses_weekend: tuple[int, ...]
    boxes: int
    corridor_places: int
    triage_nurses: int


@dataclass(frozen=True)
class UnfairnessParameters:
    """How being passed over works out."""

    release_minutes: float
    lost_minutes: float
