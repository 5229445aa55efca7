"""What is wrong with tables and mappings has its words in the catalogue alone; the code names them by their case."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from string import Formatter
from typing import NamedTuple

import pytest

from hospital.words.catalogue import entries
from tests.support.repository import ROOT

ROOMS = ("hospital/contracts", "hospital/mapping", "hospital/ingest", "hospital/drafting")
SAID_BY = {"fault": 1, "FaultText": 0, "FindingText": 0, "refusal": 0, "_one": 1, "_fault": 1, "csv_fault": 1}
"""Calls that name a case, and where it stands among their arguments."""
_LEAST_WORDS = 12
"""Signs of a text that nobody writes by chance."""


class Site(NamedTuple):
    """A call that names what is wrong.

    Attributes:
        at: file and line.
        table: where the catalogue has its texts.
        case: the argument that holds it.
        places: names of the values that fill the text; None: not all are named at the call.
    """

    at: str
    table: str
    case: ast.expr
    places: frozenset[str] | None


@cache
def _trees() -> Mapping[Path, ast.Module]:
    files = (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))
    return {path: ast.parse(path.read_text("utf-8")) for path in files}


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _places(call: ast.Call) -> frozenset[str] | None:
    """The names of the values that a call fills a text with: keywords, or the keys of a mapping."""
    if _name(call.func) == "_refuse":  # adds what all its texts have
        return None
    if _name(call.func) not in ("FaultText", "FindingText"):
        named = {keyword.arg for keyword in call.keywords}
        return None if None in named else frozenset(name for name in named if name)
    if len(call.args) < 2:
        return frozenset()
    keys = call.args[1].keys if isinstance(call.args[1], ast.Dict) else [None]
    names = [key.value if isinstance(key, ast.Constant) else None for key in keys]
    return None if None in names else frozenset(map(str, names))


def _sites() -> Iterator[Site]:
    for path, tree in _trees().items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = _name(node.func)
            place = SAID_BY.get(name)
            if name == "_refuse":  # each reader's own: by the one text among its arguments
                place = next((n for n, a in enumerate(node.args) if isinstance(a, ast.Constant)), None)
            if place is not None and len(node.args) > place:
                at, table = (
                    f"{path.relative_to(ROOT)}:{node.lineno}",
                    "findings" if name == "FindingText" else "of",
                )
                yield Site(at, table, node.args[place], _places(node))


def _cases(node: ast.expr) -> Iterator[str]:
    """The cases that an argument names, if they are written in the code: one, or one of two."""
    if isinstance(node, ast.IfExp):
        yield from _cases(node.body)
        yield from _cases(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def test_each_case_has_a_text_whose_places_are_filled() -> None:
    """A case without a text would be shown as its own name, in every language."""
    texts, wrong, seen = entries("faults"), [], 0
    for site in _sites():
        for case in _cases(site.case):
            seen += 1
            entry = texts.get(f"{site.table}.{case}")
            if entry is None:
                wrong.append(f"{site.at}: no text faults.{site.table}.{case}")
                continue
            for language in ("fr", "en"):
                words = next(of for at, of in entry.items() if at == language).values()
                needed = {field for text in words for _, field, _, _ in Formatter().parse(text) if field}
                if site.places is not None and needed - site.places:
                    wrong.append(f"{site.at}: {case} ({language}) has places {sorted(needed - site.places)}")
    assert seen > 60
    assert not wrong, "\n".join(wrong)


def _own_words() -> dict[str, str]:
    """The longest part between places of every English text, and the text's name."""
    longest = {
        max(re.split(r"{[a-z_]+}", text), key=len): name
        for name, entry in entries("faults").items()
        for text in entry["en"].values()
    }
    return {part: name for part, name in longest.items() if len(part) >= _LEAST_WORDS}


def _written(tree: ast.Module) -> Iterator[ast.Constant]:
    """Every text in the code but docstrings and what stands below a name to explain it."""
    explained = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in explained:
            yield node


def test_no_text_of_the_catalogue_stands_in_code_again() -> None:
    """An English sentence that is written twice is changed in one place."""
    own = _own_words()
    again = [
        f"{path.relative_to(ROOT)}:{node.lineno}: faults.{name}"
        for path, tree in _trees().items()
        for node in _written(tree)
        for part, name in own.items()
        if part in str(node.value)
    ]
    assert not again, "name these by their case:\n" + "\n".join(again)


@pytest.mark.parametrize(
    ("code", "is_seen"),
    [
        ('x = "the file is empty; export it again"', True),
        ('x = f"line {n} has no end; check the file\'s kind"', True),
        ('"""the file is empty; export it again"""', False),
        ('x = "empty_file"', False),
    ],
)
def test_a_sentence_is_seen(code: str, is_seen: bool) -> None:
    """Also within a text that is filled, and not in a docstring."""
    texts = [str(node.value) for node in _written(ast.parse(code))]
    assert any(part in text for part in _own_words() for text in texts) is is_seen
