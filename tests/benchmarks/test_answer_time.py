"""What an answer costs beside another checkout's: the best turn of each, by the processor's own account."""

import subprocess
import sys

import pytest

from benchmarks.results import Figure
from benchmarks.unchanged.answer_time import BEGINNING, figures_of, processor_seconds


def test_the_best_turns_are_held_against_each_other() -> None:
    """What else runs only adds: least by least, and a tenth more is still allowed."""
    found = figures_of({"a": [4.0, 2.0], "b": [1.0]}, {"a": [2.2, 9.0], "b": [1.2]}, "here")
    assert [f.figure for f in found[:3]] == [
        f"{BEGINNING} of a: processor time, before",
        f"{BEGINNING} of a: processor time, now",
        f"{BEGINNING} of a: processor time beside before",
    ]
    assert [f.measured for f in found] == [2.0, 2.2, 1.1, 1.0, 1.2, 1.2]
    assert [f.met for f in found] == [None, None, True, None, None, False]
    assert isinstance(found[0], Figure)


def test_the_processors_time_of_children_counts() -> None:
    """A process whose child computes has spent it; one that waits has not."""
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', %r])"
    busy = "import time\nwhile time.process_time() < 0.5: pass\nprint('done', flush=True)\ninput()"
    process = subprocess.Popen(
        [sys.executable, "-c", code % busy], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"done\n"
    spent = processor_seconds(process.pid)
    assert spent >= 0.45
    assert processor_seconds(process.pid) == pytest.approx(spent, abs=0.05)
    process.communicate(b"\n")
