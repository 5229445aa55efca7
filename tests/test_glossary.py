"""The glossary: one word for one thing. A retired word in code, documents, cards or pages fails here."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.repository import ROOT

GLOSSARY = ROOT / "docs" / "glossary.md"
READ = {
    "hospital": "py toml html css",
    "explain": "py c h",
    "registry": "py toml html css",
    "training": "py",
    "serving": "py toml html css",
    "centre": "py toml html css",
    "assembly": "py",
    "cli": "py toml md",
    "deploy": "json service timer",
    "docs": "md json",
    "notebooks": "ipynb",
}
"""What is read where: product code, the texts of cards and pages, and documents."""
EXEMPT = {"docs/next.md": "it may quote what was"}
QUOTED = {
    "hospital/simulator/staffing.py": (
        'lead = stream(seed, f"beds told {ward.unit}")',
        "it seeds a stream of chance: another text draws another hospital",
    ),
    "registry/record/migrations/versions/0011_recommendations.py": (
        '"""What was recommended, what people did with it, and what other applications are told of it."""',
        "a migration is never changed again",
    ),
}
"""The one line of a file in which a retired word may stand, and why."""
RETIRED = "## Retired words"


def retired() -> dict[str, str]:
    """Each retired word with the one to say."""
    table = GLOSSARY.read_text("utf-8").partition(RETIRED)[2]
    rows = re.findall(r"^\| (?!retired|---)(.+?) \| (.+?) \|$", table, re.MULTILINE)
    return {word.strip(): say for words, say in rows for word in words.split(",")}


def sources() -> Iterator[Path]:
    for folder, endings in READ.items():
        for ending in endings.split():
            yield from sorted((ROOT / folder).rglob(f"*.{ending}"))
    yield ROOT / "README.md"
    yield ROOT / "CONTRIBUTING.md"


def read(path: Path) -> str:
    """A file's text, without the line in it that may have a retired word, and the table of these words."""
    text = path.read_text("utf-8")
    if path == GLOSSARY:
        return text.partition(RETIRED)[0]
    line, _ = QUOTED.get(path.relative_to(ROOT).as_posix(), ("", ""))
    if line:
        assert text.count(line) == 1, f"{path.name}: {line} stands there no more: take it out of QUOTED"
    return text.replace(line, "") if line else text


def uses(text: str, word: str) -> list[int]:
    """Numbers of the lines in which a word stands by itself."""
    spaced = r"\s+".join(re.escape(part) for part in word.split())
    pattern = re.compile(rf"(?<![\w-]){spaced}(?![\w-])", re.IGNORECASE)
    return [text.count("\n", 0, match.start()) + 1 for match in pattern.finditer(text)]


def test_no_retired_word_is_used() -> None:
    """A word of the table is replaced by the one beside it, wherever the product speaks."""
    words, found, files = retired(), [], 0
    for path in sources():
        name = str(path.relative_to(ROOT))
        if name in EXEMPT or "/adr/" in name:
            continue
        files, text = files + 1, read(path)
        found += [f"{name}:{n}: {w} -> {say}" for w, say in words.items() for n in uses(text, w)]
    assert files > 200
    assert len(words) > 20
    assert found == []


@pytest.mark.parametrize("name", QUOTED)
def test_a_line_that_may_have_a_retired_word_has_one(name: str) -> None:
    """Else it needs no place among the exceptions; the rest of its file is read as any other."""
    line, _ = QUOTED[name]
    assert any(uses(line, word) for word in retired())
    assert line in (ROOT / name).read_text("utf-8")
    assert line not in read(ROOT / name)


def test_no_test_is_named_by_a_retired_word() -> None:
    """Names of tests are read in their reports: they say a thing by its one word."""
    words, names = {"_".join(word.split()) for word in retired()}, []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        names += [
            (path.name, n.name) for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)
        ]
    assert len(names) > 3_000
    assert [
        (file, name) for file, name in names if any(f"_{word}_" in f"_{name.lower()}_" for word in words)
    ] == []


@pytest.mark.parametrize(
    ("text", "word", "lines"),
    [
        ("one\nthe Simple  rule answers", "simple rule", [2]),
        ("a simple\n    rule", "simple rule", [1]),
        ("harmless, unharmed", "harm", []),
        ("whole_hospital_total", "whole_hospital", []),
    ],
)
def test_a_word_is_found_by_itself_and_over_line_ends(text: str, word: str, lines: list[int]) -> None:
    """Part of another word is another word."""
    assert uses(text, word) == lines


def test_every_term_has_both_languages_and_a_definition() -> None:
    """No cell of the glossary is empty, and no term stands twice."""
    text = read(GLOSSARY)
    rows = [row.split("|")[1:-1] for row in text.splitlines() if row.startswith("| ") and "---" not in row]
    terms = [[cell.strip() for cell in row] for row in rows if row[0].strip() != "English"]
    assert len(terms) > 40
    assert [row for row in terms if len(row) != 3 or not all(row)] == []
    assert len({row[0] for row in terms}) == len(terms)
