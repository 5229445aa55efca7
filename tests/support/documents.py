"""Code blocks of the documents: which there are, and how a reader's shell runs them."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.repository import ROOT

__all__ = ["DOCUMENTS", "Block", "blocks", "clone_in", "run_as_reader", "script_of"]

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "explain" / "README.md"]
DOCUMENTS += sorted((ROOT / "docs").rglob("*.md"))
_BLOCK = re.compile(
    r"^```(\w*)\n(.*?)^```$(?:\n\n\*Not run with the other blocks: ([^*]+)\*$)?", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """A code block.

    Attributes:
        kind: sh and python are run, toml is read, text is what a program prints.
        reason: why it is not run, as the document says right below it; empty: it is run.
    """

    kind: str
    text: str
    reason: str


def blocks(path: Path) -> list[Block]:
    """The blocks of a document, in its order."""
    return [Block(*parts) for parts in _BLOCK.findall(path.read_text(encoding="utf-8"))]


def script_of(document: Path) -> str:
    """The blocks that are run, one after the other, as one script for bash."""
    parts = []
    for block in blocks(document):
        if block.kind == "sh" and not block.reason:
            parts += [_with_its_exit_codes(line) for line in block.text.splitlines()]
        elif block.kind == "python":
            parts += ["python - <<'PYTHON'", *block.text.splitlines(), "PYTHON"]
    return "\n".join([*parts, "echo"])


def _with_its_exit_codes(line: str) -> str:
    """A line whose comment says what exit code 1 means may end with it."""
    command, mark, comment = line.partition(" # ")
    return f"{command} || [ $? -eq 1 ] # {comment}" if mark and re.search(r"\b1 \w", comment) else line


def run_as_reader(folder: Path, script: str, given: Mapping[str, str] | None = None) -> str:
    """What a script printed, in a shell that knows nothing of Vigie yet, and stops at the first failure.

    Args:
        folder: where it runs; `folder / "reader"`, which is made, is the reader's own home.
        given: environment variables that the reader has set.
    """
    (folder / "reader").mkdir(exist_ok=True)
    environment = {n: v for n, v in os.environ.items() if not n.startswith("VIGIE_")}
    environment |= {"PATH": f"{folder}/.venv/bin:/usr/local/bin:/usr/bin:/bin", "HOME": f"{folder}/reader"}
    # Matplotlib's list of fonts is made once for all, and Vigie is that of this tree.
    environment |= {"MPLCONFIGDIR": str(Path.home() / ".config" / "matplotlib"), "PYTHONPATH": str(ROOT)}
    environment |= given or {}
    done = subprocess.run(
        ["bash", "-e", "-x", "-o", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return done.stdout


def clone_in(folder: Path, parts: Sequence[str] = ()) -> Path:
    """A folder as a clone is after its set-up: the environment with Vigie in it, and these parts of the repository."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".venv").symlink_to(Path(sys.executable).parents[1])
    for part in parts:
        (folder / part).symlink_to(ROOT / part)
    return folder
