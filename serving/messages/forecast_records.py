"""Forecasts as they are made, before they have an id: what the forecaster hands to who records and answers them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hospital.words.language import Language
from serving.messages.forecast_parts import Explanation, Quantiles, Trust, UnitShare

if TYPE_CHECKING:
    from registry.explanations.basis import Basis
    from registry.explanations.total_basis import TotalBasis

__all__ = ["BedForecast", "HospitalForecast", "WaitForecast", "Wording"]


@dataclass(frozen=True, slots=True)
class Wording:
    """What a forecast says in one language: its numbers are the same in each."""

    explanation: Explanation
    trust: Trust


@dataclass(frozen=True, slots=True)
class WaitForecast:
    """Minutes from arrival to first medical contact.

    Attributes:
        prediction_time: the moment that it is of: triage, or the arrival where no triage is known.
        basis: what it was made of, which is not answered; None: not handed out.
    """

    prediction_time: datetime
    wait_minutes: Quantiles
    explanation: Explanation
    trust: Trust
    basis: "Basis | None" = None

    @property
    def quantiles(self) -> Quantiles:
        """What is forecast."""
        return self.wait_minutes

    def body(self) -> dict[str, Any]:
        """The forecast as it is answered, without its ids."""
        return _answered(self)


@dataclass(frozen=True, slots=True)
class BedForecast:
    """Beds needed in a unit at a time.

    Attributes:
        staffed: beds with staff at `target_at`; None: unknown.
        tension_probability: that demand is above them; None: unknown.
        tension_calibrated: whether the check showed that probability to be better than how often it was before, so
            that it counts; None: there is no probability.
        width_factor: what p10 and p90 were moved away from p50 by, after how often this unit's recent intervals held.
        distribution: the forecast's quantiles at every level (`hospital.dataset.quantiles.LEVELS`), which are not
            answered; empty: not handed out.
        basis: what it was made of, which is not answered; None: not handed out.
        translations: what it says in each language that was asked for besides, which is not answered.
    """

    unit: str
    horizon_hours: float
    target_at: datetime
    beds: Quantiles
    staffed: float | None
    tension_probability: float | None
    explanation: Explanation
    trust: Trust
    width_factor: float = 1.0
    tension_calibrated: bool | None = None
    distribution: tuple[float, ...] = ()
    basis: "Basis | None" = None
    translations: Mapping[Language, Wording] = field(default_factory=dict)

    @property
    def quantiles(self) -> Quantiles:
        """What is forecast."""
        return self.beds

    def body(self) -> dict[str, Any]:
        """The forecast as it is answered, without its id."""
        return _answered(self)


@dataclass(frozen=True, slots=True)
class HospitalForecast:
    """Beds needed in the hospital total at a time.

    Attributes:
        mean: the sum of the `units`' means.
        beds: the hospital's own quantiles, which are no sums.
        staffed: of all these units together; None: unknown of one of them.
        tension_probability: that demand is above them; None: unknown.
        tension_calibrated: as of a unit's forecast.
        distribution, basis: as of a unit's forecast.
        translations: what it says in each language that was asked for besides, which is not answered.
    """

    horizon_hours: float
    target_at: datetime
    mean: float
    beds: Quantiles
    staffed: float | None
    tension_probability: float | None
    units: tuple[UnitShare, ...]
    explanation: Explanation
    trust: Trust
    tension_calibrated: bool | None = None
    distribution: tuple[float, ...] = ()
    basis: "TotalBasis | None" = None
    translations: Mapping[Language, Wording] = field(default_factory=dict)

    @property
    def quantiles(self) -> Quantiles:
        """What is forecast."""
        return self.beds

    def body(self) -> dict[str, Any]:
        """The forecast as it is answered, without its id."""
        return _answered(self)


_UNANSWERED = frozenset({"distribution", "basis", "translations"})


def _answered(forecast: WaitForecast | BedForecast | HospitalForecast) -> dict[str, Any]:
    return {name: getattr(forecast, name) for name in forecast.__slots__ if name not in _UNANSWERED}
