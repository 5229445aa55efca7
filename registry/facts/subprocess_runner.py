"""A child process of a check: it fits, and the check, which fits nothing, reads what it wrote.

It starts in the folder that holds this code, so that it is this Vigie that it loads, whatever folder the command was
given in and whatever lies there.
"""

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

__all__ = ["Child"]

_ROOT = Path(__file__).resolve().parents[2]


class Child:
    """A started process that says how far it is, a line of JSON at a time: ``{"done": 0.5}``."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        """Starts ``command FOLDER``; its complaints go to a file there."""
        self._said = (folder / "stderr.txt").open("w+")
        self._process = subprocess.Popen(
            [*command, str(folder.resolve())],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
        )

    def wait(self, progress: Callable[[float], None]) -> str:
        """Waits for its end; returns "" where it did its work, else why not, in the words of its last line."""
        if self._process.stdout is not None:
            for line in self._process.stdout:
                done = _done(line)
                if done is not None:
                    progress(done)
        if self._process.wait() == 0:
            return ""
        self._said.seek(0)
        lines = self._said.read().strip().splitlines()
        return lines[-1] if lines else f"it ended with code {self._process.returncode}"

    def stop(self) -> None:
        """Ends it if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._said.close()


def _done(line: str) -> float | None:
    """The share done that a line holds; None where it holds none."""
    try:
        message = json.loads(line)
    except ValueError:
        return None
    done = message.get("done") if isinstance(message, dict) else None
    return float(done) if isinstance(done, int | float) else None
