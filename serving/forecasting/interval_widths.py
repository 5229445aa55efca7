"""How wide units' intervals are now: the release's rule on past forecasts, made again from what was received.

Nothing is stored. What a past time's forecast was does not change with what is received later, so only what is new
since the last answer is computed.
"""

import threading
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from hospital.features.lookback import ERROR_DAYS
from hospital.times import DAY
from registry.model.forecast_model import ForecastModel
from registry.model.interval_widths import ErrorHistory
from serving.state.live_state import HospitalState

__all__ = ["ErrorHistories"]


@dataclass(frozen=True)
class _Made:
    """A history, and what it was made from."""

    state: HospitalState
    history: ErrorHistory | None

    @property
    def heard(self) -> int:
        """The last reception that it knew of: an instant."""
        return max(self.state.heard.values(), default=0)


class ErrorHistories:
    """The history of each model in use, kept until the state of the hospital is another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: WeakKeyDictionary[ForecastModel, _Made] = WeakKeyDictionary()

    def of(self, model: ForecastModel, state: HospitalState, at: int) -> ErrorHistory | None:
        """The history up to the instant `at`, which is of the state's day; None: the release has no rule."""
        if model.adaptive is None:
            return None
        with self._lock:
            before = self._made.get(model)
            if before is not None and before.state is state:
                return before.history
            known = None
            if before is not None and before.history is not None and before.state.lineage is state.lineage:
                known = (before.history, before.heard)
            # All that settles on the state's day: a day later there is another state.
            day = at // DAY
            span = ((day - ERROR_DAYS) * DAY, (day + 1) * DAY)
            history = ErrorHistory.of_events(model, state.events, state.beds(model.features), span, known)
            self._made[model] = _Made(state, history)
            return history
