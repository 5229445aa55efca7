"""Whether the service lives and is ready, its metrics, BentoML's schema."""

from starlette.responses import JSONResponse, Response

from serving.errors import Problem
from serving.gateway.endpoint import Call, Endpoint
from serving.http.metrics import METRICS_TYPE
from serving.state.clock_trust import CLOCK_FAULTS

__all__ = ["ENDPOINTS"]


def alive(_: Call) -> Response:
    """GET /livez"""
    return JSONResponse({"alive": True})


async def ready(call: Call) -> Response:
    """GET /readyz: true when the database answers and takes writes, a release is loaded and none is refused."""
    storage = await call.parts.readiness.look()
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
        storage.good and any(s.loaded for s in states) and not any(s.fault and not s.loaded for s in states)
    )
    body = {
        "ready": good,
        "database": storage.database,
        "journal": call.parts.journal_fault() or "checkpoints are signed",
        "clock": storage.clock,
        "models": models,
    }
    return JSONResponse(body, 200) if good else JSONResponse(body, 503, {"retry-after": "5"})


def metrics(call: Call) -> Response:
    """GET /metrics"""
    for name, state in call.parts.releases.states.items():
        call.parts.metrics.release.labels(name).set(state.loaded.sequence if state.loaded else 0)
        call.parts.metrics.refused.labels(name).set(1 if state.fault else 0)
        call.parts.metrics.alarms.labels(name).set(len(state.loaded.alarms) if state.loaded else 0)
    call.parts.metrics.unsigned.set(1 if call.parts.journal_fault() else 0)
    standing = call.parts.clock_trust.known_faults()
    for fault in CLOCK_FAULTS:
        call.parts.metrics.clock_faults.labels(fault).set(1 if fault in standing else 0)
    return Response(call.parts.metrics.page(), headers={"content-type": METRICS_TYPE})


def schema(_: Call) -> Response:
    """GET /schema.json: BentoML's own, for its client; only where BentoML serves."""
    raise Problem(404, "unknown_route", "problems.no_schema")


ENDPOINTS = (
    Endpoint("GET", "/livez", alive, "Whether the process lives", roles=None, direct=True),
    Endpoint(
        "GET", "/healthz", alive, "Whether the process lives", roles=None, direct=True, documented=False
    ),
    Endpoint(
        "GET",
        "/readyz",
        ready,
        "Whether database and releases can answer",
        roles=None,
        direct=True,
        problems=(503,),
    ),
    Endpoint(
        "GET",
        "/metrics",
        metrics,
        "Prometheus metrics; without a token on this machine only",
        roles=frozenset({"auditor", "admin"}),
        local=True,
        direct=True,
        scope="metrics",
        media_type="text/plain",
    ),
    Endpoint("GET", "/schema.json", schema, "BentoML's schema", roles=None, native=True, documented=False),
)
