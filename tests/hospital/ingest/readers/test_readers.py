"""Readers of files: what a strict reader of CSV reads, and else a refusal; names, columns and rows of nothing."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from hospital.contracts.cell_values import read_numbers, rounded
from hospital.errors import ContractError
from hospital.ingest.raw_files import parse
from hospital.ingest.readers.csv_cells import csv_chunks
from hospital.ingest.readers.csv_quotes import QuoteCheck, RowShapes
from hospital.mapping.file_layout import FileLayout

PLAIN = FileLayout()


def _cells(text: str, layout: FileLayout = PLAIN) -> list[list[str]]:
    return _as_lists(parse("a.csv", text.encode(), layout))


def _cells_in_sevens(text: str) -> list[list[str]]:
    """The same, where seven bytes of the text are decoded and checked at once."""
    chunks = csv_chunks("a.csv", lambda: io.BytesIO(text.encode()), 1 << 20, PLAIN, chunk_bytes=7)
    return _as_lists(pd.concat(list(chunks)).astype(object))


def _as_lists(frame: pd.DataFrame) -> list[list[str]]:
    rows = [["" if pd.isna(cell) else cell for cell in row] for row in frame.to_numpy(object)]
    return [list(frame.columns), *rows]


def _refusal(text: str, layout: FileLayout = PLAIN) -> tuple[str, str]:
    with pytest.raises(ContractError) as caught:
        parse("a.csv", text.encode(), layout)
    [fault] = caught.value.faults
    return fault.path, fault.code


def test_any_text_is_read_as_a_strict_reader_does_or_refused() -> None:
    """Random quote marks, separators and line ends, in parts of seven bytes; no row is lost or made."""
    rng, read = np.random.default_rng(1), 0
    for _ in range(600):
        rows = [
            ";".join(
                str(rng.choice(['"a"', "b", '"', 'c"', '"d""e"', '"f\ng"', "5", "", "a b"])) for _ in "xyz"
            )
            for _ in "12345"
        ]
        text = "x;y;z\n" + "\n".join(rows)
        try:
            found = _cells_in_sevens(text)[1:]
        except ContractError:
            continue
        expected = list(csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True))[1:]
        assert found == [row for row in ([c.strip() for c in row] for row in expected) if any(row)], text
        read += 1
    assert read > 30


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ('1;5" large;x\n2;b;c', [["1", '5" large', "x"], ["2", "b", "c"]]),
        ('1;"a ""b"" c";x', [["1", 'a "b" c', "x"]]),
        ('1;"a\nb";x\r\n2;"c" ;d', [["1", "a\nb", "x"], ["2", "c", "d"]]),
        ('S1;"toux; fièvre;\nnausée";x', [["S1", "toux; fièvre;\nnausée", "x"]]),
        ('1;b;"c"', [["1", "b", "c"]]),
    ],
)
def test_quote_marks_that_are_whole_are_read(rows: str, expected: list[list[str]]) -> None:
    """Within a text that is not quoted, doubled, around a line break or a separator, at the end of the file."""
    assert _cells("x;y;z\n" + rows)[1:] == expected


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('x\ty\n1\t"a"b\n', ("a.csv:2", "text_after_quote")),
        ('x,y\n1,a\n2,"b\n', ("a.csv:3", "open_quote")),
        ('x;y\r\n1;a\r\n2;"b"c\r\n', ("a.csv:3", "text_after_quote")),
        ('x;y\n1; "a"\n', ("a.csv:2", "blank_before_quote")),
        ('x;n;z\n1;"a;7\n2;";8\n3;b;9\n', ("a.csv:2", "rows_in_quotes")),
        ("x;y;\n1;2;9\n", ("a.csv:3", "no_name")),
        ("Un titre\nx;y\n1;2\n", ("a.csv", "no_name")),
        ("x;x\n1;2\n", ("a.csv", "two_columns")),
        ("x;y\n1;2\n3\n", ("a.csv[1]", "ragged_row")),
    ],
)
def test_what_a_reader_would_guess_at_is_refused_with_its_place(text: str, fault: tuple[str, str]) -> None:
    """By the line for quote marks, by the column for names, by the row for rows."""
    assert _refusal(text) == fault


def test_marks_are_checked_alike_in_blocks_of_any_size() -> None:
    """The line of a fault is the same wherever the blocks are cut."""
    text = b'"a";"b ""c"""\r\n"d\r\ne";f\r\ng;"h"i\r\n'
    for size in (1, 2, 3, 5, 8, 100):
        check = QuoteCheck("a.csv", ";", 1, RowShapes.of([("a", "b")], 2))
        with pytest.raises(ContractError) as caught:  # noqa: PT012 - whichever block shows it
            for at in range(0, len(text), size):
                check.add(text[at : at + size])
            check.end()
        assert caught.value.faults[0].path == "a.csv:4", size


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        ("x;y;\n1;2;\n3;4;\n", PLAIN),
        ("x;y;;\n1;2\n3;4\n", PLAIN),
        ("x;;y\n1;;2\n;;\n3;;4\n", PLAIN),
        (";;\nx;y\n1;2\n3;4\n", PLAIN),
        (",x,y\n0,1,2\n1,3,4\n", PLAIN),
        ("Titre\nÉdité le 1er\n\nx|y\n1|2\n3|4\n", FileLayout(header_rows=(4,))),
        ("sep=;\nTitre\nx;y\n1;2\n3;4\nTotal;6\n", FileLayout(header_rows=(3,), footer_rows=1)),
        ("x;y\n1;2\n3;4\nSource : DIM\n", FileLayout(footer_rows=1)),
    ],
)
def test_columns_and_lines_of_nothing_are_left_out(text: str, layout: FileLayout) -> None:
    """Signs at the end, empty columns, an index, blank rows, titles above and totals below."""
    assert _cells(text, layout) == [["x", "y"], ["1", "2"], ["3", "4"]]


def test_two_lines_of_names_are_one_name() -> None:
    """The upper one goes on where it is empty above a lower name, and not over a column that stands alone."""
    text = ";Médecine;;Chirurgie;;\nJour;lits;présents;lits;présents;Total\n1;2;3;4;5;6\n"
    names = _cells(text.replace(";;\n", ";;Hôpital\n", 1), FileLayout(header_rows=(1, 2)))[0]
    assert names == [
        "Jour",
        "Médecine lits",
        "Médecine présents",
        "Chirurgie lits",
        "Chirurgie présents",
        "Hôpital Total",
    ]


def test_a_number_with_the_other_decimal_sign_or_a_truth_value_is_none() -> None:
    """Neither 1,5 nor TRUE is a number that a reader may guess at."""
    for cells in (["1,5", "x"], [True, None], [False, 2.0]):
        numbers, wrong = read_numbers(pd.Series(cells, dtype=object))
        assert wrong.tolist() == [c is not None and c != 2.0 for c in cells]
        assert numbers.notna().sum() == (2.0 in cells and cells[1] == 2.0)


def test_numbers_that_may_have_lost_digits_are_distinguished_from_others() -> None:
    """Of floats by their size, of texts by their writing; whole numbers and texts of digits are what they say."""
    assert rounded(pd.Series([1e15, 999_999_999_999_999.0, np.nan, -2e16])).tolist() == [
        True,
        False,
        False,
        True,
    ]
    assert rounded(pd.Series([16_777_216.0, 1.0], dtype="float32")).tolist() == [True, False]
    assert not rounded(pd.Series([20240301000012345, 2**60])).any()
    texts = ["2,02403E+16", "1.5e7", "2E+16", "2E16", "20240301000012345", "MED-1E+3", None]
    for dtype in ("str", object):
        assert rounded(pd.Series(texts, dtype=dtype)).tolist() == [
            True,
            True,
            True,
            False,
            False,
            False,
            False,
        ]
