"""Code blocks of the documents run as they are written: in a folder like the demo's, against its service."""

import re
import shlex
from datetime import datetime
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from cli.demo.service_process import service
from cli.parser import make_app
from hospital.times import moment
from registry.settings import Settings
from tests.support.documents import DOCUMENTS, blocks, clone_in, run_as_reader, script_of
from tests.support.repository import ROOT
from tests.support.running_service import free_port
from tests.support.small_demo import SmallDemo

_RUN_HERE = {"api.md", "explanations.md", "simulator.md"}
_RUN_BY = {"explain/README.md": "tests/explain/test_standalone.py"}
_READ_BY = {
    "decisions.md": "tests/centre/decisions/test_decision_policy.py",
    "levels.md": "tests/centre/levels/test_level_policy.py",
    "mappings.md": "tests/hospital/mapping/test_mapping_file.py",
    "practice.md": "tests/centre/practice/test_protocol_file.py",
}
"""Documents with TOML, and the test that reads it as the program does."""

_COMMANDS = ("vigie", ".venv/bin", "make", "python", "python3", "pip", "uv", "curl", "export", "mlflow", "$")


def _verbs(block: str) -> list[list[str]]:
    """The words after ``vigie`` on each line that is such a command, without its comment."""
    text = block.replace("\\\n", " ")
    lines = [re.split(r" > | \| |\)$", line)[0] for line in text.splitlines()]
    found = [re.match(r"(?:\w+=\$\()?(?:\.venv/bin/)?vigie (?!=)(.*)", line) for line in lines]
    return [shlex.split(match[1], comments=True) for match in found if match]


COMMANDS = [
    (path.name, words)
    for path in DOCUMENTS
    for block in blocks(path)
    if block.kind == "sh"
    for words in _verbs(block.text)
]
INLINE = sorted(
    {
        (path.name, " ".join(words.split()))
        for path in DOCUMENTS
        if path.name != "next.md"  # which names what is not there yet
        for words in re.findall(r"(?<!`)`vigie ([^`]+)`", path.read_text(encoding="utf-8"))
    }
)


def test_every_block_is_run_or_says_why_not() -> None:
    """By its kind: sh and python are run, TOML is read, text is no command; the reasons are few and on the page."""
    kept_out = []
    for path in DOCUMENTS:
        kinds = {block.kind for block in blocks(path)}
        assert kinds <= {"sh", "python", "toml", "text"}, path
        assert path.read_text(encoding="utf-8").count("\n```") == 2 * len(blocks(path)), path
        run_here = path.name in _RUN_HERE
        if any(block.kind in ("sh", "python") and not block.reason for block in blocks(path)):
            usual = f"tests/journeys/test_documents_{'run' if run_here else 'as_written'}.py"
            runner = ROOT / _RUN_BY.get(str(path.relative_to(ROOT)), usual)
            assert f'"{path.name}"' in runner.read_text(encoding="utf-8"), path
        if "toml" in kinds:
            assert path.name in (ROOT / _READ_BY[path.name]).read_text(encoding="utf-8")
        for block in blocks(path):
            if block.kind == "text":
                assert not any(line.startswith(_COMMANDS) for line in block.text.splitlines()), path
            kept_out += [path.name] if block.reason else []
    assert kept_out == ["README.md", "README.md", "command-centre.md", "trust.md"]
    assert len(COMMANDS) > 40


@pytest.mark.parametrize(("document", "words"), INLINE, ids=[words[:40] for _, words in INLINE])
def test_every_verb_and_option_named_in_a_sentence_is_there(document: str, words: str) -> None:
    """With any values: what stands for one is in capitals, or …."""
    command, rest = get_command(make_app(TyperGroup)), words.split()
    while isinstance(command, TyperGroup) and rest and not rest[0].startswith("-"):
        assert rest[0] in command.commands, (document, words)
        command, rest = command.commands[rest[0]], rest[1:]
    named = {
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    named |= {"--help"}
    if not isinstance(command, TyperGroup) or command.name is None:
        assert {re.split("[=,.;]", word)[0] for word in rest if word.startswith("--")} <= named, (
            document,
            words,
        )


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
    folder = clone_in(tmp_path_factory.mktemp("clones") / "clone")
    small_demo.copied(folder / "vigie-demo")
    return folder


def test_the_page_for_applications_runs_as_it_is_written(small_demo: SmallDemo, clone: Path) -> None:
    """All blocks in one shell, one after the other, against the demo's service; only its port is another."""
    port, script = free_port(), script_of(ROOT / "docs" / "api.md")
    assert script.count("127.0.0.1:3000") == 1
    (clone / "data").mkdir()
    (clone / "data" / "passages.csv").write_text("N;Entrée\n77;2024-03-04T08:10Z\n", encoding="utf-8")
    (clone / "hospital.toml").write_text(_MAPPING, encoding="utf-8")
    settings = Settings(home=clone / "vigie-demo", port=port, language="en")
    with service(settings, datetime.fromisoformat(moment(small_demo.end).isoformat())):
        printed = run_as_reader(clone, script.replace("127.0.0.1:3000", f"127.0.0.1:{port}"))
    (wait,) = [line for line in printed.splitlines() if '"wait_minutes":{"p10":' in line]
    assert (
        '"trust":{"status":"trusted","warnings":[]}' in wait
    )  # a first answer that the page need not excuse
    assert "beds (" in printed
    assert '"hospital":[{' in printed


_MAPPING = """
[mapping]
name = "x"
zone = "Europe/Paris"
[tables.visits]
file = "passages.csv"
[tables.visits.columns]
visit_id = "N"
arrived_at = "Entrée"
"""


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
    text = "".join(block.text for block in blocks(ROOT / "docs" / document) if block.kind == "python")
    given = given if "explanations" in document else ""
    run_as_reader(clone, f"python - <<'PYTHON'\n{given}{text}PYTHON\n")
