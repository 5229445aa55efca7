"""Results that several callers want at once: computed once, with no lock held meanwhile."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

__all__ = ["SingleFlight"]

K = TypeVar("K")
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """The latest results by key; whoever asks for one that is being computed waits for that one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._results: dict[K, Future[V]] = {}

    def ready(self, key: K) -> V | None:
        """The result of a key where it is there already; None: it is not, or is being computed."""
        with self._lock:
            future = self._results.get(key)
        return (
            future.result() if future is not None and future.done() and future.exception() is None else None
        )

    def get(
        self,
        key: K,
        compute: Callable[[], V],
        *,
        keep: Callable[[K], bool],
        meanwhile: K | None = None,
    ) -> V:
        """The result of a key. What `compute` raises is raised to all who wait, and not kept.

        Args:
            keep: which earlier keys may still be asked for; the others are forgotten.
            meanwhile: an earlier key, whose result others get while the first who asks for `key` computes it; None, or
                where it is not there: they wait.
        """
        with self._lock:
            future = self._results.get(key)
            is_first = future is None
            if future is None:
                future = Future()
                self._results = {k: f for k, f in self._results.items() if keep(k)} | {key: future}
        if not is_first:
            earlier = None if future.done() or meanwhile is None else self.ready(meanwhile)
            return future.result() if earlier is None else earlier
        try:
            result = compute()
        except BaseException as error:
            with self._lock:
                if self._results.get(key) is future:
                    del self._results[key]
            future.set_exception(error)
            raise
        future.set_result(result)
        return result
