"""Exceptions of `hospital`, and the base of all of Vigie's.

VigieError
├── ContractError      rows or files that break a table contract (all faults at once)
├── MappingError       a mapping file that is wrong (all faults at once)
└── HistoryError       too little, or the wrong, history for what was asked
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["ContractError", "Fault", "HistoryError", "MappingError", "VigieError"]


class VigieError(Exception):
    """Base of every error that a person is meant to read: what is wrong, where, what to do next."""


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
