"""Exceptions of `hospital`, and the base of all of Vigie's.

VigieError
├── ContractError      rows or files that break a table contract (all faults at once)
├── MappingError       a mapping file that is wrong (all faults at once)
└── HistoryError       too little, or the wrong, history for what was asked
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hospital.words.catalogue import text
from hospital.words.language import Language
from hospital.words.numbers import decimals, number

__all__ = ["ContractError", "Fault", "HistoryError", "MappingError", "VigieError"]


class VigieError(Exception):
    """Base of every error that a person is meant to read: what is wrong, where, what to do next.

    Args:
        message: a key of the catalogue below ``errors.``, or words that have no key yet.
        values: what fills the places of the key's text: texts and numbers.
    """

    def __init__(self, message: str = "", /, **values: object) -> None:
        super().__init__(message)
        self.values = values

    def words(self, language: Language) -> str:
        """What the error says, in a language; as it was written, where it has no key."""
        message = str(self.args[0]) if self.args else ""
        if not message.startswith("errors."):
            return super().__str__()
        shown = {name: _written(value, language) for name, value in self.values.items()}
        return text(message, language, None, **shown)

    def __str__(self) -> str:
        return self.words("en")


def _written(value: object, language: Language) -> object:
    return number(value, language, decimals(value)) if isinstance(value, int | float) else value


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a table or mapping; never carries a value.

    Attributes:
        path: where, as in ``visits[3].left_at`` (the first position concerned) or ``units.label``.
        code: a stable word for what is wrong, as in ``left_before_entered``.
        message: what is wrong and what to do, in words.
        rows: how many rows are concerned.
        case: the text of the catalogue that says it, "" where none does.
        places: what fills the places of that text.
    """

    path: str
    code: str
    message: str
    rows: int = 1
    case: str = ""
    places: Mapping[str, object] = field(default_factory=dict, hash=False)


class _FaultsError(VigieError):
    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__(
            "\n".join(f"{f.path}: {f.message} ({f.rows} row{'s' if f.rows != 1 else ''})" for f in faults)
        )


class ContractError(_FaultsError):
    """Rows or files break a table contract."""


class MappingError(_FaultsError):
    """A mapping file is wrong."""


class HistoryError(VigieError):
    """The history is too short, or lacks what the model asked for needs."""
