"""What a check probes and fits beside the scored rows, as evidence: gates judge it, and make none of it themselves."""

from collections.abc import Mapping
from dataclasses import dataclass

from hospital.events import Array

__all__ = ["Alignment", "FeatureFacts", "LeakageFacts", "Probed"]


@dataclass(frozen=True)
class Alignment:
    """How well one feature goes with the outcome of its own row, and as it was one horizon earlier.

    Attributes:
        feature: its name. told: whether its values are the tables' own, whose reception nobody else can vouch for; the
        others are counted by Vigie from times of reception. own, shifted: partial correlations, given the simple rules.
        rows: of them.
        lead: float64 [blocks], |own| - |shifted| of each block of days, from the products of standardised residuals.
    """

    feature: str
    told: bool
    own: float
    shifted: float
    rows: int
    lead: Array


@dataclass(frozen=True)
class LeakageFacts:
    """What leakage probes found.

    Attributes:
        rows: probed at `times` prediction times. dropped_off: of them, whose features change when all that was received
        later is taken away. shuffled_off: when it is shuffled. hindsight_off: visits whose own values or prediction
        time change when what happened to them later was something else.
        alignments: of each feature that varies; none where there are too few rows.
    """

    rows: int
    times: int
    dropped_off: int
    shuffled_off: int
    hindsight_off: int
    alignments: tuple[Alignment, ...]


@dataclass(frozen=True)
class FeatureFacts:
    """What the features of a package are in the judged rows.

    Attributes:
        undefined: names of those that this code defines otherwise, in name, group or unit. absent: of those that
        training knew and no judged row has. beyond: by name, the share of known judged values outside all that training
        saw by more than a tenth of its range; the calendar is exempt. executable: files of the package that hold or may
        be code. rows: judged.
    """

    undefined: tuple[str, ...]
    absent: tuple[str, ...]
    beyond: Mapping[str, float]
    executable: tuple[str, ...]
    rows: int


@dataclass(frozen=True)
class Probed:
    """Everything of this file; None: not made, which opens nothing where it is required."""

    leakage: LeakageFacts | None = None
    features: FeatureFacts | None = None
