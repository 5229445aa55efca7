"""Pieces of a page that needs nothing else. Text is escaped here, and nothing needs a script or a style of its own.

Serving names the page's one style sheet by its digest: attributes of style would be ignored there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

__all__ = [
    "PAGE_STYLE",
    "Cell",
    "Column",
    "badge",
    "bullets",
    "code",
    "facts",
    "folded",
    "page",
    "paragraph",
    "section",
    "table",
]

PAGE_STYLE = files("hospital").joinpath("templates", "page.css").read_text("utf-8")
"""What every page looks like."""


_MARKS = {"pass": "✓", "block": "✗", "inconclusive": "?", "not applicable": "–"}


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        number: whether it holds numbers, set right.
    """

    title: str
    number: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell. `html` is markup of this module's making; `text` is anything."""

    text: str = ""
    html: str = ""
    small: str = ""

    def render(self) -> str:
        """The cell's markup."""
        small = f" <small>{escape(self.small)}</small>" if self.small else ""
        return self.html + escape(self.text) + small


def page(*, language: str, title: str, style: str, body: str) -> str:
    """A whole page that asks nothing of anybody else: its style is in it."""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body><main>{body}</main></body></html>"
    )


def section(anchor: str, title: str, *parts: str) -> str:
    """A section with its heading."""
    return f'<section id="{anchor}"><h2>{escape(title)}</h2>{"".join(parts)}</section>'


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph; without text, nothing."""
    if not text:
        return ""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def bullets(items: Iterable[str]) -> str:
    """A list; without items, nothing."""
    found = "".join(f"<li>{escape(item)}</li>" for item in items)
    return f"<ul>{found}</ul>" if found else ""


def facts(pairs: Iterable[tuple[str, str]], *, as_code: bool = False) -> str:
    """Names and values."""
    wrapped = ("<code>", "</code>") if as_code else ("", "")
    rows = (
        f"<dt>{escape(name)}</dt><dd>{wrapped[0]}{escape(value)}{wrapped[1]}</dd>" for name, value in pairs
    )
    return f"<dl>{''.join(rows)}</dl>"


def code(lines: Iterable[str]) -> str:
    """Lines to type."""
    return f"<pre><code>{escape(chr(10).join(lines))}</code></pre>"


def folded(title: str, *parts: str, on_paper: bool = True) -> str:
    """What opens on demand, and by itself on paper unless told otherwise; without parts, nothing."""
    inside = "".join(parts)
    kind = "" if on_paper else ' class="screen"'
    return f"<details{kind}><summary>{escape(title)}</summary>{inside}</details>" if inside else ""


def badge(verdict: str, name: str) -> str:
    """A verdict by word, mark and colour: none of them alone."""
    kind = verdict if verdict in ("pass", "block", "inconclusive") else "other"
    mark = _MARKS.get(verdict, "•")
    return f'<span class="verdict {kind}"><span aria-hidden="true">{mark}</span> {escape(name)}</span>'


def table(columns: Sequence[Column], rows: Iterable[Sequence[Cell]], *, caption: str = "") -> str:
    """A table whose first column names its rows; columns in which nothing is said are left out."""
    body = [[cell.render() for cell in row] for row in rows]
    if not body:
        return ""
    kept = [i for i in range(len(columns)) if i == 0 or any(row[i] not in ("", "–") for row in body)]
    kinds = ['class="n"' if column.number else "" for column in columns]
    head = "".join(f'<th scope="col" {kinds[i]}>{escape(columns[i].title)}</th>' for i in kept)
    lines = []
    for row in body:
        cells = "".join(f"<td {kinds[i]}>{row[i]}</td>" for i in kept[1:])
        lines.append(f'<tr><th scope="row">{row[0]}</th>{cells}</tr>')
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<div class="wide"><table>{title}<thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )
