"""Past forecasts that stretch intervals are made once for all who ask, while nobody else is kept waiting."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from weakref import ref

import pytest

from hospital.features.beds import BedFeatures
from hospital.features.feature import Feature
from hospital.times import DAY
from registry.model.forecast_model import ForecastModel
from serving.forecasting.interval_widths import ErrorHistories
from serving.state.live_state import HospitalState, StateCache
from tests.support.small_demo import SmallDemo


@dataclass(frozen=True)
class SlowState(HospitalState):
    """A state whose features are computed when the test lets them be."""

    begun: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)
    asked: list[int] = field(default_factory=list)
    fault: Exception | None = None

    def beds(self, features: tuple[Feature, ...]) -> BedFeatures:
        self.asked.append(1)
        self.begun.set()
        assert self.go.wait(60)
        if self.fault is not None:
            raise self.fault
        return super().beds(features)


@dataclass(frozen=True)
class Hospital:
    """What is known of a hospital, and its model of bed demand as two releases have it."""

    state: HospitalState
    model: ForecastModel
    other: ForecastModel
    at: int

    def slow(self, fault: Exception | None = None) -> SlowState:
        """The same hospital, later."""
        return SlowState(self.state.events, self.state.heard, fault=fault)


@pytest.fixture(scope="module")
def hospital(small_demo: SmallDemo) -> Iterator[Hospital]:
    """The small hospital at the end of its data."""
    service = small_demo.service()
    package = small_demo.settings.candidates / "bed-demand" / "1" / "package"
    model = service.parts.releases.current("bed-demand").engine
    assert model is not None
    assert model.adaptive is not None
    with service.parts.engine.connect() as connection:
        state = StateCache().at(connection, small_demo.end, model.manifest)
    yield Hospital(state, model, ForecastModel(package), small_demo.end)
    service.close()


def test_callers_of_one_state_share_one_history(hospital: Hospital) -> None:
    """Whoever asks while it is made waits for the same one, and so does who asks later."""
    histories, state = ErrorHistories(), hospital.slow()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(histories.of, hospital.model, state, hospital.at)
        assert state.begun.wait(60)
        second = pool.submit(histories.of, hospital.model, state, hospital.at)
        state.go.set()
        made = first.result(60)
        assert made is not None
        assert second.result(60) is made
    assert histories.of(hospital.model, state, hospital.at) is made
    assert len(state.asked) == 1


def test_another_release_is_not_kept_waiting(hospital: Hospital) -> None:
    """No lock is held while past times are forecast."""
    histories, state = ErrorHistories(), hospital.slow()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(histories.of, hospital.model, state, hospital.at)
        try:
            assert state.begun.wait(60)
            second = pool.submit(histories.of, hospital.other, hospital.state, hospital.at)
            assert second.result(60) is not None
        finally:
            state.go.set()
        assert first.result(60) is not None


def test_what_goes_wrong_is_raised_to_all_who_wait_and_made_anew_for_the_next(hospital: Hospital) -> None:
    """A fault is no history: it is not kept."""
    histories, state = ErrorHistories(), hospital.slow(ValueError("no"))
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(histories.of, hospital.model, state, hospital.at)]
        assert state.begun.wait(60)
        asked.append(pool.submit(histories.of, hospital.model, state, hospital.at))
        state.go.set()
        for one in asked:
            with pytest.raises(ValueError, match="no"):
                one.result(60)
    assert histories.of(hospital.model, hospital.state, hospital.at) is not None


def test_two_states_that_are_asked_in_turns_have_a_history_each(hospital: Hospital) -> None:
    """Who compares a forecast with one of the day before asks of both; a state that nobody keeps is not kept here."""
    histories, day = ErrorHistories(), hospital.at - DAY
    other = HospitalState(hospital.state.events, hospital.state.heard)
    today = histories.of(hospital.model, hospital.state, hospital.at)
    before = histories.of(hospital.model, other, day)
    assert histories.of(hospital.model, hospital.state, hospital.at) is today
    assert histories.of(hospital.model, other, day) is before
    assert before is not today
    forgotten = ref(other)
    del other
    assert forgotten() is None
