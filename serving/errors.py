"""Exceptions of `serving`.

VigieError
└── ServingError
    ├── Problem             what a request is answered with instead (RFC 9457)
    ├── HistoryImportError  a hospital's history cannot be brought into the observations
    └── SettingsError       the service cannot start with these settings
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hospital.errors import VigieError
from hospital.words.language import Language
from hospital.words.messages import InWords, in_words, is_key

__all__ = ["HistoryImportError", "Problem", "RequestFault", "ServingError", "SettingsError"]


@dataclass(frozen=True)
class RequestFault:
    """One thing wrong with a request: where, a stable word, and what to do; never a value.

    Attributes:
        message: the key of a text, what has its words by itself, or another's own words.
        values: what fills the places of the key's text.
    """

    path: str
    code: str
    message: str | InWords
    values: Mapping[str, object] = field(default_factory=dict, hash=False)

    def words(self, language: Language) -> str:
        """What is wrong and what to do, in a language."""
        if not isinstance(self.message, str):
            return self.message.words(language)
        return in_words(self.message, self.values, language) if is_key(self.message) else self.message


class ServingError(VigieError):
    """Base of serving's errors."""


class HistoryImportError(ServingError):
    """A hospital's history cannot be brought into the observations."""


class SettingsError(ServingError):
    """The service cannot start with these settings."""


class Problem(ServingError):  # noqa: N818 - the standard's word
    """A request that is not answered as asked.

    Args:
        detail: the key of a text, whose places the values fill.

    Attributes:
        status: HTTP status.
        code: a stable word.
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
        **values: object,
    ) -> None:
        self.status = status
        self.code = code
        self.faults = tuple(faults)
        self.headers = dict(headers or {})
        super().__init__(detail, **values)

    @property
    def detail(self) -> str:
        """What is wrong and what to do, in English, never a value."""
        return self.words("en")
