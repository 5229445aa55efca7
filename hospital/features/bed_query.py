"""What a bed-demand forecast is asked for, and the raw levels that it starts from: one entry a row."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hospital.arrays import Array
from hospital.grouping import rows_of_groups
from hospital.times import HOUR

__all__ = ["BedQuery", "BedState"]


@dataclass(frozen=True)
class BedQuery:
    """What to forecast, one entry each.

    Attributes:
        unit: int64 [n], position in `Events.units`.
        prediction_time: int64 [n] instants.
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

    @cached_property
    def rows_of_units(self) -> list[Array]:
        """Rows of each unit (int64, ascending), by its position; sought once, as every feature asks for them."""
        return rows_of_groups(self.unit, int(self.unit.max(initial=-1)) + 1)

    @cached_property
    def moments(self) -> tuple["BedQuery", Array]:
        """The first of neighbouring rows that differ in their horizon alone, and which of them each row is (int64 [n]).

        What depends on no horizon is sought once for all of them.
        """
        said = self.demand_now
        new = np.ones(self.unit.size, bool)
        new[1:] = (self.unit[1:] != self.unit[:-1]) | (self.prediction_time[1:] != self.prediction_time[:-1])
        new[1:] |= (said[1:] != said[:-1]) & ~(np.isnan(said[1:]) & np.isnan(said[:-1]))
        once = BedQuery(self.unit[new], self.prediction_time[new], self.horizon_hours[new], said[new])
        return once, np.cumsum(new) - 1

    def part(self, mask: Array) -> "BedQuery":
        """The rows of which `mask` (bool [n]) is true."""
        return BedQuery(
            self.unit[mask], self.prediction_time[mask], self.horizon_hours[mask], self.demand_now[mask]
        )


@dataclass(frozen=True)
class BedState:
    """The raw levels that features and baselines start from, one entry a row (float64 [n], NaN unknown), beds.

    Attributes:
        now: needed at the prediction time, as known then (or as the caller says).
        then_before, now_before: needed whole weeks earlier at the target's, and at the prediction time's local clock.
        staffed_then: staffed beds planned for the target, as known at the prediction time.
    """

    now: Array
    then_before: Array
    now_before: Array
    staffed_then: Array

    def part(self, mask: Array) -> "BedState":
        """The rows of which `mask` (bool [n]) is true."""
        return BedState(
            self.now[mask], self.then_before[mask], self.now_before[mask], self.staffed_then[mask]
        )
