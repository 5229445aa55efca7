"""Prometheus metrics, labelled by route template: five thousand ids make one line, not five thousand."""

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector  # type: ignore[no-untyped-call,unused-ignore]

__all__ = ["METRICS_TYPE", "Metrics"]

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """What is counted."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        r = self._registry
        labels = ["route", "method", "status"]
        self.requests = Counter("vigie_requests", "Requests answered.", labels, registry=r)
        self.seconds = Histogram(
            "vigie_request_seconds", "Time to answer.", ["route"], buckets=_SECONDS, registry=r
        )
        self.forecasts = Counter(
            "vigie_forecasts", "Forecasts given, by trust.", ["model", "trust"], registry=r
        )
        self.shed = Counter(
            "vigie_shed", "Requests turned away under load, before anything was done.", ["route"], registry=r
        )
        self.alarms = Gauge(
            "vigie_alarms",
            "Alarms that stand against the release in use.",
            ["model"],
            registry=r,
            multiprocess_mode="mostrecent",
        )
        self.refused = Gauge(
            "vigie_release_refused",
            "1 where the newest release is refused: nothing is served, or the release before goes on.",
            ["model"],
            registry=r,
            multiprocess_mode="mostrecent",
        )
        self.release = Gauge(
            "vigie_release",
            "Number of the release in use.",
            ["model"],
            registry=r,
            multiprocess_mode="mostrecent",
        )

        self.unsigned = Gauge(
            "vigie_journal_unsigned",
            "1 where no checkpoint of the journal can be signed.",
            registry=r,
            multiprocess_mode="mostrecent",
        )
        self.clock_faults = Gauge(
            "vigie_clock_fault",
            "1 where the clock cannot be relied on: it was set, or what was received lies ahead of it.",
            ["fault"],
            registry=r,
            multiprocess_mode="mostrecent",
        )

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Counts a request."""
        self.requests.labels(route, method, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def page(self) -> bytes:
        """The page that Prometheus reads; over all processes where there are several."""
        registry = self._registry
        if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call,unused-ignore]
        return generate_latest(registry)
