"""Which of the built variants this processor runs."""

import re
from pathlib import Path

from explain.build import variants
from explain.kernel import processor_has


def test_a_variant_runs_where_the_processor_has_all_that_it_needs() -> None:
    """Beside the flags that Linux shows of the first core; what needs nothing runs everywhere."""
    shown = re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    flags = set(shown[1].split()) if shown else set()
    needed = variants()
    assert {name: processor_has(name) for name in needed} == {
        name: all(flag in flags for flag in wanted) for name, wanted in needed.items()
    }
    assert any(processor_has(name) for name in needed)
