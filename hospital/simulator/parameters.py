"""The figures of the simulated hospital, read from `parameters.toml` into frozen records.

The TOML file holds the unit, the source and the reason of each figure; the records here only give them a
type.
"""

from dataclasses import dataclass

__all__ = [
    "TRIAGE_LEVELS",
    "AbsenceParameters",
    "ArrivalParameters",
    "BedParameters",
    "DepartmentParameters",
    "DestinationParameters",
    "EmergencyParameters",
    "EpidemicParameters",
    "GeneralParameters",
    "HospitalParameters",
    "Parameters",
    "PatientParameters",
    "ReasonParameters",
    "ReducedProgramme",
    "TheatreParameters",
    "UnfairnessParameters",
    "WardParameters",
]

TRIAGE_LEVELS = ("1", "2", "3A", "3B", "4", "5")


@dataclass(frozen=True)
class GeneralParameters:
    """Clock and length of the run."""

    time_zone: str
    school_zone: str
    burn_in_days: int
    planning_days: int


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


@dataclass(frozen=True)
class AbsenceParameters:
    """Staff who are planned and do not come."""

    share: float
    week_sigma: float
    week_memory: float
    replaced_share: float
    school_holiday_replaced_factor: float
    written_share: float
    written_hours: float


@dataclass(frozen=True)
class HospitalParameters:
    """What is common to all wards: transfers, bed meetings, discharges."""

    transfer_minutes: float
    transfer_sigma: float
    handover_factor: float
    night_factor: float
    meeting_hours: tuple[int, ...]
    outlier_after_hours: float
    outlier_free_share: float
    discharge_hours: tuple[int, ...]
    discharge_shares: tuple[float, ...]
    leave_weekday: float
    leave_friday: float
    leave_saturday: float
    leave_sunday: float
    round_sigma: float
    pressure_usual: float
    pressure_strength: float
    pressure_from: float
    pressure_share: float
    expected_leaving_share: float
    expected_leaving_minutes: float
    direct_transfer_share: float
    stay_per_year: float


@dataclass(frozen=True)
class WardParameters:
    """One ward."""

    unit: str
    label: str
    group: str
    beds: int
    stay_days: float
    stay_sigma: float
    planned_weekday: float
    direct: float
    weekend_closed: float
    summer_closed: float
    operations_weekday: tuple[float, ...]
    alternates: tuple[str, ...]


@dataclass(frozen=True)
class DestinationParameters:
    """Which ward an admitted patient needs."""

    elsewhere_after_hours: float
    geriatric_from_years: int
    geriatric_share: float
    child_until_years: int
    critical_severity: float
    critical_share: float
    step_down: dict[str, float]
    critical_death_share: float
    ward_death_share: float


@dataclass(frozen=True)
class ReducedProgramme:
    """Days (month-day, inclusive) on which the theatre runs a part of its lists."""

    first: str
    last: str
    factor: float


@dataclass(frozen=True)
class TheatreParameters:
    """The elective programme."""

    week_sigma: float
    day_sigma: float
    reduced: tuple[ReducedProgramme, ...]
    school_holiday_factor: float
    booked_days: float
    booked_sigma: float
    cancelled_share: float
    evening_before_share: float
    bed_wait_hours: float
    minutes: float
    minutes_sigma: float
    rooms: int
    urgent_share: float
    delay_minutes: float
    lasting_sigma: float
    stay_factor: float
    stay_sigma: float


@dataclass(frozen=True)
class BedParameters:
    """Beds that are closed, planned or not."""

    summer_first: str
    summer_last: str
    told_days: int
    closed_share: float
    closed_beds: float
    closed_memory: float


@dataclass(frozen=True)
class Parameters:
    """All figures of the hospital, at full size."""

    general: GeneralParameters
    arrivals: ArrivalParameters
    epidemic: EpidemicParameters
    patients: PatientParameters
    reason: tuple[ReasonParameters, ...]
    emergency: EmergencyParameters
    department: tuple[DepartmentParameters, ...]
    unfairness: UnfairnessParameters
    absence: AbsenceParameters
    hospital: HospitalParameters
    ward: tuple[WardParameters, ...]
    destinations: DestinationParameters
    theatre: TheatreParameters
    beds: BedParameters
