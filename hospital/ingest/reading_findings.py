"""What reading a hospital's files found."""

from dataclasses import dataclass

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
