"""What people send about a recommendation: every fault of it at once."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from centre.decisions.decision_log import Choice
from serving.interface.requests import RequestFault, read_body, refused, words_of_person

__all__ = ["OutcomeRequest", "RecommendationDecisionRequest", "choice_of", "outcome_of"]

Code = Annotated[str, Field(strict=True, pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$", max_length=64)]
Reason = Annotated[str, Field(strict=True, max_length=2_000), AfterValidator(words_of_person)]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RecommendationDecisionRequest(_Sent):
    """POST /v1/recommendations/{recommendation_id}/decisions: what a person decides, and why.

    Attributes:
        decision: `sign` and `decline` are a second person's, on an answer that waits for it.
        reason_code: of the hospital's list.
        instead: with an override, and only then: what was done in place of the step.
    """

    decision: Literal["accept", "override", "reject", "sign", "decline"]
    reason_code: Code
    reason: Reason
    instead: Reason | None = None


class OutcomeRequest(_Sent):
    """POST /v1/recommendations/{recommendation_id}/outcomes: whether a decision proved right, and how that is known."""

    right: Annotated[bool, Field(strict=True)]
    reason: Reason


def choice_of(body: object) -> Choice:
    """The choice in a body.

    Raises:
        Problem: 422 with every fault.
    """
    sent, faults = read_body(RecommendationDecisionRequest, body)
    decision = body.get("decision") if isinstance(body, dict) else None
    given = body.get("instead") is not None if isinstance(body, dict) else False
    if decision == "override" and not given:
        faults.append(RequestFault("instead", "missing", "problems.faults.missing_instead"))
    if decision in ("accept", "reject", "sign", "decline") and given:
        faults.append(RequestFault("instead", "not_with_this", "problems.faults.not_with_this"))
    if faults or sent is None:
        raise refused(faults)
    return Choice(sent.decision, sent.reason_code, sent.reason.strip(), (sent.instead or "").strip())


def outcome_of(body: object) -> OutcomeRequest:
    """The outcome in a body.

    Raises:
        Problem: 422 with every fault.
    """
    sent, faults = read_body(OutcomeRequest, body)
    if faults or sent is None:
        raise refused(faults)
    return sent
