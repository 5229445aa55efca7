"""The figures of the simulated hospital, read from `parameters.toml` into frozen records.

The TOML file holds the unit, the source and the reason of each figure; the records here only give them a
type.
"""

from dataclasses import dataclass

from hospital.simulator.parameters.emergency_parameters import (
    ArrivalParameters,
    DepartmentParameters,
    EmergencyParameters,
    EpidemicParameters,
    PatientParameters,
    ReasonParameters,
    UnfairnessParameters,
)
from hospital.simulator.parameters.ward_parameters import (
    BedParameters,
    DestinationParameters,
    HospitalParameters,
    TheatreParameters,
    WardParameters,
)

__all__ = ["AbsenceParameters", "GeneralParameters", "Parameters"]


@dataclass(frozen=True)
class GeneralParameters:
    """Clock and length of the run."""

    time_zone: str
    school_zone: str
    burn_in_days: int
    planning_days: int


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
