"""The tests of a folder without a mutant: which pass, how long each takes, and which functions each reaches.

Every test file is run in a process of its own, so that nothing that another file has kept hides a call.
"""

import os
import signal
import sys
import threading
from collections.abc import Generator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import hypothesis
import pytest

from benchmarks.mutants.folders import Folder, HarnessError
from benchmarks.mutants.forks import TimeLimit, processor_seconds, start

__all__ = [
    "OWN",
    "SurveyedFile",
    "keep_compiled",
    "module_of",
    "pytest_arguments",
    "same_examples",
    "survey",
]

OWN = (
    "assembly",
    "centre",
    "cli",
    "explain",
    "hospital",
    "registry",
    "serving",
    "training",
    "tests",
    "benchmarks",
    "conftest",
)
_CLOCK_FACTOR = 20


@dataclass(frozen=True)
class SurveyedFile:
    """One test file.

    Attributes:
        seconds: processor time by test that is run, without what its file's shared fixtures took. reached: the
        functions ("file:Class.method") by test; under "" those called by all: at import and in shared fixtures.
        slow: the tests left out because they take too long. modules: what was imported, in order.
    """

    file: str
    seconds: dict[str, float]
    reached: dict[str, list[str]]
    slow: list[str]
    modules: list[str]

    def sees(self, file: str, function: str | None) -> bool:
        """Whether a mutant in a function, or (None) in what a file runs at import, can change what a test sees."""
        if function is None:
            return module_of(file) in self.modules
        return any(f"{file}:{function}" in names for names in self.reached.values())

    def order(self, file: str, function: str | None) -> list[tuple[bool, float, str]]:
        """(in a file whose fixtures alone reach the function, seconds, test) of each test that can see a mutant there.

        A test that never calls the function cannot see it changed: it is left out.
        """
        if function is None:
            return [(False, seconds, test) for test, seconds in self.seconds.items()]
        place = f"{file}:{function}"
        shared = place in self.reached.get("", ())
        direct = {test for test, names in self.reached.items() if place in names}
        return [
            (test not in direct, seconds, test)
            for test, seconds in self.seconds.items()
            if shared or test in direct
        ]


def survey(folder: Folder, file: str, log: Path) -> SurveyedFile:
    """Runs one test file without a mutant.

    Raises:
        HarnessError: a test fails.
    """
    plugin = _Survey(folder)

    def work(report: Any) -> None:
        sys.path.insert(0, str(folder.root))
        os.chdir(folder.root)
        same_examples()
        keep_compiled(log)
        plugin.begin()
        status = pytest.main([*pytest_arguments(folder), file], plugins=[plugin])
        plugin.end()
        report({"status": int(status), "failed": plugin.failed, "found": asdict(plugin.found(file))})

    answer = start(work, log).wait(clock=3600)
    if answer.value is None or answer.value["failed"] or answer.value["status"] not in (0, 1, 5):
        failed = ", ".join(answer.value["failed"]) if answer.value else ""
        raise HarnessError(f"{file} fails without a mutant: {failed}\n{log.read_text()[-2000:]}")
    return SurveyedFile(**answer.value["found"])


def pytest_arguments(folder: Folder) -> list[str]:
    """Pytest's options, the same with and without a mutant.

    Pytest's search for plugins takes four times as long as its start without.
    """
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    options = ["-q", "-x", "--tb=short", "-p", "no:cacheprovider", "-p", "_hypothesis_pytestplugin"]
    return [*options, "-o", "addopts=", "--rootdir", str(folder.root), "-m", folder.markers]


def same_examples() -> None:
    """Hypothesis draws the same examples each time, and keeps none from one mutant for the next."""
    hypothesis.settings.register_profile("mutants", database=None, derandomize=True, deadline=None)
    hypothesis.settings.load_profile("mutants")


def keep_compiled(log: Path) -> None:
    """Has Python keep what it compiles in a folder beside a log, and not in the tree."""
    sys.pycache_prefix, sys.dont_write_bytecode = str(log.parent / "bytecode"), False


def module_of(file: str) -> str:
    """The module's name."""
    return file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


class _Survey:
    """Pytest plugin: times each test, ends slow ones, and notes each call of a function of the folder's files."""

    def __init__(self, folder: Folder) -> None:
        self._limits = folder.most_seconds
        self._files = {str(folder.root / file): file for file in folder.sources()}
        self._without = folder.without
        self._current = ""
        self._reached: dict[str, set[str]] = {"": set()}
        self._seconds: dict[str, float] = {}
        self._slow: list[str] = []
        self._item = ""
        self._late: set[str] = set()
        self._shared = 0.0
        self.failed: list[str] = []

    def begin(self) -> None:
        for number in (signal.SIGPROF, signal.SIGALRM):
            signal.signal(number, self._over)
        threading.settrace(self._trace)
        sys.settrace(self._trace)

    def end(self) -> None:
        self._watch(0)
        sys.settrace(None)

    def found(self, file: str) -> SurveyedFile:
        kept = {test: s for test, s in self._seconds.items() if test not in self._slow}
        reached = {test: sorted(names) for test, names in self._reached.items() if test in kept or not test}
        modules = [name for name in sys.modules if name.split(".")[0] not in ("__main__", "_pytest")]
        return SurveyedFile(file, kept, reached, sorted(set(self._slow)), modules)

    def _trace(self, frame: FrameType, _event: str, _argument: Any) -> None:
        code = frame.f_code
        file = self._files.get(code.co_filename)
        if file is not None:
            name = code.co_qualname.split(".<locals>")[0]
            self._reached.setdefault(self._current, set()).add(f"{file}:{name}")

    def _watch(self, seconds: float) -> None:
        # Again and again: what is raised while an object is being cleared away is lost.
        signal.setitimer(signal.ITIMER_PROF, seconds, seconds)
        signal.setitimer(signal.ITIMER_REAL, seconds * _CLOCK_FACTOR, seconds * _CLOCK_FACTOR)

    def _over(self, *_: object) -> None:
        self._late.add(self._item)
        raise TimeLimit

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if not is_named(item.nodeid, self._without)]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._current = self._item = item.nodeid
        self._shared, before = 0.0, processor_seconds()
        self._watch(self._limits)
        try:
            return (yield)
        finally:
            self._watch(0)
            seconds = processor_seconds() - before
            self._seconds[item.nodeid] = round(seconds - self._shared, 3)
            self._current = ""
            if seconds - self._shared > self._limits:
                self._slow.append(item.nodeid)

    def pytest_runtest_call(self) -> None:
        self._watch(self._limits)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        if fixturedef.scope == "function":
            return (yield)
        test, self._current, before = self._current, "", processor_seconds()
        self._watch(self._limits)
        try:
            return (yield)
        finally:
            self._current = test
            self._shared += processor_seconds() - before
            self._watch(self._limits)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, Any, Any]:
        self._watch(0)
        report = yield
        late = item.nodeid in self._late
        # A shared fixture that was ended leaves Pytest unable to set up what needs it; the tests that are kept are
        # run once more before the first mutant.
        if report.failed and (late or (self._slow and call.when != "call")):
            self._slow.append(item.nodeid)
            report.outcome = "skipped"
            report.longrepr = (item.nodeid, 0, "takes too long")
        elif report.failed:
            self.failed.append(item.nodeid)
        return report

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)


def is_named(test: str, names: tuple[str, ...]) -> bool:
    """Whether a test is one of those: "test_x" or "file.py::test_x", with or without its parameters."""
    plain = test.split("[")[0]
    return any(test.endswith(name) or plain.endswith(name) for name in names)
