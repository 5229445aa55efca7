"""What the service is made of, wired at one place: `serving.composition.real_parts`; tests hand in their own."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Engine

from hospital.words.language import Language
from registry.settings import Settings
from serving.explanations.explainer import Explainer
from serving.explanations.given_predictions import GivenPredictions
from serving.forecasting.forecast_service import ForecastService
from serving.gateway.readiness import Readiness
from serving.http.authentication import Authority
from serving.http.clock import Clock
from serving.http.metrics import Metrics
from serving.http.reuse import Reuse
from serving.http.single_flight import SingleFlight
from serving.http.workers import Workers
from serving.limits.admission import Admission
from serving.limits.body_budget import BodyBudget
from serving.limits.event_streams import EventStreams
from serving.limits.rate_limits import RateLimits
from serving.messages.body_envelopes import Context
from serving.messages.forecast_protocol import Forecaster
from serving.releases.first_steps import FirstSteps, UnknownFirstSteps
from serving.releases.releases_in_use import Releases
from serving.releases.version_overview import Catalogue
from serving.state.clock_trust import ClockTrust
from serving.state.observations import Receptions

__all__ = ["Parts"]


def _chance_of(seed: str | None) -> random.Random:
    return random.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311


@dataclass
class Parts:
    """The parts.

    Attributes:
        pseudonym_key: of ids, before anything is stored.
        catalogue: finds what pages show of versions.
        first_steps: what the installation still lacks until its first answer.
        page_results: forecasts that pages showed last.
        screen_results: forecasts made for screens that are left open, which are not recorded.
        page_reuse: how long they are shown again.
        admission_rates: of the hospital's patients, by the hour in which they were learned.
        body_seconds: how long a body may take to come.
        workers: threads for all but forecasts.
        forecast_workers: threads for forecasts.
        admission: how many requests are answered at once.
        streams: open streams of events, and how long each lasts.
        limits: how often an address and a token may ask.
        bodies: how many bytes of bodies are held at once.
        settings: of the installation.
        chance: numbers drawn by a seed; without one nobody can foretell them.
        journal_fault: why no checkpoint of the journal can be signed; "" where it can.
    """

    engine: Engine
    clock: Clock
    releases: Releases
    forecaster: Forecaster
    authority: Authority
    pseudonym_key: bytes
    language: Language
    catalogue: Catalogue
    first_steps: FirstSteps = field(default_factory=UnknownFirstSteps)
    workers: Workers = field(default_factory=Workers)
    forecast_workers: Workers = field(default_factory=lambda: Workers(threads=2))
    admission: Admission = field(default_factory=Admission)
    metrics: Metrics = field(default_factory=Metrics)
    receptions: Receptions = field(default_factory=Receptions)
    page_results: SingleFlight[Any, Any] = field(default_factory=SingleFlight)
    screen_results: SingleFlight[Any, Any] = field(default_factory=SingleFlight)
    page_reuse: Reuse = field(default_factory=Reuse)
    admission_rates: SingleFlight[int, Any] = field(default_factory=SingleFlight)
    body_seconds: float = 5.0
    streams: EventStreams = field(default_factory=EventStreams)
    limits: RateLimits = field(default_factory=RateLimits)
    bodies: BodyBudget = field(default_factory=BodyBudget)
    settings: Settings = field(default_factory=Settings)
    chance: Callable[[str | None], random.Random] = _chance_of
    journal_fault: Callable[[], str] = lambda: ""
    close: Callable[[], None] = lambda: None

    @cached_property
    def readiness(self) -> Readiness:
        """Whether the database answers and takes writes."""
        return Readiness(self.engine, self._refresh_releases, clock_state=self.clock_state)

    def _refresh_releases(self) -> None:
        if self.releases.due:
            self.releases.refresh()

    @cached_property
    def forecasts(self) -> ForecastService:
        """Answers questions by the releases in use."""
        return ForecastService(
            self.engine, self.releases, self.forecaster, self.metrics, self.clock_trust, self.explainer
        )

    @property
    def explainer(self) -> Explainer:
        """Explains forecasts further."""
        return Explainer(self.forecaster)

    @property
    def given_predictions(self) -> GivenPredictions:
        """Explains predictions that were given."""
        return GivenPredictions(self.explainer, self.releases.current)

    @cached_property
    def clock_trust(self) -> ClockTrust:
        """Whether the clock can be relied on."""
        return ClockTrust(self.clock, self.receptions)

    def clock_state(self) -> str:
        """The same as /readyz says it."""
        with self.engine.connect() as connection:
            faults = self.clock_trust.faults(connection)
        return ", ".join(faults) or "steady"

    def context(self, language: Language | None = None) -> Context:
        """What a body is read with, now."""
        return Context(self.clock.now(), language or self.language, self.pseudonym_key)
