"""Levels now and ahead, of the record as it stands and one set of forecasts: for pages, looks and `/v1/tension`."""

from dataclasses import dataclass

from centre.flows.answers import FlowsAnswer
from centre.flows.hospital import flows_of
from centre.levels.hospital_levels import HospitalLevels, hospital_levels, policy_in_force
from centre.tension.answers import CrowdingIndex, Exceedance
from centre.tension.boarding import boarding_ahead
from centre.tension.exceedance import hospital_exceedances, unit_exceedances
from centre.tension.indices import crowding_indices
from serving.interface.bed_forecasts import BedForecasts
from serving.interface.installation import Parts, levels_file
from serving.interface.live_record import LiveRecord, record_at

__all__ = ["LevelsNow", "levels_now"]


@dataclass(frozen=True)
class LevelsNow:
    """Levels at an instant, and all that they were evaluated from.

    Attributes:
        record: what was received until then.
        flows: read off it.
        indices: of crowding, read off it.
        units: exceedances of all units, the most probable first.
        hospital: exceedances of the hospital total, the nearest horizon first.
        levels: of the hospital and of its units, by the policy in force; with boarding ahead.
    """

    record: LiveRecord
    flows: FlowsAnswer
    indices: tuple[CrowdingIndex, ...]
    units: tuple[Exceedance, ...]
    hospital: tuple[Exceedance, ...]
    levels: HospitalLevels


def levels_now(parts: Parts, forecasts: BedForecasts, now: int) -> LevelsNow:
    """The levels at the present instant.

    Args:
        forecasts: may be somewhat older, as a page's are.
    """
    record = record_at(parts, now)
    flows = flows_of(record)
    indices = crowding_indices(record, flows)
    units, hospital = unit_exceedances(forecasts), hospital_exceedances(forecasts)
    boarding = boarding_ahead(parts, forecasts, flows, now)
    in_force = policy_in_force(levels_file(parts))
    levels = hospital_levels(in_force, flows, indices, units, hospital, boarding)
    return LevelsNow(record, flows, indices, units, hospital, levels)
