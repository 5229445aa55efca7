"""`vigie feed`: tables sent to a running service as if they happened now."""

import io
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cli.feed.feed_source import FeedSource, folder_source
from cli.feed.replay import Replay, ReplayBegin, ReplayEnd, Waiting
from cli.feed.service_client import ServiceClient, UnreachableError
from cli.feed.timeline import begin_of
from cli.main import main
from hospital.errors import VigieError
from hospital.ingest.pseudonyms import pseudonym
from hospital.times import DAY, HOUR, MINUTE, instant, moment
from registry.record.tables.record_tables import observations
from serving.http.clock import DemoClock
from tests.support.serving_fakes import InProcess, make_parts

MONDAY = instant(datetime(2024, 3, 4, 8, tzinfo=UTC))
NOW = instant(datetime(2026, 11, 2, 9, 30, tzinfo=UTC))
"""A Monday, too."""
STAYS = "stay_id,unit,entered_at,left_at,source,received_at\n"
BEFORE = "s0,MED,2024-02-26T07:00Z,,emergency,2024-02-26T07:00Z\n"


def at(hours: float) -> str:
    """A time of the data, so many hours after its Monday at 8."""
    return moment(MONDAY + int(hours * HOUR)).isoformat().replace("+00:00", "Z")


def stay(name: str, entered: float, left: float | None, received: float, unit: str = "MED") -> str:
    """A version of a stay."""
    ended = "" if left is None else at(left)
    return f"{name},{unit},{at(entered)},{ended},emergency,{at(received)}\n"


ROWS = (
    BEFORE
    + stay("s1", 0, None, 0)
    + stay("s2", 1, None, 1)
    + stay("s3", 2, None, 2)
    + stay("s3", 2, 2.5, 2.5)
    + stay("s2", 1, 3, 3)
    + stay("s4", 2.9, None, 3.1)
)


@dataclass
class Service:
    """A service in this process, whose clock and whose asker's are one; `down`: how many requests find nobody.

    Attributes:
        lost: requests, by their number, that are carried out and whose answer never comes.
    """

    home: Path
    start: int = NOW
    down: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)
    real: float = 0.0
    asked: int = 0
    bodies: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.parts, tokens = make_parts(self.home / "service")
        self.token = tokens["application"]
        self.restart(self.start)
        self.app = InProcess(self.parts)

    def restart(self, start: int) -> None:
        """Its clock begins anew."""
        self.parts.clock = DemoClock(
            start, lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.real)
        )

    def open(self, request: urllib.request.Request) -> bytes:
        """What it answers."""
        self.asked += 1
        if self.asked in self.down:
            raise urllib.error.URLError("refused")
        body = None if request.data is None else json.loads(bytes(request.data))  # type: ignore[arg-type]
        sent = {} if body is None else {"json": body}
        path = request.full_url.removeprefix("http://vigie")
        answer = self.app.request(request.get_method(), path, headers=dict(request.header_items()), **sent)
        if path == "/v1/observations":
            self.bodies.append(body)
        if self.asked in self.lost:
            raise ConnectionResetError("lost")
        if answer.status_code >= 400:
            content = io.BytesIO(answer.content)
            raise urllib.error.HTTPError(request.full_url, answer.status_code, "", Message(), content)
        return answer.content

    def sleep(self, seconds: float) -> None:
        """Time passes."""
        self.real += seconds

    def replay(self, source: FeedSource, **options: Any) -> tuple[ReplayEnd, ReplayBegin]:
        """A replay of it all."""
        begun: list[ReplayBegin] = []
        client = ServiceClient("http://vigie", self.token, "en", self.open)
        waiting = Waiting(lambda: self.real, self.sleep, patience=20.0)
        replay = Replay(client, source, self.home, waiting=waiting, language="en", **options)
        return replay.run(begun.append, lambda *_: None), begun[0]

    def stored(self) -> list[tuple[str, int, str | None]]:
        """(id of the stay, minutes after now at which it was received, when it left) of every version, in order."""
        with self.parts.engine.connect() as connection:
            rows = connection.execute(observations.select().order_by(observations.c.seq)).mappings().all()
        names = {pseudonym(b"k" * 32, f"s{n}"): f"s{n}" for n in range(9)}
        out = []
        for row in rows:
            content = json.loads(row["row"])
            if row["kind"] == "stays":
                left = content.get("left_at")
                out.append(
                    (
                        names[content["stay_id"]],
                        round((row["received_at"] - NOW) / MINUTE),
                        None if left is None else f"{(left - NOW) / HOUR:+.2f} h",
                    )
                )
        return out


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service with a simulated clock."""
    made = Service(tmp_path)
    yield made
    made.parts.workers.close()
    made.parts.readiness.close()
    made.parts.engine.dispose()


def source_of(folder: Path, rows: str = ROWS, begin: int | None = MONDAY) -> FeedSource:
    """Stays as a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "stays.csv").write_text(STAYS + rows)
    return folder_source(folder, None, begin)


WHOLE = [
    ("s0", 0, None),
    ("s1", 0, None),
    ("s2", 0, None),
    ("s3", 30, None),
    ("s3", 60, "+1.00 h"),
    ("s2", 90, "+1.50 h"),
    ("s4", 96, None),
]


class TestTimes:
    """Rows come when their time has come, by the service's clock."""

    def test_each_version_is_received_when_it_was(self, service: Service, tmp_path: Path) -> None:
        """The same hour of the same weekday; who was there before is there, under the id that the hospital sends."""
        end, begun = service.replay(source_of(tmp_path / "data"), speed=60.0)
        assert service.stored() == WHOLE
        assert (end.rows, begun.rows, begun.speed, begun.resumed) == (8, 4, 60.0, False)
        assert end.latest < 90.0
        assert isinstance(service.parts.clock, DemoClock)
        assert service.parts.clock.speed == 1.0
        assert service.real == pytest.approx(96.0, abs=3.0)

    def test_versions_of_one_row_that_are_due_together_are_all_kept(
        self, service: Service, tmp_path: Path
    ) -> None:
        """A row twice in one request would be refused, or the first lost."""
        service.replay(source_of(tmp_path / "data"), speed=3_600.0)
        assert [(name, left) for name, _, left in service.stored()] == [(n, left) for n, _, left in WHOLE]

    @pytest.mark.parametrize(
        ("begin", "days", "expected"),
        [
            (None, 30, MONDAY + 7 * DAY + 90 * MINUTE),
            (None, 3, MONDAY + 2 * DAY + 90 * MINUTE),
            (None, 0.5, MONDAY + 6 * HOUR),
            (MONDAY, 30, MONDAY + 90 * MINUTE),
            (MONDAY + 2 * HOUR, 30, MONDAY + 7 * DAY + 90 * MINUTE),
        ],
    )
    def test_where_it_begins(self, begin: int | None, days: float, expected: int) -> None:
        """The weekday and the hour; of short data the hour; of less than a day its middle."""
        source = FeedSource({}, (), {}, "", MONDAY, MONDAY + int(days * DAY), ZoneInfo("UTC"), begin)
        assert begin_of(source, NOW) == expected

    def test_data_that_hold_the_present_are_not_moved(self) -> None:
        """A hospital whose history was imported goes on."""
        source = FeedSource({}, (), {}, "", NOW - DAY, NOW + DAY, ZoneInfo("UTC"))
        assert begin_of(source, NOW) == NOW


class TestStops:
    """It goes on where it was stopped, and loses nothing."""

    def test_stopped_at_any_request_it_goes_on(self, tmp_path: Path) -> None:
        """The record is the same as without a stop, but for rows that came late."""
        source = source_of(tmp_path / "data")
        for stop in range(3, 9):
            (tmp_path / str(stop)).mkdir()
            service = Service(tmp_path / str(stop))
            open_before = service.open

            def opened(
                request: urllib.request.Request, service: Service = service, stop: int = stop
            ) -> bytes:
                answer = type(service).open(service, request)
                if service.asked == stop:
                    raise KeyboardInterrupt
                return answer

            service.open = opened  # type: ignore[method-assign]
            with pytest.raises(KeyboardInterrupt):
                service.replay(source, speed=60.0)
            service.open = open_before  # type: ignore[method-assign]
            _, begun = service.replay(source, speed=60.0)
            assert begun.resumed
            assert [(n, left) for n, _, left in service.stored()] == [(n, left) for n, _, left in WHOLE], stop
            service.parts.workers.close()
            service.parts.engine.dispose()

    def test_a_service_that_is_away_for_a_while(self, service: Service, tmp_path: Path) -> None:
        """Its answer is lost once, then nobody is there: nothing is lost, and nothing is there twice."""
        service.lost, service.down = {5}, {6, 7, 8, 9}
        service.replay(source_of(tmp_path / "data"), speed=60.0)
        assert [(n, left) for n, _, left in service.stored()] == [(n, left) for n, _, left in WHOLE]

    def test_a_service_that_stays_away(self, service: Service, tmp_path: Path) -> None:
        """It is waited for as long as was said, and what came until then is noted."""
        service.down = set(range(6, 900))
        with pytest.raises(UnreachableError, match="does not answer"):
            service.replay(source_of(tmp_path / "data"), speed=60.0)
        service.down = set()
        service.replay(source_of(tmp_path / "data"), speed=60.0)
        assert [(n, left) for n, _, left in service.stored()] == [(n, left) for n, _, left in WHOLE]

    def test_another_service_at_the_same_address(self, service: Service, tmp_path: Path) -> None:
        """What was noted is not of it: it says so, and begins anew when asked to."""
        source = source_of(tmp_path / "data")
        service.replay(source, speed=60.0)
        service.restart(NOW - DAY)
        with pytest.raises(VigieError, match="another service"):
            service.replay(source, speed=60.0)
        _, begun = service.replay(source, speed=60.0, again=True)
        assert not begun.resumed

    def test_it_ends_after_its_hours(self, service: Service, tmp_path: Path) -> None:
        """Counted from where it began."""
        end, begun = service.replay(source_of(tmp_path / "data"), speed=600.0, hours=0.75)
        assert (end.rows, begun.rows) == (5, 1)


class TestRefusals:
    """One clear error, and nothing sent."""

    def test_a_real_clock(self, service: Service, tmp_path: Path) -> None:
        """A hospital's record is not filled with the past."""
        service.parts.clock = type("Real", (), {"simulated": False, "step": 0, "now": lambda _: NOW})()
        with pytest.raises(VigieError, match="real time"):
            service.replay(source_of(tmp_path / "data"))
        assert service.bodies == []
        answer = service.app.request(
            "POST",
            "/v1/clock",
            json={"speed": 2.0},
            headers={"authorization": f"Bearer {service.token}"},
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "real_clock")

    def test_a_token_that_is_none(self, service: Service, tmp_path: Path) -> None:
        """What to make is named."""
        service.token = "nobody"
        with pytest.raises(VigieError, match="vigie token create"):
            service.replay(source_of(tmp_path / "data"))

    def test_something_else_that_answers(self) -> None:
        """A web server is no service."""
        for content in (b"<html>", b"[]", b"{}", b"\xff"):
            client = ServiceClient("http://vigie", "t", "en", lambda _, content=content: content)  # type: ignore[misc]
            with pytest.raises(VigieError, match="answer"):
                client.clock()

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["DIR", "--day", "2024-03-04"], "not both"),
            ([], "not both"),
            (["DIR", "--to", "ftp://x"], "no address"),
            (["DIR", "--to", "http://user:secret@x"], "no address"),
            (["DIR", "--to", "http://x:99999"], "no address"),
            (["DIR", "--speed", "0"], "--speed"),
            (["DIR", "--speed", "nan"], "--speed"),
            (["DIR", "--from", "yesterday"], "no time"),
            (["DIR"], "does not answer"),
        ],
    )
    def test_wrong_usage(
        self,
        arguments: list[str],
        words: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """Said in a line; nothing is written."""
        monkeypatch.setenv("VIGIE_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("VIGIE_LANGUAGE", "en")
        monkeypatch.setenv("VIGIE_TOKEN", "token")
        monkeypatch.setenv("VIGIE_PORT", "9")
        assert main(["feed", *[str(tmp_path) if a == "DIR" else a for a in arguments]]) == 2
        said = capsys.readouterr().err
        assert words in said
        assert "Traceback" not in said
        assert "secret" not in said
        assert not (tmp_path / "home").exists()

    def test_a_missing_token(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Where to give it is named, in French too."""
        monkeypatch.delenv("VIGIE_TOKEN", raising=False)
        monkeypatch.setenv("VIGIE_LANGUAGE", "fr")
        assert main(["feed", str(tmp_path)]) == 2
        assert "jeton" in capsys.readouterr().err
