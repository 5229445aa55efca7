"""Whatever is given to a verb, it ends in words: exit code 1 or 2, never a traceback."""

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from cli.main import main
from cli.parser import make_app
from tests.support.command_line import VERBS

pytestmark = pytest.mark.usefixtures("english")

FILES = ("folder", "empty", "bytes", "missing", "closed")
"""What stands in place of a file that a verb wants."""
HOMES = (
    "none",
    "file",
    "folder-in-file",
    "unreadable",
    "database-is-folder",
    "database-is-text",
    "trust-is-text",
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with one of each wrong file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").touch()
    (tmp_path / "bytes").write_bytes(b"\x00\xff\xfe{]\n" * 40)
    (tmp_path / "closed").write_text("x")
    (tmp_path / "closed").chmod(0)
    monkeypatch.setenv("VIGIE_HOME", str(tmp_path / "home"))
    return tmp_path


def spoil_home(place: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home that is wrong in one way."""
    home = place / "home"
    if kind == "file":
        home.write_text("not a folder")
    elif kind == "folder-in-file":
        monkeypatch.setenv("VIGIE_HOME", str(place / "empty" / "home"))
    elif kind != "none":
        home.mkdir()
    if kind == "database-is-folder":
        (home / "vigie.db").mkdir()
    elif kind == "database-is-text":
        (home / "vigie.db").write_text("no database" * 100)
    elif kind == "trust-is-text":
        (home / "trust").mkdir()
        (home / "trust" / "trust.json").write_text("[]")
    elif kind == "unreadable":
        home.chmod(0)


_READS_ALL = pytest.mark.skipif(os.geteuid() == 0, reason="to root nothing is unreadable")
_NOT_SERVED = [
    pytest.param(kind, marks=_READS_ALL if kind == "unreadable" else ())
    for kind in HOMES
    if kind not in ("none", "trust-is-text")
]


def ends_in_words(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a verb says on standard error; its exit code is 0, 1 or 2, and no error comes out of it."""
    code = main(arguments)
    said = capsys.readouterr()
    assert code in (0, 1, 2), arguments
    assert "Traceback" not in said.err + said.out, arguments
    assert "a mistake of Vigie's" not in said.err, (arguments, said.err)
    assert code == 0 or said.err.strip() or said.out.strip(), arguments
    return said.err


SIMULATED = ["simulate", "--days", "3", "--out", "o", "--scale", "0.1"]
REQUIRED = {
    ("simulate",): ["--days", "2", "--out", "{file}", "--scale", "0.1"],
    ("init",): ["--zone", "Europe/Paris", "--finess", "350000006", "--unit", "A=B"],
    ("import",): ["{file}", "--mapping", "{file}"],
    ("data", "check"): ["{file}", "--mapping", "{file}"],
    ("data", "map"): ["{file}"],
    ("train",): ["wait-time", "--data", "{file}", "--key", "{file}"],
    ("compare",): ["wait-time", "1", "2", "--data", "{file}"],
    ("explain",): ["wait-time", "--data", "{file}", "--out", "{file}", "--mapping", "{file}"],
    ("why",): ["p1"],
    ("counterfactual",): ["p1", "--at-most", "3"],
    ("check",): ["wait-time", "1", "--recent", "{file}", "--policy", "{file}"],
    ("card",): ["wait-time", "1", "--out", "{file}"],
    ("review",): ["wait-time", "1", "--approve", "--comment", "c", "--key", "{file}"],
    ("promote",): ["wait-time", "1", "--key", "{file}"],
    ("rollback",): ["wait-time", "--key", "{file}"],
    ("feed",): ["{file}", "--mapping", "{file}", "--token-file", "{file}"],
    ("webhook", "list"): [],
    ("webhook", "secret"): ["beds"],
    ("key", "public"): ["{file}"],
    ("key", "create"): ["ada", "--out", "{file}"],
    ("key", "trust"): ["ada", "C5qirdvyAV1UTz_773d1svOI4H38u-NnY6jGOqhXnE8=", "--role", "author"],
    ("key", "retire"): ["ada", "--reason", "r", "--key", "{file}"],
    ("trust", "init"): ["--key", "{file}"],
    ("stop",): ["wait-time", "--key", "{file}", "--reason", "r"],
    ("resume",): ["wait-time", "--key", "{file}", "--reason", "r"],
    ("policy",): ["--file", "{file}"],
    ("monitor",): ["--acknowledge", "x", "--key", "{file}", "--reason", "r"],
    ("retrain",): ["--if-due", "--data", "{file}", "--key", "{file}"],
    ("journal", "verify"): [],
    ("journal", "export"): [],
    ("journal", "erase"): ["--subject", "x", "--reason", "r"],
    ("journal", "accept-lost-checkpoints"): ["--key", "x", "--reason", "r"],
    ("journal", "accept-restore"): ["--key", "x", "--reason", "r"],
    ("journal", "retain"): ["--carry-out"],
    ("token", "create"): ["app", "--role", "application"],
    ("token", "revoke"): ["nobody"],
    ("token", "list"): [],
    ("token", "link"): ["nobody"],
    ("doctor",): [],
    ("decisions", "check"): ["{file}"],
    ("levels", "check"): ["{file}"],
    ("protocol", "add"): ["{file}", "--key", "{file}"],
    ("protocol", "review"): ["a", "1", "--approve", "--comment", "c", "--key", "{file}"],
    ("protocol", "use"): ["a", "1", "--reason", "r", "--key", "{file}"],
    ("protocol", "list"): [],
    ("protocol", "search"): ["lits"],
}
"""Arguments that a verb cannot do without, `{file}` where it reads or writes one. `demo` and `serve` stay running."""


def alone(verb: tuple[str, ...]) -> list[str]:
    """A verb without arguments; `monitor` would go on for ever."""
    return [*verb, "--once"] if verb == ("monitor",) else [*verb]


def test_every_verb_is_tried() -> None:
    """One that is added is tried, too."""
    assert set(REQUIRED) | {("demo",), ("serve",)} == set(VERBS)


@pytest.mark.parametrize("verb", REQUIRED, ids=" ".join)
@pytest.mark.parametrize("file", FILES)
def test_a_wrong_file(
    verb: tuple[str, ...], file: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder, an empty file, bytes, none, one that may not be read: in place of each file at once."""
    ends_in_words([*verb, *[a.format(file=place / file) for a in REQUIRED[verb]]], capsys)


@pytest.mark.parametrize("verb", REQUIRED, ids=" ".join)
@pytest.mark.parametrize("kind", HOMES)
def test_a_wrong_home(
    verb: tuple[str, ...],
    kind: str,
    place: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file in its place, below a file, one that may not be read, a database or a trust file that is none."""
    spoil_home(place, kind, monkeypatch)
    ends_in_words([*verb, *[a.format(file=place / "missing") for a in REQUIRED[verb]]], capsys)
    ends_in_words(alone(verb), capsys)


@pytest.mark.parametrize("kind", _NOT_SERVED)
def test_serve_in_a_wrong_home(kind: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends at once, in a line; with a trust file that is none it serves, for nothing is released there."""
    spoil_home(place, kind, monkeypatch)
    done = subprocess.run(
        [sys.executable, "-m", "cli", "serve"], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("vigie: ")
    assert "Traceback" not in done.stderr


def wrong_words(verb: tuple[str, ...]) -> Iterator[list[str]]:
    """Nothing, too much, unknown options, empty and odd texts in each place."""
    yield alone(verb)
    yield [*verb, "--nonsense"]
    yield [*verb, *["x"] * 9]
    for odd in ("", " ", "\x00", "é" * 300, "../..", "-1", "１"):
        for place, _ in enumerate(REQUIRED[verb]):
            words = [*REQUIRED[verb]]
            words[place] = odd
            yield [*verb, *words]


@pytest.mark.parametrize("verb", REQUIRED, ids=" ".join)
def test_wrong_words(verb: tuple[str, ...], place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In place of each argument in turn."""
    for words in wrong_words(verb):
        ends_in_words([word.format(file="missing") for word in words], capsys)


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "wait-time", "--data", "folder", "--horizons", "0h"],
        ["train", "bed-demand", "--data", "folder", "--horizons", "99999999999999999999d"],
        [*SIMULATED, "--start", "9999-12-31"],
        [*SIMULATED, "--start", "0001-01-01"],
        [*SIMULATED, "--scale", "0.09"],
        [*SIMULATED, "--scale", "nan"],
        [*SIMULATED, "--unfair", "sex=F:nan"],
        [*SIMULATED, "--unfair", "sex=F:-1"],
        [*SIMULATED, "--shift", "1e400@1"],
        [*SIMULATED, "--shift", "2@99999999999999999999"],
        ["import", "folder", "--since", "0001-01-01"],
        ["train", "wait-time", "--data", "folder", "--test-from", "0001-01-01"],
    ],
    ids=" ".join,
)
def test_numbers_and_days_at_their_ends(
    arguments: list[str], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Zero, too large, not a number, the first and the last day that there are."""
    ends_in_words(arguments, capsys)


def test_a_mistake_of_ours_is_a_line(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    """What nobody foresaw: where it happened, and never its text, which may hold values."""

    def broken() -> datetime:
        raise KeyError("Madame Durand")

    assert main(["retrain", "--if-due", "--data", "folder"], clock=broken) == 2
    said = capsys.readouterr().err
    assert "unexpected KeyError at test_no_traceback.py:" in said
    assert "Durand" not in said


def test_the_parser_knows_no_other_verb() -> None:
    """The verbs of the documents are all that there are."""
    from typer.core import TyperGroup
    from typer.main import get_command

    root = get_command(make_app(TyperGroup))
    names = [
        [(name, below) for below in getattr(command, "commands", {})] or [(name,)]
        for name, command in root.commands.items()  # type: ignore[attr-defined]
    ]
    assert set(itertools.chain(*names)) == set(VERBS)
