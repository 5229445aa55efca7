"""The command line as a child process: this very Vigie, whatever lies in the folder that it is started in."""

import os
import sys
from pathlib import Path

__all__ = ["command", "environment"]

_ROOT = Path(__file__).resolve().parents[1]


def command(*arguments: str) -> tuple[str, ...]:
    """`vigie` with these arguments, run by the Python that runs now."""
    return (sys.executable, "-m", "cli", *arguments)


def environment() -> dict[str, str]:
    """This process's environment, in which `command` loads this Vigie.

    Python alone would look first in the folder that the child starts in, where a hospital may keep a `cli.py`.
    """
    known = os.environ.get("PYTHONPATH", "")
    places = os.pathsep.join([str(_ROOT), *known.split(os.pathsep)]) if known else str(_ROOT)
    return {**os.environ, "PYTHONPATH": places, "PYTHONSAFEPATH": "1"}
