"""What a terminal or a browser would obey in another's text is shown as its code."""

import io
import json
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from rich.table import Table

from hospital.words.plain_console import plain_console
from hospital.words.plain_text import PlainStream, one_line, plain_text, shown_on_page
from tests.support.repository import ROOT

OBEYED = [
    "\x1b[2J", "\x1b]8;;http://x\x07", "\x9b31m", "\x07", "\x08", "\r", "\x7f", "\x00",
    "\u202e", "\u2066", "\u200b", "\ufeff", "\u2028", "\ud800", "\U000e0041",
]  # fmt: skip


@pytest.mark.parametrize("text", OBEYED)
def test_what_is_obeyed_is_shown(text: str) -> None:
    """Escapes, control characters of both sets, marks of direction, what has no shape."""
    for made in (one_line(f"Ada{text}Bob"), plain_text(f"Ada{text}Bob"), shown_on_page(f"Ada{text}Bob")):
        assert "\\u" in made
        assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl") for c in made)
    assert one_line("a\nb") == "a\\u000ab"
    assert plain_text("a\n\tb") == "a\n\tb"


@pytest.mark.parametrize("text", ["Élodie Œuvré–d’Ys", "« 3\u00a0h »", "2\u202f000", "日本", "−1 °C ≥", "👩"])
def test_what_people_write_stays(text: str) -> None:
    """Accents, the spaces of French typography, signs, other scripts."""
    assert one_line(text) == text


@given(st.dictionaries(st.text(), st.text()))
def test_json_says_the_same_afterwards(value: dict[str, str]) -> None:
    """Machine output passes the same stream."""
    stream = io.StringIO()
    PlainStream(stream).write(json.dumps(value, ensure_ascii=False) + "\n")
    assert json.loads(stream.getvalue()) == value


@pytest.mark.parametrize("force", [True, False])
def test_a_console_styles_its_own_words_and_no_one_elses(force: bool) -> None:
    """In lines, cells and titles; brackets are no markup."""
    stream = io.StringIO()
    console = plain_console(file=stream, force_terminal=force, width=200, highlight=False)
    table = Table("name", header_style="bold", title="t\x1b[31m")
    table.add_row("[bold]Ada[/bold] [link=http://x]y[/link]\x1b[2J\u202e\x9b")
    console.print(table)
    console.print("Bob\x1b[8m :warning:", style="red")
    printed = stream.getvalue()
    assert "[bold]Ada[/bold] [link=http://x]y[/link]\\u001b[2J\\u202e\\u009b" in printed
    assert "Bob\\u001b" in printed
    assert ":warning:" in printed
    own = set(re.findall(r"\x1b\[[0-9;]*m", printed))
    assert own <= {"\x1b[1m", "\x1b[0m", "\x1b[31m", "\x1b[3m"}
    assert len(re.findall("\x1b", printed)) == len(re.findall(r"\x1b\[[0-9;]*m", printed))
    assert "\x1b[8m" not in own
    assert bool(own) is force


def test_no_other_console_is_made() -> None:
    """A console of Rich's own would obey what it is given."""
    made = [
        f"{path.relative_to(ROOT)}:{number}"
        for package in ("assembly", "centre", "cli", "hospital", "registry", "serving", "training")
        for path in Path(ROOT / package).rglob("*.py")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(r"(?<![\w.])Console\(", line) and path.name != "plain_console.py"
    ]
    assert made == []


def test_every_page_shows_what_it_is_given() -> None:
    """Of every kind of templates: markup is escaped, marks of direction are codes, line ends stay, ours is markup."""
    from hospital.markup import templates_of
    from serving.pages.rendering import TEMPLATES

    for templates in (TEMPLATES, templates_of("hospital"), templates_of("serving.http")):
        page = templates.from_string("{{ other }}|{{ ours }}|{{ 1 }}")
        given = {"other": "<b>\u202e\x1b\n</b>", "ours": Markup("<i>")}
        assert page.render(given) == "&lt;b&gt;\\u202e\\u001b\n&lt;/b&gt;|<i>|1"
