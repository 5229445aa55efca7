"""A question as the forecaster takes it: of which visits, or units and horizons, and how it is to be explained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hospital.times import moment
from hospital.words.language import Language

__all__ = ["Against", "BedQuestion", "EdState", "ExplainOptions", "WaitQuestion"]


@dataclass(frozen=True)
class Against:
    """Another forecast that one is compared with: one that was given, or what the release says of an instant."""

    prediction_id: str | None = None
    at: int | None = None

    @property
    def said(self) -> dict[str, str]:
        """As it is asked for, and answered."""
        if self.prediction_id is not None:
            return {"prediction_id": self.prediction_id}
        return {} if self.at is None else {"at": moment(self.at).isoformat()}


@dataclass(frozen=True)
class ExplainOptions:
    """How many contributions to show (the rest is `other`), compared with what, in which language, of what.

    Attributes:
        stability: whether to tell how far to rely on it, which costs several times what the reasons do.
        interactions: whether to tell which two features shown count together; twenty times what the reasons cost.
        against: another forecast in place of `reference`.
        basis: whether forecasts carry what they were made of.
        translations: languages in which forecasts of beds say the same besides, for who stores what others read.
    """

    top: int
    reference: Literal["typical", "last_week"]
    language: Language
    stability: bool = False
    interactions: bool = False
    of: Literal["p50", "interval", "tension"] = "p50"
    against: Against | None = None
    basis: bool = False
    translations: tuple[Language, ...] = ()

    @property
    def further(self) -> bool:
        """Whether more is asked for than the median's reasons against what is usual, or a week ago."""
        return self.of != "p50" or self.against is not None

    @property
    def uncertainty(self) -> Literal["interval", "tension"]:
        """Which number is explained where it is not the p50."""
        return "tension" if self.of == "tension" else "interval"

    @property
    def asked(self) -> dict[str, Any]:
        """As it is recorded."""
        more: dict[str, Any] = {} if self.of == "p50" else {"of": self.of}
        more |= {"stability": self.stability, "interactions": self.interactions}
        reference = self.reference if self.against is None else self.against.said
        return {"top": self.top, "reference": reference, "language": self.language, **more}


@dataclass(frozen=True)
class EdState:
    """What the sender sees of its emergency department now, laid over the stored state; None: not said.

    Attributes:
        waiting_by_triage: counts by triage level, which add up to `waiting`.
    """

    waiting: float | None = None
    boarding: float | None = None
    staff: float | None = None
    waiting_by_triage: Mapping[str, float] | None = None

    @property
    def asked(self) -> dict[str, Any]:
        """As it is recorded; without levels as records of before."""
        said: dict[str, Any] = {"waiting": self.waiting, "boarding": self.boarding, "staff": self.staff}
        levels = self.waiting_by_triage
        return said if levels is None else {**said, "waiting_by_triage": dict(levels)}


@dataclass(frozen=True)
class WaitQuestion:
    """Visits to forecast.

    Attributes:
        visits: contract rows as `hospital.contracts.request_models.validate_rows` returns them (times as instants,
        missing None, `received_at` the service's now), without hindsight columns, ids already pseudonyms.
        ed_states: one a visit, None where none was sent.
        at: instant of the question; None: now.
    """

    visits: Sequence[Mapping[str, Any]]
    ed_states: Sequence[EdState | None]
    explain: ExplainOptions
    at: int | None = None

    @property
    def asked(self) -> dict[str, Any]:
        """As it is recorded."""
        return {
            "visits": [_known(v) for v in self.visits],
            "ed_states": [None if s is None else s.asked for s in self.ed_states],
            "explain": self.explain.asked,
        }


@dataclass(frozen=True)
class BedQuestion:
    """Units and horizons to forecast, each with each.

    Attributes:
        at: instant of the forecast, not after now.
        observations: census rows (`hospital.contracts.request_models`) laid over the stored ones for this
            answer alone.
        hospital: whether the hospital total is asked for too.
    """

    units: Sequence[str]
    horizons_hours: Sequence[float]
    at: int
    observations: Sequence[Mapping[str, Any]]
    explain: ExplainOptions
    hospital: bool = False

    @property
    def asked(self) -> dict[str, Any]:
        """As it is recorded."""
        return {
            "units": list(self.units),
            "horizons_hours": list(self.horizons_hours),
            "at": self.at,
            "observations": [_known(r) for r in self.observations],
            "hospital": self.hospital,
            "explain": self.explain.asked,
        }


def _known(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}
