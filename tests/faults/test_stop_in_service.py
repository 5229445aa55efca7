"""A model is stopped, resumed, replaced under two workers and their callers: all follow in time, nobody is dropped."""

import time
from collections.abc import Iterator

import pytest

from tests.support.callers import Answer, Callers, calling
from tests.support.demo_versions import approve_next_version, key_file
from tests.support.live_service import LiveService, live_service, vigie
from tests.support.small_demo import SmallDemo

WORKERS = 2
SECONDS = 2.0


@pytest.fixture(scope="module")
def demo(small_demo: SmallDemo, tmp_path_factory: pytest.TempPathFactory) -> SmallDemo:
    """A home of this module's own."""
    return small_demo.copied(tmp_path_factory.mktemp("stopped") / "home")


@pytest.fixture(scope="module")
def service(demo: SmallDemo) -> Iterator[LiveService]:
    """A service of two workers."""
    with live_service(demo, workers=WORKERS) as found:
        yield found


@pytest.fixture
def callers(service: LiveService, demo: SmallDemo) -> Iterator[Callers]:
    """Who asks both of them all the time."""
    with calling(service, demo, workers=WORKERS) as found:
        found.wait_for_each(0.0, "answers", status=200)
        yield found


def done(demo: SmallDemo, *arguments: str) -> float:
    """Runs a command that must succeed; when it had."""
    process = vigie(demo.settings, *arguments)
    words = process.communicate(timeout=120)
    assert process.returncode == 0, words
    return time.monotonic()


def dropped(callers: Callers) -> list[Answer]:
    """Requests that were not answered with a forecast."""
    return [a for a in callers.answers if a.status != 200]


def test_every_worker_follows_a_stop_and_its_end(
    service: LiveService, demo: SmallDemo, callers: Callers
) -> None:
    """Within two seconds of the command no worker answers with the model; the quorum's word brings it back in both."""
    assert {a.source for a in callers.answers} == {"model"}, callers.answers[-1]
    key = key_file(demo, "ada")
    stopped = done(demo, "stop", "wait-time", "--key", str(key), "--reason", "numbers look odd")
    callers.wait_for_each(stopped + SECONDS, "baselines", source="baseline")
    late = [a for a in callers.since(stopped + SECONDS) if a.source != "baseline"]
    assert late == []
    keys = [word for name in ("ada", "bob") for word in ("--key", str(key_file(demo, name)))]
    resumed = done(demo, "resume", "wait-time", *keys, "--reason", "a sensor was wrong")
    callers.wait_for_each(resumed + SECONDS, "forecasts of the model", source="model")
    assert [a for a in callers.since(resumed + SECONDS) if a.source == "baseline"] == []
    assert dropped(callers) == []
    assert set(callers.workers.values()) == set(service.workers())


def test_a_change_of_release_drops_no_request(
    service: LiveService, demo: SmallDemo, callers: Callers
) -> None:
    """Both workers come to the next version, and never go back; every question meanwhile has its forecast."""
    version = approve_next_version(demo)
    promoted = done(demo, "promote", "wait-time", version, "--key", str(key_file(demo, "releaser")))
    callers.wait_for_each(promoted, "answers of the next version", version=version)
    assert dropped(callers) == []
    for caller in callers.workers:
        versions = [a.version for a in callers.answers if a.caller == caller]
        assert versions == sorted(versions), "a worker went back to the version before"
    assert set(callers.workers.values()) == set(service.workers())
