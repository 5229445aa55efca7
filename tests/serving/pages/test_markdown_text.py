"""Texts in Markdown, as a page shows them."""

import pytest

from serving.pages.markdown_text import markdown


def test_headings_lists_tables_and_emphasis_are_read() -> None:
    """And headings stand below those of the page."""
    written = markdown(
        "# Quand\n\n1. appeler **deux** fois\n2. noter\n\n| lit | état |\n|---|---|\n| 4 | libre |\n"
    )
    for part in ("<h3>Quand</h3>", "<ol>", "<strong>deux</strong>", "<td>libre</td>"):
        assert part in written


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "[lire](javascript:alert(1))",
        "[lire](data:text/html;base64,PHNjcmlwdD4=)",
        "![plan](https://example.org/plan.png)",
        '<https://example.org/"onmouseover=alert(1)>',
    ],
)
def test_nothing_of_it_acts_or_is_loaded(text: str) -> None:
    """HTML is shown as written, pictures are links, and no address runs."""
    written = markdown(text).lower()
    for part in ("<script", "<img", 'href="javascript', 'href="data', '" onmouseover'):
        assert part not in written
