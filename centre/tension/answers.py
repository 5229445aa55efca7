"""What GET /v1/tension answers of tension ahead and crowding now."""

from collections.abc import Mapping
from datetime import datetime
from math import floor

from pydantic import BaseModel, PrivateAttr

from serving.interface.bed_forecasts import share_of_quantiles_above

__all__ = ["CrowdingIndex", "Exceedance", "GroupExceedance", "MovedProbability"]


class MovedProbability(BaseModel):
    """What those now in the emergency department change at one horizon.

    Attributes:
        expected: admissions of them.
        usual: admissions of as many usual patients, which the forecast expects already.
        probability: of needing more than the staffed beds, with `expected` in place of `usual`; null: not known.
    """

    expected: float
    usual: float
    probability: float | None


class Exceedance(BaseModel):
    """Whether more beds will be needed than have staff, at one horizon.

    Attributes:
        unit: its id; null: the hospital total.
        staffed: beds with staff; null: not known, and so is the probability.
        p10, p50, p90: of the beds needed.
        probability: of needing more than `staffed`; of the hospital total it is that of the total's own distribution.
        calibrated: whether the check showed the probability to be better than how often it was before: else it reaches
            no level, and pages do not show it.
        trust: ``trusted``, ``baseline`` or ``degraded``.
        prediction_id: of the recorded forecast.
        with_those_present: what those now in the emergency department change; null: not known, or not for this horizon.
    """

    unit: str | None
    horizon_hours: float
    target_at: datetime
    staffed: float | None
    p10: float
    p50: float
    p90: float
    probability: float | None
    calibrated: bool
    trust: str
    prediction_id: str
    with_those_present: MovedProbability | None = None
    _distribution: tuple[float, ...] = PrivateAttr(())

    def with_distribution(self, quantiles: tuple[float, ...]) -> "Exceedance":
        """The same, with the forecast's quantiles at every level, which are not answered; empty: not handed out."""
        made = self.model_copy()
        made._distribution = quantiles
        return made

    def uncalibrated_above(self, beds: float) -> float | None:
        """The probability of needing more than so many beds, read off the quantiles; None: they are not known.

        Only at the staffed beds has how often it happened been learned (docs/adr/0023): elsewhere nobody has held this
        against outcomes. It never contradicts what was learned: more beds are not exceeded sooner, nor fewer later.
        """
        if not self._distribution:
            return None
        read = 1.0 if beds < 0 else share_of_quantiles_above(self._distribution, floor(beds))
        if self.probability is None or self.staffed is None:
            return read
        return min(read, self.probability) if beds >= self.staffed else max(read, self.probability)


class GroupExceedance(BaseModel):
    """A unit group at one horizon.

    Attributes:
        group: its name.
        units: the ids of its units.
        staffed: their beds with staff; null: of one it is not known.
        p10, p50, p90: of the beds that the group needs, by the distribution of its total; null: it has none.
        probability: of the group needing more than `staffed`, by that distribution; null: see `not_computable`.
        calibrated: whether the check showed the probability to be better than how often it was before: else it reaches
            no level, and pages do not show it.
        trust: the least of its units'.
        not_computable: ``no_distribution_of_the_group``: it has several units, and the release has not learned how the
            total of just these strays (a product of its units' probabilities would be wrong); ``staffed_not_known``; or
            null.
    """

    group: str
    units: tuple[str, ...]
    horizon_hours: float
    target_at: datetime
    staffed: float | None
    p10: float | None = None
    p50: float | None = None
    p90: float | None = None
    probability: float | None
    calibrated: bool
    trust: str
    not_computable: str | None


class CrowdingIndex(BaseModel):
    """An index of crowding as it is now.

    Attributes:
        name: as it was published.
        value: null where it cannot be computed.
        band: its published band, the first the quietest; null without a value.
        formula: as it is computed, by the names of `inputs`.
        inputs: each with its value; null: not known.
        missing: the inputs that are not known.
        undefined: why the formula has no value for these inputs, or null.
    """

    name: str
    value: float | None
    band: str | None
    formula: str
    inputs: Mapping[str, float | None]
    missing: tuple[str, ...]
    undefined: str | None
