"""PostgreSQL as a process: stopped, killed, started under a service; dumped while it is written to, and restored."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy.engine import make_url

from hospital.times import moment
from registry.settings import Settings
from tests.support.demo_versions import key_file
from tests.support.kills import experiment
from tests.support.live_service import LiveService, live_service, vigie
from tests.support.postgresql import PostgresServer, copy_database, new_database, postgres_server
from tests.support.small_demo import SmallDemo
from tests.support.waiting import wait_for
from tests.support.writers import Writers, lost_or_doubled, mixed, writing_to

pytestmark = pytest.mark.postgres


@dataclass(frozen=True)
class Place:
    """A server, and a home whose record it holds."""

    server: PostgresServer
    demo: SmallDemo

    @property
    def settings(self) -> Settings:
        """Of the home."""
        return self.demo.settings


@pytest.fixture(scope="module")
def place(small_demo: SmallDemo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A small hospital's record in PostgreSQL."""
    demo = small_demo.copied(tmp_path_factory.mktemp("postgresql") / "home")
    with postgres_server() as server:
        url = new_database(server.url)
        copy_database(demo.settings.database, url)
        yield Place(server, replace(demo, settings=demo.settings.model_copy(update={"database_url": url})))


@pytest.fixture(scope="module")
def service(place: Place) -> Iterator[LiveService]:
    """A service on it."""
    with live_service(place.demo) as found:
        yield found


def asked(service: LiveService, path: str, demo: SmallDemo) -> tuple[int, dict[str, object], str]:
    """Status, body and time to wait of an answer."""
    headers = {"authorization": f"Bearer {demo.token}"}
    row = {"unit": "U1", "at": moment(demo.end).isoformat(), "occupied": 3}
    method, content = ("GET", None) if path.endswith("z") else ("POST", {"census": [row]})
    response = httpx.request(method, service.url + path, json=content, headers=headers, timeout=30)
    return response.status_code, response.json(), response.headers.get("retry-after", "")


def is_ready(service: LiveService, demo: SmallDemo) -> bool:
    """Whether the probe is green."""
    return asked(service, "/readyz", demo)[0] == 200


@pytest.mark.parametrize("mode", ["fast", "immediate", "kill -9"])
def test_stopped_and_started_while_a_service_runs(place: Place, service: LiveService, mode: str) -> None:
    """503 with a time to wait and red meanwhile, then back, with no process of the service started again."""
    demo, workers = place.demo, service.workers()
    with writing_to(demo, service.port, [mixed], pause=0.02) as writers:
        wait_for(lambda: len(writers.acknowledged) > 3, "acknowledged writes")
        if mode == "kill -9":
            place.server.kill()
        else:
            place.server.stop(mode)
        wait_for(lambda: not is_ready(service, demo), "red probe")
        assert asked(service, "/readyz", demo)[1]["database"] == "does not answer"
        status, body, wait = asked(service, "/v1/observations", demo)
        assert (status, body["code"]) == (503, "database_unavailable")
        assert int(wait) > 0
        assert asked(service, "/livez", demo)[0] == 200
        place.server.start()
        wait_for(lambda: is_ready(service, demo), "green probe", 30)
        before = len(writers.acknowledged)
        wait_for(lambda: len(writers.acknowledged) > before + 3, "acknowledged writes afterwards")
    assert lost_or_doubled(place.settings, writers) == []
    assert service.workers() == workers


def test_kill_9_of_a_service_whose_record_it_holds(
    small_demo: SmallDemo, place: Place, tmp_path: Path
) -> None:
    """Of one of two workers, of all its processes, and of a promotion: nothing acknowledged is lost or doubled."""
    demo, url = small_demo.copied(tmp_path / "home"), new_database(place.server.url)
    copy_database(demo.settings.database, url)
    on_it = replace(demo, settings=demo.settings.model_copy(update={"database_url": url}))
    done = experiment(on_it, ("worker", "service", "promote"), [mixed, mixed], seed=3, workers=2)
    assert done.faults == ()
    assert any(w.attempts > 1 for w in done.writers.acknowledged), "no kill met a write: nothing was shown"


def command(settings: Settings, *arguments: str) -> tuple[int, str]:
    """Exit code and words of a command."""
    process = vigie(settings, *arguments)
    words = process.communicate(timeout=120)
    return process.returncode, "".join(words)


def test_a_dump_while_it_is_written_to_is_a_backup(place: Place, service: LiveService) -> None:
    """All that was acknowledged before it is in it; what came after is named as lost until the board accepts that."""
    server, demo, file = place.server, place.demo, place.server.folder / "dump"
    with writing_to(demo, service.port, [mixed, mixed], pause=0.02) as writers:
        wait_for(lambda: len(writers.acknowledged) > 5, "acknowledged writes")
        before = Writers(writes=writers.acknowledged)
        server.run("pg_dump", "-Fc", "-f", str(file), str(make_url(place.settings.database).database))
        after = len(writers.acknowledged)
        wait_for(lambda: len(writers.acknowledged) > after + 5, "writes after the dump")
    service.end()  # its last checkpoint signs for what the dump has not
    url = new_database(server.url)
    server.run("pg_restore", "--exit-on-error", "-d", str(make_url(url).database), str(file))
    restored = place.settings.model_copy(update={"database_url": url})
    assert lost_or_doubled(restored, before) == []
    code, words = command(restored, "journal", "verify")
    assert code == 1
    assert "older" in words or "gone" in words
    keys = [w for name in ("ada", "bob") for w in ("--key", str(key_file(demo, name)))]
    code, words = command(restored, "journal", "accept-restore", *keys, "--reason", "the disk was lost")
    assert code == 0, words
    code, words = command(restored, "journal", "verify")
    assert code == 0, words
    again = replace(demo, settings=restored)
    with live_service(again) as on_restored, writing_to(again, on_restored.port, [mixed]) as more:
        wait_for(lambda: len(more.acknowledged) > 3, "acknowledged writes on the restored database")
    assert lost_or_doubled(restored, more) == []
