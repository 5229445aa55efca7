"""Recommendations as they are answered."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from centre.decisions.decision_log import progress
from centre.levels.answers import PolicyFaultAnswer
from centre.practice.answers import StepAnswer
from centre.tension.boarding_answer import BoardingAtHorizon
from serving.interface.bed_forecasts import Language
from serving.interface.recommendations.progress import State, Verdict
from serving.interface.recommendations.store import StoredAct, StoredRecommendation
from serving.interface.requests import moment

__all__ = [
    "DecisionAnswer",
    "ExpectedBoarding",
    "ExpectedForecast",
    "MeasuredAnswer",
    "RecommendationAnswer",
    "RecommendationsAnswer",
    "decision_answer",
    "recommendation_answer",
]


class ExpectedForecast(BaseModel):
    """What is expected, how sure, and why.

    Attributes:
        beds: needed, as quantiles; `staffed`: null is not known, and so is the probability.
        probability: that more beds are needed than have staff.
        calibrated: whether the check had shown it to be better than how often it was before; null: of one that was made
            before this was asked.
        explanation: of the p50: base, contributions, other and adjustments add up to it exactly.
        language: of the words of `trust` and `explanation`, as they were stored when it was made; null: of one that
            was made before each language was stored.
    """

    prediction_id: str
    horizon_hours: float
    target_at: datetime
    beds: Mapping[str, float]
    staffed: float | None
    probability: float | None
    calibrated: bool | None = None
    trust: Mapping[str, Any]
    explanation: Mapping[str, Any]
    language: Language | None


class ExpectedBoarding(BoardingAtHorizon):
    """Patients who wait in the emergency departments for a bed, where that is what calls the level.

    Attributes:
        threshold: patients; more than them is what is probable.
    """

    threshold: float


class MeasuredAnswer(BaseModel):
    """What the record says of a decision, a day after its target; null: not known, or of the other kind.

    Attributes:
        needed, staffed: beds at `target_at`, of the unit or of the hospital.
        boarders, threshold: patients who waited in the emergency departments for a bed at `target_at`, and the
            threshold, where their probability called the level.
        exceeded: whether there were more than staffed beds, or than the threshold.
        right: of a rejection, after which nothing was done: whether there were not.
    """

    target_at: datetime
    needed: float | None = None
    staffed: float | None = None
    boarders: int | None = None
    threshold: float | None = None
    exceeded: bool | None
    right: bool | None


class DecisionAnswer(BaseModel):
    """What a person decided on a recommendation.

    Attributes:
        instead: what was done in place of the step; empty but for an override.
        signed_by: the second person; null: none was asked for.
        level_title, reason_title: by language, as they were when it was decided; empty: of before they were stored.
        right: whether it proved right afterwards, as a person says; null: nobody did.
        measured: what the record says of it; null: not measured yet.
    """

    recommendation_id: str
    unit: str | None
    unit_name: Mapping[str, str] | None
    level: str
    level_title: Mapping[str, str]
    decision: Verdict
    reason_code: str
    reason_title: Mapping[str, str]
    reason: str
    instead: str
    decided_by: str
    role: str
    signed_by: str | None
    decided_at: datetime
    right: bool | None
    measured: MeasuredAnswer | None
    journal_entry: int


class RecommendationAnswer(BaseModel):
    """A recommendation, and where it stands. Nothing is carried out by it.

    Attributes:
        unit: null: the hospital.
        unit_name: by language, as it was when it was made; null: not known.
        level_title: by language.
        reached_now: whether the level is there already; else it is expected.
        evidence: the conditions that hold now.
        expected: null: there is no forecast, or something else calls the level.
        boarding: null: it is not what calls the level.
        protocol_language: of its title and steps.
        step_number: of `steps`, from 1.
        decide_by, role: until when it must be decided, and by whom.
        two_people: whether a second person has to sign.
        repeats: how often it was called again while it stood.
        acting_changes: what acting would change; null: not computed.
        state: `expired` is nobody's decision.
        expired_because: ``time_passed``, ``cleared``, ``graver_level`` or ``withdrawn``.
        waits_for: who answered, while a second person has to sign.
        was_test: whether it was a wrong one, seeded to measure oversight: said once it is answered or over.
    """

    recommendation_id: str
    unit: str | None
    unit_name: Mapping[str, str] | None
    level: str
    level_title: Mapping[str, str]
    reached_now: bool
    evidence: tuple[Mapping[str, Any], ...]
    expected: ExpectedForecast | None
    boarding: ExpectedBoarding | None
    protocol: str
    protocol_version: int
    protocol_title: str
    protocol_language: str
    step_number: int
    steps: int
    step: StepAnswer
    proposed_at: datetime
    decide_by: datetime
    role: str
    two_people: bool
    repeats: int
    acting_changes: None
    state: State
    expired_because: str | None
    waits_for: str | None
    decision: DecisionAnswer | None
    was_test: bool


class RecommendationsAnswer(BaseModel):
    """GET /v1/recommendations

    Attributes:
        policy_version: of the hospital's policy of decisions; null: there is none, or it has faults, and nothing is
            recommended.
        held_back: called, and beyond what the policy allows in a shift.
    """

    at: datetime
    policy_version: int | None
    faults: tuple[PolicyFaultAnswer, ...]
    held_back: int
    recommendations: tuple[RecommendationAnswer, ...]


def recommendation_answer(
    recommended: StoredRecommendation, acts: Sequence[StoredAct], language: Language
) -> RecommendationAnswer:
    """A recommendation as it is answered in a language."""
    content, stands = recommended.content, progress(recommended, acts)
    expired = next((a for a in reversed(acts) if a.kind == "expired"), None)
    return RecommendationAnswer(
        recommendation_id=recommended.recommendation_id,
        unit=content["unit"],
        unit_name=content.get("unit_name"),
        level=recommended.level,
        level_title=content["level_title"],
        reached_now=content["reached_now"],
        evidence=tuple(content["evidence"]),
        expected=None if content["forecast"] is None else _expected(content["forecast"], language),
        boarding=_expected_boarding(content),
        protocol=content["protocol"],
        protocol_version=content["protocol_version"],
        protocol_title=content["protocol_title"],
        protocol_language=content["protocol_language"],
        step_number=content["step_number"],
        steps=content["steps"],
        step=StepAnswer(**content["step"]),
        proposed_at=moment(recommended.proposed_at),
        decide_by=moment(recommended.decide_by),
        role=content["role"],
        two_people=content["two_people"],
        repeats=sum(a.kind == "repeated" for a in acts),
        acting_changes=None,
        state=stands.state,
        expired_because=None if expired is None else expired.content["cause"],
        waits_for=stands.answered_by if stands.state == "awaiting_signature" else None,
        decision=decision_answer(recommended, acts),
        was_test=recommended.seeded_for is not None and stands.is_final,
    )


def _expected_boarding(content: Mapping[str, Any]) -> ExpectedBoarding | None:
    """Of a recommendation of before it was stored, none."""
    found = content.get("boarding")
    return None if found is None else ExpectedBoarding(**found)


def _expected(forecast: Mapping[str, Any], language: Language) -> ExpectedForecast:
    """What is expected, in the words of a language as they were stored."""
    common = {
        name: value for name, value in forecast.items() if name not in ("wordings", "trust", "explanation")
    }
    wordings = forecast.get("wordings")
    if wordings is None:  # made when one language was stored: what was shown then stays as it is
        return ExpectedForecast(
            **common, trust=forecast["trust"], explanation=forecast["explanation"], language=None
        )
    said = wordings[language]
    trust = {**forecast["trust"], "warnings": said["warnings"]}
    return ExpectedForecast(**common, trust=trust, explanation=said["explanation"], language=language)


def decision_answer(recommended: StoredRecommendation, acts: Sequence[StoredAct]) -> DecisionAnswer | None:
    """The decision on a recommendation; None: there is none, or it waits for its second person."""
    stands = progress(recommended, acts)
    if stands.verdict is None or not stands.is_final or stands.decided_at is None:
        return None
    answer = next(a for a in reversed(acts) if a.kind == "answered")
    last = next(a for a in reversed(acts) if a.kind in ("answered", "signed"))
    outcomes = [a.content["right"] for a in acts if a.kind == "outcome"]
    return DecisionAnswer(
        recommendation_id=recommended.recommendation_id,
        unit=recommended.content["unit"],
        unit_name=recommended.content.get("unit_name"),
        level=recommended.level,
        level_title=recommended.content["level_title"],
        decision=stands.verdict,
        reason_code=answer.content["reason_code"],
        reason_title=answer.content.get("reason_title", {}),
        reason=answer.content["reason"],
        instead=answer.content["instead"],
        decided_by=answer.content["person"],
        role=answer.content["role"],
        signed_by=stands.signed_by,
        decided_at=moment(stands.decided_at),
        right=outcomes[-1] if outcomes else None,
        measured=next((MeasuredAnswer(**a.content) for a in acts if a.kind == "measured"), None),
        journal_entry=last.journal_entry,
    )
