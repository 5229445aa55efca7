"""What training saw of each feature: its range, whether it was ever missing, and the triage levels.

What lies outside, nobody knows how the model forecasts: it may answer, and whoever asks is warned.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hospital.arrays import Array
from hospital.features.feature import TRIAGE_RANK, Feature

__all__ = ["HARDLY_EVER", "TrainingRange"]

HARDLY_EVER = 0.001
"""Share of the training set below which something counts as not seen: trees have learned nothing from so few rows."""
_MARGIN = 0.1
_TRIAGE = "triage"


@dataclass(frozen=True)
class TrainingRange:
    """What training saw, by feature in the order of the columns of X.

    Attributes:
        least, most: float64 [features], a tenth more than the range; infinite for the calendar, NaN: never known.
        always_known: bool [features], (nearly) never missing.
        triage_levels: those that training saw, most urgent first; empty without a feature of triage.
    """

    features: tuple[Feature, ...]
    least: Array
    most: Array
    always_known: Array
    triage_levels: tuple[str, ...]

    @classmethod
    def of(cls, features: tuple[Feature, ...], profile: Mapping[str, Any]) -> "TrainingRange":
        """From a package's ``profile.json``.

        Raises:
            KeyError, ValueError: it is not of these features, or of another Vigie.
        """
        low, high = (np.array(profile[name], np.float64) for name in ("minimum", "maximum"))
        margin = _MARGIN * (high - low)
        calendar = np.array([f.group == "calendar" for f in features], bool)
        return cls(
            features,
            np.where(calendar, -np.inf, low - margin),
            np.where(calendar, np.inf, high + margin),
            np.array(profile["missing"], np.float64) < HARDLY_EVER,
            tuple(str(level) for level in profile["triage_levels"]),
        )

    @staticmethod
    def levels_of(features: Sequence[Feature], X: Array) -> tuple[str, ...]:
        """The triage levels in training rows (float32 [n, features]) that were seen more than hardly ever."""
        names = [f.name for f in features]
        if _TRIAGE not in names or not len(X):
            return ()
        ranks = X[:, names.index(_TRIAGE)]
        return tuple(t for t, rank in TRIAGE_RANK.items() if np.mean(ranks == rank) >= HARDLY_EVER)

    def outside(self, X: Array) -> Array:
        """What lies beyond all that training saw, by more than a tenth of its range: bool [n, features]."""
        with np.errstate(invalid="ignore"):
            beyond: Array = (self.least > X) | (self.most < X)  # NaN compares false: see `missing`
        place = next((j for j, f in enumerate(self.features) if f.name == _TRIAGE), None)
        if place is not None:
            rank = X[:, place]
            unseen = ~np.isnan(rank)
            for level in self.triage_levels:  # np.isin takes three times as long for a row
                unseen &= rank != TRIAGE_RANK[level]
            beyond[:, place] |= unseen
        return beyond

    def missing(self, X: Array) -> Array:
        """What is missing and (nearly) never was in training: bool [n, features]."""
        return np.isnan(X) & self.always_known

    def names(self, marked: Array, among: Iterable[str] | None = None) -> list[tuple[str, ...]]:
        """Names of the features marked in each row (bool [n, features]); of those `among` these alone."""
        if among is not None:
            wanted = set(among)
            marked = marked & np.array([f.name in wanted for f in self.features], bool)
        found: list[tuple[str, ...]] = [()] * len(marked)
        rows, columns = np.nonzero(marked)  # row by row, each in the order of its features
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            found[row] += (self.features[column].name,)
        return found
