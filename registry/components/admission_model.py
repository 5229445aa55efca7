"""How probably somebody in the emergency department is admitted: log odds, to which each input adds its part.

A logistic model of few inputs, each of a few classes. What a class adds is centred: on average over the patients of the
training set an input adds nothing, so that the base is where nothing is out of the usual.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hospital.admissions.inputs import HOUR_BANDS, INPUTS, OTHER
from hospital.arrays import Array

__all__ = ["AdmissionModel"]


@dataclass(frozen=True)
class AdmissionModel:
    """The model of a package.

    Attributes:
        base: log odds of a patient of whom every input is as on average.
        effects: by input and class, what it adds to the log odds; a class that training had not seen adds nothing.
        usual: by class of the hour, the probability that is usual of somebody present, whoever it is.
        units: by age band ("": everybody), the share of those admitted who go to each unit; empty: not known.
        snapshots, admitted: patients at instants that it was fitted to, and those of them who were admitted.
    """

    base: float
    effects: Mapping[str, Mapping[str, float]]
    usual: Mapping[str, float]
    units: Mapping[str, Mapping[str, float]]
    snapshots: int
    admitted: int

    def contributions(self, classes: Mapping[str, Array]) -> Array:
        """What each of `INPUTS` adds to each patient's log odds: float64 [n, inputs].

        Args:
            classes: object [n] each (`hospital.admissions.inputs.input_classes`).
        """
        return np.column_stack([self._effects(name, classes[name]) for name in INPUTS])

    def probability(self, classes: Mapping[str, Array]) -> Array:
        """Of an admission: float64 [n], 0 to 1; its log odds are `base` and the contributions, added up."""
        return np.asarray(1 / (1 + np.exp(-self.base - self.contributions(classes).sum(axis=1))))

    def usual_at(self, hour_class: str) -> float:
        """What is usual of somebody present at an hour."""
        return self.usual[hour_class]

    def shares(self, band: str) -> Mapping[str, float]:
        """The share of each unit of an admission of this age; empty: not known."""
        return self.units.get(band, self.units.get("", {}))

    def _effects(self, name: str, classes: Array) -> Array:
        known = self.effects[name]
        other = known.get(OTHER, 0.0) if name == "reason" else 0.0
        return np.array([known.get(c, other) for c in classes.tolist()], np.float64)

    def to_json(self) -> dict[str, Any]:
        """As ``admission.json``."""
        return {
            "base": self.base,
            "effects": {name: dict(self.effects[name]) for name in INPUTS},
            "usual": dict(self.usual),
            "units": {band: dict(shares) for band, shares in self.units.items()},
            "snapshots": self.snapshots,
            "admitted": self.admitted,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "AdmissionModel":
        """What `to_json` wrote.

        Raises:
            ValueError: another input than this Vigie knows, a number that is not finite, or shares that are none.
        """
        effects = {name: _numbers(body["effects"][name]) for name in INPUTS}
        usual = _numbers(body["usual"])
        units = {str(band): _numbers(shares) for band, shares in body["units"].items()}
        base = float(body["base"])
        sound = set(body["effects"]) == set(INPUTS) and set(usual) == {str(h) for h in HOUR_BANDS}
        shares = [share for by_unit in (usual, *units.values()) for share in by_unit.values()]
        if not sound or not np.isfinite(base) or not all(0 <= share <= 1 for share in shares):
            raise ValueError
        return cls(base, effects, usual, units, int(body["snapshots"]), int(body["admitted"]))


def _numbers(body: Mapping[str, Any]) -> dict[str, float]:
    found = {str(name): float(value) for name, value in body.items()}
    if not np.isfinite([*found.values()]).all():
        raise ValueError
    return found
