"""What reading a hospital's files found."""

from dataclasses import dataclass

from hospital.words.fault_texts import translated
from hospital.words.language import Language
from hospital.words.recognition import recognised

__all__ = ["Finding"]


@dataclass(frozen=True)
class Finding:
    """Something about the data that a person should know, and the card says.

    Attributes:
        column, rows: where, and how many rows are concerned; "" and 0 where the message says all.
        place: the first of these rows, as a fault names it; "" where none is named.
    """

    table: str
    code: str
    message: str
    column: str = ""
    rows: int = 0
    place: str = ""

    def words(self, language: Language) -> str:
        """The message in a language: it is recognised by its English, which cards and packages keep."""
        seen = recognised(self.message, "faults", "findings", language)
        if seen is None:
            return self.message
        places = dict(seen.places)
        if "why" in places:  # a fault's own words
            places["why"] = translated(places["why"], language)
        return seen.words.format_map(places)
