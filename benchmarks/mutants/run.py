"""Runs a folder's mutants: its tests are surveyed, then one server a file and core forks mutant after mutant."""

import contextlib
import json
import os
import selectors
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.mutants.choice import Choice
from benchmarks.mutants.folders import Folder, HarnessError
from benchmarks.mutants.forks import Fork, start
from benchmarks.mutants.mutations import Mutation
from benchmarks.mutants.server import Job, Server, import_libraries, independent_modules
from benchmarks.mutants.state import Finding, Findings, TestDigests, digest
from benchmarks.mutants.survey import SurveyedFile, module_of, survey

__all__ = ["FolderRun", "run_folder"]

_SPLIT = 30
_PRODUCT = ("assembly", "centre", "cli", "explain", "hospital", "registry", "serving", "training")
Tell = Callable[[str], None]


@dataclass(frozen=True)
class FolderRun:
    """A folder's findings, one a mutant that was chosen, with the tests that were left out for their time."""

    folder: Folder
    findings: list[Finding]
    available: int
    slow: list[str]


@dataclass
class _Batch:
    """Mutants of one file for one server."""

    file: str
    jobs: list[Job]
    buffer: bytes = field(default=b"")


def run_folder(
    folder: Folder,
    mutations: list[Mutation],
    choice: Choice,
    state: Path,
    *,
    workers: int,
    fresh: bool,
    tell: Tell,
) -> FolderRun:
    """Judges the chosen mutants, those known already left out; what is found is kept at once.

    Args:
        state: the folder for what is kept.

    Raises:
        HarnessError: a test fails without a mutant. KeyboardInterrupt: stopped; all forks are ended.
    """
    findings, tests = Findings(state / "findings.jsonl"), TestDigests(folder)
    digests = {m.file: digest((folder.root / m.file).read_bytes()) for m in mutations}
    order = choice.order(folder.name, mutations)
    surveyed: list[SurveyedFile] = []
    done: set[Mutation] = set()
    while True:
        known = {m: findings.of(m, digests[m.file], tests) for m in order}
        if fresh:
            known = {m: found if m in done else None for m, found in known.items()}
        valid = [m for m in order if (found := known[m]) is None or found.outcome != "invalid"]
        wanted = valid[: choice.count(len(order))]
        waiting = [m for m in wanted if known[m] is None]
        if not surveyed and wanted:
            surveyed = _survey(folder, tests, state, tell)
        if not waiting:
            slow = sorted(test for file in surveyed for test in file.slow)
            return FolderRun(folder, [f for m in wanted if (f := known[m])], len(valid), slow)
        tell(f"{folder.name}: {len(waiting)} mutants to run, {len(wanted) - len(waiting)} known")
        progress = _Progress(folder.name, len(waiting), tell)
        for mutation, told in _run(folder, waiting, surveyed, state, workers):
            depends = tests.of(told["outcome"], told["killer"])
            place = (mutation.file, digests[mutation.file], mutation.key, mutation.line)
            told.pop("key")
            findings.add(Finding(*place, tests=depends, **told))
            done.add(mutation)
            progress.add(told["outcome"])


def _survey(folder: Folder, tests: TestDigests, state: Path, tell: Tell) -> list[SurveyedFile]:
    """Surveys the test files; again where the file, or any file of the product, has changed."""
    product = [
        p
        for name in _PRODUCT
        for p in sorted((folder.root / name).rglob("*.*"))
        if p.suffix in (".py", ".toml")
    ]
    settings = repr((folder.markers, folder.most_seconds, folder.without, folder.files))
    common = digest(settings.encode() + b"".join(path.read_bytes() for path in product))
    state.mkdir(parents=True, exist_ok=True)
    found: list[SurveyedFile] = []
    for file in folder.test_files():
        kept = state / "surveys" / f"{digest((common + tests.by_file[file]).encode())}.json"
        if not kept.exists():
            # Libraries that the files before it imported: under the trace their import takes longer than the tests.
            import_libraries([name for former in found for name in former.modules])
            begun = time.monotonic()
            result = survey(folder, file, state / "survey.log")
            kept.parent.mkdir(exist_ok=True)
            kept.with_suffix(".new").write_text(json.dumps(asdict(result)))
            kept.with_suffix(".new").rename(kept)
            tell(
                f"{folder.name}: {file} passes, {len(result.seconds)} tests, {time.monotonic() - begun:.0f} s"
            )
        found.append(SurveyedFile(**json.loads(kept.read_text())))
    return found


def _job(mutation: Mutation, surveyed: list[SurveyedFile], most_seconds: float) -> Job:
    seeing = [file for file in surveyed if file.sees(mutation.file, mutation.function)]
    own = _own(mutation, seeing)
    ranked = [
        (file is not own, shared, seconds, test)
        for file in seeing
        for shared, seconds, test in file.order(mutation.file, mutation.function)
    ]
    tests: dict[str, float] = {}
    for *_, seconds, test in sorted(ranked):
        if sum(tests.values()) > most_seconds:
            break
        tests[test] = seconds
    return Job(mutation, tests)


def _own(mutation: Mutation, seeing: list[SurveyedFile]) -> SurveyedFile | None:
    """The test file that most likely kills: of the mutated file's name, else the quickest that reaches it."""
    for file in seeing:
        if Path(file.file).stem == f"test_{Path(mutation.file).stem}":
            return file
    reaching = [
        (sum(file.seconds.values()), number)
        for number, file in enumerate(seeing)
        if not all(shared for shared, *_ in file.order(mutation.file, mutation.function))
    ]
    return seeing[min(reaching)[1]] if reaching else None


def _batches(
    folder: Folder, mutations: list[Mutation], surveyed: list[SurveyedFile], workers: int
) -> list[_Batch]:
    """A batch a file, the large ones split, the largest first, so that no core waits long at the end."""
    by_file: dict[str, list[Job]] = {}
    for mutation in mutations:
        by_file.setdefault(mutation.file, []).append(_job(mutation, surveyed, folder.most_seconds_together))
    batches = []
    for file, jobs in by_file.items():
        parts = workers if len(jobs) > _SPLIT else 1
        batches += [_Batch(file, jobs[part::parts]) for part in range(parts)]
    return sorted(batches, key=lambda batch: -len(batch.jobs))


def _run(
    folder: Folder, mutations: list[Mutation], surveyed: list[SurveyedFile], state: Path, workers: int
) -> Iterator[tuple[Mutation, dict[str, Any]]]:
    """Yields each mutant with what its server told of it."""
    imported = list(dict.fromkeys(name for file in surveyed for name in file.modules))
    import_libraries(imported)
    waiting = _batches(folder, mutations, surveyed, workers)
    by_key = {(m.file, m.key): m for m in mutations}
    running: dict[int, tuple[Fork, _Batch]] = {}
    free = [state / f"server-{number}.log" for number in range(workers)]
    logs: dict[int, Path] = {}
    with (
        selectors.DefaultSelector() as ready,
        tempfile.TemporaryDirectory(prefix="vigie-mutants-") as scratch,
    ):
        try:
            while waiting or running:
                while waiting and free:
                    batch, log = waiting.pop(0), free.pop()
                    fork = _serve(folder, batch, imported, log, Path(scratch))
                    running[fork.pipe], logs[fork.pipe] = (fork, batch), log
                    ready.register(fork.pipe, selectors.EVENT_READ)
                for key, _ in ready.select():
                    fork, batch = running[key.fd]
                    piece = os.read(key.fd, 1 << 16)
                    for told in _lines(batch, piece):
                        yield by_key[batch.file, told["key"]], told
                    if not piece:
                        ready.unregister(key.fd)
                        free.append(logs.pop(key.fd))
                        del running[key.fd]
                        _finish(fork, free[-1])
        finally:
            for fork, _ in running.values():
                fork.kill()
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(fork.pid, 0)


def _serve(folder: Folder, batch: _Batch, imported: list[str], log: Path, scratch: Path) -> Fork:
    modules = (
        independent_modules(module_of(batch.file), imported) if any(job.tests for job in batch.jobs) else []
    )

    def work(report: Callable[[Any], None]) -> None:
        try:
            server = Server(folder, batch.file, modules, log.with_suffix(".tests.log"), scratch)
            server.serve(batch.jobs, report)
        except HarnessError as error:
            report({"error": str(error)})

    return start(work, log)


def _lines(batch: _Batch, piece: bytes) -> Iterator[dict[str, Any]]:
    *whole, batch.buffer = (batch.buffer + piece).split(b"\n")
    for line in whole:
        told = json.loads(line)["value"]
        if "error" in told:
            raise HarnessError(told["error"])
        yield told


def _finish(fork: Fork, log: Path) -> None:
    os.close(fork.pipe)
    _, status = os.waitpid(fork.pid, 0)
    if status:
        raise HarnessError(f"a server of mutants ended with status {status}:\n{log.read_text()[-2000:]}")


class _Progress:
    """Tells how far it is, and when it will be done; on a terminal in one line."""

    def __init__(self, name: str, total: int, tell: Tell) -> None:
        self._name, self._total, self._tell = name, total, tell
        self._counts: dict[str, int] = {}
        self._begun = self._told = time.monotonic()

    def add(self, outcome: str) -> None:
        """One more."""
        self._counts[outcome] = self._counts.get(outcome, 0) + 1
        done, now = sum(self._counts.values()), time.monotonic()
        if now - self._told < (1 if sys.stderr.isatty() else 30) and done < self._total:
            return
        self._told = now
        left = (now - self._begun) / done * (self._total - done)
        counts = ", ".join(f"{name} {count}" for name, count in sorted(self._counts.items()))
        self._tell(f"{self._name}: {done} of {self._total} ({counts}); about {left / 60:.0f} min left")
