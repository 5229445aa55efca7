"""How wide units' intervals are now: the release's rule on past forecasts, made again from what was received.

Nothing is stored. What a past time's forecast was does not change with what is received later, so only what is new
since the last answer is computed.
"""

import threading
from concurrent.futures import Future
from weakref import WeakKeyDictionary, ref

from hospital.features.lookback import ERROR_DAYS
from hospital.times import DAY
from registry.model.forecast_model import ForecastModel
from registry.model.interval_widths import ErrorHistory
from serving.state.live_state import HospitalState

__all__ = ["ErrorHistories"]


class _Made:
    """A history, which may be being made, and what it is made from; it keeps no state that nobody asks for any more.

    Attributes:
        lineage: the state's.
        heard: the last reception that it knew of: an instant.
    """

    def __init__(self, state: HospitalState) -> None:
        self._state = ref(state)
        self.lineage, self.heard = state.lineage, max(state.heard.values(), default=0)
        self.history: Future[ErrorHistory | None] = Future()

    def is_of(self, state: HospitalState) -> bool:
        """Whether it was made from this very state."""
        return self._state() is state

    @property
    def is_kept(self) -> bool:
        """Whether its state still stands."""
        return self._state() is not None


class ErrorHistories:
    """The histories of each model in use, by the state of the hospital, as long as that is kept.

    No lock is held while past times are forecast: whoever asks for a history that is being made waits for that one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: WeakKeyDictionary[ForecastModel, tuple[_Made, ...]] = WeakKeyDictionary()

    def of(self, model: ForecastModel, state: HospitalState, at: int) -> ErrorHistory | None:
        """The history up to the instant `at`, which is of the state's day; None: the release has no rule.

        What goes wrong while it is made is raised to all who wait for it, and not kept.
        """
        if model.adaptive is None:
            return None
        with self._lock:
            found = self._made.get(model, ())
            made = next((m for m in found if m.is_of(state)), None)
            is_first = made is None
            # Of the same lineage is the one that this one adds to, in whose place it stands.
            before = next((m for m in found if m.lineage is state.lineage), None)
            if made is None:
                made = _Made(state)
                self._made[model] = (made, *(m for m in found if m is not before and m.is_kept))
        if not is_first:
            return made.history.result()
        try:
            history = _history(model, state, at, before)
        except BaseException as error:
            with self._lock:
                self._made[model] = tuple(m for m in self._made.get(model, ()) if m is not made)
            made.history.set_exception(error)
            raise
        made.history.set_result(history)
        return history


def _history(
    model: ForecastModel, state: HospitalState, at: int, before: _Made | None
) -> ErrorHistory | None:
    """Made from the one before, as far as what that says stands."""
    known = None
    if before is not None and before.history.exception() is None:
        earlier = before.history.result()
        known = None if earlier is None else (earlier, before.heard)
    # All that settles on the state's day: a day later there is another state.
    day = at // DAY
    span = ((day - ERROR_DAYS) * DAY, (day + 1) * DAY)
    return ErrorHistory.of_events(model, state.events, state.beds(model.features), span, known)
