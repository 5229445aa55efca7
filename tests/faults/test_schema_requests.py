"""A real service asked by schemathesis, which knows the document alone: all answers are as it says.

`make bench-faults` runs all its phases with a token of every role and of each alone.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assembly.routes import ENDPOINTS
from benchmarks.faults.schema_tests import run_schema_tests
from hospital.times import moment
from tests.support.centre_home import give_centre
from tests.support.live_service import LiveService, live_service
from tests.support.small_demo import SmallDemo


@pytest.fixture
def demo(small_demo: SmallDemo, tmp_path: Path) -> SmallDemo:
    """A home with a command centre, to be written to."""
    own = small_demo.copied(tmp_path / "home")
    give_centre(own.settings, moment(own.end))
    return own


@pytest.fixture
def service(demo: SmallDemo) -> Iterator[LiveService]:
    """A service on it."""
    with live_service(demo) as found:
        yield found


def test_every_operation_answers_as_documented_at_and_beyond_each_limit(
    service: LiveService, demo: SmallDemo, tmp_path: Path
) -> None:
    """No status, type, header or body that the document lacks; nothing above 499; what breaks it is refused."""
    phases = ("examples", "coverage")
    found = run_schema_tests(service.url, demo.token, tmp_path / "reports", phases=phases, examples=3)
    assert found.failures == ()
    assert [found.phases[name] for name in phases] == ["success", "success"]
    documented = {
        (e.method, e.path) for e in ENDPOINTS if e.documented and e.path != "/docs.json"
    }  # what it reads
    assert found.operations == len(documented)
    assert found.requests > 20 * len(documented)
    assert found.unanswered == 0
    assert max(found.statuses) < 500
