"""Which rows are of a unit that is closed at the time forecast, by the table of units as it was known then."""

import numpy as np

from hospital.arrays import Array
from hospital.features.bed_query import BedQuery
from hospital.record.events import Events
from hospital.times import MISSING_TIME

__all__ = ["closed_then"]


def closed_then(events: Events, query: BedQuery) -> Array:
    """Whether each row's unit opens after its target, or closes by then: bool [n]."""
    facts = events.facts("units", ("unit", "open_from", "open_to"))
    opens, closes = facts["open_from"], facts["open_to"]
    out = np.zeros(query.unit.size, bool)
    unit, at, target = events.unit_index(facts["unit"]), query.prediction_time, query.target_time
    for i in np.flatnonzero((opens != MISSING_TIME) | (closes != MISSING_TIME)).tolist():
        known = (query.unit == unit[i]) & (facts.known_from[i] <= at) & (at < facts.known_until[i])
        early = (opens[i] != MISSING_TIME) & (opens[i] > target)
        late = (closes[i] != MISSING_TIME) & (closes[i] <= target)
        out |= known & (early | late)
    return out
