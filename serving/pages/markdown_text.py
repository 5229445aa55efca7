"""Texts of people in Markdown, such as protocols, as a page shows them: no HTML of theirs, no picture, no script."""

from functools import cache

from markdown_it import MarkdownIt
from markupsafe import Markup

__all__ = ["markdown"]

_BELOW = 2
"""Levels that headings of a text are lowered by: the page's own titles stand above them."""


def markdown(text: str) -> Markup:
    """A text as HTML: CommonMark and tables; HTML in it is shown as it is written, pictures are links."""
    reader = _reader()
    tokens = reader.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1:]) + _BELOW, 6)}"
    written = reader.renderer.render(tokens, reader.options, {})
    return Markup(written)  # noqa: S704 - written by a renderer that escapes all it was given


@cache
def _reader() -> MarkdownIt:
    """Addresses of scripts and data are refused by the library's own rule of links."""
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
