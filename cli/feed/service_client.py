"""A running service, asked as an application asks it; what is wrong is said with what to do next."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hospital.errors import VigieError
from hospital.times import instant
from hospital.words.catalogue import text
from hospital.words.language import Language
from hospital.words.plain_text import one_line

__all__ = ["ServiceClient", "ServiceClock", "UnreachableError"]

_SECONDS = 60
_SHOWN_FAULTS = 5
_LATER = (429, 503)


class UnreachableError(VigieError):
    """The service cannot be reached, or can take nothing at present: it may come back."""


@dataclass(frozen=True)
class ServiceClock:
    """The service's clock.

    Attributes:
        now: instant.
        speed: seconds of it in a real one.
    """

    now: int
    simulated: bool
    speed: float


class ServiceClient:
    """One service and one token.

    Args:
        url: its address, without a path.
        opener: sends a request; tests hand in their own.
    """

    def __init__(
        self,
        url: str,
        token: str,
        language: Language,
        opener: Callable[[urllib.request.Request], bytes] | None = None,
    ) -> None:
        self.url, self._token, self._language = url.rstrip("/"), token, language
        self._open = opener or _sent

    def clock(self) -> ServiceClock:
        """The service's clock."""
        return self._clock(self._ask("/v1/clock"))

    def run_at(self, speed: float) -> ServiceClock:
        """Sets the speed of a simulated clock."""
        return self._clock(self._ask("/v1/clock", {"speed": speed}))

    def observe(self, rows: dict[str, list[dict[str, Any]]]) -> None:
        """Sends rows by table."""
        self._ask("/v1/observations", rows)

    def _clock(self, answer: dict[str, Any]) -> ServiceClock:
        try:
            now = instant(datetime.fromisoformat(answer["now"]))
            return ServiceClock(now, bool(answer["simulated"]), float(answer["speed"]))
        except (KeyError, TypeError, ValueError):
            raise VigieError(self._words("no_service", url=self.url)) from None

    def _ask(self, path: str, body: object = None) -> dict[str, Any]:
        """What the service answers.

        Raises:
            UnreachableError: nobody answers, or it can take nothing now.
            VigieError: it refuses, in its words.
        """
        headers = {
            "authorization": f"Bearer {self._token}",
            "content-type": "application/json",
            "accept-language": self._language,
        }
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers)  # noqa: S310 - checked by the verb
        try:
            answer = json.loads(self._open(request))
        except urllib.error.HTTPError as error:
            raise self._refused(error) from None
        except (OSError, ValueError) as error:
            why = one_line(str(getattr(error, "reason", error)) or type(error).__name__)
            raise UnreachableError(self._words("unreachable", url=self.url, why=why)) from None
        if not isinstance(answer, dict):
            raise VigieError(self._words("no_service", url=self.url))
        return answer

    def _refused(self, error: urllib.error.HTTPError) -> VigieError:
        if error.code == 401:
            return VigieError(self._words("token_refused"))
        if error.code == 403:
            return VigieError(self._words("token_rights"))
        try:
            problem = json.loads(error.read())
            faults = [f"{f['path']}: {f['message']}" for f in problem.get("errors", ())]
            said, code = str(problem["detail"]), str(problem["code"])
        except (ValueError, KeyError, TypeError, AttributeError, OSError):
            return VigieError(self._words("no_service", url=self.url))
        if code == "real_clock":
            return VigieError(self._words("real_clock"))
        if error.code in _LATER:
            return UnreachableError(self._words("later", url=self.url, why=one_line(said)))
        more = [f"  {len(faults) - _SHOWN_FAULTS} …"] if len(faults) > _SHOWN_FAULTS else []
        lines = [f"  {one_line(f)}" for f in faults[:_SHOWN_FAULTS]] + more
        words = "\n".join([self._words("refused", why=one_line(said)), *lines])
        return VigieError(words)

    def _words(self, key: str, **values: object) -> str:
        return text(f"feed.{key}", self._language, None, **values)


def _sent(request: urllib.request.Request) -> bytes:
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - http(s), checked by the verb
        return bytes(answer.read())
