"""Texts of others, where people read them: a name or a comment moves no cursor, hides no line, turns no writing round.

What a terminal or a browser would obey in place of showing it stands as its code (``\\u001b``): control characters, the
marks that turn the direction of writing, and what has no shape at all.
"""

import unicodedata
from typing import Any, TextIO

__all__ = ["PlainStream", "one_line", "plain_text", "shown_on_page"]

_OBEYED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_LAYOUT = frozenset("\n\t")


def one_line(text: object) -> str:
    """A text in one line, with codes for what is obeyed, line ends among it."""
    return _coded(str(text), frozenset())


def plain_text(text: object) -> str:
    """A text of any lines, with codes for what is obeyed, but line ends and tabs."""
    return _coded(str(text), _LAYOUT)


class PlainStream:
    """A stream that shows what is written to it as plain text; everything else is the stream's below.

    Args:
        below: where it goes.
    """

    def __init__(self, below: TextIO) -> None:
        self.below = self.rich_proxied_file = below  # where Rich's consoles write, whose styles are codes

    def write(self, text: str) -> int:
        """Writes a text; returns its length, as it was given.

        Raises:
            TypeError: it is none: by this a stream of texts is known from one of bytes.
        """
        if not isinstance(text, str):
            raise TypeError("a stream of texts takes no bytes")
        self.below.write(plain_text(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Writes texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":  # bytes would go past it: who asks writes text in their place
            raise AttributeError(name)
        return getattr(self.below, name)


def shown_on_page(value: Any) -> Any:
    """For templates, of every value: plain text, but what is markup of ours already."""
    return plain_text(value) if type(value) is str else value


def _coded(text: str, kept: frozenset[str]) -> str:
    if text.isprintable():
        return text
    return "".join(
        c if c in kept or c == " " or unicodedata.category(c) not in _OBEYED else _code(c) for c in text
    )


def _code(character: str) -> str:
    """As JSON writes it: what is printed as JSON says the same as before."""
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))
