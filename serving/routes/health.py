"""Whether the service lives and is ready, its metrics, BentoML's schema."""

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse, Response

from serving.errors import Problem
from serving.gateway.endpoint import Call, Endpoint
from serving.http.metrics import METRICS_TYPE

__all__ = ["ENDPOINTS"]


def alive(_: Call) -> Response:
    """GET /livez"""
    return JSONResponse({"alive": True})


def ready(call: Call) -> Response:
    """GET /readyz: true when the database answers, a release is loaded and none is refused."""
    try:
        with call.parts.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        database = "answers"
    except SQLAlchemyError:
        database = "does not answer"
    models: dict[str, dict[str, str | int | bool]] = {}
    for name, state in call.parts.releases.states.items():
        if state.loaded is None:
            models[name] = {"status": "refused" if state.fault else "not released"}
        else:
            status = "serving" if state.fault is None else "serving the release before: the newest is refused"
            models[name] = {
                "status": status,
                "version": state.loaded.version,
                "digest": state.loaded.digest,
                "alarms": len(state.loaded.alarms),
                "stopped": state.loaded.stopped,
            }
    states = call.parts.releases.states.values()
    good = (
        database == "answers"
        and any(s.loaded for s in states)
        and not any(s.fault and not s.loaded for s in states)
    )
    return JSONResponse({"ready": good, "database": database, "models": models}, 200 if good else 503)


def metrics(call: Call) -> Response:
    """GET /metrics"""
    for name, state in call.parts.releases.states.items():
        call.parts.metrics.release.labels(name).set(state.loaded.sequence if state.loaded else 0)
        call.parts.metrics.alarms.labels(name).set(len(state.loaded.alarms) if state.loaded else 0)
    return Response(call.parts.metrics.page(), headers={"content-type": METRICS_TYPE})


def schema(_: Call) -> Response:
    """GET /schema.json: BentoML's own, for its client; only where BentoML serves."""
    raise Problem(404, "unknown_route", "BentoML's schema is there when BentoML serves: see /docs.json.")


ENDPOINTS = (
    Endpoint("GET", "/livez", alive, "Whether the process lives", roles=None),
    Endpoint("GET", "/healthz", alive, "Whether the process lives", roles=None, documented=False),
    Endpoint(
        "GET", "/readyz", ready, "Whether it can answer: database and releases", roles=None, problems=(503,)
    ),
    Endpoint(
        "GET",
        "/metrics",
        metrics,
        "Prometheus metrics; without a token on this machine only",
        roles=frozenset({"auditor", "admin"}),
        local=True,
    ),
    Endpoint("GET", "/schema.json", schema, "BentoML's schema", roles=None, native=True, documented=False),
)
