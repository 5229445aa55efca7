"""What is served is looked at again, and is what was verified."""

import os
from collections import Counter
from dataclasses import replace
from threading import Event, Thread

import pytest

from registry.errors import ReleaseError, TrustError
from registry.package.manifest import read_package
from registry.record.database import opened_database
from registry.record.journal import entries
from registry.releases.promotion import promote
from registry.releases.release import Release
from registry.trust.model_stops import resume_model, stop_model
from serving.errors import Problem
from serving.messages.forecast_protocol import LoadedModel
from serving.releases.release_source import StoredReleases
from serving.releases.releases_in_use import CHECK_SECONDS, VERIFY_SECONDS, Releases
from tests.support.installation import Installation, after
from tests.support.releasing import put_policy
from tests.support.serving_fakes import FakeReleases, loaded


def test_files_of_what_is_served_are_verified_again_on_a_timer() -> None:
    """Neither a new number nor the trust file says that they changed; what was verified goes on, and it is said."""
    source, ticks = FakeReleases(), [0.0]
    releases = Releases(source, clock=lambda: ticks[0])
    releases.refresh()
    source.damaged["wait-time"] = "report.json is not what was signed"
    ticks[0] = VERIFY_SECONDS - 1
    releases.refresh()
    assert releases.states["wait-time"].fault is None
    ticks[0] = VERIFY_SECONDS + 1
    releases.refresh()
    state = releases.states["wait-time"]
    assert state.fault == "report.json is not what was signed"
    assert state.loaded is not None
    assert releases.states["bed-demand"].fault is None


def test_a_damaged_file_of_a_real_release_is_found_by_verifying_again(installation: Installation) -> None:
    """The number and the trust file are as they were; one byte of the report is another."""
    installation.approved("1")
    release = promote(installation.settings, "wait-time", "1", installation.people["releaser"], now=after(2))
    source = StoredReleases(installation.settings)
    stamp = source.stamp("wait-time")
    source.verify("wait-time")
    report = release.folder / "report.json"
    report.write_bytes(report.read_bytes() + b" ")
    assert source.stamp("wait-time") == stamp
    with pytest.raises(ReleaseError, match=r"report\.json is not what was signed"):
        source.verify("wait-time")


def test_a_package_that_is_exchanged_while_it_is_loaded_is_refused(
    installation: Installation,
) -> None:
    """Verified, then another in its place: the digest of the bytes that the model was built from decides."""
    installation.approved("1")
    promote(installation.settings, "wait-time", "1", installation.people["releaser"], now=after(2))
    other = replace(loaded("wait-time"), digest="sha256:" + "0" * 64)
    with pytest.raises(ReleaseError, match="changed while it was loaded"):
        StoredReleases(installation.settings, lambda _: other).load("wait-time")


def _without_trees(release: Release) -> LoadedModel:
    return replace(loaded(release.model), digest=release.package_digest, sequence=release.sequence)


@pytest.fixture
def served(installation: Installation) -> tuple[Installation, Releases, list[float]]:
    """A release that is served, without its trees; the clock's ticks."""

    installation.approved("1")
    promote(installation.settings, "wait-time", "1", installation.people["releaser"], now=after(2))
    ticks = [0.0]
    releases = Releases(StoredReleases(installation.settings, _without_trees), clock=lambda: ticks[0])
    releases.refresh()
    assert releases.current("wait-time").sequence == 1
    return installation, releases, ticks


@pytest.mark.parametrize("who", ["author", "ada", "releaser", "checker"])
def test_a_key_taken_out_ends_what_is_in_memory(
    served: tuple[Installation, Releases, list[float]], who: str
) -> None:
    """Within the next look: what it alone vouches for is served no more, and nothing says that all is well."""
    installation, releases, ticks = served
    installation.change_trust(lambda t: t.without(who))
    ticks[0] += CHECK_SECONDS
    releases.refresh()
    assert releases.states["wait-time"].loaded is None
    with pytest.raises(Problem, match="does not verify"):
        releases.current("wait-time")


def test_a_trust_file_of_the_same_time_is_another(
    served: tuple[Installation, Releases, list[float]],
) -> None:
    """Set back by whoever put it there."""
    installation, releases, ticks = served
    trust = installation.settings.trust / "trust.json"
    before = trust.stat()
    installation.change_trust(lambda t: t.without("ada"))
    os.utime(trust, ns=(before.st_atime_ns, before.st_mtime_ns))
    ticks[0] += CHECK_SECONDS
    releases.refresh()
    assert releases.states["wait-time"].loaded is None


def test_a_damaged_file_leaves_what_is_in_memory(served: tuple[Installation, Releases, list[float]]) -> None:
    """It was verified when it was loaded, and everybody still vouches for it; it is said."""
    installation, releases, ticks = served
    folder = installation.settings.releases / "wait-time" / "000001"
    (folder / "card.json").write_bytes(b"{}")
    ticks[0] += VERIFY_SECONDS
    releases.refresh()
    state = releases.states["wait-time"]
    assert state.loaded is not None
    assert state.fault is not None


def test_a_policy_in_force_ends_what_it_does_not_carry(
    served: tuple[Installation, Releases, list[float]],
) -> None:
    """Three approvals where the release has two."""
    installation, releases, ticks = served
    put_policy(installation, approvals="3")
    ticks[0] += CHECK_SECONDS
    releases.refresh()
    assert releases.states["wait-time"].loaded is None


def test_a_package_exchanged_between_verifying_and_reading_is_refused(installation: Installation) -> None:
    """By one rename at the very moment: what was verified is not what the model would be built from."""
    installation.approved("1")
    release = promote(installation.settings, "wait-time", "1", installation.people["releaser"], now=after(2))
    installation.register("2")
    other = installation.settings.candidates / "wait-time" / "2" / "package"
    os.rename(release.package, release.folder.parent.parent / "elsewhere")
    os.rename(other, release.package)
    with pytest.raises(ReleaseError, match="changed while it was loaded"):
        release.require_same(read_package(release.package).digest)


def test_what_one_person_stops_a_quorum_lets_speak_again(
    served: tuple[Installation, Releases, list[float]],
) -> None:
    """Within two seconds, in every worker; through whatever else happens to the release meanwhile."""
    installation, releases, ticks = served
    settings, people = installation.settings, installation.people
    others = Releases(StoredReleases(settings, _without_trees), clock=lambda: ticks[0])
    others.refresh()
    scope = releases.current("wait-time").scope
    stop_model(settings, "wait-time", people["bob"], reason="waits look wrong", now=after(3))
    ticks[0] += CHECK_SECONDS
    for worker in (releases, others):
        worker.refresh()
        assert worker.current("wait-time").stopped
        assert worker.current("wait-time").scope == frozenset()
    for keys in ((), ("ada",), ("ada",), ("releaser",)):
        with pytest.raises(TrustError, match=r"1 of 2|0 of 2|role board"):
            resume_model(settings, "wait-time", [people[k] for k in keys], reason="", now=after(4))
    resume_model(settings, "wait-time", [people["bob"]], reason="it was the clock", now=after(4))
    ticks[0] += CHECK_SECONDS
    releases.refresh()
    assert not releases.current("wait-time").stopped
    assert releases.current("wait-time").scope == scope
    with opened_database(settings.database) as engine, engine.connect() as connection:
        last = [(e.actor, e.action) for e in entries(connection)][-2:]
    assert last == [("bob", "stop"), ("ada, bob", "resume")]


@pytest.mark.parametrize("who", ["author", "stranger", "checker"])
def test_only_who_is_entitled_stops(installation: Installation, who: str) -> None:
    """By the policy in force; and with a reason."""
    with pytest.raises(TrustError, match="the policy lets board or releaser stop"):
        stop_model(installation.settings, "wait-time", installation.people[who], reason="x", now=after(3))
    with pytest.raises(TrustError, match="say why"):
        stop_model(installation.settings, "wait-time", installation.people["ada"], reason=" ", now=after(3))


def test_signatures_of_an_earlier_stop_end_no_later_one(installation: Installation) -> None:
    """Each is of its very stop."""
    settings, people = installation.settings, installation.people
    stop_model(settings, "wait-time", people["ada"], reason="first", now=after(3))
    with pytest.raises(TrustError, match="1 of 2"):
        resume_model(settings, "wait-time", [people["ada"]], reason="", now=after(3))
    kept = (settings.trust / "resume-wait-time.json").read_bytes()
    resume_model(settings, "wait-time", [people["bob"]], reason="", now=after(3))
    stop_model(settings, "wait-time", people["ada"], reason="second", now=after(4))
    (settings.trust / "resume-wait-time.json").write_bytes(kept)
    with pytest.raises(TrustError, match="1 of 2"):
        resume_model(settings, "wait-time", [people["bob"]], reason="", now=after(5))


def test_a_stop_does_not_wait_for_what_is_being_loaded() -> None:
    """Both models are under their stops before a file of either is read."""
    source, ticks = FakeReleases(), [0.0]
    releases = Releases(source, clock=lambda: ticks[0])
    releases.refresh()
    source.stops.update(("wait-time", "bed-demand"))
    seen: list[bool] = []
    source.load = lambda model: seen.append(releases.current("wait-time").stopped) or loaded(model)  # type: ignore[method-assign,func-returns-value]
    source.found = {name: loaded(name, sequence=2) for name in source.found}
    ticks[0] += CHECK_SECONDS
    releases.refresh()
    assert seen == [True, True]


def test_no_question_is_dropped_while_releases_change() -> None:
    """Four threads ask as fast as they can while a new release comes at every look."""
    source, ticks = FakeReleases(), [0.0]
    releases = Releases(source, clock=lambda: ticks[0])
    releases.refresh()
    done, asked, wrong = Event(), Counter[int](), list[BaseException]()

    def ask() -> None:
        try:
            while not done.is_set():
                asked[releases.current("wait-time").sequence] += 1
        except BaseException as error:
            wrong.append(error)

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for sequence in range(2, 60):
        source.found = {name: loaded(name, sequence=sequence) for name in source.found}
        ticks[0] += CHECK_SECONDS
        releases.refresh()
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert asked.total() > 0
    assert releases.current("wait-time").sequence == 59


@pytest.mark.parametrize("error", [RecursionError, MemoryError, AssertionError, ZeroDivisionError])
def test_whatever_a_file_makes_of_its_reader_is_a_fault(error: type[Exception]) -> None:
    """What nobody foresaw would end the look, and the next would find nothing changed: silent, and green."""

    class Breaking(FakeReleases):
        def load(self, model: str) -> LoadedModel | None:
            raise error

    ticks = [0.0]
    releases = Releases(Breaking(), clock=lambda: ticks[0])
    for _ in range(2):
        releases.refresh()
        assert all(state.fault is not None and state.loaded is None for state in releases.states.values())
        ticks[0] += CHECK_SECONDS
