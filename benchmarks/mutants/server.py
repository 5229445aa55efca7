"""A process that has all imported that does not depend on one file, and forks once for each of the file's mutants."""

import functools
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

import grimp
import pytest

from benchmarks.mutants.folders import Folder, HarnessError
from benchmarks.mutants.forks import Answer, Limits, processor_seconds, start, time_limit
from benchmarks.mutants.mutations import Mutation, mutate, words
from benchmarks.mutants.survey import OWN, keep_compiled, module_of, pytest_arguments, same_examples

__all__ = ["Job", "Server", "import_libraries", "independent_modules"]

_PACKAGES = ("assembly", "centre", "cli", "explain", "hospital", "registry", "serving", "training", "tests")
_CLOCK_FACTOR, _CLOCK_LEAST = 20, 300.0
_PROCESSOR_FACTOR, _PROCESSOR_LEAST = 3, 60.0  # the least: imports, and fixtures that tests share
_TEST_LEAST = 5.0


@dataclass(frozen=True)
class Job:
    """One mutant, and the tests to run against it, in order, with the processor seconds of each without a mutant.

    No test: none can see it.
    """

    mutation: Mutation
    tests: dict[str, float]


class _Finder(importlib.abc.MetaPathFinder):
    """Gives Python the mutated source for one module."""

    def __init__(self, module: str, path: Path, source: str) -> None:
        self._module, self._path, self._source = module, path, source

    def find_spec(self, name: str, *_: Any) -> importlib.machinery.ModuleSpec | None:
        if name != self._module:
            return None
        loader = _Loader(name, str(self._path))
        loader.source = self._source
        package = [str(self._path.parent)] if self._path.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(
            name, self._path, loader=loader, submodule_search_locations=package
        )


class _Loader(importlib.machinery.SourceFileLoader):
    source = ""

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.source, self.path, "exec", dont_inherit=True)


class _Order:
    """Pytest plugin: runs the named tests in their order, each for a limited time; keeps the first that fails."""

    def __init__(self, tests: dict[str, float]) -> None:
        self._rank = {test: number for number, test in enumerate(tests)}
        self._seconds = tests
        self.killer: str | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((i for i in items if i.nodeid in self._rank), key=lambda i: self._rank[i.nodeid])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        with time_limit(_PROCESSOR_FACTOR * self._seconds[item.nodeid] + _TEST_LEAST):
            return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self.killer is None:
            self.killer = report.nodeid


def import_libraries(modules: list[str]) -> None:
    """Imports what is not ours, as the tests would; what cannot be imported alone is left to them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in modules:
            if name not in sys.modules and name.split(".")[0] not in OWN and not name.startswith("vigie"):
                _try_import(name)


@functools.cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph(*_PACKAGES, cache_dir=None)


def independent_modules(module: str, imported: list[str]) -> list[str]:
    """Of the imported modules those of ours that neither are nor import `module`, directly or through others.

    Importing a module imports the packages that it lies in, so their `__init__` counts as well.
    """
    if module.split(".")[0] not in _PACKAGES:
        return []
    graph = _graph()
    importers: dict[str, set[str]] = {}
    for name in graph.modules:
        for found in {name} | graph.find_modules_directly_imported_by(name):
            parts = found.split(".")
            for length in range(1, len(parts) + 1):
                importers.setdefault(".".join(parts[:length]), set()).add(name)
    tainted, waiting = {module}, [module]
    while waiting:
        new = importers.get(waiting.pop(), set()) - tainted
        tainted |= new
        waiting += new
    kept = [n for n in imported if n in graph.modules and n not in tainted]
    return [n for n in kept if not n.rpartition(".")[2].startswith(("test_", "conftest"))]


class Server:
    """Runs mutants of one file.

    Args:
        modules: those of ours to import beforehand. log: where the tests' output goes; compiled modules lie beside
        it. scratch: an empty folder that its owner removes, however the server ends.
    """

    def __init__(self, folder: Folder, file: str, modules: list[str], log: Path, scratch: Path) -> None:
        self._folder, self._file, self._log = folder, file, log
        self._scratch = scratch
        self._passing: set[str] = set()
        self._source = (folder.root / file).read_text()
        self._module = module_of(file)
        keep_compiled(log)  # each fork imports anew what depends on the file; a mutant itself is never kept
        sys.path.insert(0, str(folder.root))
        os.chdir(folder.root)
        for name in modules:
            _try_import(name)
        if self._module in sys.modules:
            raise HarnessError(f"{self._module} was imported before it was mutated.")

    def serve(self, jobs: list[Job], report: Callable[[Any], None]) -> None:
        """Runs the jobs one after the other and reports on each.

        Raises:
            HarnessError: a test that ends a mutant fails without one, too.
        """
        for job in jobs:
            report({"key": job.mutation.key, **self._judge(job)})

    def _judge(self, job: Job) -> dict[str, Any]:
        mutated = mutate(self._source, job.mutation)
        before, after = words(self._source, mutated)
        told = {"before": before, "after": after, "killer": None, "seconds": 0.0, "clock": 0.0}
        try:
            compile(mutated, self._file, "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return {**told, "outcome": "invalid"}
        if before == after:
            return {**told, "outcome": "invalid"}
        if not job.tests:
            return {**told, "outcome": "unreached"}
        found = self._run(mutated, job.tests)
        if found["outcome"] != "survived":
            self._require_passing(job, found["killer"])
        return {**told, **found}

    def _require_passing(self, job: Job, killer: str | None) -> None:
        """Raises HarnessError unless the file as it is passes the tests up to the one that ended a mutant."""
        names = list(job.tests)
        ran = names[: names.index(killer) + 1] if killer in job.tests else names[:1]
        if self._passing.issuperset(ran):
            return
        clean = self._run(self._source, {name: job.tests[name] for name in ran})
        if clean["outcome"] != "survived":
            said = self._log.read_text()[-2000:]
            raise HarnessError(f"{self._file}: its tests fail without a mutant: {clean}\n{said}")
        self._passing.update(ran)

    def _run(self, source: str, tests: dict[str, float]) -> dict[str, Any]:
        """Runs the tests on a source of the module, in a fork."""
        expected = sum(tests.values())
        limits = Limits(
            _PROCESSOR_FACTOR * expected + _PROCESSOR_LEAST, _CLOCK_FACTOR * expected + _CLOCK_LEAST
        )
        with tempfile.TemporaryDirectory(dir=self._scratch) as scratch:

            def work(report: Callable[[Any], None]) -> None:
                before = processor_seconds()
                sys.meta_path.insert(0, _Finder(self._module, self._folder.root / self._file, source))
                os.environ["TMPDIR"] = tempfile.tempdir = scratch
                same_examples()
                order = _Order(tests)
                options = [*pytest_arguments(self._folder), "--basetemp", f"{scratch}/pytest"]
                status = 0
                for files in _own_and_others(tests):
                    status = status or int(pytest.main([*options, *files], plugins=[order]))
                report({"status": status, "killer": order.killer, "seconds": processor_seconds() - before})

            begun = time.monotonic()
            answer = start(work, self._log, limits).wait(limits.clock)
            clock = round(time.monotonic() - begun, 3)
        value = answer.value or {"seconds": limits.processor if answer.late else 0.0, "killer": None}
        seconds = round(value["seconds"], 3)
        return {"outcome": _outcome(answer), "killer": value["killer"], "seconds": seconds, "clock": clock}


def _own_and_others(tests: Iterable[str]) -> list[list[str]]:
    """The first test's file, then all others: collecting those as well would take longer than most kills do."""
    files = list(dict.fromkeys(test.split("::")[0] for test in tests))
    return [group for group in (files[:1], files[1:]) if group]


def _outcome(answer: Answer) -> str:
    """survived, killed by a test, at import (or collection) or by a crash, or timed out."""
    if answer.late:
        return "timeout"
    if answer.value is None:
        return "crash"
    status = answer.value["status"]
    return {0: "survived", 1: "test"}.get(status, "import")


def _try_import(name: str) -> None:
    try:
        importlib.import_module(name)
    except BaseException:
        sys.modules.pop(name, None)
