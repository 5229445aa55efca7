"""Rich's console for texts of others: they are shown as they are, and neither styled nor obeyed."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.segment import Segment

from hospital.words.plain_text import plain_text

__all__ = ["plain_console"]


def plain_console(*, stderr: bool = False, markup: bool = False, **options: Any) -> Console:
    """A console on standard output or standard error.

    Args:
        stderr: on standard error.
        markup: brackets in texts are Rich's markup; only where no text is another's.
    """
    return _PlainConsole(stderr=stderr, markup=markup, emoji=False, **options)


class _PlainConsole(Console):
    """Styles are codes of the terminal, so they go past a `PlainStream`; texts are made plain here."""

    def _render_buffer(self, buffer: Iterable[Segment]) -> str:
        shown = (s if s.control else Segment(plain_text(s.text), s.style) for s in buffer)
        return super()._render_buffer(shown)
