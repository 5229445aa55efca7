"""Every error that reaches people is raised with the key of a text, in both languages, never with words in the code."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter
from typing import NamedTuple

import pytest

from hospital.words.catalogue import entries, has_text
from hospital.words.messages import is_key
from tests.support.repository import ROOT

PACKAGES = ("assembly", "centre", "cli", "hospital", "registry", "serving", "training")
OTHERS_THAN_FIRST = {"Problem": 2, "RequestFault": 2, "unauthorised": 1}
"""Where the words stand among the arguments of a call, if they are not the first."""
SAID_BY = {*OTHERS_THAN_FIRST, "message", "say", "said"}
"""Calls that take a key beside the errors themselves."""
PREFIXED = {"say": "verbs.", "said": "verbs."}


class Site(NamedTuple):
    """A call that says something to people.

    Attributes:
        module: the file, from the root.
        line: in it.
        name: of what is called.
        words: the argument that holds the words or their key.
        values: names of the values that fill the places; None: not all are named at the call.
    """

    module: str
    line: int
    name: str
    words: ast.expr
    values: frozenset[str] | None


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _errors(trees: dict[Path, ast.Module]) -> set[str]:
    """The names of VigieError and of every class that derives from it."""
    bases = {
        node.name: {_name(base) for base in node.bases}
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    known = {"VigieError"}
    while more := {name for name, its in bases.items() if its & known} - known:
        known |= more
    return known


@cache
def _sites() -> tuple[Site, ...]:
    """Of all calls; walked by the process that looks at them, and not by each that collects tests."""
    return tuple(_walked())


def _walked() -> Iterator[Site]:
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    trees = {path: ast.parse(path.read_text("utf-8")) for path in paths}
    wanted = _errors(trees) | SAID_BY
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or _name(node.func) not in wanted:
                continue
            place = OTHERS_THAN_FIRST.get(_name(node.func), 0)
            if len(node.args) > place and not isinstance(node.args[place], ast.Starred):
                named = {keyword.arg for keyword in node.keywords}
                values = None if None in named else frozenset(name for name in named if name)
                module = path.relative_to(ROOT).as_posix()
                yield Site(module, node.lineno, _name(node.func), node.args[place], values)


def _literal(node: ast.expr) -> str | None:
    """A text that is written in the code, with * for what is filled in; None: it comes from elsewhere."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else "*" for v in node.values)
    if isinstance(node, ast.BinOp):
        return _literal(node.left) or _literal(node.right)
    if isinstance(node, ast.Call) and _name(node.func) in ("str", "join", "strip", "rstrip"):
        return "an error's own words"  # which are English
    return None


def _has_key(site: Site) -> bool:
    """Whether the words are a key, or come from elsewhere."""
    words = _literal(site.words)
    return words is None or is_key(PREFIXED.get(site.name, "") + words.replace("*", "x"))


def test_words_stand_in_the_catalogue() -> None:
    """No call has a sentence in place of a key."""
    in_code = [
        f"{site.module}:{site.line} {site.name}({ast.unparse(site.words)[:60]})"
        for site in _sites()
        if not _has_key(site)
    ]
    assert not in_code, "give these a key of the catalogue:\n" + "\n".join(in_code)


def test_sites_are_seen() -> None:
    """The walk finds the calls that it is to judge, and tells a key from a sentence."""
    assert len(_sites()) > 300
    assert {"Problem", "RequestFault", "TrainingError", "PackageError", "message", "say"} <= {
        s.name for s in _sites()
    }
    for code, has_key in (
        ('PackageError("registry.package.missing", name=x)', True),
        ('PackageError(f"problems.{code}")', True),
        ("PackageError(words)", True),
        ('PackageError("The package is gone.")', False),
        ('PackageError(f"{name} is missing")', False),
        ('PackageError("Of these: " + ", ".join(faults))', False),
        ("PackageError('; '.join(faults))", False),
        ("PackageError(str(error))", False),
    ):
        call = ast.parse(code, mode="eval").body
        assert isinstance(call, ast.Call)
        assert _has_key(Site("m", 1, "PackageError", call.args[0], frozenset())) is has_key, code


@pytest.mark.parametrize("language", ["fr", "en"])
def test_each_key_has_a_text_whose_places_are_filled(language: str) -> None:
    """Every key that the code names is there, and every place of its text has a value at the call."""
    wrong = []
    for site in _sites():
        words = _literal(site.words)
        key = PREFIXED.get(site.name, "") + (words or "")
        if words is None or "*" in words or not is_key(key):
            continue
        if not has_text(key):
            wrong.append(f"{site.module}:{site.line}: no text {key}")
            continue
        subject, _, name = key.partition(".")
        texts = next(entry for at, entry in entries(subject)[name].items() if at == language).values()
        places = {field for text in texts for _, field, _, _ in Formatter().parse(text) if field}
        if site.values is not None and site.name != "RequestFault" and places - site.values:
            wrong.append(f"{site.module}:{site.line}: {key} has places {sorted(places - site.values)}")
    assert not wrong, "\n".join(wrong)


def test_texts_of_errors_are_all_used() -> None:
    """What nothing in the code names, even by its beginning, is taken out of the catalogue."""
    code = "\n".join(
        path.read_text("utf-8") for package in PACKAGES for path in (ROOT / package).rglob("*.py")
    )
    begun = {m.rstrip(".") for m in re.findall(r'f"((?:[a-z_]+\.)+)\{', code)}
    unused = []
    for subject in ("registry", "problems", "verbs"):
        for name in entries(subject):
            keys = (f"{subject}.{name}", name) if subject == "verbs" else (f"{subject}.{name}",)
            parents = {key[:at] for key in keys for at, sign in enumerate(key) if sign == "."}
            named = any(f'"{key}"' in code for key in keys)
            by_its_end = f'"{name.rpartition(".")[2]}"' in code and parents & begun
            if not named and not by_its_end and not (parents - {subject}) & begun:
                unused.append(f"{subject}.{name}")
    assert not unused
