"""Totals of unit groups for what stands above serving: from recorded forecasts of units, by the release in use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from registry.components.exceedances import Exceedances
from registry.model.hospital_total import GroupTotal
from serving.gateway.service_parts import Parts
from serving.messages.forecast_records import BedForecast

__all__ = ["GroupForecast", "GroupForecasts", "group_forecasts"]

_P10, _P50, _P90 = LEVELS.index(0.1), LEVELS.index(0.5), LEVELS.index(0.9)


@dataclass(frozen=True)
class GroupForecast:
    """The total of a group at one horizon.

    Attributes:
        quantiles: float64 [levels], beds.
    """

    quantiles: Array
    horizon_hours: float
    exceedances: Exceedances

    @property
    def tenths(self) -> tuple[float, float, float]:
        """p10, p50 and p90, beds."""
        p10, p50, p90 = self.quantiles[[_P10, _P50, _P90]].tolist()
        return p10, p50, p90

    def probability(self, beds: float | None) -> float | None:
        """Of a total above staffed beds; None where those are not known."""
        if beds is None:
            return None
        asked = self.quantiles[None], np.array([beds]), np.array([self.horizon_hours])
        return float(self.exceedances.probability("groups", *asked)[0])


@dataclass(frozen=True)
class GroupForecasts:
    """What a release has learned of groups.

    Attributes:
        totals: by group.
    """

    totals: Mapping[str, GroupTotal]
    exceedances: Exceedances

    def of(self, group: str, units: Sequence[BedForecast]) -> GroupForecast | None:
        """The total of a group from forecasts of its units at one horizon.

        None: nothing was learned of it, or these are not just the units that it was learned of.
        """
        known = self.totals.get(group)
        distributions = [u.distribution for u in units]
        if known is None or {u.unit for u in units} != set(known.units) or not all(distributions):
            return None
        hours = units[0].horizon_hours
        quantiles = known.quantiles(np.array(distributions, np.float64), hours)
        return GroupForecast(quantiles, hours, self.exceedances)


def group_forecasts(parts: Parts) -> GroupForecasts | None:
    """Of the release in use; None: there is none, or it has learned nothing of groups."""
    loaded = parts.releases.states["bed-demand"].loaded
    engine = None if loaded is None else loaded.engine
    if engine is None or not engine.group_totals:
        return None
    return GroupForecasts(engine.group_totals, engine.exceedances)
