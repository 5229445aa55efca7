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
        "[lire](data:image/png;base64,iVBORw0KGgo=)",
        "[lire](&#x6a;avascript&colon;alert(1))",
        "<tel:+33140000000>",
        "![plan](https://example.org/plan.png)",
        '<https://example.org/"onmouseover=alert(1)>',
    ],
)
def test_nothing_of_it_acts_or_is_loaded(text: str) -> None:
    """HTML is shown as written, pictures are links, and no address runs."""
    written = markdown(text).lower()
    for part in ("<script", "<img", 'href="javascript', 'href="data', 'href="tel', '" onmouseover'):
        assert part not in written


@pytest.mark.parametrize(
    "address", ["https://example.org/a:b", "HTTP://a", "mailto:a@b.fr", "#x", "/x:y", "a/b:c", "x"]
)
def test_links_lead_to_pages_and_mail(address: str) -> None:
    """And to places of the same site."""
    assert f'href="{address.lower()}"' in markdown(f"[lire]({address})").lower()


@pytest.mark.parametrize("turned", ["Ne pas \u202eouvrir", "Ne pas &#x202e;ouvrir", "Ne pas &#8238;ouvrir"])
def test_nothing_turns_the_writing_round(turned: str) -> None:
    """However it is written."""
    assert markdown(turned) == "<p>Ne pas \\u202eouvrir</p>\n"
    assert "\u200b" not in markdown("`a&#x200b;\u200bb`")
