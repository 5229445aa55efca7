"""Texts of others in a terminal: a name or a comment must not move the cursor, hide a line or write one of its own."""

import unicodedata

__all__ = ["one_line", "plain_lines"]

_SHOWN_AS_CODE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def one_line(text: object) -> str:
    """A text in one line: control characters, escapes and marks that turn the direction of writing stand as codes."""
    return "".join(_code(c) if unicodedata.category(c) in _SHOWN_AS_CODE else c for c in str(text))


def plain_lines(text: object) -> str:
    """The same, whose line ends stay."""
    return "\n".join(one_line(line) for line in str(text).split("\n"))


def _code(character: str) -> str:
    point = ord(character)
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
