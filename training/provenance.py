"""Which code trained: the commit of this repository, or the installed version."""

import shutil
import subprocess
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path

__all__ = ["code_commit"]

_ROOT = Path(__file__).resolve().parents[1]


def code_commit() -> str:
    """The commit of this code, ``+changed`` where files differ from it; where there is no repository the version."""
    git = shutil.which("git")
    if git is not None and (_ROOT / ".git").exists():
        head = subprocess.run(
            [git, "rev-parse", "HEAD"], cwd=_ROOT, capture_output=True, text=True, check=False
        )
        changed = subprocess.run([git, "status", "--porcelain"], cwd=_ROOT, capture_output=True, check=False)
        if head.returncode == 0:
            return head.stdout.strip() + ("+changed" if changed.stdout.strip() else "")
    try:
        return f"vigie {installed('vigie')}"
    except PackageNotFoundError:
        return "unknown"
