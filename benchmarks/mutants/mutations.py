"""All mutations of a file, and the file's source with one of them."""

import difflib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import parso

from benchmarks.mutants.operators import OPERATORS

__all__ = ["Mutation", "decides", "mutate", "mutations_of", "words"]

_DECIDING = {
    *(
        "comparison",
        "if_stmt",
        "while_stmt",
        "test",
        "comp_if",
        "and_test",
        "or_test",
        "not_test",
        "arith_expr",
    ),
    *("term", "power", "shift_expr", "factor", "except_clause"),
}
_ARITHMETIC = ("arith_expr", "term", "power", "shift_expr", "expr", "xor_expr", "and_expr")


@dataclass(frozen=True)
class Mutation:
    """One change to one file.

    Attributes:
        file: its path from the repository's root. line, column: where, from 1 and from 0. operator: its name.
        node: the changed node's index in a walk of the tree. index: which of the operator's changes to that node.
        function: the outermost function or method around it ("Class.method"); None: it is run at import.
    """

    file: str
    line: int
    column: int
    operator: str
    node: int
    index: int
    function: str | None

    @property
    def key(self) -> str:
        """Names the mutation within one version of its file."""
        return f"{self.line}:{self.column}:{self.operator}:{self.index}"


def mutations_of(file: str, source: str) -> list[Mutation]:
    """Every mutation of a file, in the order of its lines."""
    found = []
    for number, (node, function, mutable) in enumerate(_walk(parso.parse(source))):
        if not mutable:
            continue
        for name, operator in OPERATORS.items():
            if name.startswith("ReplaceBinaryOperator") and _is_no_arithmetic(name, node, function):
                continue
            for index, (start, _) in enumerate(operator.mutation_positions(node)):
                found.append(Mutation(file, *start, name, number, index, function))
    return sorted(found, key=lambda m: (m.line, m.column, m.operator, m.index))


def mutate(source: str, mutation: Mutation) -> str:
    """The file's source with the mutation."""
    tree = parso.parse(source)
    node = next(itertools.islice(_walk(tree), mutation.node, None))[0]
    parent = node.parent
    position = None if parent is None else next(i for i, c in enumerate(parent.children) if c is node)
    prefix = node.prefix if node.type == "number" else None
    changed = OPERATORS[mutation.operator].mutate(node, mutation.index)
    if prefix is not None:
        changed.prefix, changed.value = prefix, changed.value.strip()
    if position is not None:
        parent.children[position] = changed
    return str(tree.get_code())


def decides(source: str) -> bool:
    """Whether a file has a comparison, a branch or arithmetic in it."""
    return any(mutable and node.type in _DECIDING for node, _, mutable in _walk(parso.parse(source)))


def words(source: str, mutated: str) -> tuple[str, str]:
    """The changed lines before and after, each in one line."""
    old, new = source.splitlines(), mutated.splitlines()
    blocks = [
        c for c in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if c[0] != "equal"
    ]
    if not blocks:
        return "", ""
    (_, a, _, c, _), (_, _, b, _, d) = blocks[0], blocks[-1]
    return " ".join(" ".join(old[a:b]).split()), " ".join(" ".join(new[c:d]).split())


def _walk(
    node: Any, scope: tuple[str, ...] = (), function: str | None = None, mutable: bool = True
) -> Iterator[tuple[Any, str | None, bool]]:
    """(node, outermost function around it, whether it may be mutated) of the whole tree, always in one order."""
    yield node, function, mutable
    inner = function
    if node.type in ("funcdef", "classdef"):
        scope = (*scope, node.name.value)
        inner = ".".join(scope) if node.type == "funcdef" and function is None else function
    for place, child in enumerate(getattr(node, "children", [])):
        # A default is computed at import, and so is what a decorator gets.
        within = function if child.type == "parameters" else inner
        yield from _walk(child, scope, within, mutable and not _is_dead_text(node, place))


def _is_dead_text(parent: Any, place: int) -> bool:
    """Annotations and decorators: nothing of them decides, or only at import."""
    before = parent.children[place - 1] if place else None
    sign = before.value if before is not None and before.type == "operator" else None
    annotation = (sign == ":" and parent.type in ("annassign", "tfpdef")) or (
        sign == "->" and parent.type == "funcdef"
    )
    return annotation or parent.type == "decorator"


def _is_no_arithmetic(operator: str, node: Any, function: str | None) -> bool:
    """A star or slash of parameters, a union of types, joined paths or texts: any test would find the swapped twin."""
    if node.type != "operator":
        return False
    if node.parent.type not in _ARITHMETIC or ("_Bit" in operator and function is None):
        return True
    siblings = node.parent.children
    place = next(i for i, child in enumerate(siblings) if child is node)
    neighbours = siblings[max(place - 1, 0) : place + 2]
    return any(neighbour.type in ("string", "strings", "fstring") for neighbour in neighbours)
