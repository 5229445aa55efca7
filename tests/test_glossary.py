"""The glossary: one word for one thing. A retired word in code, documents, cards or pages fails here."""

import ast
import re
import tomllib
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
AS_NAMES = "### As names alone"
PACKAGES = ("hospital", "explain", "registry", "training", "serving", "centre", "assembly", "cli")
SEALED_NAMES = {
    "harm_shown": "a note in sealed reports",
    "harm_certain": "a note in sealed reports",
}
"""Keys in which a retired word may stand, since signed files hold them."""


def _rows(table: str) -> dict[str, str]:
    rows = re.findall(r"^\| (?!retired|---)(.+?) \| (.+?) \|$", table, re.MULTILINE)
    return {word.strip(): say for words, say in rows for word in words.split(",")}


def retired() -> dict[str, str]:
    """Each retired word with the one to say."""
    return _rows(GLOSSARY.read_text("utf-8").partition(RETIRED)[2].partition(AS_NAMES)[0])


def retired_names() -> dict[tuple[str, ...], str]:
    """The parts of each name that is retired, those of the words among them, with the one to say."""
    words = retired() | _rows(GLOSSARY.read_text("utf-8").partition(AS_NAMES)[2])
    return {tuple(re.split(r"[ _]", word)): say for word, say in words.items() if word.isascii()}


def parts(name: str) -> list[str]:
    """A name's words: of `HabitTable`, `habit_table` and `_HABIT_TABLE` the same two."""
    return [part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", name)]


def names_of(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Names that a module gives: of functions, classes, arguments, attributes and variables, with their lines."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr


def keys_of(table: object) -> Iterator[str]:
    """Keys of a TOML file, those within others, too."""
    if isinstance(table, dict):
        for key, value in table.items():
            yield key
            yield from keys_of(value)
    elif isinstance(table, list):
        for value in table:
            yield from keys_of(value)


def retired_in(name: str, words: dict[tuple[str, ...], str]) -> list[str]:
    """What to say in place of each retired word of a name."""
    own = parts(name)
    return [
        say
        for word, say in words.items()
        if any(tuple(own[i : i + len(word)]) == word for i in range(len(own)))
    ]


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


def test_no_name_in_code_has_a_retired_word() -> None:
    """Neither that of a module, nor one that a module gives."""
    words, wrong, names = retired_names(), [], 0
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if path.parent.name == "versions":
                continue  # a migration is never changed again
            given = [(0, path.stem), *names_of(ast.parse(path.read_text("utf-8")))]
            names += len(given)
            wrong += [(path.name, n, name, say) for n, name in given for say in retired_in(name, words)]
    assert names > 10_000
    assert len(words) > 30
    assert wrong == []


def test_no_key_of_a_file_has_a_retired_word() -> None:
    """Of catalogues, policies and parameters; what signed files hold stays as it is."""
    words, wrong, sealed = retired_names(), [], set()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.toml")):
            if path.parent == ROOT / "cli" / "demo" / "files":
                continue  # a form to be filled in is no TOML yet
            keys = set(keys_of(tomllib.loads(path.read_text("utf-8"))))
            sealed |= keys & SEALED_NAMES.keys()
            wrong += [
                (path.name, key, say) for key in keys - SEALED_NAMES.keys() for say in retired_in(key, words)
            ]
    assert wrong == []
    assert sealed == SEALED_NAMES.keys()


@pytest.mark.parametrize("name", ["HabitTable", "_HABIT_TABLE", "of_habit", "fit_part", "WholeHospital"])
def test_a_retired_word_is_found_in_a_name(name: str) -> None:
    """However it is written."""
    assert retired_in(name, retired_names())


@pytest.mark.parametrize("name", ["inhabitants", "part_of_fit", "harmonic", "whole", "retold"])
def test_a_name_with_another_word_is_not_taken_for_it(name: str) -> None:
    assert retired_in(name, retired_names()) == []


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
