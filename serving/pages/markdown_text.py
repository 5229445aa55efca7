"""Texts of people in Markdown, such as protocols, as a page shows them: no HTML of theirs, no picture, no script."""

import re
from functools import cache

from markdown_it import MarkdownIt
from markupsafe import Markup

from hospital.words.plain_text import plain_text

__all__ = ["markdown"]

_BELOW = 2
"""Levels that headings of a text are lowered by: the page's own titles stand above them."""
_ADDRESS = re.compile(r"(https?:|mailto:|[^:]*$|[^:]*[/?#])", re.IGNORECASE)
"""What a link may lead to: a page, somebody's mail, or a place without a scheme."""


def markdown(text: str) -> Markup:
    """A text as HTML: CommonMark and tables; HTML in it is shown as it is written, pictures are links.

    What turns the writing round or has no shape stands as its code, as in every other text of a page, also where it was
    written as an HTML entity.
    """
    reader = _reader()
    tokens = reader.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1:]) + _BELOW, 6)}"
    written = reader.renderer.render(tokens, reader.options, {})
    return Markup(plain_text(written))  # noqa: S704 - written by a renderer that escapes all it was given


@cache
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    library_rule = reader.validateLink  # lets some data through
    reader.validateLink = lambda url: library_rule(url) and bool(_ADDRESS.match(url))  # type: ignore[method-assign]
    return reader
