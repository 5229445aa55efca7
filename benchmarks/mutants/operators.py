"""What is changed in a line: Cosmic Ray's operators where it has one, else ours, in the shape of its own.

Redundant operators are left out, since each easily killed copy would lift the rate: every comparison has one loosened
or tightened and one turned twin, and a negated condition is what both forced ones imply.
"""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from cosmic_ray.operators.provider import OperatorProvider
from parso.python import tree

__all__ = ["OPERATORS", "Operator", "Span"]

Span = tuple[tuple[int, int], tuple[int, int]]

_COSMIC_RAY = (
    *(
        f"ReplaceComparisonOperator_{pair}"
        for pair in (
            "Lt_LtE", "Lt_Gt", "LtE_Lt", "LtE_GtE", "Gt_GtE", "Gt_Lt", "GtE_Gt", "GtE_LtE",
            "Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is",
        )
    ),
    *(
        f"ReplaceBinaryOperator_{pair}"
        for pair in (
            "Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Mul", "Mod_Mul", "Pow_Mul",
            "BitOr_BitAnd", "BitAnd_BitOr", "BitXor_BitOr", "LShift_RShift", "RShift_LShift",
        )
    ),
    "ReplaceUnaryOperator_USub_UAdd",
    "ReplaceUnaryOperator_Delete_Invert",
    "ReplaceUnaryOperator_Delete_Not",
    "NumberReplacer",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ExceptionReplacer",
)  # fmt: skip
_AUGMENTED = {
    "+=": "-=",
    "-=": "+=",
    "*=": "/=",
    "/=": "*=",
    "//=": "*=",
    "**=": "*=",
    "|=": "&=",
    "&=": "|=",
}
_CONSTANTS = ("True", "False", "None", "TYPE_CHECKING")
Parts = Iterator[tuple[Any, str]]


class Operator(Protocol):
    """Cosmic Ray's protocol: where a node of parso's tree can be changed, and the node changed there."""

    def mutation_positions(self, node: Any) -> Iterator[Span]:
        """One (start, end) for each change that can be made to the node itself."""

    def mutate(self, node: Any, index: int) -> Any:
        """The node with its change of that index; the tree is changed in place."""


class Replacement:
    """An operator that puts new text in place of parts of a node: `find` gives (part, text) for each change."""

    def __init__(self, find: Callable[[Any], Parts]) -> None:
        self._find = find

    def mutation_positions(self, node: Any) -> Iterator[Span]:
        """The parts' positions."""
        for part, _ in self._find(node):
            yield part.start_pos, part.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """The node with the part replaced; a node that is replaced itself is returned as a new leaf."""
        part, text = list(self._find(node))[index]
        leaf = tree.Name(text, part.start_pos, prefix=part.get_first_leaf().prefix)
        if part is node:
            return leaf
        siblings = part.parent.children
        siblings[next(i for i, child in enumerate(siblings) if child is part)] = leaf
        return node


def _conditions(node: Any) -> Parts:
    children = getattr(node, "children", [])
    found = []
    if node.type in ("if_stmt", "comp_if"):
        found = [
            children[i + 1]
            for i, c in enumerate(children)
            if c.type == "keyword" and c.value in ("if", "elif")
        ]
    elif node.type == "test":
        found = [children[2]]
    elif node.type == "while_stmt":
        yield children[1], "False"
    for condition in found:
        if condition.get_code().strip() not in _CONSTANTS:
            yield condition, "True"
            yield condition, "False"


def _membership(node: Any) -> Parts:
    if node.type == "comparison":
        for sign in node.children[1::2]:
            words = sign.get_code().split()
            if words == ["in"]:
                yield sign, "not in"
            elif words == ["not", "in"]:
                yield sign, "in"


def _returns(node: Any) -> Parts:
    if node.type == "return_stmt" and node.children[1].get_code().strip() not in _CONSTANTS:
        yield node.children[1], "None"


def _defaults(node: Any) -> Parts:
    if node.type == "param" and node.default is not None:
        default = node.default
        if default.type == "string":
            yield default, _other_text(default.value)
        elif default.type == "keyword" and default.value == "None":
            yield default, "1"
        elif default.type == "name":
            yield default, "None"


def _compared_texts(node: Any) -> Parts:
    if node.type == "comparison":
        for operand in node.children[::2]:
            for leaf in _texts(operand):
                yield leaf, _other_text(leaf.value)


def _texts(operand: Any) -> Iterator[Any]:
    if operand.type == "string":
        yield operand
    elif operand.type in ("atom", "testlist_comp"):
        for child in operand.children:
            yield from _texts(child)


def _other_text(literal: str) -> str:
    return f"{literal[:-1]}XX{literal[-1]}" if not literal.endswith(('"""', "'''")) else '"XX"'


def _augmented(node: Any) -> Parts:
    if node.type == "operator" and node.value in _AUGMENTED:
        yield node, _AUGMENTED[node.value]


OPERATORS: dict[str, Operator] = {
    **{name: OperatorProvider()[name]() for name in _COSMIC_RAY},
    "ForcedCondition": Replacement(_conditions),
    "MembershipTurned": Replacement(_membership),
    "ReturnNone": Replacement(_returns),
    "DefaultChanged": Replacement(_defaults),
    "ComparedTextChanged": Replacement(_compared_texts),
    "AugmentedSwapped": Replacement(_augmented),
}
"""By name; the names stand in the state file."""
