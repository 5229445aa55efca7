"""Code blocks of the documents run as they are written: in a folder like the demo's, against its service."""

import os
import re
import shlex
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from cli.demo.service_process import service
from cli.parser import make_app
from hospital.times import moment
from registry.settings import Settings
from tests.support.repository import ROOT
from tests.support.running_service import free_port
from tests.support.small_demo import SmallDemo

_DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ELSEWHERE = {
    "README.md": {""},  # make targets, and pip in an environment of its own; its verbs below
    "command-centre.md": {""},  # tests/cli/test_feed.py
    "data-check.md": {""},
    "data-scientist.md": {"", "python"},  # Python needs a sealed training: as in the notebook
    "first-hour.md": {""},
    "levels.md": {"toml"},  # tests/centre/levels/test_level_policy.py
    "mappings.md": {"", "toml"},  # TOML: tests/hospital/mapping/test_mapping_file.py
    "monitoring.md": {""},
    "practice.md": {"toml", "text"},  # tests/centre/practice/test_protocol_file.py
    "trust.md": {""},
}
"""Kinds of blocks that other tests run, or that hold what a hospital fills in: their verbs are parsed below."""


def _blocks(path: Path) -> list[tuple[str, str]]:
    return _BLOCK.findall(path.read_text(encoding="utf-8"))


def _verbs(block: str) -> list[list[str]]:
    """The words after ``vigie`` on each line that is such a command, without its comment."""
    text = block.replace("\\\n", " ")
    lines = [re.split("  | > ", line)[0] for line in text.splitlines()]  # then: what it does, or where to
    commands = [
        shlex.split(line, comments=True) for line in lines if re.match(r"(\.venv/bin/)?vigie (?!=)", line)
    ]
    return [words[1:] for words in commands if not any(w.startswith("[") or "|" in w for w in words)]


COMMANDS = [
    (path.name, words) for path in _DOCUMENTS for _, block in _blocks(path) for words in _verbs(block)
]


def test_no_kind_of_block_is_left_out() -> None:
    """A document with a block that no test runs is to be named here, with the test that does."""
    ours = {"api.md": {"sh", "python", ""}, "explanations.md": {"python"}, "simulator.md": {"python"}}
    kinds = {path.name: {kind for kind, _ in _blocks(path)} for path in _DOCUMENTS}
    assert {name: kind for name, kind in kinds.items() if kind} == {**_ELSEWHERE, **ours}
    assert len(COMMANDS) > 20


@pytest.mark.parametrize(("document", "words"), COMMANDS, ids=[" ".join(w[:3]) for _, w in COMMANDS])
def test_every_command_is_one_that_the_command_line_takes(
    document: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each verb with its arguments and options is parsed, and not run."""
    monkeypatch.chdir(tmp_path)
    command, context = get_command(make_app(TyperGroup)), None
    while isinstance(command, TyperGroup):
        context = command.make_context("vigie", ["--version"], parent=context, resilient_parsing=True)
        assert words[0] in command.commands, (document, words)
        command, words = command.commands[words[0]], words[1:]
        if not words and isinstance(command, TyperGroup):
            return
    command.make_context("vigie", words, parent=context)


@pytest.fixture(scope="module")
def clone(small_demo: SmallDemo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a clone is after `make demo`: the demo's home, and the environment with Vigie in it."""
    folder = tmp_path_factory.mktemp("clone")
    small_demo.copied(folder / "vigie-demo")
    (folder / ".venv").symlink_to(Path(sys.executable).parents[1])
    return folder


def _run(folder: Path, script: str) -> str:
    """What a script printed, in a shell that knows nothing of Vigie yet."""
    environment = {n: v for n, v in os.environ.items() if not n.startswith("VIGIE_")}
    environment["PATH"] = "/usr/local/bin:/usr/bin:/bin"
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_the_page_for_applications_runs_as_it_is_written(small_demo: SmallDemo, clone: Path) -> None:
    """All blocks in one shell, one after the other, against the demo's service; only its port is another."""
    port, script = free_port(), ""
    for kind, text in _blocks(ROOT / "docs" / "api.md"):
        script += {"sh": text, "python": f"python - <<'PYTHON'\n{text}PYTHON\n"}.get(kind, "") + "echo\n"
    assert script.count("127.0.0.1:3000") == 1
    settings = Settings(home=clone / "vigie-demo", port=port, language="en")
    with service(settings, datetime.fromisoformat(moment(small_demo.end).isoformat())):
        printed = _run(clone, script.replace("127.0.0.1:3000", f"127.0.0.1:{port}"))
    assert '"wait_minutes":{"p10":' in printed
    assert "beds (" in printed
    assert '"hospital":[{' in printed


@pytest.mark.parametrize("document", ["explanations.md", "simulator.md"])
def test_python_runs_as_it_is_written(small_demo: SmallDemo, clone: Path, document: str) -> None:
    """With a released model, its rows and reference rows under the names that the page gives them."""
    package = next((clone / "vigie-demo" / "candidates").glob("bed-demand/*/package/median.ubj"))
    (clone / "median.ubj").write_bytes(package.read_bytes())
    given = (
        "import matplotlib, numpy as np\nmatplotlib.use('agg')\nfrom explain import TreeEngine as E\n"
        "width = E.load('median.ubj').features\nX = np.zeros((40, width), np.float32)\n"
        "R, x, r = X[:3], X[0], X[1]\nnames = [f'f{k}' for k in range(width)]\n"
    )
    text = "".join(text for kind, text in _blocks(ROOT / "docs" / document) if kind == "python")
    _run(clone, f".venv/bin/python - <<'PYTHON'\n{given if 'explanations' in document else ''}{text}PYTHON\n")
