"""A forecast's reasons as a waterfall: where it starts, what each reason adds, and where that ends.

Steps are distinguished by their sign, the side that their arrow points to and filled or empty bars, so that nothing is
lost in grey; the same numbers stand as text beside the picture.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hospital.markup import fragment, picture_markup
from hospital.page_pieces import Block, Cell, Column, Drawing, Folded, Piece, Table
from hospital.svg_scales import Scale
from hospital.svg_shapes import INK, Picture, Shape, bar, label, stroke
from hospital.words import formats
from hospital.words.catalogue import text
from hospital.words.language import Language

__all__ = ["Step", "Waterfall"]

WIDTH = 360
"""The width of a phone: text is drawn at its own size there, and larger where there is more room."""
_EDGE, _VALUES, _LINE, _BAR, _GAP = 8, 84, 17, 15, 9
_MOST_SIGNS = 46
"""Signs of a line of 13 pixels in this width."""
_FONT = {"font_family": "system-ui, 'DejaVu Sans', sans-serif", "font_size": "13", "fill": INK}
_PAPER, _FILLED, _THREAD = "#ffffff", "#4a5a68", "#cfd6dc"


@dataclass(frozen=True)
class Step:
    """A reason.

    Attributes:
        about: what is so, in words.
        change: what it adds to the forecast, in its unit.
    """

    about: str
    change: float


@dataclass(frozen=True)
class Waterfall:
    """A forecast's reasons, which add up: start + steps = total.

    Attributes:
        title: what is forecast, in words.
        start: where it starts, in words and in the forecast's unit.
        end: the forecast's name and number.
        notes: sentences that stand below, such as warnings.
    """

    title: str
    start: tuple[str, float]
    steps: Sequence[Step]
    end: tuple[str, float]
    unit: Literal["minutes", "beds"]
    language: Language
    notes: Sequence[str] = ()

    def words(self) -> str:
        """The whole picture in words, for who does not see it."""
        said = [formats.label(name, self.language) + value for name, value in self._rows()]
        return " ".join([f"{self.title}.", *(f"{s}." for s in said), *self.notes])

    def picture(self, *, alone: bool = False) -> Picture:
        """The waterfall, 360 wide: a line or more of words, then a bar, each; not `alone`, as wide as its place."""
        scale, y = self._scale(), float(_EDGE)
        shapes = [Shape("title", {}, self.title), Shape("desc", {}, self.words())]
        shapes.append(bar(0, 0, WIDTH, 10_000, _PAPER))
        y, heading = self._lines(self.title, y, font_weight="700")
        shapes += heading
        at = self.start[1]
        y, mark = self._mark(*self.start, y, scale)
        shapes += mark
        for step in self.steps:
            y, drawn = self._step(step, at, y, scale)
            shapes += drawn
            at += step.change
        y, mark = self._mark(*self.end, y, scale)
        shapes += mark
        for note in self.notes:
            y, lines = self._lines(note, y)
            shapes += lines
        height = y + _EDGE
        shapes[2] = bar(0, 0, WIDTH, height, _PAPER)
        return Picture(WIDTH, height, shapes, self.words(), fixed=alone, style="waterfall")

    def svg(self) -> str:
        """The picture as a file of its own."""
        return str(picture_markup(self.picture(alone=True), alone=True))

    def pieces(self) -> list[Piece]:
        """The picture with its numbers as a table, for a page."""
        columns = [
            Column(text("picture.reason", self.language)),
            Column(text("picture.adds", self.language), True),
        ]
        rows = [[Cell(name), Cell(value)] for name, value in self._rows()]
        table = Folded(text("picture.in_figures", self.language), [Table(columns, rows)])
        return [Block("explanation", [Drawing(self.picture()), table])]

    def html(self) -> str:
        """The picture and its numbers as a part of a page; it asks for no style and no script."""
        return fragment(self.pieces(), self.language)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return self.html()

    def _rows(self) -> list[tuple[str, str]]:
        """Each line's words and number."""
        rows = [(self.start[0], self._plain(self.start[1]))]
        rows += [(step.about, self._change(step.change)) for step in self.steps]
        rows.append((self.end[0], self._plain(self.end[1])))
        return rows

    def _plain(self, value: float) -> str:
        return formats.short_quantity(value, self.unit, self.language)

    def _change(self, value: float) -> str:
        return formats.short_quantity(value, self.unit, self.language, plus=True)

    def _scale(self) -> Scale:
        """From the least to the most that the steps come by, with room: small changes of many beds are seen, too."""
        places = [self.start[1]]
        for step in self.steps:
            places.append(places[-1] + step.change)
        low, high = min(*places, self.end[1]), max(*places, self.end[1])
        room = 0.05 * (high - low) or 1.0
        return Scale(low - room, high + room, _EDGE, WIDTH - _VALUES)

    def _lines(self, words: str, y: float, **more: str) -> tuple[float, list[Shape]]:
        """Words from a height on, broken where the picture ends; and where they end."""
        out = []
        for line in textwrap.wrap(words, _MOST_SIGNS, break_on_hyphens=False) or [""]:
            y += _LINE
            out.append(label(_EDGE, y - 4, line, **{**_FONT, **more}))
        return y, out

    def _value(self, y: float, words: str, **more: str) -> Shape:
        return label(WIDTH - _EDGE, y + _BAR - 3, words, "end", **{**_FONT, **more})

    def _mark(self, name: str, value: float, y: float, scale: Scale) -> tuple[float, list[Shape]]:
        """Where the forecast starts or ends: a place on the scale, not a length from 0."""
        y, shapes = self._lines(name, y, font_weight="700")
        x = scale.at(value)
        shapes += [
            stroke(_EDGE, y + _BAR / 2, WIDTH - _VALUES, y + _BAR / 2, stroke=_FILLED, stroke_width="1"),
            bar(x - 3, y, 6, _BAR, INK),
            self._value(y, self._plain(value), font_weight="700"),
        ]
        return y + _BAR + _GAP, shapes

    def _step(self, step: Step, at: float, y: float, scale: Scale) -> tuple[float, list[Shape]]:
        """A bar from where the sum was to where it is: filled where it rises, empty where it falls."""
        begin, end = scale.at(at), scale.at(at + step.change)
        before = y - _GAP
        y, words = self._lines(step.about, y)
        width = max(abs(end - begin), 1.5)
        fill = _FILLED if step.change > 0 else _PAPER
        shapes = [
            stroke(begin, before, begin, y, stroke=_THREAD, stroke_width="1"),  # under the words
            *words,
            bar(min(begin, end), y, width, _BAR, fill, stroke=INK, stroke_width="1.5"),
            self._value(y, self._change(step.change)),
        ]
        return y + _BAR + _GAP, shapes
