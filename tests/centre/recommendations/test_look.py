"""Looks at the levels that come at the same time."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from sqlalchemy import Connection

from centre.recommendations.look import look, look_if_due
from serving.messages.forecast_protocol import LoadedModel
from serving.messages.forecast_records import BedForecast
from serving.messages.question_records import BedQuestion
from tests.centre.recommendations.situations import Hospital
from tests.support.serving_fakes import FakeForecaster


class SlowForecaster(FakeForecaster):
    """Forecasts of beds that wait where `go_on` is cleared."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = Event(), Event()
        self.go_on.set()

    def bed_demand(
        self, model: LoadedModel, connection: Connection, question: BedQuestion, now: int
    ) -> list[BedForecast]:
        self.begun.set()
        assert self.go_on.wait(20)
        return super().bed_demand(model, connection, question, now)


def test_nobody_waits_for_forecasts_that_another_makes(quick_path: Path) -> None:
    """While one looks, the others are given the look before."""
    slow = SlowForecaster()
    hospital = Hospital(quick_path, forecaster=slow)
    parts = hospital.parts
    parts.releases.refresh()  # as before any request
    before = look_if_due(parts, parts.clock.now())
    assert slow.begun.is_set()
    hospital.later(60)
    slow.begun.clear()
    slow.go_on.clear()
    with ThreadPoolExecutor(1) as pool:
        new = pool.submit(look_if_due, parts, parts.clock.now())
        try:
            assert slow.begun.wait(20)
            assert look_if_due(parts, parts.clock.now()) is before
        finally:
            slow.go_on.set()
        assert new.result(20).at == parts.clock.now()
    assert look_if_due(parts, parts.clock.now()) is new.result()


def test_two_who_look_at_once_propose_nothing_twice(quick_path: Path) -> None:
    """As two workers may."""
    hospital = Hospital(quick_path)
    parts = hospital.parts
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(look, parts, parts.clock.now()) for _ in range(4)]:
            done.result(30)
    assert len(hospital.listed()) == 1
