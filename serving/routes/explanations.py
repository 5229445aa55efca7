"""POST /v1/explanations and /v1/counterfactuals: more of a prediction that was given. Neither writes anything."""

from starlette.responses import Response

from hospital.words.catalogue import text
from serving.gateway.endpoint import Call, Endpoint, json_response
from serving.messages.counterfactual_bodies import (
    CounterfactualRequest,
    CounterfactualsAnswer,
    ExplanationAnswer,
    ExplanationRequest,
    counterfactual_request,
    explanation_request,
)
from serving.messages.explain_options import explain_options
from serving.messages.forecast_questions import language_warnings
from serving.messages.question_records import ExplainOptions

__all__ = ["ENDPOINTS"]

_ROLES = frozenset({"application", "operator", "auditor", "admin"})
_BYTES = 65_536


def explanation(call: Call) -> Response:
    """POST /v1/explanations"""
    parts, context = call.parts, call.parts.context()
    request = explanation_request(call.body, context.now)
    options = explain_options(request.explain, context.language)
    with parts.engine.connect() as connection:
        found = parts.given_predictions.explanation(
            connection, call.caller, request.prediction_id, options, context.now
        )
    return json_response(found.model_copy(update={"warnings": language_warnings(call.body)}))


def counterfactual(call: Call) -> Response:
    """POST /v1/counterfactuals"""
    parts, context = call.parts, call.parts.context()
    request = counterfactual_request(call.body)
    language, known = request.spoken(context.language)
    options = ExplainOptions(0, "typical", language)
    with parts.engine.connect() as connection:
        found = parts.given_predictions.counterfactuals(
            connection, call.caller, request, options, context.now
        )
    warnings = () if known else (text("trust.language", language),)
    return json_response(found.model_copy(update={"warnings": warnings}))


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/explanations",
        explanation,
        "A prediction as it was given, explained in another way; nothing is recorded",
        roles=_ROLES,
        scope="predictions",
        body=ExplanationRequest,
        answer=ExplanationAnswer,
        problems=(404, 409, 503),
        max_bytes=_BYTES,
        bulk=True,
    ),
    Endpoint(
        "POST",
        "/v1/counterfactuals",
        counterfactual,
        "What the model would say of a prediction if a lever stood elsewhere, within what has been seen",
        roles=_ROLES,
        scope="predictions",
        body=CounterfactualRequest,
        answer=CounterfactualsAnswer,
        problems=(404, 409, 503),
        max_bytes=_BYTES,
        bulk=True,
    ),
)
