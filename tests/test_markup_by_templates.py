"""HTML and SVG come from templates, which escape; no product code glues them."""

import re

import pytest

from hospital.markup import page
from hospital.page_pieces import Badge, Cell, Column, Facts, Figure, Heading, Paragraph, Section, Table
from hospital.svg_shapes import Picture, label
from tests.support.repository import ROOT

PRODUCT = ("assembly", "centre", "cli", "explain", "hospital", "registry", "serving", "training")
GLUED = re.compile(r"""["'] *</?[a-zA-Z][a-zA-Z0-9]*[ />{]""")
"""The beginning of a text that begins with an element."""
WIDEST = 165
ALLOWED = {
    "serving/gateway/content_security.py",  # it looks for a page's style sheet
}


def test_no_product_code_glues_markup() -> None:
    """Neither an f-string nor a plain one begins with an element."""
    glued, read = set(), 0
    for package in PRODUCT:
        for path in sorted((ROOT / package).rglob("*.py")):
            read += 1
            if GLUED.search(path.read_text("utf-8")):
                glued.add(str(path.relative_to(ROOT)))
    assert read > 200
    assert glued == ALLOWED


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>"])
def test_every_piece_escapes_what_it_is_given(text: str) -> None:
    """Whatever a hospital calls its units, in text, attributes and pictures."""
    picture = Picture(10, 10, [label(0, 0, text)], text)
    parts = [
        Heading(text, badge=Badge("pass", text), aside=text),
        Paragraph(text),
        Facts([(text, text)]),
        Figure(picture),
        Table([Column(text), Column(text)], [(Cell(text), Cell(text, small=text))], text),
    ]
    html = page(
        language="en",
        title=text,
        style="",
        head=(),
        body=[Section("a", text, parts)],
        contents=(text, {"a": text}),
        footer=text,
    )
    assert "<script" not in html
    assert "<img" not in html
    assert html.count("alert(1)") > 12


def test_templates_stand_in_lines_that_are_read() -> None:
    """A line of a template is no longer than a screen is wide; Jinja's signs for blanks let it be parted anywhere."""
    read, long = 0, []
    for path in (path for package in PRODUCT for path in (ROOT / package).glob("**/templates/*")):
        if path.suffix in (".html", ".svg"):
            read += 1
            lines = path.read_text("utf-8").split("\n")
            long += [f"{path.relative_to(ROOT)}:{n}" for n, line in enumerate(lines, 1) if len(line) > WIDEST]
    assert read > 20
    assert long == []
