"""The figures of the wards and the theatre: beds, stays, transfers, discharges, operations."""

from dataclasses import dataclass

__all__ = [
    "BedParameters",
    "DestinationParameters",
    "HospitalParameters",
    "ReducedProgramme",
    "TheatreParameters",
    "WardParameters",
]


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
    notice_days: int
    closed_share: float
    closed_beds: float
    closed_memory: float
