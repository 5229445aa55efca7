"""The rooms: what docs/architecture.md and its picture say is what the import graph has."""

import importlib
import re
import tomllib

import pytest

from tests.support.architecture import PACKAGES, PAGE, PICTURE, Rooms, between, draw, rooms, tables
from tests.support.repository import ROOT

MOST_MODULES = 14
MOST_LINES = 300


@pytest.fixture(scope="module")
def found() -> Rooms:
    return rooms()


def test_the_page_names_every_room_and_what_it_imports(found: Rooms) -> None:
    """After a change: `make picture-architecture`."""
    assert between(PAGE.read_text("utf-8"), "rooms") == tables(found)


def test_the_picture_is_drawn_from_the_import_graph(found: Rooms) -> None:
    """After a change: `make picture-architecture`."""
    assert PICTURE.read_text("utf-8") == draw(found)


def test_every_file_that_the_page_names_is_there() -> None:
    """A path that was moved is moved on the page, too."""
    named = set(re.findall(r"`([a-z_]+/[a-z_/]+\.py)`", PAGE.read_text("utf-8")))
    assert len(named) > 30
    assert not [name for name in named if not (ROOT / name).exists()]


def test_a_folder_holds_two_to_fourteen_modules(found: Rooms) -> None:
    """A room that holds more is two; one that holds a single module is none; a package may hold rooms alone."""
    packages = {r.partition(".")[0] for r in found.modules}
    folders = [r for r in {*found.modules, *packages} if ROOT.joinpath(*r.split(".")).is_dir()]
    sizes = {
        r: len([p for p in ROOT.joinpath(*r.split(".")).glob("*.py") if p.stem != "__init__"])
        for r in folders
    }
    assert len(sizes) > 25
    sizes = {r: n for r, n in sizes.items() if n or not any(f.startswith(f"{r}.") for f in folders)}
    assert {r: n for r, n in sizes.items() if not 2 <= n <= MOST_MODULES} == {}


def test_no_module_of_the_product_is_longer_than_300_lines() -> None:
    """What is longer has more than one purpose, and is two modules."""
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    assert len(paths) > 500
    sizes = {str(p.relative_to(ROOT)): len(p.read_text("utf-8").splitlines()) for p in paths}
    assert {name: lines for name, lines in sizes.items() if lines > MOST_LINES} == {}


def test_a_folder_of_benchmarks_holds_at_most_fourteen_modules() -> None:
    """They are no package of the product, and are read by the same people."""
    folders = [p for p in (ROOT / "benchmarks").glob("**/") if (p / "__init__.py").exists()]
    sizes = {p.name: len([m for m in p.glob("*.py") if m.stem != "__init__"]) for p in folders}
    assert len(sizes) > 6
    assert {name: n for name, n in sizes.items() if n > MOST_MODULES} == {}


def test_every_door_is_there(found: Rooms) -> None:
    """A room's docstring names its door; each name is a module of the room, or something in it."""
    missing = []
    for room in found.modules:
        folder = ROOT.joinpath(*room.split("."))
        if not folder.is_dir():
            continue
        text = (folder / "__init__.py").read_text("utf-8")
        assert "Door:" in text, f"{room} names no door"
        for name in re.findall(r"`([A-Za-z_.]+)`", text.partition("Door:")[2].partition('"""')[0]):
            module, _, rest = name.partition(".")
            target = importlib.import_module(
                room if not (folder / f"{module}.py").exists() else f"{room}.{module}"
            )
            wanted = rest if (folder / f"{module}.py").exists() else name
            if wanted and not hasattr(target, wanted):
                missing.append(f"{room}: {name}")
    assert missing == []


def test_what_is_installed_holds_every_package() -> None:
    """A clone finds its folders by itself; a wheel has those alone that pyproject.toml lists."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    listed = set(project["tool"]["setuptools"]["packages"])
    tops = {name.partition(".")[0] for name in listed}
    folders = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for top in tops
        for path in (ROOT / top).rglob("__init__.py")
    }
    assert len(folders) > 30
    assert listed == folders


def test_every_folder_of_the_product_has_a_folder_of_tests() -> None:
    """`tests/` mirrors the packages: what a folder holds is tested in the folder of its name, not from beside."""
    folders = {
        path.parent.relative_to(ROOT)
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if path.stem != "__init__"
    }
    assert len(folders) > 60
    assert [str(f) for f in sorted(folders) if not any((ROOT / "tests" / f).glob("test_*.py"))] == []
