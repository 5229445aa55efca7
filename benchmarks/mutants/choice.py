"""Which mutants to run: all, a sample by a seed, or those of the files that have changed."""

import json
import random
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.mutants.folders import ROOT, Folder, HarnessError
from benchmarks.mutants.mutations import Mutation, decides, mutations_of

__all__ = ["Choice", "changed_files", "head", "mutations_in", "uncommitted"]

_COMMIT = re.compile(r"\bcommit ([0-9a-f]{7,40})\b")


@dataclass(frozen=True)
class Choice:
    """What was asked for: a sample's size and seed, all (no size), or (`changed`) the changed files only."""

    size: int | None = None
    seed: int = 0
    changed: bool = False

    def order(self, folder: str, mutations: list[Mutation]) -> list[Mutation]:
        """The mutations in the order in which they are drawn; a sample is the first of these that are valid."""
        if self.size is None:
            return mutations
        return random.Random(f"{self.seed} {folder}").sample(mutations, len(mutations))  # noqa: S311

    def count(self, available: int) -> int:
        """How many of these are wanted."""
        return available if self.size is None else min(self.size, available)

    def words(self, available: int) -> str:
        """The choice, for the results."""
        if self.size is None or self.size >= available:
            return f"all {available} mutants"
        return f"{self.size} of {available} mutants drawn by seed {self.seed}"


def mutations_in(folder: Folder, files: list[str]) -> list[Mutation]:
    """All mutations of the files that have a comparison, a branch or arithmetic."""
    found = []
    for file in files:
        source = (folder.root / file).read_text()
        if decides(source):
            found += mutations_of(file, source)
    return found


def changed_files(folder: Folder, base: str | None, results: Path) -> list[str]:
    """The folder's files that differ from `base`, or from the commit at which its results were measured.

    Raises:
        HarnessError: there is no such commit.
    """
    base = base or _measured_at(folder, results)
    if base is None:
        raise HarnessError(
            f"{folder.name} has no results yet: give BASE=<commit>, or measure with ALL=1 or SAMPLE=150 SEED=<n>."
        )
    changed = set(_git("diff", "--name-only", base, "--", *folder.sources()).split())
    changed |= set(_git("ls-files", "--others", "--exclude-standard").split())
    return [file for file in folder.sources() if file in changed]


def head() -> str:
    """The commit that is checked out."""
    return _git("rev-parse", "--short=12", "HEAD").strip()


def uncommitted(folder: Folder) -> bool:
    """Whether the folder or its tests differ from the commit."""
    return bool(_git("status", "--porcelain", "--", *folder.sources(), *folder.tests).strip())


def _measured_at(folder: Folder, results: Path) -> str | None:
    figures = json.loads(results.read_text()) if results.exists() else []
    for figure in figures:
        commit = _COMMIT.search(figure["conditions"])
        if figure["figure"].startswith(f"{folder.name}: ") and commit:
            return commit[1]
    return None


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607
    if done.returncode:
        raise HarnessError(f"git {' '.join(arguments[:3])}: {done.stderr.strip()}")
    return done.stdout
