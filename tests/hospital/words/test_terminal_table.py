"""Tables in a terminal: within its width, with every word whole and every figure on one line."""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from hospital.words.plain_console import plain_console
from hospital.words.terminal_table import print_table
from tests.support.repository import ROOT

WIDTHS = [60, 80, 120, 200]
HEADS = ["contrôle", "constat", "groupe", "valeur", "intervalle", "n", "verdict"]
ROWS = [
    ["exactitude", "gain sur la meilleure prévision de référence", "tous", "12,3 %", "8 % à 16 %", "12 345", "réussi"],
    ["", "gain sur la meilleure prévision de référence", "médecine", "−1,5 %", "−4 % à 1 %", "890", "indécis"],
    ["équité", "erreur signée", "sexe : inconnu", "–", "", "12", "sans objet"],
]  # fmt: skip
TEXTS = (0, 1, 2)


def printed(rows: Sequence[Sequence[str | Text]], width: int, texts: Sequence[int] = TEXTS) -> list[str]:
    """The lines of a table in a terminal of this width."""
    stream = io.StringIO()
    print_table(plain_console(file=stream, width=width), HEADS, rows, "fr", texts=texts)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_and_nothing_is_cut(width: int) -> None:
    """No line is wider; each word of each cell is there whole; a figure or an interval is on one line."""
    lines = printed(ROWS, width)
    assert max(map(cell_len, lines)) <= width
    words = re.split(r"\s+", "\n".join(lines))
    for row in ROWS:
        for cell in row:
            assert set(cell.split()) <= set(words)
        for figure in row[3:6]:
            assert any(figure in line for line in lines)
    assert "…" not in "\n".join(lines)


def test_its_form_is_what_the_width_allows() -> None:
    """Side by side on one line a row where there is room, in few lines at 120, and below each other at 60."""
    wide, narrow = printed(ROWS, 200), printed(ROWS, 60)
    assert sum("%" in line or "sans objet" in line for line in wide) == len(ROWS)
    assert any(all(head in line for head in HEADS) for line in wide)
    assert len(printed(ROWS, 120)) <= 10
    assert not any("contrôle" in line for line in narrow)
    assert "exactitude" in narrow
    assert "    valeur\u00a0: 12,3 %" in narrow
    assert not any(
        "intervalle" in line for line in narrow[narrow.index("équité") :]
    )  # what is empty is left out


@given(
    st.lists(st.lists(st.text("abcé –%d ", max_size=40), max_size=7), max_size=6),
    st.integers(20, 220),
    st.sets(st.integers(0, 6)),
)
def test_no_table_loses_a_word(rows: list[list[str]], width: int, texts: set[int]) -> None:
    """Of any cells, at any width at which the longest word still fits."""
    lines = printed(rows, width, sorted(texts))
    longest = max((cell_len(w) for row in [HEADS, *rows] for cell in row for w in cell.split()), default=0)
    assert all(cell_len(line) <= width for line in lines)
    if longest + 16 <= width:
        words = " ".join(lines).split()
        assert all(word in words for row in rows for cell in row for word in cell.split())


def test_what_a_terminal_would_obey_has_the_width_of_its_code() -> None:
    """It is written before it is measured; a bracket is no markup; a cell's own style stays."""
    lines = printed([["a\x1b[2J" * 3, "[bold]x[/bold]", Text("gut", "bold")]], 60)
    assert max(map(cell_len, lines)) <= 60
    assert "\\u001b[2J" in "\n".join(lines)
    assert "[bold]x[/bold]" in "\n".join(lines)


def _in_terminal(columns: int, environment: dict[str, str]) -> int:
    """How wide a console is in a real terminal."""
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    code = "from hospital.words.plain_console import plain_console as c; print(c().width)"
    base = {n: v for n, v in os.environ.items() if n != "COLUMNS"}
    subprocess.run(
        [sys.executable, "-c", code], stdout=end, stdin=end, env=base | environment, cwd=ROOT, check=True
    )
    os.close(end)
    said = os.read(terminal, 100).decode()
    os.close(terminal)
    return int(said)


@pytest.mark.parametrize(
    ("columns", "environment", "width"),
    [
        *[(columns, {}, columns) for columns in WIDTHS],
        (100, {"TERM": "dumb"}, 100),
        (100, {"COLUMNS": "70"}, 70),
        (0, {}, 80),
    ],
)
def test_a_terminal_s_width_is_used(columns: int, environment: dict[str, str], width: int) -> None:
    """Its own, or what COLUMNS says; 80 where it does not know."""
    assert _in_terminal(columns, environment) == width


@pytest.mark.parametrize(
    ("said", "width"), [("", 200), ("72", 72), ("0", 200), ("-5", 200), ("wide", 200), ("9" * 5000, 200)]
)
def test_a_file_gets_wide_lines_wherever_it_is_made(
    said: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is redirected does not depend on a window; COLUMNS is asked for on purpose."""
    monkeypatch.setenv("COLUMNS", said)
    assert plain_console(file=io.StringIO()).width == width
