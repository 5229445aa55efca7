"""The routes of recommendations and of decisions on them, each declared once."""

from starlette.responses import Response

from centre.decisions.decision_log import Decided, add_outcome, decide
from centre.decisions.decision_policy import DecisionPolicy
from centre.levels.answers import PolicyFaultAnswer
from centre.oversight.figures import OversightFigures, figures
from centre.recommendations.answers import (
    RecommendationAnswer,
    RecommendationsAnswer,
    recommendation_answer,
)
from centre.recommendations.look import Look, look_if_due, protocols_now
from centre.recommendations.request_bodies import (
    OutcomeRequest,
    RecommendationDecisionRequest,
    choice_of,
    outcome_of,
)
from centre.recommendations.views import identities_asking, opened_by, seen_by
from serving.interface.forms import WORDS_IN, spoken_to
from serving.interface.live_record import local_day
from serving.interface.requests import (
    REPEATED,
    Call,
    Endpoint,
    Link,
    Parameter,
    Problem,
    json_response,
    moment,
)

__all__ = ["ENDPOINTS", "policy_in_use"]

READERS = frozenset({"application", "operator", "board", "auditor", "admin"})
LOOKS = frozenset({"operator", "board", "auditor", "admin"})
DECIDERS = frozenset({"operator", "admin"})
JUDGES = frozenset({"operator", "board", "admin"})
_STATES = ("open", "closed", "all")


def recommendations(call: Call) -> Response:
    """GET /v1/recommendations"""
    look = look_if_due(call.parts, call.parts.clock.now())
    found = seen_by(call, call.query.get("state", "open"), call.query.get("unit"))
    return json_response(
        RecommendationsAnswer(
            at=moment(call.parts.clock.now()),
            policy_version=None if look.policy is None else look.policy.version,
            faults=tuple(PolicyFaultAnswer(path=f.path, code=f.code) for f in look.faults),
            held_back=look.held_back,
            recommendations=tuple(recommendation_answer(r, acts, spoken_to(call)) for r, acts in found),
        )
    )


def recommendation(call: Call) -> Response:
    """GET /v1/recommendations/{recommendation_id}"""
    look_if_due(call.parts, call.parts.clock.now())
    found, acts = opened_by(call, call.path["recommendation_id"])
    return json_response(recommendation_answer(found, acts, spoken_to(call)))


def decide_recommendation(call: Call) -> Response:
    """POST /v1/recommendations/{recommendation_id}/decisions"""
    choice = choice_of(call.body)
    now = call.parts.clock.now()
    policy = policy_in_use(look_if_due(call.parts, now))
    day, protocols = local_day(call.parts, now), protocols_now(call.parts, now)
    decided = decide(call, policy, call.path["recommendation_id"], choice, day, protocols)
    return _written(call, decided)


def judge_recommendation(call: Call) -> Response:
    """POST /v1/recommendations/{recommendation_id}/outcomes"""
    sent = outcome_of(call.body)
    made, own = call.path["recommendation_id"], identities_asking(call)
    decided = add_outcome(call, made, own, right=sent.right, reason=sent.reason)
    return _written(call, decided)


def recommendation_figures(call: Call) -> Response:
    """GET /v1/recommendations/figures"""
    return json_response(figures(call.parts, call.parts.clock.now()))


def _written(call: Call, decided: Decided) -> Response:
    answer = recommendation_answer(decided.recommendation, decided.acts, spoken_to(call))
    response = json_response(answer, 201)
    response.headers.update(REPEATED if decided.repeated else {})
    return response


def policy_in_use(look: Look) -> DecisionPolicy:
    """The hospital's policy of decisions.

    Raises:
        Problem: 409, there is none, or it has faults: nobody is entitled to anything.
    """
    if look.policy is None:
        words = "problems.faulty_decision_policy" if look.faults else "problems.no_decision_policy"
        raise Problem(409, "no_decision_policy", words)
    return look.policy


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/recommendations",
        recommendations,
        "Steps of protocols that a level calls, now or by the policy's probability, each for a person to decide",
        roles=READERS,
        scope="centre",
        answer=RecommendationsAnswer,
        links=tuple(
            Link(name, parameters={"recommendation_id": "/recommendations/0/recommendation_id"})
            for name in ("recommendation", "decide_recommendation", "judge_recommendation")
        ),
        once=True,
        parameters={
            "state": Parameter(
                {"type": "string", "enum": list(_STATES)}, "default: open; closed: of the last 30 days"
            ),
            "unit": Parameter(
                {"type": "string", "maxLength": 64}, "only those of this unit; *: of the hospital"
            ),
            **WORDS_IN,
        },
    ),
    Endpoint(
        "GET",
        "/v1/recommendations/figures",
        recommendation_figures,
        "What people overruled since the release; of 90 days, alarm fatigue and what was wrong and accepted",
        roles=LOOKS,
        scope="centre",
        answer=OversightFigures,
    ),
    Endpoint(
        "GET",
        "/v1/recommendations/{recommendation_id}",
        recommendation,
        "One recommendation: what is expected and how sure, why, the step, until when and by whom; counted as opened",
        roles=READERS,
        scope="centre",
        answer=RecommendationAnswer,
        problems=(404,),
        once=True,
        parameters=WORDS_IN,
    ),
    Endpoint(
        "POST",
        "/v1/recommendations/{recommendation_id}/decisions",
        decide_recommendation,
        "What a person decides on a recommendation, and why; where four eyes are asked for, a second person signs",
        roles=DECIDERS,
        scope="decisions",
        body=RecommendationDecisionRequest,
        answer=RecommendationAnswer,
        problems=(404, 409),
        parameters=WORDS_IN,
        max_bytes=65_536,
        keyed=True,
    ),
    Endpoint(
        "POST",
        "/v1/recommendations/{recommendation_id}/outcomes",
        judge_recommendation,
        "Whether a decision on a recommendation proved right, as a person judges it",
        roles=JUDGES,
        scope="decisions",
        body=OutcomeRequest,
        answer=RecommendationAnswer,
        problems=(404, 409),
        parameters=WORDS_IN,
        max_bytes=65_536,
        keyed=True,
    ),
)
