"""Docstrings say one attribute or argument a line, so that a reader finds each by its name."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.support.repository import ROOT

PACKAGES = ("assembly", "centre", "cli", "explain", "hospital", "registry", "serving", "training")
_SECTION = re.compile(r"^(\s*)(?:Attributes|Args):\s*$")


def names_of(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """What a docstring of this node can name: fields and arguments."""
    if isinstance(node, ast.ClassDef):
        fields = {
            n.target.id for n in node.body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)
        }
        made = [n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
        return fields.union(*(names_of(n) for n in made))
    arguments = node.args
    return {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}


def crowded(source: str) -> Iterator[int]:
    """Numbers of the lines on which a second name begins."""
    lines = source.split("\n")
    for node in ast.walk(ast.parse(source)):
        if not isinstance(
            node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        ) or not ast.get_docstring(node):
            continue
        names = "|".join(map(re.escape, sorted(names_of(node))))
        if not names:
            continue
        second = re.compile(rf"\S.*[.;)] (?:(?:{names})(?:, )?)+: ")
        text = node.body[0]
        section: int | None = None
        for number in range(text.lineno, (text.end_lineno or text.lineno) + 1):
            line = lines[number - 1]
            start = _SECTION.match(line)
            indent = len(line) - len(line.lstrip())
            if start:
                section = len(start[1])
            elif section is not None and line.strip() and indent <= section:
                section = None
            elif section is not None and second.search(line):
                yield number


def test_one_attribute_or_argument_a_line() -> None:
    """In every module of the product."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    assert len(paths) > 200
    assert [f"{p.relative_to(ROOT)}:{n}" for p in paths for n in crowded(p.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("a: float64 [n]. b: of it.", [5]),
        ("a, b: float64 [n], see c: nothing.", []),
        ("a: one.\n        b: two.", []),
        ("a: one;\n        goes on. b: two.", [6]),
    ],
)
def test_a_second_name_on_a_line_is_found(body: str, lines: list[int]) -> None:
    """And a name within a sentence is not one."""
    source = f'def f(a, b):\n    """Text.\n\n    Args:\n        {body}\n    """\n'
    assert list(crowded(source)) == lines


def test_fields_and_initial_arguments_are_names_of_a_class() -> None:
    """Those of a record, and those that its constructor takes."""
    tree = ast.parse(
        "class A:\n    x: int\n    def __init__(self, y): ...\n    def other(self, z): ...\n"
    ).body[0]
    assert isinstance(tree, ast.ClassDef)
    assert names_of(tree) == {"x", "self", "y"}


_TYPES = re.compile(
    r"\b(?:float64|float32|int64|int32|int8|bool|uint8|any type|any integer|any float|object \[)"
    r"|as (?:of )?`|`registry\.|`hospital\.",
    re.IGNORECASE,
)
"""A type of numbers, or what says it elsewhere."""


def without_type(source: str) -> Iterator[tuple[int, str]]:
    """Public functions that take or give an `Array`, whose annotation has no type, and whose docstring has none."""

    def within(node: ast.AST) -> Iterator[tuple[int, str]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef) and not child.name.startswith("_"):
                yield from within(child)
            if not isinstance(child, ast.FunctionDef) or child.name.startswith("_"):
                continue
            asked = [*child.args.args, *child.args.kwonlyargs]
            annotations = [child.returns, *(a.annotation for a in asked)]
            if any(re.search(r"\bArray\b", ast.unparse(a)) for a in annotations if a) and not _TYPES.search(
                ast.get_docstring(child) or ""
            ):
                yield child.lineno, child.name

    yield from within(ast.parse(source))


def test_a_public_function_says_of_which_type_its_arrays_are() -> None:
    """In every package: a float32 that was meant as float64 gives other numbers."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    wrong = [(p.name, *one) for p in paths for one in without_type(p.read_text("utf-8"))]
    assert wrong == []


@pytest.mark.parametrize(
    ("docstring", "wrong"),
    [("Means.", True), ("Means: float64 [n].", False), ("Means, as `other` has them.", False), ("", True)],
)
def test_a_docstring_without_a_type_is_found(docstring: str, wrong: bool) -> None:
    """Of a public function of a public class; a private one may say less."""
    body = f'    """{docstring}"""\n' if docstring else "    pass\n"
    source = f"def mean(x: Array) -> float:\n{body}\n\ndef _mean(x: Array) -> float:\n{body}"
    assert [name for _, name in without_type(source)] == (["mean"] if wrong else [])
