"""Verbs, their options and defaults: those of the documents, and what is wrong in a line."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from cli.arguments import Horizons
from cli.main import main
from cli.parser import make_app
from tests.support.command_line import VERBS, fails
from tests.support.repository import ROOT

pytestmark = pytest.mark.usefixtures("home", "english")


def test_each_verb_imports_only_what_it_needs() -> None:
    """Help and keys come without the libraries of training, serving and the database."""
    program = (
        "import sys; from cli.main import main\n"
        "assert main(['train', '--help']) == 0\n"
        "heavy = {'xgboost', 'mlflow', 'shap', 'pandas', 'bentoml', 'fairlearn', 'numpy', 'sqlalchemy', 'pydantic', "
        "'rich', 'babel', 'importlib.resources', 'tempfile', 'zipfile'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_verb_has_the_options_of_the_documents(
    capsys: pytest.CaptureFixture[str], verb: tuple[str, ...]
) -> None:
    """No option comes or goes by mistake; each has a help, and so has the verb."""
    assert main([*verb, "--help"]) == 0
    text = capsys.readouterr().out
    options = re.findall(r"^  (?:-h, )?(--[\w-]+)(.*)$", text, flags=re.MULTILINE)
    assert {name for name, _ in options} == VERBS[verb] | {"--help"}
    assert text.startswith(f"Usage: vigie {' '.join(verb)} ")
    assert text.splitlines()[2].strip()


@pytest.mark.parametrize("verb", [(), *VERBS], ids=" ".join)
def test_help_names_the_home(capsys: pytest.CaptureFixture[str], verb: tuple[str, ...]) -> None:
    """Wherever a verb works in one, and where all verbs are listed; the demo says that it does not."""
    assert main([*verb, "--help"]) == 0
    named = "VIGIE_HOME" in capsys.readouterr().out
    assert named is (verb not in (("simulate",), ("key", "create")))


def test_wrong_settings_are_said_with_what_they_may_be(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them, with choices and limits, and without the value."""
    for name, value in (
        ("PORT", "70000"),
        ("LANGUAGE", "de"),
        ("MONITOR_MINUTES", "0"),
        ("CLOCK_START", "noon"),
    ):
        monkeypatch.setenv(f"VIGIE_{name}", value)
    said = fails(capsys, "policy")
    variables = ("VIGIE_PORT", "VIGIE_LANGUAGE", "VIGIE_MONITOR_MINUTES", "VIGIE_CLOCK_START")
    for words in (*variables, "65535", "'fr' ou 'en'"):
        assert words in said
    assert "70000" not in said


def test_the_roles_of_tokens_are_those_that_there_are() -> None:
    """The command line lists what the registry takes."""
    from cli.commands.service_commands import TokenRole
    from registry.record.tokens import ROLES

    assert tuple(TokenRole) == ROLES


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Missing command"),
        (["trian"], "Did you mean 'train'"),
        (["data"], "Missing command"),
        (["train"], "Missing argument 'MODEL'"),
        (["train", "wait-time"], "Missing option '--data'"),
        (["train", "beds", "--data", "d"], "'beds' is not one of 'bed-demand', 'wait-time'"),
        (["train", "wait-time", "--data", "d", "--horizons", "4,24"], "as in 4h,24h,3d"),
        (["train", "wait-time", "--data", "d", "--tune", "501"], "'--tune'"),
        (["train", "wait-time", "--data", "d", "--tune", "0"], "'--tune'"),
        (["train", "wait-time", "--data", "d", "--test-from", "20.1.2024"], "as in 2024-01-31"),
        (["simulate", "--days", "few", "--out", "d"], "'--days'"),
        (["card", "wait-time", "1", "--langage", "fr"], "--language"),
        (["review", "wait-time", "1", "--key", "k", "--comment", "c"], "--approve / --refuse"),
        (["review", "wait-time", "1", "--key", "k", "--comment", "c", "--approve", "--refuse"], "--approve / --refuse"),
        (["key", "trust", "ada", "key", "--role", "king"], "'king' is not one of 'author', 'board', 'releaser'"),
        (["retrain", "--data", "d"], "--if-due"),
        (["journal", "burn"], "No such command 'burn'"),
        (["simulate", "--days", "0", "--out", "d"], "greater than or equal to 1"),
        (["simulate", "--days", "2", "--out", "d", "--seed", "-1"], "greater than or equal to 0"),
        (["train", "wait-time", "--data", "d", "--threads", "0"], "greater than or equal to 1"),
        (["serve", "--port", "70000"], "less than or equal to 65535"),
        (["demo", "--port", "0"], "greater than or equal to 1"),
        (["token", "create", "app"], "application, operator, data_scientist, board, auditor, admin"),
        (["token", "create", "app", "--role", "king"], "is not one of 'application', 'operator'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_wrong_usage_is_said_in_a_line(
    capsys: pytest.CaptureFixture[str], home: Path, arguments: list[str], words: str
) -> None:
    """Exit code 2, the usage, what is wrong and where the help is; nothing is begun."""
    assert main(arguments) == 2
    usage, why = capsys.readouterr().err.splitlines()
    assert usage.startswith("Usage: vigie")
    assert why.startswith("vigie: ")
    assert words in why
    assert why.endswith("--help`.")
    assert not home.exists()


def test_defaults_and_typed_values_reach_the_verb(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    """What is written on the command line is what a verb works with; what is not written has its default."""
    verb = get_command(make_app(TyperGroup)).commands["explain"]  # type: ignore[attr-defined]
    arguments = ("bed-demand", "--data", "in", "--out", "x.parquet")

    def given(*more: str) -> dict[str, Any]:
        return dict(verb.make_context("explain", [*arguments, *more]).params)

    default = {"model": "bed-demand", "data": Path("in"), "out": Path("x.parquet")}
    default |= dict.fromkeys(("version", "mapping", "plot", "language"))
    assert given() == default
    assert given("--version", "3", "--language", "en") == {**default, "version": "3", "language": "en"}
    assert "No version of bed-demand is released" in fails(capsys, "explain", *arguments)
    assert "version 3" in fails(capsys, "explain", *arguments, "--version", "3")


def test_horizons_are_hours() -> None:
    """Days are 24 hours each."""
    assert Horizons.parse("4h, 24h,3d") == (4.0, 24.0, 72.0)
