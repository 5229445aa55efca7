"""Tests never patch the code that they test: the places that still do are counted, and can only become fewer."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.support.architecture import PACKAGES
from tests.support.repository import ROOT

_OURS = (*PACKAGES, "benchmarks", "requirements")
_LEFT = {
    "tests/training/packages/test_package_build.py": 1,
}
"""How many patches of our own code a file of tests has left; none may be added."""


def _imported(tree: ast.Module) -> dict[str, str]:
    """What each name of a file stands for, of what it imports."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.asname or alias.name.partition(".")[0]: alias.name for alias in node.names}
    return found


def _root(target: ast.expr) -> str:
    """The name that an expression begins with; of a text the text itself."""
    while isinstance(target, ast.Attribute | ast.Call | ast.Subscript):
        target = target.func if isinstance(target, ast.Call) else target.value
        if isinstance(target, ast.Name) and target.id == "type":
            return ""
    if isinstance(target, ast.Constant):
        return str(target.value)
    return target.id if isinstance(target, ast.Name) else ""


def _targets(node: ast.AST) -> list[ast.expr]:
    """What a statement assigns to, adds to or deletes."""
    if isinstance(node, ast.Assign | ast.Delete):
        targets = node.targets
    elif isinstance(node, ast.AugAssign | ast.AnnAssign):
        targets = [node.target]
    else:
        return []
    return [each for target in targets for each in getattr(target, "elts", [target])]


def _is_private(target: ast.expr) -> bool:
    """Whether it is an attribute, or within one, that another object than `self` keeps to itself."""
    while isinstance(target, ast.Subscript):
        target = target.value
    if not isinstance(target, ast.Attribute) or not re.match("_[^_]", target.attr):
        return False
    return not (isinstance(target.value, ast.Name) and target.value.id in ("self", "cls"))


def _patches(path: Path) -> Iterator[int]:
    """Lines at which a file patches what Vigie's own code holds, or what any object keeps to itself.

    Of what else an object has that a test made, nothing is known.
    """
    tree = ast.parse(path.read_text("utf-8"))
    imported = _imported(tree)
    for node in ast.walk(tree):
        if any(map(_is_private, _targets(node))):
            yield node.lineno
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        if node.func.attr in ("setattr", "setitem", "object", "delattr"):
            root = _root(node.args[0])
            if imported.get(root, root).partition(".")[0] in _OURS:
                yield node.lineno


def test_patches_of_our_own_code_become_fewer() -> None:
    """Give what is patched as an argument. Where one is gone, its file's number falls here, or its line goes."""
    files = {p: list(_patches(p)) for p in sorted((ROOT / "tests").rglob("*.py"))}
    assert len(files) > 400
    assert {p.relative_to(ROOT).as_posix(): len(lines) for p, lines in files.items() if lines} == _LEFT


def test_a_patch_is_seen_however_its_target_is_written(tmp_path: Path) -> None:
    """By a text, a module, a class of one; those of Python's own library and of the tests are no patches of ours."""
    lines = (
        'patch.setattr("registry.record.journal.append", print)',
        "from registry.record import journal as chain, tokens",
        'patch.setattr(chain, "append", print)',
        'patch.setattr(chain.Entry, "digest", print)',
        "import serving.limits.admission",
        'mocked.patch.object(serving.limits.admission, "Admission")',
        'import os; patch.setattr(os, "replace", print)',
        'from tests.support import installation; patch.setattr(installation, "NOW", 0)',
    )
    (tmp_path / "a.py").write_text("\n".join(lines))
    assert Counter(_patches(tmp_path / "a.py")) == Counter([1, 3, 4, 6])


def test_what_an_object_keeps_to_itself_is_patched_by_an_assignment(tmp_path: Path) -> None:
    """Alone, beside another, within, added to or deleted; what a class of a test gives itself is no patch."""
    lines = (
        "parts.releases._source = source",
        "parts.workers._pending += 1",
        "parts.public, parts._private = 1, 2",
        "parts._states['wait-time'] = None",
        "del parts._source",
        "self._asked = []",
        "_NAMES = {}",
        "parts.__class__ = Other",
        "parts.clock.instant = 7",
    )
    (tmp_path / "a.py").write_text("\n".join(lines))
    assert list(_patches(tmp_path / "a.py")) == [1, 2, 3, 4, 5]
