"""What a page is made of: pieces that hold text and figures, which the template ``pieces.html`` writes and escapes.

A piece without content is left out of its page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from hospital.svg_shapes import Picture

__all__ = [
    "Aside",
    "Badge",
    "Banner",
    "Block",
    "Bullets",
    "Cell",
    "Code",
    "Column",
    "Drawing",
    "Facts",
    "Figure",
    "Folded",
    "Heading",
    "Paragraph",
    "Piece",
    "Section",
    "Table",
    "Tiles",
]

_MARKS = {"pass": "✓", "block": "✗", "inconclusive": "?", "not applicable": "–", "not shown": "~"}


@dataclass(frozen=True)
class Piece:
    """Part of a page; `kind` is the branch of ``pieces.html`` that writes it."""

    kind: ClassVar[str]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return False


@dataclass(frozen=True)
class Badge:
    """A verdict by word, mark and colour: none of them alone."""

    verdict: str
    name: str

    @property
    def style(self) -> str:
        """Its class in the page's style."""
        return self.verdict if self.verdict in ("pass", "block", "inconclusive") else "other"

    @property
    def mark(self) -> str:
        """Its mark."""
        return _MARKS.get(self.verdict, "•")


@dataclass(frozen=True)
class Paragraph(Piece):
    """A paragraph; `style`: a class of the page's style."""

    kind = "paragraph"
    text: str
    style: str = ""

    @property
    def empty(self) -> bool:
        """Without text."""
        return not self.text


@dataclass(frozen=True)
class Heading(Piece):
    """A heading, with a verdict and a remark in brackets where given."""

    kind = "heading"
    text: str
    level: int = 3
    badge: Badge | None = None
    aside: str = ""


@dataclass(frozen=True)
class Bullets(Piece):
    """A list."""

    kind = "bullets"
    items: Sequence[str]

    @property
    def empty(self) -> bool:
        """Without items."""
        return not self.items


@dataclass(frozen=True)
class Tiles(Piece):
    """Figures that say the most, each with its words; those without a figure are left out."""

    kind = "tiles"
    given: Sequence[tuple[str, str]]

    @property
    def tiles(self) -> list[tuple[str, str]]:
        """(figure, words)."""
        return [(figure, words) for figure, words in self.given if figure]

    @property
    def empty(self) -> bool:
        """Without figures."""
        return not self.tiles


@dataclass(frozen=True)
class Facts(Piece):
    """Names and values; `as_code`: values are not to be read but compared, such as digests."""

    kind = "facts"
    pairs: Sequence[tuple[str, str]]
    as_code: bool = False


@dataclass(frozen=True)
class Code(Piece):
    """Lines to type."""

    kind = "code"
    lines: Sequence[str]


@dataclass(frozen=True)
class Banner(Piece):
    """The verdict of a whole page."""

    kind = "banner"
    badge: Badge
    text: str
    title: str = ""


@dataclass(frozen=True)
class _Holder(Piece):
    """A piece that holds others, and is empty where they are."""

    @property
    def _within(self) -> Sequence[Piece]:
        return ()

    @property
    def empty(self) -> bool:
        """Without anything in it."""
        return all(part.empty for part in self._within)


@dataclass(frozen=True)
class Folded(_Holder):
    """What opens on demand, and by itself on paper unless `on_paper` is false."""

    kind = "folded"
    title: str
    parts: Sequence[Piece]
    on_paper: bool = True

    @property
    def _within(self) -> Sequence[Piece]:
        return self.parts


@dataclass(frozen=True)
class Block(_Holder):
    """Pieces that belong together; `style`: a class of the page's style."""

    kind = "block"
    style: str
    parts: Sequence[Piece]

    @property
    def _within(self) -> Sequence[Piece]:
        return self.parts


@dataclass(frozen=True)
class Aside(_Holder):
    """Pieces set apart."""

    kind = "aside"
    parts: Sequence[Piece]

    @property
    def _within(self) -> Sequence[Piece]:
        return self.parts


@dataclass(frozen=True)
class Section(_Holder):
    """A section with its heading, and the name by which a link finds it."""

    kind = "section"
    anchor: str
    title: str
    parts: Sequence[Piece]

    @property
    def _within(self) -> Sequence[Piece]:
        return self.parts


@dataclass(frozen=True)
class Figure(Piece):
    """A picture with its words below it; None: there is nothing to draw."""

    kind = "figure"
    picture: Picture | None

    @property
    def empty(self) -> bool:
        """Without a picture."""
        return self.picture is None


@dataclass(frozen=True)
class Drawing(Piece):
    """A picture by itself, as wide as its place: what it says in words stands beside it already."""

    kind = "drawing"
    picture: Picture


@dataclass(frozen=True)
class Column:
    """A column of a table; `number`: whether it holds numbers, set right."""

    title: str
    number: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell: a verdict, a small picture, text and a remark, whichever are given."""

    text: str = ""
    small: str = ""
    badge: Badge | None = None
    picture: Picture | None = None

    @property
    def blank(self) -> bool:
        """Whether it says nothing."""
        return self.text in ("", "–") and not (self.small or self.badge or self.picture)


@dataclass(frozen=True)
class Table(Piece):
    """A table whose first column names its rows; columns in which nothing is said are left out."""

    kind = "table"
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""

    @property
    def empty(self) -> bool:
        """Without rows."""
        return not self.rows

    @property
    def shown(self) -> list[int]:
        """The columns that are shown."""
        return [i for i in range(len(self.columns)) if i == 0 or not all(row[i].blank for row in self.rows)]
