"""The mutants' harness on a small project of its own: what it kills, what it lets live, and that it goes on."""

import gc
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.mutants.choice import Choice, mutations_in
from benchmarks.mutants.folders import Folder, HarnessError, Reasons, read_folders
from benchmarks.mutants.forks import start
from benchmarks.mutants.mutations import decides, mutate, mutations_of, words
from benchmarks.mutants.report import figures_of
from benchmarks.mutants.run import FolderRun, run_folder
from tests.support.repository import ROOT

_ALL = Choice()
_SOURCE = '''"""A module that only the harness sees."""

LEAST = 3


def is_enough(count: int | None) -> bool:
    """Whether a count is enough."""
    return count >= LEAST


def unused(count):
    return count > 0
'''
_TESTS = """import kiosk


def test_four_are_enough_and_one_is_not():
    assert kiosk.is_enough(4)
    assert not kiosk.is_enough(1)
"""


@pytest.fixture
def project(tmp_path: Path) -> Folder:
    """A project of one module, whose one test leaves the threshold itself open."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "kiosk.py").write_text(_SOURCE)
    (tmp_path / "tests" / "test_kiosk.py").write_text(_TESTS)
    return Folder("kiosk", ("kiosk.py",), ("tests",), pinned=("kiosk.py",), root=tmp_path)


def judge(folder: Folder, choice: Choice = _ALL, tell: Callable[[str], None] = lambda _: None) -> FolderRun:
    """All mutants of the project, or those of a choice."""
    mutations = mutations_in(folder, folder.sources())
    state = folder.root / "state"
    return run_folder(folder, mutations, choice, state, workers=2, fresh=False, tell=tell)


def test_a_mutant_that_a_test_sees_is_killed_and_one_at_the_threshold_survives(project: Folder) -> None:
    """Each outcome is that of the project's one test; what no test runs survives. The tree stays as it is."""
    found = {(f.before, f.after): f.outcome for f in judge(project).findings}
    assert found["return count >= LEAST", "return count <= LEAST"] == "test"
    assert found["return count >= LEAST", "return count > LEAST"] == "survived"
    assert found["LEAST = 3", "LEAST = 2"] == "survived"
    assert found["return count > 0", "return count >= 0"] == "unreached"
    assert (project.root / "kiosk.py").read_text() == _SOURCE
    compiled = {path.relative_to(project.root).parts[:2] for path in project.root.rglob("*.pyc")}
    assert compiled == {("state", "bytecode")}, "tests are compiled once, and not into the tree"


def test_an_endless_loop_counts_as_killed_and_is_counted_apart(project: Folder) -> None:
    """A countdown that counts up never ends: the processor's time limit ends it."""
    (project.root / "kiosk.py").write_text("def down(n):\n    while n:\n        n -= 1\n    return n\n")
    test = "import kiosk\n\n\ndef test_counts_down():\n    assert kiosk.down(2) == 0\n"
    (project.root / "tests" / "test_kiosk.py").write_text(test)
    run = judge(project)
    outcomes = {f.after: f.outcome for f in run.findings}
    assert outcomes["n += 1"] == "timeout"
    assert "timed out" in figures_of(run, _ALL, Reasons({}, {}), "0")[0].conditions


def test_a_stopped_run_goes_on_from_where_it_was(project: Folder) -> None:
    """What was found is kept at once: the second run starts after the first's last mutant, torn line and all."""
    told: list[str] = []

    def stop(text: str) -> None:
        told.append(text)
        if "(" in text:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge(project, Choice(size=4, seed=1), stop)
    state = project.root / "state" / "findings.jsonl"
    state.write_text(state.read_text() + '{"file": "kio')
    told.clear()
    judge(project, tell=told.append)
    assert any(line.endswith("mutants to run, 4 known") for line in told)
    told.clear()
    judge(project, tell=told.append)
    assert told == []


def test_after_a_new_test_only_survivors_run_again(project: Folder) -> None:
    """A kill stands while the test that killed is the same; a survivor is tried against the new tests."""
    first = judge(project)
    (project.root / "tests" / "test_threshold.py").write_text(
        "import kiosk\n\n\ndef test_exactly_three():\n    assert kiosk.is_enough(3)\n"
        "    assert not kiosk.is_enough(2)\n"
    )
    told: list[str] = []
    run = judge(project, tell=told.append)
    alive = {f.after for f in run.findings if f.outcome == "survived"}
    assert "return count > LEAST" not in alive
    assert "LEAST = 2" not in alive
    killed = sum(f.outcome == "test" for f in first.findings)
    assert any(line.endswith(f"mutants to run, {killed} known") for line in told)


def test_a_mutant_is_tried_against_the_nearest_tests_for_a_limited_time(project: Folder) -> None:
    """What a test further away would see counts as a survivor then: the rate is never better than it is."""
    (project.root / "tests" / "test_kiosk.py").write_text(
        _TESTS + "\n\ndef test_slowly():\n    for _ in range(2_000_000):\n        kiosk.LEAST += 0\n"
        "    assert kiosk.is_enough(4)\n"
    )
    (project.root / "tests" / "test_threshold.py").write_text(
        "import kiosk\n\n\ndef test_exactly_three():\n    assert kiosk.is_enough(3)\n"
    )
    for most, outcome in ((0.01, "survived"), (math.inf, "test")):
        run = judge(replace(project, most_seconds_together=most))
        assert {f.outcome for f in run.findings if f.after == "return count > LEAST"} == {outcome}


def test_a_test_that_fails_without_a_mutant_stops_the_run(project: Folder) -> None:
    """Else every mutant would count as killed."""
    (project.root / "tests" / "test_kiosk.py").write_text("def test_broken():\n    assert 1 == 2\n")
    with pytest.raises(HarnessError, match="test_broken"):
        judge(project)


def test_a_test_that_needs_another_to_have_run_first_stops_the_run(project: Folder) -> None:
    """It passes in its file's order, and fails in that of the mutants, the quickest first: what it sees is no kill."""
    (project.root / "tests" / "test_kiosk.py").write_text(
        "import time\n\nimport kiosk\n\nopened = []\n\n\n"
        "def test_slow_opening():\n    began = time.process_time()\n"
        "    while time.process_time() < began + 0.3:\n        opened.append(kiosk.is_enough(4))\n\n\n"
        "def test_quick_count():\n    assert opened\n    assert kiosk.is_enough(4)\n"
    )
    with pytest.raises(HarnessError, match="its tests fail without a mutant"):
        judge(project)


def test_a_forks_garbage_collector_leaves_alone_what_was_there_before(tmp_path: Path) -> None:
    """Pytest collects garbage when it ends: over all that its parent had imported it took longer than the tests."""
    answer = start(lambda report: report(len(gc.get_objects())), tmp_path / "log").wait(60)
    assert answer.value < len(gc.get_objects()) / 10


def test_the_same_seed_draws_the_same_sample(project: Folder) -> None:
    """A sample is known by its size and seed."""
    mutations = mutations_in(project, project.sources())
    draws = [Choice(5, seed).order("kiosk", mutations)[:5] for seed in (1, 1, 2)]
    assert draws[0] == draws[1]
    assert draws[0] != draws[2]


@pytest.mark.parametrize(
    ("line", "mutants"),
    [
        ("a < b", {"a <= b", "a > b"}),
        ("a and not b", {"a or not b", "a and b"}),
        ("a in b", {"a not in b"}),
        ("x[1] - y", {"x[2] - y", "x[0] - y", "x[1] + y"}),
        ("'a' if a else b", {"'a' if True else b", "'a' if False else b"}),
        ("kind == 'bed'", {"kind != 'bed'", "kind == 'bedXX'"}),
        ("folder / 'bed'", set()),
    ],
)
def test_what_a_line_becomes(line: str, mutants: set[str]) -> None:
    """Each mutant of an expression, by hand."""
    source = f"def f():\n    x = {line}\n"
    found = {words(source, mutate(source, m))[1].removeprefix("x = ") for m in mutations_of("f.py", source)}
    assert found == mutants


def test_annotations_decorators_and_text_are_left_alone() -> None:
    """Nothing of them decides."""
    source = '@cached(size=3)\ndef f(a: int | None, *, b: int) -> tuple[1]:\n    """Is 1 < 2."""\n    b: int | None\n'
    assert mutations_of("f.py", source) == []
    assert not decides(source)


def test_every_pattern_of_the_real_folders_names_a_file() -> None:
    """A file that was moved would be mutated, tested or asked for reasons no longer, and nobody would see it."""
    for folder in read_folders(ROOT / "benchmarks" / "mutants" / "folders.toml", []):
        patterns = (*folder.files, *folder.tests, *folder.pinned)
        assert [p for p in patterns if not any(ROOT.glob(p))] == [], folder.name


def test_every_line_that_has_a_reason_is_there() -> None:
    """A line that was changed since has mutants of its own, whose reasons nobody gave."""
    reasons = Reasons.read(ROOT / "benchmarks" / "mutants_equivalent.toml")
    places = [*reasons.equivalent, *reasons.survivor]
    texts = {file: " ".join((ROOT / file).read_text("utf-8").split()) for file, _, _ in places}
    assert len(places) > 20
    assert [(file, before) for file, before, _ in places if before not in texts[file]] == []


def test_a_survivor_of_a_pinned_file_needs_a_reason_and_an_equivalent_one_leaves_the_rate(
    project: Folder,
) -> None:
    """The list of reasons moves the figures as it says, and no further than 5 %."""
    run = judge(project)
    run = replace(run, findings=[f for f in run.findings if f.before == "return count >= LEAST"])
    places = [(f.file, f.before, f.after) for f in run.findings if not f.killed]
    plain, share, survivors = figures_of(run, _ALL, Reasons({}, {}), "0")
    assert (survivors.measured, survivors.met) == (1, False)
    assert figures_of(run, _ALL, Reasons({}, dict.fromkeys(places, "why")), "0")[2].met is True
    lifted, share, _ = figures_of(run, _ALL, Reasons(dict.fromkeys(places, "why"), {}), "0")
    assert (lifted.measured, share.met) == (100.0, False)
    assert plain.measured < 90
