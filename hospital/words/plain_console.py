"""Rich's console for texts of others: they are shown as they are, and neither styled nor obeyed."""

import os
import re
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleDimensions
from rich.segment import Segment

from hospital.words.plain_text import plain_text

__all__ = ["plain_console"]


def plain_console(*, stderr: bool = False, markup: bool = False, **options: Any) -> Console:
    """A console on standard output or standard error, as wide as what it writes to.

    Args:
        stderr: on standard error.
        markup: brackets in texts are Rich's markup; only where no text is another's.
        options: Rich's; `width`, in columns, in place of the terminal's.
    """
    return _PlainConsole(stderr=stderr, markup=markup, emoji=False, **options)


_WIDE, _USUAL, _LINES = 200, 80, 25


def _width(stream: Any) -> int:
    """What COLUMNS says, else the terminal's width; a file or a pipe gets the same wide lines wherever it is made."""
    said = os.environ.get("COLUMNS", "")
    if re.fullmatch("[1-9][0-9]{0,4}", said):
        return int(said)
    try:
        if not stream.isatty():
            return _WIDE
        return os.get_terminal_size(stream.fileno()).columns or _USUAL
    except (OSError, AttributeError, ValueError):  # a terminal that does not know its width; no stream at all
        return _USUAL


class _PlainConsole(Console):
    """Styles are codes of the terminal, so they go past a `PlainStream`; texts are made plain here."""

    def __init__(self, *, width: int | None = None, **options: Any) -> None:
        self._asked_width = width
        super().__init__(
            width=width or _USUAL, height=_LINES, **options
        )  # else Rich reads COLUMNS its own way

    @property  # type: ignore[misc]  # Rich's can be set, this one is looked up
    def size(self) -> ConsoleDimensions:
        """What there is now: a window may be pulled wider while something is shown."""
        return ConsoleDimensions(self._asked_width or _width(self.file), _LINES)

    def _render_buffer(self, buffer: Iterable[Segment]) -> str:
        shown = (s if s.control else Segment(plain_text(s.text), s.style) for s in buffer)
        return super()._render_buffer(shown)
