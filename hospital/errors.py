"""Exceptions of `hospital`, and the base of all of Vigie's.

VigieError
├── ContractError      rows or files that break a table contract (all faults at once)
├── MappingError       a mapping file that is wrong (all faults at once)
└── HistoryError       too little, or the wrong, history for what was asked
"""

from dataclasses import dataclass

from hospital.words.catalogue import text
from hospital.words.language import Language
from hospital.words.messages import InWords, in_words, is_key

__all__ = ["ContractError", "Fault", "HistoryError", "MappingError", "VigieError"]


_OTHERS_NAMED = 3
"""Of a cause at many places so many others are named; the count says how many there are."""


class VigieError(Exception):
    """Base of every error that a person is meant to read: what is wrong, where, what to do next.

    Args:
        message: the key of a text of the catalogue, or another's own words, which stay as they are.
        values: what fills the places of the key's text (see `hospital.words.messages.written`): texts, numbers, days,
            messages, other errors, or several of them; ``n`` decides the plural.
    """

    def __init__(self, message: str = "", /, **values: object) -> None:
        super().__init__(message)
        self.values = values

    def words(self, language: Language) -> str:
        """What the error says, in a language; as it was written, where it has no key."""
        message = str(self.args[0]) if self.args else ""
        return in_words(message, self.values, language) if is_key(message) else super().__str__()

    def __str__(self) -> str:
        return self.words("en")


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a table or mapping; never carries a value.

    Attributes:
        path: where, as in ``visits[3].left_at`` (the first position concerned) or ``units.label``.
        code: a stable word for what is wrong, as in ``left_before_entered``.
        says: what is wrong and what to do: a text of the catalogue, or what has its own words.
        rows: how many rows are concerned.
        others: where else the same is wrong, in other files, sheets or columns; `rows` counts those of all.
    """

    path: str
    code: str
    says: InWords
    rows: int = 1
    others: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """What is wrong and what to do, in English."""
        return self.says.words("en")

    def words(self, language: Language) -> str:
        """What is wrong and what to do, in a language."""
        return self.says.words(language)

    def line(self, language: Language) -> str:
        """The fault as a line: where, what and, if it is of rows or several places, how many."""
        if self.others:
            return self._of_places(language)
        if self.of_rows:
            return text("faults.line", language, n=self.rows, path=self.path, message=self.words(language))
        return text("faults.line_alone", language, path=self.path, message=self.words(language))

    def _of_places(self, language: Language) -> str:
        others = ", ".join((*self.others[:_OTHERS_NAMED], "…"))
        line = text("faults.line_alone", language, path=self.path, message=self.words(language))
        if not self.of_rows:
            return text("faults.in_places", language, n=1 + len(self.others), line=line, others=others)
        rows = text("faults.cells" if "]." in self.path else "faults.rows", language, n=self.rows)
        return text(
            "faults.rows_in_places", language, n=1 + len(self.others), line=line, rows=rows, others=others
        )

    @property
    def of_rows(self) -> bool:
        """Whether it is of rows, and not of a file, a folder or a mapping as a whole."""
        return self.rows != 1 or "[" in self.path


class _FaultsError(VigieError):
    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__("\n".join(f.line("en") for f in faults))

    def words(self, language: Language) -> str:
        """A line for each fault."""
        return "\n".join(f.line(language) for f in self.faults)


class ContractError(_FaultsError):
    """Rows or files break a table contract."""


class MappingError(_FaultsError):
    """A mapping file is wrong."""


class HistoryError(VigieError):
    """The history is too short, or lacks what the model asked for needs."""
