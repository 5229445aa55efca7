"""The folders to mutate and their tests, from `folders.toml`; and the mutants that a person has given a reason."""

import fnmatch
import math
import tomllib
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Folder", "HarnessError", "Reasons", "read_folders"]

ROOT = Path(__file__).resolve().parents[2]
_MOST_EQUIVALENT = 0.05


class HarnessError(Exception):
    """The mutants cannot be judged: a test fails without one, or a setting is wrong. Says what to do."""


@dataclass(frozen=True)
class Folder:
    """One folder of product code.

    Attributes:
        name: as it stands in the results. root: where its paths begin. files: patterns of what is mutated. tests:
        files or folders of its tests. pinned: patterns of files whose survivors need a reason. without: names
        ("test_x" or "file.py::test_x") of tests that are left out. markers: pytest's -m. most_seconds: processor
        time of a test that is still run. most_seconds_together: of the tests that one mutant is tried against, the
        nearest first; what survives them counts as a survivor.
    """

    name: str
    files: tuple[str, ...]
    tests: tuple[str, ...]
    pinned: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    markers: str = ""
    most_seconds: float = 5.0
    most_seconds_together: float = math.inf
    root: Path = ROOT

    def sources(self) -> list[str]:
        """The files to mutate, from the root."""
        return self._found(self.files)

    def test_files(self) -> list[str]:
        """The test files, from the root."""
        found = self._found([p if p.endswith(".py") else f"{p}/**/test_*.py" for p in self.tests])
        if not found:
            raise HarnessError(f"{self.name}: no test file in {', '.join(self.tests)}; correct folders.toml.")
        return found

    def is_pinned(self, file: str) -> bool:
        """Whether each survivor in the file needs a reason."""
        return any(fnmatch.fnmatch(file, pattern) for pattern in self.pinned)

    def _found(self, patterns: list[str] | tuple[str, ...]) -> list[str]:
        return sorted(
            {str(p.relative_to(self.root)) for pattern in patterns for p in self.root.glob(pattern)}
        )


def read_folders(path: Path, names: list[str]) -> list[Folder]:
    """The folders of a file, or those that are named.

    Raises:
        HarnessError: a name or a key that is not known.
    """
    body = tomllib.loads(path.read_text())
    shared = {key: body[key] for key in ("markers", "most_seconds", "most_seconds_together")}
    try:
        folders = [
            Folder(**{**shared, **{k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}})
            for entry in body["folder"]
        ]
    except TypeError as error:
        raise HarnessError(f"{path.name}: {error}.") from None
    unknown = sorted(set(names) - {folder.name for folder in folders})
    if unknown:
        raise HarnessError(f"no folder {', '.join(unknown)}; there are {', '.join(f.name for f in folders)}.")
    return [folder for folder in folders if not names or folder.name in names]


@dataclass(frozen=True)
class Reasons:
    """Reasons by (file, line before, line after): of equivalent mutants, and of survivors that stay."""

    equivalent: dict[tuple[str, str, str], str]
    survivor: dict[tuple[str, str, str], str]

    @classmethod
    def read(cls, path: Path) -> "Reasons":
        """Reads the committed list.

        Raises:
            HarnessError: an entry without a reason.
        """
        body = tomllib.loads(path.read_text())
        kinds = []
        for kind in ("equivalent", "survivor"):
            entries = body.get(kind, [])
            if any(not str(entry.get("reason", "")).strip() for entry in entries):
                raise HarnessError(f"{path.name}: an entry of [[{kind}]] has no reason; write one.")
            kinds.append({(e["file"], e["before"], e["after"]): str(e["reason"]) for e in entries})
        return cls(*kinds)

    @staticmethod
    def too_many(equivalent: int, mutants: int) -> bool:
        """Whether more than 5 % of a folder's mutants are called equivalent."""
        return equivalent > _MOST_EQUIVALENT * mutants
