"""Pages that need nothing else: code says what a page holds, in pieces; templates write and escape it.

Nothing needs a script or a style of its own: serving names the page's one style sheet by its digest, and attributes
of style would be ignored there.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hospital.page_pieces import Piece, Section
from hospital.svg_shapes import Picture
from hospital.words.language import Language
from hospital.words.plain_text import shown_on_page

__all__ = ["fragment", "page", "page_style", "picture_markup", "templates_of"]


def page(
    *,
    language: Language,
    title: str,
    style: str,
    head: Sequence[Piece],
    body: Sequence[Piece],
    contents: tuple[str, Mapping[str, str]],
    footer: str,
) -> str:
    """A whole page that asks nothing of anybody else: its style is in it.

    Args:
        contents: what the list of links is called, and the title of each by anchor, in order; links to sections that
            `body` lacks, or that are empty, are left out.
    """
    there = {part.anchor for part in body if isinstance(part, Section) and not part.empty}
    return (
        templates_of("hospital")
        .get_template("page.html")
        .render(
            language=language,
            title=title,
            style=Markup(style),  # noqa: S704 - a style sheet of our own, which has no place in it
            head=head,
            body=body,
            contents=contents[0],
            links=[(anchor, name) for anchor, name in contents[1].items() if anchor in there],
            footer=footer,
        )
    )


def fragment(parts: Sequence[Piece], language: Language) -> str:
    """A part of a page, for who puts it into a page of their own."""
    return templates_of("hospital").get_template("fragment.html").render(parts=parts, language=language)


def picture_markup(picture: Picture, *, alone: bool = False) -> Markup:
    """A picture for a page of another template; `alone`: for a file of its own."""
    module = templates_of("hospital").get_template("picture.svg").module
    drawn: Markup = getattr(module, "picture")(picture, alone)  # noqa: B009
    return drawn


@cache
def page_style() -> str:
    """What every page looks like."""
    return files("hospital").joinpath("templates", "page.css").read_text("utf-8")


@cache
def templates_of(package: str) -> Environment:
    """The templates of a package: what they are filled with is escaped, and a name that is not given is an error."""
    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        finalize=shown_on_page,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
