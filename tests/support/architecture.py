"""The rooms of the packages as the import graph has them, their picture and their tables in docs/architecture.md.

``python -m tests.support.architecture`` draws both again.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

import grimp

from tests.support.repository import ROOT

__all__ = ["PACKAGES", "PAGE", "PICTURE", "Rooms", "between", "draw", "rooms", "tables"]

PACKAGES = ("explain", "hospital", "registry", "training", "serving", "centre", "assembly", "cli")
"""From the bottom to the top."""
PAGE = ROOT / "docs" / "architecture.md"
PICTURE = ROOT / "docs" / "pictures" / "architecture.svg"
_ROOM_WIDTH, _ROOM_HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 122, 30, 14, 26, 24


@dataclass(frozen=True)
class Rooms:
    """Rooms (folders, and modules that lie beside them) by package, and which imports which.

    Attributes:
        modules: how many each room holds.
        imports: of each room, the rooms of its own package that it imports.
        packages: of each package, the packages that it imports.
    """

    modules: Mapping[str, int]
    imports: Mapping[str, frozenset[str]]
    packages: Mapping[str, frozenset[str]]


def rooms() -> Rooms:
    """The rooms of every package that is there."""
    names = [name for name in PACKAGES if (ROOT / name / "__init__.py").exists()]
    graph = grimp.build_graph(*names, cache_dir=None)
    modules: dict[str, int] = {}
    imports: dict[str, set[str]] = {}
    packages: dict[str, set[str]] = {name: set() for name in names}
    for module in sorted(graph.modules):
        room = _room(module)
        if room is None:
            continue
        is_folder = bool(graph.find_children(module))
        modules[room] = modules.get(room, 0) + (not is_folder)
        imports.setdefault(room, set())
        for imported in graph.find_modules_directly_imported_by(module):
            package, other = imported.split(".")[0], _room(imported)
            if package != room.split(".")[0]:
                packages[room.split(".")[0]].add(package)
            elif other is not None and other != room:
                imports[room].add(other)
    return Rooms(
        modules,
        {room: frozenset(found) for room, found in imports.items()},
        {package: frozenset(found) for package, found in packages.items()},
    )


def _room(module: str) -> str | None:
    parts = module.split(".")
    return ".".join(parts[:2]) if len(parts) > 1 else None


def _levels(names: list[str], imports: Mapping[str, frozenset[str]]) -> dict[str, int]:
    """How far above the bottom of its package each room lies."""
    levels: dict[str, int] = {}

    def level(room: str) -> int:
        if room not in levels:
            levels[room] = 1 + max((level(below) for below in imports[room]), default=-1)
        return levels[room]

    for name in names:
        level(name)
    return levels


def _reduced(imports: Mapping[str, frozenset[str]]) -> list[tuple[str, str]]:
    """The imports that no way over another room stands for."""
    reach: dict[str, frozenset[str]] = {}

    def below(room: str) -> frozenset[str]:
        if room not in reach:
            reach[room] = frozenset(imports[room]).union(*(below(other) for other in imports[room]))
        return reach[room]

    return [
        (room, other)
        for room in sorted(imports)
        for other in sorted(imports[room])
        if not any(other in below(between) for between in imports[room] - {other})
    ]


def draw(found: Rooms) -> str:
    """The picture as SVG: a band a package, the rooms of each above those they import."""
    places: dict[str, tuple[float, float]] = {}
    bands: list[str] = []
    width, y = 0.0, float(_MARGIN)
    for package in reversed([p for p in PACKAGES if p in found.packages]):
        names = sorted(room for room in found.modules if room.startswith(f"{package}."))
        levels = _levels(names, found.imports)
        top, y = y, y + 22
        for level in range(max(levels.values(), default=0), -1, -1):
            row = [room for room in names if levels[room] == level]
            for start in range(0, len(row), 8):
                for column, room in enumerate(row[start : start + 8]):
                    places[room] = (_MARGIN + 12 + column * (_ROOM_WIDTH + _GAP_X), y)
                    width = max(width, places[room][0] + _ROOM_WIDTH)
                y += _ROOM_HEIGHT + _GAP_Y
        bands.append(_band(package, top, y - top - 10, found.packages[package]))
        y += 8
    height, width = y + _MARGIN, width + _MARGIN
    lines = [_arrow(places[a], places[b]) for a, b in _reduced(found.imports)]
    boxes = [_box(room, places[room], found.modules[room]) for room in sorted(places)]
    drawn = "\n".join(
        [band.replace("WIDTH", f"{width - 2 * _MARGIN + 12:g}") for band in bands] + lines + boxes
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'font-family="sans-serif" font-size="11">\n<title>Rooms of Vigie and what they import</title>\n'
        f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>\n{drawn}\n</svg>\n'
    )


def _band(package: str, top: float, height: float, imports: frozenset[str]) -> str:
    words = f"{package}/" + (
        f"  imports {', '.join(sorted(imports))}" if imports else "  imports no other package"
    )
    return (
        f'<rect x="{_MARGIN - 6}" y="{top:g}" width="WIDTH" height="{height:g}" rx="6" fill="#f3f6f9" '
        f'stroke="#c5d0db"/>\n'
        f'<text x="{_MARGIN + 6}" y="{top + 15:g}" font-weight="bold">{escape(words)}</text>'
    )


def _arrow(a: tuple[float, float], b: tuple[float, float]) -> str:
    x1, y1, x2, y2 = a[0] + _ROOM_WIDTH / 2, a[1] + _ROOM_HEIGHT, b[0] + _ROOM_WIDTH / 2, b[1]
    middle = (y1 + y2) / 2
    return (
        f'<path d="M{x1:g} {y1:g}C{x1:g} {middle:g} {x2:g} {middle:g} {x2:g} {y2:g}" fill="none" '
        f'stroke="#7b8fa3" stroke-opacity=".55"/>'
    )


def _box(room: str, place: tuple[float, float], modules: int) -> str:
    x, y = place
    name = room.split(".")[1]
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{_ROOM_WIDTH}" height="{_ROOM_HEIGHT}" rx="4" fill="#fff" '
        f'stroke="#3d5a75"/>\n'
        f'<text x="{x + 8:g}" y="{y + 19:g}">{escape(name)}'
        f'<tspan fill="#5f7183" font-size="9"> {modules}</tspan></text>'
    )


def tables(found: Rooms) -> str:
    """A table a package: each room, what it is for, its door, and which rooms of its package it imports."""
    out = []
    for package in found.packages:
        out += [f"### {package}/", "", "| room | for | door | imports |", "|---|---|---|---|"]
        for room in sorted(r for r in found.modules if r.startswith(f"{package}.")):
            purpose, door = _docstring(room)
            imports = ", ".join(sorted(other.split(".")[1] for other in found.imports[room])) or "–"
            out.append(f"| `{room.split('.')[1]}` | {purpose} | {door} | {imports} |")
        out.append("")
    return "\n".join(out)


def _docstring(room: str) -> tuple[str, str]:
    """A room's first sentence and its door, as its own docstring names them; "" where it is a module."""
    path = ROOT.joinpath(*room.split("."))
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    text = ast.get_docstring(ast.parse(source.read_text("utf-8"))) or ""
    first, _, rest = text.partition("\n")
    _, _, door = rest.partition("Door: ")
    door = " ".join(door.split("\n\n")[0].split()).removesuffix(".")
    return first.replace("|", "\\|"), door or "–"


def between(text: str, name: str) -> str:
    """What stands between the two marks of a name on the page."""
    return text.partition(f"<!-- {name}: begin -->\n")[2].partition(f"<!-- {name}: end -->")[0]


if __name__ == "__main__":
    found, page = rooms(), PAGE.read_text("utf-8")
    PICTURE.write_text(draw(found), encoding="utf-8")
    PAGE.write_text(
        page.replace(between(page, "rooms") + "<!-- rooms: end", tables(found) + "<!-- rooms: end", 1),
        "utf-8",
    )
    print(f"{PICTURE.relative_to(ROOT)} and {PAGE.relative_to(ROOT)} written")
