"""What the pages of the centre show of one instant: flows, forecasts, levels."""

from dataclasses import dataclass

from centre.flows.answers import FlowsAnswer
from centre.levels.hospital_levels import HospitalLevels
from centre.levels.levels_now import levels_now
from serving.interface.live_record import LiveRecord
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
    beds = shown_beds(call)
    now = levels_now(call.parts, beds.forecasts, call.parts.clock.now())
    return HospitalView(now.record, now.flows, beds, now.levels)
