"""docs/data-scientist.md quotes what the program says: its messages are made again here from small broken inputs."""

import io
import re
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from cli.main import main
from hospital.simulator import simulate, write
from registry.cards.finding_text import advice
from tests.support.installation import Installation
from tests.support.repository import ROOT

PAGE = ROOT / "docs" / "data-scientist.md"

NEEDS_A_MODEL = {
    "It is unsigned: it can be checked, but never approved.",  # tests/journeys/test_notebook.py sees it
    "There are no rows that neither version was fitted on and both can forecast",
}
"""Quoted too, and said only of what was trained."""

PASSAGES = """N° passage;Date d'entrée;1er contact médical;Date de sortie;Niveau;Sexe
1;01/03/2024 10:00;01/03/2024 10:40;01/03/2024 12:00;2;1
2;01/03/2024 11:00;01/03/2024 10:40;01/03/2024 12:00;9;1
3;31/03/2024 02:30;;01/04/2024 12:00;2;2
4;27/10/2024 02:30;27/10/2024 02:40;27/10/2024 05:00;3;2
5;2024-11-01 10:00;;;2;2
"""
MAPPING = """
[mapping]
name = "x"
zone = "Europe/Paris"
[tables.visits]
file = "passages.csv"
[tables.visits.columns]
visit_id = "N° passage"
arrived_at = { column = "Date d'entrée", format = "%d/%m/%Y %H:%M" }
seen_at = { column = "1er contact médical", format = "%d/%m/%Y %H:%M" }
left_at = { column = "Date de sortie", format = "%d/%m/%Y %H:%M" }
triage = { column = "Niveau", codes = { 2 = "2", 3 = "3" }, missing = ["9"] }
"""
WRONG = """
[mapping]
name = "x"
zone = "Europe/Paris"
[tables.visits]
file = "passages.csv"
[tables.visits.columns]
visit_id = "N° passage"
arrived_at = { column = "Date d'entrée", format = "%m/%Y" }
triage = { column = "Niveau", codes = { 2 = "II" } }
age = "Âge"
"""

BLOCK, UNSURE = {"verdict": "block"}, {"verdict": "inconclusive"}
GATES = {
    "accuracy": [UNSURE, BLOCK | {"note": "empty_scope"}, UNSURE | {"note": "too_few_blocks"}],
    "calibration": [UNSURE, BLOCK, UNSURE | {"note": "too_few_rows"}],
    "fairness": [
        BLOCK,
        UNSURE | {"note": "attribute_unknown"},
        UNSURE | {"note": "needs_more_rows", "lacking": 2045},
    ],
    "drift": [BLOCK],
    "contract": [BLOCK],
    "explanation": [BLOCK],
}
"""What a gate may find, as its report has it."""


class Program:
    """The command line, and all that it said."""

    def __init__(self) -> None:
        self.said = ""

    def run(self, *arguments: object) -> int:
        """One command's exit code."""
        with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
            code = main([str(a) for a in arguments])
        self.said += out.getvalue() + err.getvalue()
        return code


def _files(program: Program, folder: Path) -> None:
    """What drafting and reading say of broken files and mappings."""
    tables = folder / "tables"
    tables.mkdir()
    passages, draft = tables / "passages.csv", folder / "passages.toml"
    passages.write_text(PASSAGES, encoding="utf-8")
    assert program.run("data", "map", passages) == 0
    assert program.run("data", "map", passages, "--out", draft) == 0
    assert program.run("data", "map", passages, "--out", draft) == 2
    for name, text in (("nameless.csv", "12;01/02/2024\n13;02/02/2024\n"), ("c.csv", "C01;C02\n1;2\n")):
        (folder / name).write_text(text, encoding="utf-8")
        assert program.run("data", "map", folder / name) == 2
    mapping = folder / "mapping.toml"
    mistaken = MAPPING.replace('"N° passage"', '"N passage"').replace(', missing = ["9"]', "")
    for text in (draft.read_text(encoding="utf-8"), WRONG, mistaken, MAPPING):
        mapping.write_text(text, encoding="utf-8")
        assert program.run("data", "check", tables, "--mapping", mapping) == 2
    passages.write_text(
        "N° passage;Date d'entrée\n5;01/11/2024 10:00\n5;02/11/2024 11:00\n", encoding="utf-8"
    )
    twice = "\n".join(
        line for line in MAPPING.splitlines() if line.split(" ")[0] not in ("seen_at", "left_at", "triage")
    )
    mapping.write_text(twice, encoding="utf-8")
    assert program.run("data", "check", tables, "--mapping", mapping) == 2
    passages.write_text("N° passage;Date d'entrée\n1;01/03/2024 10:00\n2", encoding="utf-8")
    assert program.run("data", "check", tables, "--mapping", mapping) == 2


def _training(program: Program, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """What training says where it cannot begin."""
    short = folder / "short"
    write(simulate(120, seed=1, scale=0.15), short)
    assert program.run("train", "bed-demand", "--data", short) == 2
    assert program.run("train", "bed-demand", "--data", short, "--horizons", "400h") == 2
    write(simulate(230, seed=1, scale=0.1), folder / "longer")
    asked = ("train", "wait-time", "--data", folder / "longer", "--test-from", "2024-08-10")
    assert program.run(*asked) == 2
    for name in ("visits", "operations", "staffing"):
        (short / f"{name}.parquet").unlink()
    assert program.run("train", "wait-time", "--data", short) == 2
    assert program.run("train", "wait-time", "--data", "nowhere") == 2
    assert program.run("train", "wait-time", "--data", short, "--key", "nokey") == 2
    assert program.run("key", "create", "ada", "--out", folder / "ada.key") == 0
    assert program.run("key", "create", "ada", "--out", folder / "ada.key") == 2
    (folder / "file").touch()
    patch.setenv("VIGIE_HOME", str(folder / "file" / "home"))
    assert program.run("train", "wait-time", "--data", short) == 2


def _board(program: Program, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """What check, compare and review say of versions that are not there, not checked, not signed or edited."""
    home = folder / "installation"
    patch.setenv("VIGIE_HOME", str(home))
    made = Installation.make(home)
    candidate = made.register("1", model="bed-demand", author="stranger")
    review = ("review", "bed-demand", "1", "--approve", "--comment", "x", "--key", home / "keys" / "ada.json")
    assert program.run("compare", "bed-demand", "1", "2") == 2
    assert program.run(*review) == 2
    made.check(candidate)
    assert program.run(*review) == 2
    (home / "trust" / "trust.json").unlink()
    assert program.run(*review) == 2
    with (candidate.package / "median.ubj").open("ab") as file:
        file.write(b"x")
    assert program.run("check", "bed-demand", "1") == 2


def test_every_message_on_the_page_is_one_that_the_program_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each quoted in the column "you see", with … for what is another each time; none of them shows a value."""
    monkeypatch.setenv("VIGIE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VIGIE_LANGUAGE", "en")
    monkeypatch.chdir(tmp_path)
    program = Program()
    _files(program, tmp_path)
    _training(program, tmp_path, monkeypatch)
    _board(program, tmp_path, monkeypatch)
    tables = re.findall(
        r"^\| you see .*\n\|---.*\n((?:\|.*\n)+)", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    cells = [row.split(" | ")[0] for table in tables for row in table.splitlines()]
    quoted = [words for cell in cells for words in re.findall(r"`([^`]+)`", cell)]
    said = " ".join(program.said.split())
    unsaid = [q for q in quoted if not re.search(re.escape(q).replace("…", ".*?"), said)]
    assert set(unsaid) == NEEDS_A_MODEL
    assert len(quoted) > 25
    assert "10:40" not in program.said


def test_the_gates_say_what_the_page_quotes() -> None:
    """The column "says" of the table of gates, beside the gate that it names."""
    page = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z, ]+) \| `([^`]+)`[^|]*\|", page, re.MULTILINE)
    assert {gate for names, _ in rows for gate in names.split(", ")} == GATES.keys()
    for names, sentence in rows:
        for gate in names.split(", "):
            assert sentence in {advice(gate, finding, "en") for finding in GATES[gate]}
