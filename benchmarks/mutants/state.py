"""What was found about each mutant, one line each in a file that is only added to, so that a stopped run goes on."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.mutants.folders import Folder
from benchmarks.mutants.mutations import Mutation

__all__ = ["KILLED", "Finding", "Findings", "TestDigests", "digest"]

KILLED = ("test", "import", "crash", "timeout")
"""How a mutant is killed: a test fails, nothing can be imported, the process dies, or it takes too long."""


@dataclass(frozen=True)
class Finding:
    """One judged mutant.

    Attributes:
        digest: of the file that was mutated. outcome: one of KILLED, "survived", "unreached" (no test runs the
        line: it survives) or "invalid" (no program: it does not count). killer: the test. tests: digest of the
        killer's file, or of all tests of the folder where it survived.
    """

    file: str
    digest: str
    key: str
    line: int
    outcome: str
    before: str
    after: str
    killer: str | None
    tests: str
    seconds: float
    clock: float

    @property
    def killed(self) -> bool:
        """Whether it counts as killed."""
        return self.outcome in KILLED


class TestDigests:
    """Digests of a folder's test files, each with what they share."""

    __test__ = False

    def __init__(self, folder: Folder) -> None:
        shared = sorted(p for p in (folder.root / "tests").rglob("*.py") if not p.name.startswith("test_"))
        common = digest(b"".join(path.read_bytes() for path in shared))
        files = folder.test_files()
        self.by_file = {f: digest(common.encode() + (folder.root / f).read_bytes()) for f in files}
        settings = f"{folder.markers} {folder.most_seconds} {folder.most_seconds_together} {folder.without}"
        self.all = digest(" ".join([settings, *self.by_file.values()]).encode())

    def of(self, outcome: str, killer: str | None) -> str:
        """The digest that the finding depends on."""
        if outcome == "test" and killer:
            return self.by_file.get(killer.split("::")[0], "gone")
        return self.all if outcome in ("survived", "unreached") else ""


class Findings:
    """The state file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[tuple[str, str, str], Finding] = {}
        for line in path.read_text().splitlines() if path.exists() else []:
            try:
                finding = Finding(**json.loads(line))
            except (ValueError, TypeError):  # the last line of a run that was killed, or another version's
                continue
            self._known[finding.file, finding.digest, finding.key] = finding

    def add(self, finding: Finding) -> None:
        """Keeps a finding."""
        self._known[finding.file, finding.digest, finding.key] = finding
        self._path.parent.mkdir(parents=True, exist_ok=True)
        torn = self._path.exists() and self._path.read_bytes()[-1:] != b"\n"
        with open(self._path, "a") as file:
            file.write(("\n" if torn else "") + json.dumps(asdict(finding), ensure_ascii=False) + "\n")

    def of(self, mutation: Mutation, source_digest: str, tests: TestDigests) -> Finding | None:
        """What is known of a mutant of that very file: a kill stands as long as the test that killed it does."""
        found = self._known.get((mutation.file, source_digest, mutation.key))
        if found is None or found.tests != tests.of(found.outcome, found.killer):
            return None
        return found


def digest(content: bytes) -> str:
    """Short name of some bytes."""
    return hashlib.sha256(content).hexdigest()[:16]
