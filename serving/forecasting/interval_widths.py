"""How wide units' intervals are now: the release's rule on past forecasts, made again from what was received.

Nothing is stored. What a past time's forecast was does not change with what is received later, so only what is new
since the last answer is computed.
"""

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from hospital.features.lookback import ERROR_DAYS
from hospital.times import DAY
from registry.model.forecast_model import ForecastModel
from registry.model.interval_widths import ErrorHistory
from serving.state.live_state import HospitalState

__all__ = ["ErrorHistories"]


@dataclass(frozen=True, eq=False)
class _Made:
    """A history, which may be being made, and what it is made from."""

    state: HospitalState
    history: Future[ErrorHistory | None] = field(default_factory=Future)

    @property
    def heard(self) -> int:
        """The last reception that it knew of: an instant."""
        return max(self.state.heard.values(), default=0)


class ErrorHistories:
    """The history of each model in use, kept until the state of the hospital is another.

    No lock is held while past times are forecast: whoever asks for a history that is being made waits for that one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: WeakKeyDictionary[ForecastModel, _Made] = WeakKeyDictionary()

    def of(self, model: ForecastModel, state: HospitalState, at: int) -> ErrorHistory | None:
        """The history up to the instant `at`, which is of the state's day; None: the release has no rule.

        What goes wrong while it is made is raised to all who wait for it, and not kept.
        """
        if model.adaptive is None:
            return None
        with self._lock:
            before = self._made.get(model)
            if before is not None and before.state is state:
                made, is_first = before, False
            else:
                made, is_first = _Made(state), True
                self._made[model] = made
        if not is_first:
            return made.history.result()
        try:
            history = _history(model, state, at, before)
        except BaseException as error:
            with self._lock:
                if self._made.get(model) is made:
                    del self._made[model]
            made.history.set_exception(error)
            raise
        made.history.set_result(history)
        return history


def _history(
    model: ForecastModel, state: HospitalState, at: int, before: _Made | None
) -> ErrorHistory | None:
    """Made from the one before, as far as what that says stands."""
    known = None
    if before is not None and before.state.lineage is state.lineage and before.history.exception() is None:
        earlier = before.history.result()
        known = None if earlier is None else (earlier, before.heard)
    # All that settles on the state's day: a day later there is another state.
    day = at // DAY
    span = ((day - ERROR_DAYS) * DAY, (day + 1) * DAY)
    return ErrorHistory.of_events(model, state.events, state.beds(model.features), span, known)
