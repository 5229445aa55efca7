"""What is served while alarms stand: degraded, or the baseline alone, until a new release or a signed word."""

from pathlib import Path
from typing import Any

import pytest

from registry.monitoring.acknowledgement import acknowledge_alarm
from registry.monitoring.alarm_text import warning_of
from registry.monitoring.alarms import OVERRULED, StandingAlarm, raise_alarm, standing
from registry.record.database import writing
from serving.releases.monitored_alarms import StoredAlarms
from serving.releases.releases_in_use import Releases
from tests.support.installation import NOW, Installation
from tests.support.serving_fakes import PROVEN, FakeReleases, InProcess, loaded, make_parts

EVIDENCE = {
    "look": "slow",
    "day": 20_000,
    "since": 19_990,
    "change": 0.2,
    "interval": [0.1, 0.3],
    "margin": 0.07,
    "statistic": 14.0,
    "threshold": 12.0,
    "yearly_chance": 0.005,
    "reference_days": 131,
}


def _raise(engine: Any, release: int = 1, *, stops: bool = False, family: str = "errors") -> str:
    with writing(engine) as connection:
        assert raise_alarm(
            connection,
            model="wait-time",
            release=release,
            digest="sha256:1",
            figure=(family, "all"),
            evidence=EVIDENCE,
            stops=stops,
            now=NOW,
        )
        return standing(connection, "wait-time", release)[-1].alarm_id


@pytest.mark.parametrize(("language", "words"), [("fr", "Depuis le 24/09/2024"), ("en", "Since 2024-09-24")])
def test_an_alarm_degrades_every_answer(tmp_path: Path, language: str, words: str) -> None:
    """Each forecast of that model, in the reader's language; the other model's stay as they were."""
    parts, tokens = make_parts(tmp_path / "home")
    ticks = iter(range(10_000))
    parts.releases = Releases(FakeReleases(), lambda: float(next(ticks) * 2), StoredAlarms(parts.engine))
    client = InProcess(parts)
    headers = {"authorization": f"Bearer {tokens['application']}"}

    def ask(path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        response = client.request("POST", path, json=body, headers=headers)
        assert response.status_code == 200, response.text
        found = response.json()
        return found.get("predictions") or found["forecasts"]

    visit = {"visit_id": "v", "arrived_at": "2025-11-03T02:30:00Z", "triaged_at": "2025-11-03T02:35:00Z"}
    waits = {"visits": [visit], "explain": {"language": language}}
    beds = {"units": ["U1"], "horizons_hours": [4], "explain": {"language": language}}
    before = ask("/v1/wait-time", waits)[0]["trust"]
    alarm = _raise(parts.engine)
    after_it = ask("/v1/wait-time", waits)[0]["trust"]
    assert after_it["status"] == "degraded"
    assert len(after_it["warnings"]) == len(before["warnings"]) + 1
    assert words in after_it["warnings"][-1]
    assert all("2024" not in w for w in ask("/v1/bed-demand", beds)[0]["trust"]["warnings"])
    assert len(after_it["warnings"]) <= 2
    ready = client.request("GET", "/readyz").json()["models"]
    assert (ready["wait-time"]["alarms"], ready["bed-demand"]["alarms"]) == (1, 0)
    page = client.request("GET", f"/monitoring?language={language}", headers=_operator(tokens))
    assert page.status_code == 200
    assert alarm in page.text
    assert words in page.text
    board = Installation.make(tmp_path / "board")
    with writing(parts.engine) as connection:
        acknowledge_alarm(connection, board.settings, alarm, key=board.people["ada"], reason="known", now=NOW)
    assert ask("/v1/wait-time", waits)[0]["trust"] == before


def _operator(tokens: dict[str, str]) -> dict[str, str]:
    return {"authorization": f"Bearer {tokens['operator']}"}


def test_an_alarm_that_stops_leaves_nothing_in_scope_until_a_new_release(tmp_path: Path) -> None:
    """The baseline answers everywhere; the next release begins without alarms, with its own scope."""
    parts, _ = make_parts(tmp_path / "home")
    source, ticks = FakeReleases(), iter(range(10_000))
    releases = Releases(source, lambda: float(next(ticks) * 2), StoredAlarms(parts.engine))
    releases.refresh()
    scope = releases.current("wait-time").scope
    assert scope
    _raise(parts.engine, stops=True)
    releases.refresh()
    assert releases.current("wait-time").stopped
    assert releases.current("wait-time").scope == frozenset()
    source.found["wait-time"] = loaded("wait-time", 2)
    releases.refresh()
    assert releases.current("wait-time").alarms == ()
    assert releases.current("wait-time").scope == loaded("wait-time", 2).scope


def test_of_a_group_that_people_rightly_overruled_no_probability_counts(tmp_path: Path) -> None:
    """Its units', and the hospital total's of which they are a part; in the next release they do again."""
    parts, _ = make_parts(tmp_path / "home")
    source, ticks = FakeReleases(), iter(range(10_000))
    releases = Releases(source, lambda: float(next(ticks) * 2), StoredAlarms(parts.engine))
    releases.refresh()
    assert releases.current("bed-demand").proven == PROVEN
    released = releases.current("bed-demand")
    with writing(parts.engine) as connection:
        assert raise_alarm(
            connection,
            model="bed-demand",
            release=released.sequence,
            digest=released.digest,
            figure=(OVERRULED, "medicine"),
            evidence={**EVIDENCE, "package": released.digest},
            stops=False,
            now=NOW,
        )
    releases.refresh()
    proof = releases.current("bed-demand").proven.exceedance
    assert [proof.of_unit(unit, 4.0) for unit in ("U1", "U2", "U3")] == [False, True, False]
    assert not proof.of_total(None, 4.0)
    source.found["bed-demand"] = loaded("bed-demand", 2)
    releases.refresh()
    assert releases.current("bed-demand").proven == PROVEN


def test_a_silent_database_changes_nothing_of_what_is_known(tmp_path: Path) -> None:
    """An alarm is not forgotten because it cannot be read for a while."""

    class Silent(StoredAlarms):
        answers = True

        def standing(self, model: str, release: int, digest: str) -> tuple[StandingAlarm, ...] | None:
            return super().standing(model, release, digest) if Silent.answers else None

    parts, _ = make_parts(tmp_path / "home")
    ticks = iter(range(10_000))
    releases = Releases(FakeReleases(), lambda: float(next(ticks) * 2), Silent(parts.engine))
    _raise(parts.engine)
    releases.refresh()
    Silent.answers = False
    releases.refresh()
    assert len(releases.current("wait-time").alarms) == 1


@pytest.mark.parametrize("answers", [True, False])
def test_a_stopped_model_does_not_speak_while_its_release_is_read_again(
    tmp_path: Path, *, answers: bool
) -> None:
    """Not between reading and asking for its alarms, and not where the database is silent just then."""
    parts, _ = make_parts(tmp_path / "home")
    source, ticks = FakeReleases(), iter(range(10_000))
    scopes = []

    class Watched(StoredAlarms):
        silent = False

        def standing(self, model: str, release: int, digest: str) -> tuple[StandingAlarm, ...] | None:
            served = releases.states[model].loaded
            scopes.append(None if served is None else served.scope)
            return None if Watched.silent else super().standing(model, release, digest)

    releases = Releases(source, lambda: float(next(ticks) * 2), Watched(parts.engine))
    _raise(parts.engine, stops=True)
    releases.refresh()
    assert releases.current("wait-time").scope == frozenset()
    scopes.clear()
    Watched.silent = not answers
    source.found["wait-time"] = loaded("wait-time")
    before = source.loads
    releases.refresh()
    assert source.loads > before
    assert frozenset({("ED", 0.0)}) not in scopes
    assert releases.current("wait-time").stopped
    assert releases.current("wait-time").scope == frozenset()


@pytest.mark.parametrize(
    ("family", "change", "said"),
    [("arrivals", 0.182, "+20\u00a0%"), ("coverage", -0.16, "−16\u00a0points"), ("inputs", 1.53, "+1,5")],
)
def test_changes_are_said_in_the_unit_of_their_figure(family: str, change: float, said: str) -> None:
    """Per cent of logarithms, points of shares, a comma in French."""
    evidence = EVIDENCE | {"change": change}
    alarm = StandingAlarm("a", "wait-time", 1, family, "all", 20_000, False, evidence, 1)
    assert f"({said})" in warning_of(alarm, "fr")


# --- the command line
