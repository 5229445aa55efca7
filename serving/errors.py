"""Exceptions of `serving`.

VigieError
└── ServingError
    ├── Problem             what a request is answered with instead (RFC 9457)
    ├── HistoryImportError  a hospital's history cannot be brought into the observations
    └── SettingsError       the service cannot start with these settings
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hospital.errors import VigieError

__all__ = ["HistoryImportError", "Problem", "RequestFault", "ServingError", "SettingsError"]


@dataclass(frozen=True)
class RequestFault:
    """One thing wrong with a request: where, a stable word, and what to do; never a value."""

    path: str
    code: str
    message: str


class ServingError(VigieError):
    """Base of serving's errors."""


class HistoryImportError(ServingError):
    """A hospital's history cannot be brought into the observations."""


class SettingsError(ServingError):
    """The service cannot start with these settings."""


class Problem(ServingError):  # noqa: N818 - the standard's word  # noqa: N818 - the standard's word
    """A request that is not answered as asked.

    Attributes:
        status: HTTP status.
        code: a stable word.
        detail: what is wrong and what to do, never a value.
        faults: everything wrong with the body, by path.
        headers: to send along.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        faults: Sequence[RequestFault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})
        super().__init__(detail)
