"""Exceptions of `serving`.

VigieError
└── ServingError
    ├── Problem             what a request is answered with instead (RFC 9457)
    ├── HistoryImportError  a hospital's history cannot be brought into the observations
    └── SettingsError       the service cannot start with these settings
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hospital.errors import VigieError
from hospital.words.language import Language
from hospital.words.messages import InWords, in_words, is_key

__all__ = ["HistoryImportError", "Problem", "RequestFault", "ServingError", "SettingsError", "by_cause"]

_POSITION = re.compile(r"\[\d+\]")
_FEW = 3
"""The same fault at so many places is named at each of them; at more it is one cause, with its count."""


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


def by_cause(faults: Sequence[RequestFault]) -> tuple[RequestFault, ...]:
    """Faults by their causes: the same thing wrong with the same field of more than a few rows is said once.

    It stands at its first place; its message has how often it comes, and the first of its places.
    """
    causes: dict[tuple[str, str, str], list[RequestFault]] = {}
    for one in faults:
        causes.setdefault((_POSITION.sub("[]", one.path), one.code, one.words("en")), []).append(one)
    return tuple(one for same in causes.values() for one in _said_once(same))


def _said_once(same: Sequence[RequestFault]) -> Sequence[RequestFault]:
    """Also where the places look alike: of a key that is none the path shows no more than that."""
    if len(same) <= _FEW:
        return same
    first, places = same[0], list(dict.fromkeys(one.path for one in same))
    values = {"message": first, "n": len(same), "places": ", ".join(places[:_FEW])}
    return [RequestFault(first.path, first.code, "problems.faults.in_places", values)]


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
        faults: everything wrong with the body, one for each cause (see `by_cause`).
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
        self.faults = by_cause(faults)
        self.headers = dict(headers or {})
        super().__init__(detail, **values)

    @property
    def detail(self) -> str:
        """What is wrong and what to do, in English, never a value."""
        return self.words("en")
