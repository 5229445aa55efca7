"""What the pages of the centre show of one instant: flows, forecasts, levels."""

from dataclasses import dataclass

from centre.flows.answers import FlowsAnswer
from centre.flows.hospital import flows_of
from centre.levels.hospital_levels import HospitalLevels, hospital_levels, policy_in_force
from centre.tension.boarding import boarding_ahead
from centre.tension.exceedance import hospital_exceedances, unit_exceedances
from centre.tension.indices import crowding_indices
from serving.interface.installation import levels_file
from serving.interface.live_record import LiveRecord, record_at
from serving.interface.pages import ShownBeds, shown_beds
from serving.interface.requests import Call

__all__ = ["HospitalView", "hospital_view"]


@dataclass(frozen=True)
class HospitalView:
    """The hospital at an instant.

    Attributes:
        record: what was received until now.
        beds: forecasts, which may be somewhat older.
    """

    record: LiveRecord
    flows: FlowsAnswer
    beds: ShownBeds
    levels: HospitalLevels


def hospital_view(call: Call) -> HospitalView:
    """The hospital now, as a page asks for it; one that renews itself has no forecast recorded."""
    record = record_at(call.parts, call.parts.clock.now())
    flows, beds = flows_of(record), shown_beds(call)
    boarding = boarding_ahead(call.parts, beds.forecasts, flows, record.at)
    levels = hospital_levels(
        policy_in_force(levels_file(call.parts)),
        flows,
        crowding_indices(record),
        unit_exceedances(beds.forecasts),
        hospital_exceedances(beds.forecasts),
        boarding,
    )
    return HospitalView(record, flows, beds, levels)
