"""How probably served forecasts exceed staffed beds, by what answers them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from hospital.arrays import Array
from registry.components.exceedance_curve import ExceedanceCurve, share_above

__all__ = ["Exceedances", "Kind"]

Kind = Literal["model", "baseline", "groups", "hospital"]
_KINDS: tuple[Kind, ...] = ("model", "baseline", "groups", "hospital")


@dataclass(frozen=True)
class Exceedances:
    """The curve of each kind of distribution; one that has none is read off its quantiles.

    Attributes:
        curves: of units that the model answers, of those that the baseline does, of unit groups, of the hospital total.
    """

    curves: Mapping[Kind, ExceedanceCurve]

    def probability(self, kind: Kind, quantiles: Array, beds: Array, horizon_hours: Array) -> Array:
        """Of demand above staffed beds: float64 [n], 0 to 1; NaN where they are not known.

        Args:
            quantiles: float64 [n, levels], beds.
            beds, horizon_hours: float64 [n].
        """
        curve = self.curves.get(kind)
        if curve is not None:
            return curve.probability(quantiles, beds, horizon_hours)
        rows = zip(quantiles, beds.tolist(), strict=True)
        return np.array([np.nan if np.isnan(b) else share_above(q, b) for q, b in rows], np.float64)

    def of_units(self, inside: Array, quantiles: Array, beds: Array, horizon_hours: Array) -> Array:
        """Of units, of which the model answers some (inside: bool [n]) and the baseline the others: float64 [n]."""
        asked = quantiles, beds, horizon_hours
        return np.where(inside, self.probability("model", *asked), self.probability("baseline", *asked))

    def to_json(self) -> dict[str, Any]:
        """As ``exceedance.json``."""
        return {kind: curve.to_json() for kind, curve in self.curves.items()}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "Exceedances":
        """What `to_json` wrote.

        Raises:
            ValueError: a kind that this Vigie does not know, or a curve that is none.
        """
        if not set(body) <= set(_KINDS):
            raise ValueError
        return cls({kind: ExceedanceCurve.from_json(body[kind]) for kind in _KINDS if kind in body})
