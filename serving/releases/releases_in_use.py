"""The releases in use: loaded only when verified, looked at again when something changed.

What is on disk as newest must verify, else it is refused. A release that was verified and loaded before may
go on only while its number is acceptable and those who signed it still vouch for it, by the trust folder and the policy
in force; `/readyz`, `/v1/models` and the log then say so.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from threading import Lock

from hospital.errors import VigieError
from registry.monitoring.alarms import OVERRULED, StandingAlarm
from registry.package.manifest import MODELS
from serving.errors import Problem
from serving.messages.forecast_protocol import LoadedModel
from serving.releases.monitored_alarms import MonitoredAlarms, NothingMonitored
from serving.releases.release_source import ReleaseSource

__all__ = ["Releases", "State"]

LOG = logging.getLogger("vigie.releases")
CHECK_SECONDS = 1.0
RETRY_SECONDS = 10.0
VERIFY_SECONDS = 60.0
"""How often the files of what is served are verified again, although nothing says that they changed."""


@dataclass(frozen=True)
class State:
    """One model's state.

    Attributes:
        loaded: what is served; None: nothing.
        fault: why the newest release is refused; None: it is not.
    """

    loaded: LoadedModel | None = None
    fault: str | None = None


class Releases:
    """What is served now, by model."""

    def __init__(
        self,
        source: ReleaseSource,
        clock: Callable[[], float] = time.monotonic,
        monitored: MonitoredAlarms | None = None,
    ) -> None:
        self._source, self._clock = source, clock
        self._monitored = monitored or NothingMonitored()
        self._scopes: dict[tuple[str, int], frozenset[tuple[str, float]]] = {}
        self._states: dict[str, State] = {name: State() for name in MODELS}
        self._stamps: dict[str, object] = {}
        self._checked, self._retry_at, self._verify_at = -CHECK_SECONDS, 0.0, VERIFY_SECONDS
        self._lock = Lock()

    @property
    def states(self) -> Mapping[str, State]:
        """Every model's state."""
        return self._states

    @property
    def due(self) -> bool:
        """Whether it is time to look whether something changed."""
        return self._clock() - self._checked >= CHECK_SECONDS

    def refresh(self) -> None:
        """Looks whether something changed, and loads what did; for worker threads, one at a time.

        While one thread verifies, others go on with what was verified before.
        """
        if not self._lock.acquire(blocking=self._checked < 0):
            return
        try:
            if self.due:
                self._checked = self._clock()
                retry, verify = self._checked >= self._retry_at, self._checked >= self._verify_at
                for (
                    model
                ) in MODELS:  # first, and of all: what a person stopped does not wait for files to be read
                    self._read_alarms(model)
                for model in MODELS:
                    self._refresh(model, retry=retry, verify=verify)
                    self._read_alarms(model)
                if retry:
                    self._retry_at = self._checked + RETRY_SECONDS
                if verify:
                    self._verify_at = self._checked + VERIFY_SECONDS
        finally:
            self._lock.release()

    def _refresh(self, model: str, *, retry: bool, verify: bool) -> None:
        former = self._states[model]
        try:
            stamp = self._source.stamp(model)
            if stamp == self._stamps.get(model) and not (former.fault and retry):
                if verify and former.loaded is not None and not former.fault:
                    self._source.verify(model)
                return
            self._stamps[model] = stamp
            loaded = self._source.load(model)
        except Exception as error:  # whatever a file makes of its reader: unread is refused, and is said
            readable = isinstance(error, VigieError)
            fault = str(error) if readable else f"{model}: the release folder cannot be read."
            if not readable and not isinstance(error, OSError):
                LOG.error("release unreadable: model=%s error=%s", model, type(error).__name__)
            kept = former.loaded if self._still_allowed(model, former.loaded) else None
            self._states[model] = State(kept, fault)
            if fault != former.fault:
                LOG.error("release refused: %s %s", fault, _goes_on(kept))
            return
        if loaded is not None:
            self._scopes[model, loaded.sequence] = loaded.scope
            before = former.loaded
            known = before.alarms if before is not None and before.sequence == loaded.sequence else ()
            loaded = self._under_alarms(loaded, known)
        self._states[model] = State(loaded)
        if loaded is not None and loaded != former.loaded:
            LOG.info("model=%s version=%s release=%d digest=%s loaded", *_named(loaded))

    def _read_alarms(self, model: str) -> None:
        """Lays a person's stop and the alarms that stand now over what is served."""
        state = self._states[model]
        if state.loaded is None:
            return
        loaded = self._under_alarms(state.loaded, state.loaded.alarms)
        if loaded.halted != state.loaded.halted:
            LOG.warning("model=%s release=%d halted=%s", model, loaded.sequence, loaded.halted)
        if loaded.alarms != state.loaded.alarms or loaded.halted != state.loaded.halted:
            self._states[model] = replace(state, loaded=loaded)
        if loaded.alarms != state.loaded.alarms:
            LOG.warning("model=%s release=%d alarms=%d", model, loaded.sequence, len(loaded.alarms))

    def _under_alarms(self, loaded: LoadedModel, known: tuple[StandingAlarm, ...]) -> LoadedModel:
        """The release under the alarms that stand: stopped by one, the baseline answers everywhere.

        While nobody knows whether one stands, what was `known` stays. A release is never served before it is laid under
        them: not for a moment does a stopped model speak.
        """
        found = self._monitored.standing(loaded.name, loaded.sequence, loaded.digest)
        under = replace(
            loaded,
            scope=self._scopes[loaded.name, loaded.sequence],
            alarms=known if found is None else found,
            halted=self._halted(loaded),
        )
        lost = {alarm.name for alarm in under.alarms if alarm.family == OVERRULED}
        left = (
            frozenset() if under.stopped else frozenset(cell for cell in under.scope if cell[0] not in lost)
        )
        return replace(under, scope=left, lost_groups=frozenset(lost))

    def _halted(self, loaded: LoadedModel) -> bool:
        """Whether a person has stopped it; while nobody can tell, as it was before."""
        try:
            return self._source.halted(loaded.name)
        except Exception:
            before = self._states[loaded.name].loaded
            return before is not None and before.halted

    def _still_allowed(self, model: str, loaded: LoadedModel | None) -> bool:
        if loaded is None:
            return False
        try:
            self._source.vouch(model, loaded)
        except Exception:  # who cannot be asked vouches for nothing
            return False
        return True

    def current(self, model: str) -> LoadedModel:
        """What is served of a model.

        Raises:
            Problem: 503 with what to do.
        """
        state = self._states[model]
        if state.loaded is not None:
            return state.loaded
        if state.fault is not None:
            raise Problem(
                503,
                "release_refused",
                "problems.release_refused",
                model=model,
            )
        raise Problem(
            503,
            "no_release",
            "problems.no_release",
            model=model,
        )


def _named(loaded: LoadedModel) -> tuple[str, str, int, str]:
    return loaded.name, loaded.version, loaded.sequence, loaded.digest


def _goes_on(kept: LoadedModel | None) -> str:
    return "Nothing is served." if kept is None else f"Release {kept.sequence}, verified before, goes on."
