"""A period's drivers as a picture: a dot for each group of features by unit, horizon and hour, as large as its part.

Size alone tells: nothing is lost in grey, and each number stands in a table beside it. 360 wide, as a phone is.
"""

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hospital.markup import fragment, picture_markup
from hospital.page_pieces import Block, Cell, Column, Drawing, Folded, Table
from hospital.svg_shapes import INK, LIGHT, Picture, Shape, bar, label, stroke
from hospital.times import moment
from hospital.words import formats, names
from hospital.words.catalogue import text
from hospital.words.language import Language
from registry.bulk.drivers import HOURS_TOGETHER, Drivers, Part

__all__ = ["DriversPicture", "drivers_html", "drivers_picture", "drivers_svg"]

WIDTH = 360
_EDGE, _NAMES, _ROW, _HEAD, _LINE = 8, 118, 26, 92, 17
_MOST_UNITS, _MOST_SIGNS, _LEAST_RADIUS = 20, 15, 0.8
_SIGN = 8.5
"""How wide a letter is drawn at most; of a name turned by 60 degrees half its length lies across."""
_FONT = {"font_family": "system-ui, 'DejaVu Sans', sans-serif", "font_size": "13", "fill": INK}
_BOLD = {**_FONT, "font_weight": "700"}

Named = tuple[str, Part]


@dataclass(frozen=True)
class DriversPicture:
    """A period's drivers as a notebook shows them."""

    drivers: Drivers

    def _repr_html_(self) -> str:
        return drivers_html(self.drivers)


def drivers_svg(drivers: Drivers) -> str:
    """The picture as a file of its own."""
    return str(picture_markup(drivers_picture(drivers, alone=True), alone=True))


def drivers_html(drivers: Drivers) -> str:
    """The picture and its figures as a part of a page."""
    language = drivers.language
    columns = [Column(""), *(Column(name, True) for name in drivers.labels)]
    tables = [
        Table(
            columns,
            [[Cell(name), *(Cell(_amount(drivers, s)) for s in p.sizes.tolist())] for name, p in rows],
            title,
        )
        for title, rows in _sections(drivers)
    ]
    figures = Folded(text("picture.in_figures", language), tables)
    return fragment([Block("drivers", [Drawing(drivers_picture(drivers)), figures])], language)


def drivers_picture(drivers: Drivers, *, alone: bool = False) -> Picture:
    """The picture, with its words for who does not see it; not `alone` it is as wide as its place."""
    words, sections = _words(drivers), _sections(drivers)
    most = max((float(p.sizes.max()) for _, rows in sections for _, p in rows), default=0.0)
    shapes = [
        Shape("title", {}, _title(drivers)),
        Shape("desc", {}, words),
        bar(0, 0, WIDTH, 10_000, "#ffffff"),
    ]
    y = float(_EDGE)
    sizes = text("picture.drivers_sizes", drivers.language)
    for line in (_title(drivers), _period(drivers), sizes, *_left_out(drivers)):
        for part in _broken(line):
            y += _LINE
            shapes.append(label(_EDGE, y, part, **(_BOLD if line == _title(drivers) else _FONT)))
    for title, rows in sections:
        y, drawn = _section(title, rows, drivers, most, y + _LINE)
        shapes += drawn
    if not sections:
        y += _LINE
        shapes.append(label(_EDGE, y, text("picture.no_drivers", drivers.language), **_FONT))
    height = y + 2 * _EDGE
    shapes[2] = bar(0, 0, WIDTH, height, "#ffffff")
    return Picture(WIDTH, height, shapes, words, fixed=alone, style="drivers")


def _sections(drivers: Drivers) -> list[tuple[str, list[Named]]]:
    """(title, rows with their names) by unit, by horizon and by hour; those of no row are left out."""
    language = drivers.language
    found: list[tuple[str, list[Named]]] = [
        ("by_unit", [(_unit(p.name, drivers), p) for p in _largest(drivers)]),
        ("by_horizon", [(formats.ahead(float(p.name), language), p) for p in drivers.horizons]),
        ("by_hour", [(_hours(p, language), p) for p in drivers.hours]),
    ]
    return [(text(f"picture.{key}", language), rows) for key, rows in found if rows]


def _unit(unit: str, drivers: Drivers) -> str:
    return drivers.unit_names.get(unit) or names.unit(unit, drivers.language)


def _left_out(drivers: Drivers) -> list[str]:
    """What is not in the picture, for the baseline answered: how many, and all of which units and horizons."""
    n, language = drivers.by_baseline, drivers.language
    if not n:
        return []
    out = [text("picture.by_baseline", language, n, all=formats.number(n + drivers.rows, language))]
    units = [_unit(unit, drivers) for unit in drivers.absent_units]
    horizons = [formats.ahead(float(hours), language) for hours in drivers.absent_horizons]
    for key, absent in (("absent_units", units), ("absent_horizons", horizons)):
        if absent:
            out.append(text(f"picture.{key}", language, names=", ".join(absent)))
    return out


def _hours(part: Part, language: Language) -> str:
    return text("picture.hours", language, first=part.name, last=f"{int(part.name) + HOURS_TOGETHER}")


def _largest(drivers: Drivers) -> list[Part]:
    """The units that are moved most, then the others together."""
    ordered = sorted(drivers.units, key=lambda p: -float(p.sizes.sum()))
    if len(ordered) <= _MOST_UNITS:
        return ordered
    rest = ordered[_MOST_UNITS - 1 :]
    rows = sum(p.rows for p in rest)
    mean = np.sum([p.rows * p.sizes for p in rest], axis=0) / rows
    name = text("picture.other_units", drivers.language, len(rest))
    return [*ordered[: _MOST_UNITS - 1], Part(name, rows, mean)]


def _section(
    title: str, rows: Sequence[Named], drivers: Drivers, most: float, y: float
) -> tuple[float, list[Shape]]:
    """The dots of one section, their columns named above, and where it ends."""
    step = _step(drivers.labels)
    centres = [_NAMES + step * (j + 0.5) for j in range(len(drivers.groups))]
    y += _HEAD
    shapes = [label(_EDGE, y - 6, title, **_BOLD)]
    for x, name in zip(centres, drivers.labels, strict=True):
        turned = f"rotate(-60 {x:.1f} {y - 6:.1f})"
        shapes.append(label(x, y - 6, _short(name), transform=turned, **_FONT))
    for name, part in rows:
        shapes.append(stroke(_EDGE, y, WIDTH - _EDGE, y, stroke=LIGHT, stroke_width="1"))
        shapes.append(label(_EDGE, y + _ROW / 2 + 4, _short(name), **_FONT))
        for x, size in zip(centres, part.sizes.tolist(), strict=True):
            radius = math.sqrt(size / most) * min(step, _ROW) * 0.46 if most else 0.0
            if radius >= _LEAST_RADIUS:
                place = {"cx": f"{x:.1f}", "cy": f"{y + _ROW / 2:.1f}", "r": f"{radius:.1f}", "fill": INK}
                shapes.append(Shape("circle", place))
        y += _ROW
    return y, shapes


def _step(labels: Sequence[str]) -> float:
    """How far apart the columns lie: as far as there is room, where no name above them leaves the picture."""
    room = WIDTH - _NAMES
    ends = [(room - _SIGN * len(_short(name)) / 2) / (j + 0.5) for j, name in enumerate(labels)]
    return min([(room - _EDGE) / max(len(labels), 1), *ends])


def _words(drivers: Drivers) -> str:
    """The picture in words: of each row the group that moves it most."""
    said = [f"{_title(drivers)}.", f"{_period(drivers)}.", *_left_out(drivers)]
    for title, rows in _sections(drivers):
        parts = []
        for name, part in rows:
            j = int(np.argmax(part.sizes))
            amount = f"{drivers.labels[j]} {_amount(drivers, float(part.sizes[j]))}"
            parts.append(formats.label(name, drivers.language) + amount)
        said.append(formats.label(title, drivers.language) + "; ".join(parts) + ".")
    return " ".join(said)


def _title(drivers: Drivers) -> str:
    return text("picture.drivers", drivers.language)


def _period(drivers: Drivers) -> str:
    if not drivers.rows:
        return text("picture.no_drivers", drivers.language)
    first, last = (moment(at).astimezone(drivers.zone).date() for at in (drivers.first, drivers.last))
    return formats.date_range(first, last, drivers.language)


def _amount(drivers: Drivers, size: float) -> str:
    unit = "minutes" if drivers.unit == "min" else "beds"
    return formats.short_quantity(size, unit, drivers.language)


def _short(name: str) -> str:
    return name if len(name) <= _MOST_SIGNS else name[: _MOST_SIGNS - 1].rstrip() + "…"


def _broken(words: str) -> list[str]:
    return textwrap.wrap(words, 46, break_on_hyphens=False) or [""]
