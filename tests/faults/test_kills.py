"""kill -9 of each kind under writers and a feed of a large hospital: nothing acknowledged is lost or doubled.

`make bench-kills N=200` does as many, and writes benchmarks/results/kills.json.
"""

from pathlib import Path

import pytest

from tests.support.kills import KINDS, Experiment, experiment
from tests.support.small_demo import SmallDemo
from tests.support.writers import feed, mixed

EVENTS_AN_HOUR = 5_000
UNITS = 100


@pytest.fixture(scope="module")
def done(small_demo: SmallDemo, tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """One kill of each kind, in an order that shows the most in the least time."""
    demo = small_demo.copied(tmp_path_factory.mktemp("kills") / "home")
    return experiment(demo, KINDS, [mixed, mixed, feed(UNITS, 10)], seed=1)


def test_nothing_is_lost_and_nothing_doubled(done: Experiment) -> None:
    """Each write that was acknowledged stands in the record once, the journal is whole, and every start was good."""
    assert done.faults == ()
    assert {k.kind for k in done.kills} == set(KINDS)
    asked_again = [w for w in done.writers.acknowledged if w.attempts > 1]
    assert asked_again, "no kill met a write: nothing was shown"
    assert {w.path for w in done.writers.acknowledged} == {
        "/v1/observations",
        "/v1/wait-time",
        "/v1/decisions",
    }


def test_a_large_hospital_is_received_meanwhile(done: Experiment) -> None:
    """More than 5,000 rows of 100 units an hour, kills and starts included."""
    rows = [w for w in done.writers.acknowledged if "census" in w.body]
    assert sum(w.count for w in rows) / done.seconds * 3_600 > EVENTS_AN_HOUR
    assert len({row["unit"] for w in rows for row in w.body["census"]}) == UNITS


def test_with_two_workers_a_killed_one_or_supervisor_takes_nothing_with_it(
    small_demo: SmallDemo, tmp_path: Path
) -> None:
    """The other worker answers on; of a killed supervisor both end, and the next start finds the port free."""
    demo = small_demo.copied(tmp_path / "home")
    done = experiment(demo, ("worker", "supervisor"), [mixed, mixed, mixed], seed=2, workers=2)
    assert done.faults == ()
    assert len(done.kills) == 2
    assert any(w.attempts > 1 for w in done.writers.acknowledged), "no kill met a write: nothing was shown"
