"""Full-text search over protocols in French and English: accents, plurals and inflections do not matter.

SQLite's FTS5 ranks (BM25, titles before texts); Snowball's stemmers make "capacités" and "capacité", "transfers" and
"transferred" one word (Porter 2001, snowballstem.org). Some hundred protocols are indexed in memory in milliseconds,
whatever the database of the service is.
"""

import re
import sqlite3
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from centre.practice.protocol_file import Protocol

if TYPE_CHECKING:
    from snowballstemmer.basestemmer import BaseStemmer

__all__ = ["Hit", "ProtocolIndex"]

_WORD = re.compile(r"[^\W_]+")
_ELIDED = re.compile(r"\b(?:[cdjlmnst]|qu|lorsqu|puisqu|jusqu|quoiqu)['\u2019](?=\w)", re.IGNORECASE)
_LANGUAGES = {"fr": "french", "en": "english"}
_LEAST_PREFIX = 3
_MOST_WORDS = 20
_WEIGHTS = "8.0, 4.0, 1.0"
"""Of title, steps with skills, and body."""


@dataclass(frozen=True)
class Hit:
    """A protocol that was found.

    Attributes:
        score: the larger the better; of one search only.
    """

    protocol: Protocol
    score: float


class ProtocolIndex:
    """Protocols by their words."""

    def __init__(self, protocols: Iterable[Protocol]) -> None:
        self._protocols = list(protocols)
        self._index = sqlite3.connect(":memory:", check_same_thread=False)
        self._index.execute("CREATE VIRTUAL TABLE protocols USING fts5(title, steps, body, tokenize='ascii')")
        self._index.executemany(
            "INSERT INTO protocols (rowid, title, steps, body) VALUES (?, ?, ?, ?)",
            [(n, *_columns(protocol)) for n, protocol in enumerate(self._protocols)],
        )

    def search(self, query: str, *, unit: str | None = None, most: int = 20) -> list[Hit]:
        """The protocols that hold every word of a query, the best first; the last word may be a beginning.

        Args:
            unit: only those that are meant for this unit.
        """
        words = _WORD.findall(_ELIDED.sub("", query))[:_MOST_WORDS]
        if not words:
            return []
        rows = self._index.execute(
            f"SELECT rowid, -bm25(protocols, {_WEIGHTS}) FROM protocols WHERE protocols MATCH ? ORDER BY 2 DESC, rowid",  # noqa: S608
            (_match(words),),
        )
        hits = (Hit(self._protocols[row], score) for row, score in rows)
        return [hit for hit in hits if unit is None or hit.protocol.is_for(unit)][:most]


def _columns(protocol: Protocol) -> tuple[str, str, str]:
    steps = " ".join(f"{s.action} {s.role} {' '.join(s.skills)}" for s in protocol.steps)
    title = f"{protocol.title} {protocol.protocol_id} {' '.join(protocol.units)} {' '.join(protocol.levels)}"
    return (
        _indexed(title, protocol.language),
        _indexed(steps, protocol.language),
        _indexed(protocol.body, protocol.language),
    )


def _indexed(text: str, language: str) -> str:
    """Each word as it is written and as its stem, without accents."""
    words = [w.lower() for w in _WORD.findall(_ELIDED.sub("", text))]
    stems = [_stem(word, language) for word in words]
    return " ".join(f"{plain(word)} {stem}" for word, stem in zip(words, stems, strict=True))


def _match(words: list[str]) -> str:
    """Every word in either language's stem or as it is written; only letters and digits reach the query."""
    out = []
    for n, word in enumerate(words):
        forms = {plain(word.lower()), *(_stem(word.lower(), language) for language in _LANGUAGES)}
        alternatives = [f'"{form}"' for form in sorted(forms)]
        if n == len(words) - 1 and len(word) >= _LEAST_PREFIX:
            alternatives.append(f'"{plain(word.lower())}"*')
        out.append(f"({' OR '.join(alternatives)})")
    return " AND ".join(out)


@cache
def _stem(word: str, language: str) -> str:
    """The stem of a word, of its plain form where accents were left out: both lead to one."""
    return plain(_stemmer(language).stemWord(plain(word)))


def _stemmer(language: str) -> "BaseStemmer":
    """A stemmer; all of the library's languages are loaded with it (3 MB), and only by who searches."""
    from snowballstemmer import stemmer

    return stemmer(_LANGUAGES[language])


def plain(word: str) -> str:
    """A word without accents, ligatures as two letters, lower case."""
    parts = unicodedata.normalize("NFKD", word.replace("œ", "oe").replace("æ", "ae"))
    return "".join(c for c in parts if not unicodedata.combining(c)).casefold()
