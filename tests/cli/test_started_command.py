"""The command as a process: started from a clone or installed, completed by a shell, stopped."""

import os
import subprocess
import sys
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import pytest

from cli.child_process import command, environment
from cli.main import main
from tests.support.repository import ROOT

pytestmark = pytest.mark.usefixtures("home", "english")


@pytest.mark.parametrize("start", [["vigie.py"], ["-m", "cli"]], ids=" ".join)
def test_it_starts_from_a_clone(start: list[str]) -> None:
    """As `python vigie.py` and `python -m cli`, under the name `vigie`; the version is the installed one."""
    asked = [sys.executable, *start]
    done = subprocess.run([*asked, "--version"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"vigie {version('vigie')}\n"
    done = subprocess.run([*asked, "card"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: vigie card ")


def test_the_installed_command_completes(tmp_path: Path) -> None:
    """The shell's completion, as the script of `--show-completion bash` asks for it, from any folder."""
    installed = Path(sys.executable).with_name("vigie")

    def completions(words: str) -> set[str]:
        environment = {**os.environ, "_VIGIE_COMPLETE": "complete_bash", "COMP_WORDS": words}
        environment["COMP_CWORD"] = str(len(words.split(" ")) - 1)
        done = subprocess.run(
            [installed], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.stderr == ""
        return set(done.stdout.split())

    assert completions("vigie re") == {"resume", "retrain", "review"}
    assert completions("vigie card ") == {"bed-demand", "wait-time"}
    assert completions("vigie card wait-time 1 --format j") == {"json"}
    assert "--baseline-only" in completions("vigie train wait-time --ba")


def test_a_child_process_is_this_vigie(tmp_path: Path) -> None:
    """Whatever lies in the folder that it starts in."""
    (tmp_path / "cli.py").write_text("raise SystemExit('not this one')")
    done = subprocess.run(
        [*command("--version")], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("vigie ")


def test_a_stopped_verb_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C: exit code 130 and a line, no traceback."""

    def stop() -> datetime:
        raise KeyboardInterrupt

    assert main(["retrain", "--if-due", "--data", "folder"], clock=stop) == 130
    assert capsys.readouterr().err.strip().startswith("vigie: stopped")
