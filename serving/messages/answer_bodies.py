"""The bodies that the service answers with. Every number is finite.

What a forecast is made of are typed dicts: an answer holds hundreds of them, and a model of pydantic's for each took
longer than the forecast. Their schemas are pydantic's all the same; `serving.forecasting.prediction_record` checks
their numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired

from pydantic import BaseModel, ConfigDict, Field, with_config
from typing_extensions import TypedDict

from hospital.words.language import Language
from registry.model.trust_status import TrustStatus

if TYPE_CHECKING:
    from registry.explanations.basis import Basis

__all__ = [
    "Adjustment",
    "Answer",
    "BedDemandAnswer",
    "BedForecast",
    "BedPrediction",
    "ComparedWith",
    "Contribution",
    "Explanation",
    "Finite",
    "GroupContribution",
    "HospitalForecast",
    "HospitalPrediction",
    "Interaction",
    "ModelReference",
    "Quantiles",
    "Reliability",
    "StoredPrediction",
    "Trust",
    "TrustStatus",
    "UnitShare",
    "WaitForecast",
    "WaitPrediction",
    "WaitTimeAnswer",
    "Wording",
    "groups_off",
    "total",
]

Finite = Annotated[float, Field(allow_inf_nan=False)]
_EXACTLY = ConfigDict(extra="forbid")


class Answer(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@with_config(_EXACTLY)
class Quantiles(TypedDict):
    """What is forecast: one time in ten it is below p10, half the time below p50, one in ten above p90."""

    p10: Finite
    p50: Finite
    p90: Finite


@with_config(_EXACTLY)
class Contribution(TypedDict):
    """What one feature adds to the forecast, in the forecast's own unit.

    Attributes:
        value: the feature's value now; None: unknown.
        reference_value: what it is compared with.
    """

    feature: str
    group: str
    label: str
    value: Finite | str | None
    reference_value: Finite | str | None
    contribution: Finite


@with_config(_EXACTLY)
class GroupContribution(TypedDict):
    """What a group of features adds to the forecast: its contributions that are shown, and its `other`.

    All groups together are all contributions and the explanation's `other`.

    Attributes:
        contribution: of all its features.
        other: of its features that are not shown.
    """

    group: str
    label: str
    contribution: Finite
    other: Finite


@with_config(_EXACTLY)
class Adjustment(TypedDict):
    """A step after the trees, by its own formula: calibration, floor, unit_offset."""

    name: str
    contribution: Finite


@with_config(_EXACTLY)
class ComparedWith(TypedDict):
    """The cases that values are compared with: of the same unit and horizon, or department, in a year of training.

    Attributes:
        cases: how many.
        hour: of the hospital's clock.
        hours_around: how many hours before and after count, too.
        days: Sundays and public holidays together, or all.
        season: three whole months, winter from December on, or all.
    """

    cases: int
    hour: int
    hours_around: int
    days: Literal["weekday", "saturday", "sunday", "all"]
    season: Literal["winter", "spring", "summer", "autumn", "all"]


@with_config(_EXACTLY)
class Interaction(TypedDict):
    """What two features that are shown add together, more than one of the two does; a part of what is shown of both.

    Attributes:
        features: two names.
        contribution: in the forecast's unit, counted from all of the training.
    """

    features: tuple[str, str]
    contribution: Finite
    sentence: str


@with_config(_EXACTLY)
class Reliability(TypedDict):
    """How far to rely on one forecast and its reasons, in a word and in figures.

    Attributes:
        situation: how familiar it is; None: no model answers.
        situation_ratio: how many cases of the training came where this one comes, over how many usually do.
        stable_reasons: of the first three, how many either half of the trees gives, too; None: not asked.
        oldest_input: the table of which nothing was received for longest.
        oldest_input_age_minutes: since when.
        word: all of it in a word or two.
        figures: sentences.
    """

    situation: Literal["usual", "uncommon", "rare"] | None
    situation_ratio: Finite | None
    stable_reasons: int | None
    oldest_input: str | None
    oldest_input_age_minutes: Finite | None
    word: str
    figures: tuple[str, ...]


@with_config(_EXACTLY)
class OtherReference(TypedDict):
    """Another forecast that this one is compared with: by its id, or by the time that it is of."""

    prediction_id: NotRequired[str]
    at: NotRequired[datetime]


@with_config(_EXACTLY)
class Explanation(TypedDict):
    """Why: base + contributions + other + adjustments = the p50 served, to 1e-4.

    Where `of` is ``interval`` the same is the width served, p90 − p10, and where it is ``tension`` the tension
    probability, to 1e-6. Compared with another forecast, `base` is that forecast's p50, and the rest is the difference.

    Attributes:
        compared_with: what is usual; None: nothing is called so (too few cases, or compared with last week).
        other: the sum of the contributions not shown.
        groups: what the features of each group add; those that add nothing are left out.
        reasons: one sentence a contribution, largest first.
        reliability: how far to rely on it; only where it was asked for, and not of a hospital total.
        interactions: the largest first; only where they were asked for, and not of a hospital total.
    """

    of: Literal["p50", "interval", "tension"]
    unit: Literal["min", "beds", "probability"]
    reference: Literal["typical", "last_week"] | OtherReference
    compared_with: NotRequired[ComparedWith | None]
    base: Finite
    contributions: tuple[Contribution, ...]
    other: Finite
    groups: NotRequired[tuple[GroupContribution, ...]]
    adjustments: tuple[Adjustment, ...]
    reasons: tuple[str, ...]
    reliability: NotRequired[Reliability]
    interactions: NotRequired[tuple[Interaction, ...]]


def total(explanation: Explanation) -> float:
    """What an explanation adds up to."""
    shown = sum([c["contribution"] for c in explanation["contributions"]])
    adjusted = sum([a["contribution"] for a in explanation["adjustments"]])
    return explanation["base"] + shown + explanation["other"] + adjusted


def groups_off(explanation: Explanation) -> float:
    """How far the groups are from what they are made of: each from its features, all from all; 0 without groups.

    In the forecast's unit; NaN where a number is none.
    """
    if "groups" not in explanation:
        return 0.0
    left = {g["group"]: g["contribution"] - g["other"] for g in explanation["groups"]}
    for c in explanation["contributions"]:
        left[c["group"]] = left.get(c["group"], 0.0) - c["contribution"]
    other = sum([g["other"] for g in explanation["groups"]]) - explanation["other"]
    return sum([abs(v) for v in left.values()], abs(other))


@with_config(_EXACTLY)
class Trust(TypedDict):
    """How far to trust this answer.

    ``baseline`` outside the trusted scope; ``degraded`` on stale or out-of-range inputs; `warnings` say why.
    """

    status: TrustStatus
    warnings: tuple[str, ...]


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
        return {name: getattr(self, name) for name in self.__slots__ if name != "basis"}


@dataclass(frozen=True, slots=True)
class BedForecast:
    """Beds needed in a unit at a time.

    Attributes:
        staffed: beds with staff at `target_at`; None: unknown.
        tension_probability: that demand is above them; None: unknown.
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
    distribution: tuple[float, ...] = ()
    basis: "Basis | None" = None
    translations: Mapping[Language, Wording] = field(default_factory=dict)

    @property
    def quantiles(self) -> Quantiles:
        """What is forecast."""
        return self.beds

    def body(self) -> dict[str, Any]:
        """The forecast as it is answered, without its id."""
        unanswered = ("distribution", "basis", "translations")
        return {name: getattr(self, name) for name in self.__slots__ if name not in unanswered}


@with_config(_EXACTLY)
class UnitShare(TypedDict):
    """What a unit adds to the hospital total.

    Attributes:
        mean: of its forecast, beds; its p50 is the unit's own answer.
        answered_by: the model, or the baseline.
    """

    unit: str
    mean: Finite
    answered_by: Literal["model", "baseline"]


@dataclass(frozen=True, slots=True)
class HospitalForecast:
    """Beds needed in the hospital total at a time.

    Attributes:
        mean: the sum of the `units`' means.
        beds: the hospital's own quantiles, which are no sums.
        staffed: of all these units together; None: unknown of one of them.
        tension_probability: that demand is above them; None: unknown.
        distribution: as of a unit's forecast.
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
    distribution: tuple[float, ...] = ()
    translations: Mapping[Language, Wording] = field(default_factory=dict)

    @property
    def quantiles(self) -> Quantiles:
        """What is forecast."""
        return self.beds

    def body(self) -> dict[str, Any]:
        """The forecast as it is answered, without its id."""
        unanswered = ("distribution", "translations")
        return {name: getattr(self, name) for name in self.__slots__ if name not in unanswered}


class WaitPrediction(Answer):
    """A wait-time forecast as given: with its id, and the visit's id as it was sent.

    Attributes:
        prediction_time: the moment that it is of: triage, or the arrival where no triage is known.
    """

    prediction_id: str
    visit_id: str
    prediction_time: datetime
    wait_minutes: Quantiles
    explanation: Explanation
    trust: Trust


class BedPrediction(Answer):
    """A bed-demand forecast as given, with its id.

    Attributes:
        width_factor: what p10 and p90 were moved away from p50 by, after how often this unit's recent intervals held.
    """

    prediction_id: str
    unit: str
    horizon_hours: Finite
    target_at: datetime
    beds: Quantiles
    staffed: Finite | None
    tension_probability: Annotated[float, Field(ge=0, le=1)] | None
    explanation: Explanation
    trust: Trust
    width_factor: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0


class HospitalPrediction(Answer):
    """A forecast of the hospital total as given, with its id."""

    prediction_id: str
    horizon_hours: Finite
    target_at: datetime
    mean: Finite
    beds: Quantiles
    staffed: Finite | None
    tension_probability: Annotated[float, Field(ge=0, le=1)] | None
    units: tuple[UnitShare, ...]
    explanation: Explanation
    trust: Trust


class ModelReference(Answer):
    """Which release answered."""

    name: str
    version: str
    digest: str
    released_at: datetime
    card: str


class WaitTimeAnswer(Answer):
    """POST /v1/wait-time: `warnings` are about the request, such as a language that is not there."""

    model: ModelReference
    predictions: tuple[WaitPrediction, ...]
    warnings: tuple[str, ...] = ()


class BedDemandAnswer(Answer):
    """POST /v1/bed-demand: `hospital`, one a horizon, where it was asked for; `warnings` are about the request."""

    model: ModelReference
    forecasts: tuple[BedPrediction, ...]
    hospital: tuple[HospitalPrediction, ...] = ()
    warnings: tuple[str, ...] = ()


class StoredPrediction(Answer):
    """GET /v1/predictions/{id}: as it was given; a visit's id is its pseudonym."""

    model: ModelReference
    made_at: datetime
    asked_by: str
    journal_entry: int
    prediction: WaitPrediction | BedPrediction | HospitalPrediction
