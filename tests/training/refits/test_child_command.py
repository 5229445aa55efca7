"""The command that a check is given for its refits: a module that is there, handed down without loading it."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from tests.support.repository import ROOT
from training.refits.child_command import REFITS


def test_the_command_runs_a_module_that_is_there() -> None:
    """By the interpreter that asks for it."""
    program, option, module = REFITS
    assert (program, option) == (sys.executable, "-m")
    assert find_spec(module) is not None


def test_refits_load_xgboost_without_its_wrappers_for_scikit_learn(tmp_path: Path) -> None:
    """Without a request it ends when everything is loaded."""
    command = [REFITS[0], "-X", "importtime", *REFITS[1:], str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "request.json" in done.stderr
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "xgboost" in loaded
    assert [name for name in loaded if name.startswith("sklearn.")] == []


def test_whoever_hands_the_command_down_loads_no_library_that_trains() -> None:
    """The registry stands below training, and a check is asked for by those who never train."""
    code = (
        "import sys, training.refits.child_command; print({'xgboost', 'numpy', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "set()"), done.stderr
