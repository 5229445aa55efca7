"""`vigie monitor` on a released model: runs, alarms, who acknowledges them, and `vigie retrain --if-due`."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from cli.main import main
from hospital.simulator import Shift
from hospital.times import instant
from registry.candidates.candidates import candidates
from registry.errors import MonitorError
from registry.monitoring.acknowledgement import ACKNOWLEDGEMENT, acknowledge_alarm
from registry.monitoring.alarms import last_run, standing
from registry.monitoring.run import run_monitoring
from registry.record import journal
from registry.record.database import opened_database, writing
from registry.record.journal_audit import verify
from registry.record.tables.record_tables import monitoring_runs, payloads
from registry.releases.releases import current_release
from registry.settings import Settings
from registry.trust.keys import Signed
from registry.trust.trust_store import load_trust
from serving.state.observations import add
from tests.support.installation import after
from tests.support.monitored_release import Released
from tests.support.repository import ROOT

pytestmark = pytest.mark.usefixtures("english")

START = date(2024, 1, 8)
CUT, SHIFTED, SEEN, DAYS = 200, 215, 245, 264


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Released:
    """A small hospital whose arrivals grow by four fifths three weeks after the release's data end."""
    root, shift = tmp_path_factory.mktemp("monitor"), Shift(1.8, SHIFTED)
    return Released.make(
        root, "wait-time", start=START, known_days=CUT, days=DAYS, shift=shift, seed=8, scale=0.15
    )


@pytest.fixture
def monitored(released: Released, database_url: str) -> Callable[[int], Settings]:
    """The installation on a database that has received everything up to a day of the simulation."""
    return lambda day: released.monitored(database_url, day)


def _look(settings: Settings, hours: float = 3) -> Any:
    with opened_database(settings.database) as engine:
        return run_monitoring(settings, engine, "wait-time", now=after(hours))


def test_quiet_weeks_do_not_alarm_and_each_figure_is_reported(monitored: Callable[[int], Settings]) -> None:
    """Two weeks after the data's end, before anything changed: a look, and no alarm."""
    settings = monitored(SHIFTED - 1)
    found = _look(settings)
    assert found.raised == ()
    assert found.untested is None
    assert 8 <= found.days <= 15
    with opened_database(settings.database) as engine, engine.connect() as connection:
        seen = last_run(connection, "wait-time", 1)
        assert seen is not None
        families = {f["family"] for f in seen.figures}
        assert families == {
            "arrivals", "inputs", "missing", "outcomes", "errors", "coverage", "fairness", "explanations",
            "expected_error", "error_ratio",
        }  # fmt: skip
        tested = [f for f in seen.figures if f["family"] == "arrivals"]
        assert 0 <= tested[0]["threshold_share"] < 1


def test_a_shift_alarms_once_with_its_evidence_and_a_journal_entry(
    monitored: Callable[[int], Settings],
) -> None:
    """Arrivals times 1.8 are seen; looked at again nothing is doubled; more days change the look alone."""
    settings = monitored(SEEN)
    found = _look(settings)
    arrivals = next(a for a in found.raised if a.figure.family == "arrivals")
    shifted = (START + timedelta(days=SHIFTED) - date(1970, 1, 1)).days
    assert shifted - 3 <= arrivals.since <= shifted + 5
    assert arrivals.day <= shifted + 14
    assert arrivals.interval[0] > arrivals.margin
    with opened_database(settings.database) as engine:
        with engine.connect() as connection:
            standing_now = standing(connection, "wait-time", 1)
            entries = [e for e in journal.entries(connection) if e.action == "alarm"]
            assert len(entries) == len(standing_now) == len(found.raised)
            assert {e.seq for e in entries} == {a.journal_seq for a in standing_now}
            kept = connection.execute(select(payloads.c.payload).where(payloads.c.seq == entries[0].seq))
            assert json.loads(kept.scalar_one())["threshold"] > 0
            assert verify(connection) == []
        again = run_monitoring(settings, engine, "wait-time", now=after(4))
        assert again is not None
        assert again.raised == ()
        with engine.connect() as connection:
            assert standing(connection, "wait-time", 1) == standing_now
            assert connection.scalar(select(func.count()).select_from(monitoring_runs)) == 1


def test_a_clock_that_was_wrong_moves_no_day(monitored: Callable[[int], Settings]) -> None:
    """A reception a year ahead: seen when the clock is right again, it adds no day, and hides none from then on."""
    settings = monitored(SHIFTED - 1)
    right = datetime.combine(START, time(1), UTC) + timedelta(days=SHIFTED - 1)
    with opened_database(settings.database) as engine:
        days = run_monitoring(settings, engine, "wait-time", now=right).days  # type: ignore[union-attr]
        wrong = right + timedelta(days=365)
        stay = {"stay_id": "s", "unit": "U2", "entered_at": instant(right - timedelta(hours=5))}
        with writing(engine) as connection:
            add(connection, {"stays": [stay]}, instant(wrong))
        for now, wanted in ((wrong, days + 365), (right + timedelta(hours=1), days)):
            found = run_monitoring(settings, engine, "wait-time", now=now)
            assert found is not None
            assert abs(found.days - wanted) <= 1
        with engine.connect() as connection:
            seen = last_run(connection, "wait-time", 1)
        assert seen is not None
        assert seen.until_day == found.until_day == (right.date() - date(1970, 1, 1)).days - 1


def test_killed_in_the_middle_nothing_is_there_and_the_next_run_finds_it(
    released: Released, monitored: Callable[[int], Settings], tmp_path: Path
) -> None:
    """kill -9 after the alarms are written and before the commit: no alarm, no entry; then all of them once."""
    settings = monitored(SEEN)
    script = f"""
import os, signal, sys
from datetime import datetime, UTC
from pathlib import Path
import registry.monitoring.run as module
import registry.monitoring.run_record as record
from registry.record.database import opened_database
from registry.settings import Settings
done = record.raise_alarm
def then_killed(*args, **more):
    assert done(*args, **more)
    os.kill(os.getpid(), signal.SIGKILL)
record.raise_alarm = then_killed
settings = Settings(home=Path({str(settings.home)!r}), database_url={settings.database_url!r})
with opened_database(settings.database) as engine:
    module.run_monitoring(settings, engine, "wait-time", now=datetime.now(UTC))
"""
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)
    assert ended.returncode == -signal.SIGKILL
    with opened_database(settings.database) as engine, engine.connect() as connection:
        assert standing(connection, "wait-time", 1) == ()
        assert last_run(connection, "wait-time", 1) is None
        assert [e for e in journal.entries(connection) if e.action == "alarm"] == []
    found = _look(settings)
    with opened_database(settings.database) as engine, engine.connect() as connection:
        assert len(standing(connection, "wait-time", 1)) == len(found.raised) > 0


def test_a_member_of_the_board_acknowledges_an_alarm_with_a_reason(
    released: Released, monitored: Callable[[int], Settings]
) -> None:
    """Without key or reason, or by anybody else, it is refused, all faults at once; then monitored anew."""
    settings, people = monitored(SEEN), released.installation.people
    trust = load_trust(settings.trust)
    found = _look(settings)
    assert found.raised
    with opened_database(settings.database) as engine:
        with engine.connect() as connection:
            first = standing(connection, "wait-time", 1)[0]
        with (
            pytest.raises(MonitorError, match=r"board .*; say why .*; no alarm"),
            writing(engine) as connection,
        ):
            acknowledge_alarm(connection, settings, "nothing", key=None, reason=" ", now=after(4))
        file = settings.trust / "trust.json"
        content = file.read_bytes()
        both = trust.with_person(people["author"], ("author", "board"))
        for name, known, refusal in (
            ("stranger", trust, "not in the trust folder"),
            ("releaser", trust, "role board"),
            ("ada", trust.with_retired("ada"), "retired"),
            ("author", both, "author is the author of the release"),
        ):
            file.write_bytes(content)
            if known != trust:
                released.installation.change_trust(lambda _, known=known: known)  # type: ignore[misc]
            with pytest.raises(MonitorError, match=refusal), writing(engine) as connection:
                acknowledge_alarm(
                    connection, settings, first.alarm_id, key=people[name], reason="known", now=after(4)
                )
        file.write_bytes(content)
        with engine.connect() as connection:
            assert first in standing(connection, "wait-time", 1)
        with writing(engine) as connection:
            acknowledge_alarm(
                connection, settings, first.alarm_id, key=people["ada"], reason="a new annexe", now=after(4)
            )
        with writing(engine) as connection:
            entry = list(journal.entries(connection))[-1]
            assert (entry.actor, entry.action, entry.reason) == ("ada", "acknowledge alarm", "a new annexe")
            kept = connection.execute(select(payloads.c.payload).where(payloads.c.seq == entry.seq))
            signed = Signed.from_json(json.loads(kept.scalar_one()))
            assert trust.require(signed, "board", ACKNOWLEDGEMENT) == "ada"
            assert (signed.body["alarm"], signed.body["reason"]) == (first.alarm_id, "a new annexe")
            assert first.alarm_id not in {a.alarm_id for a in standing(connection, "wait-time", 1)}
            connection.execute(
                monitoring_runs.update().values(until_day=first.day)
            )  # so that it is looked at anew
        again = run_monitoring(settings, engine, "wait-time", now=after(5))
        assert again is not None
        assert first.family not in {a.figure.family for a in again.raised if a.figure.name == first.name}


def test_without_the_snapshot_figures_are_reported_but_not_tested(
    released: Released, monitored: Callable[[int], Settings], tmp_path: Path
) -> None:
    """Where serving runs without the workshop's folder it says so, and alarms at nothing."""
    settings = monitored(SEEN)
    kept = settings.home / "snapshots"
    away, cache = tmp_path / "away", settings.home / "monitoring"
    kept.rename(away)
    moved = cache.exists()
    if moved:
        cache.rename(tmp_path / "cache")
    try:
        found = _look(settings)
        assert found.raised == ()
        assert "snapshot" in str(found.untested)
    finally:
        away.rename(kept)
        if moved:
            (tmp_path / "cache").rename(cache)


# --- what is served while an alarm stands


_MONITOR = """
import sys, time
from cli.main import main
sleep = time.sleep
def look(seconds):
    print("looks", flush=True)
    sleep(seconds)
time.sleep = look
sys.exit(main(["monitor", "--parent", sys.argv[1]]))
"""


def test_the_monitor_ends_with_its_parent(tmp_path: Path) -> None:
    """While its parent lives it looks again and again; whatever becomes of the service, no process is left behind."""
    parent = (
        f"import os, subprocess, sys; subprocess.run([sys.executable, '-c', {_MONITOR!r}, str(os.getpid())])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", parent],
        cwd=ROOT,
        env=os.environ | {"VIGIE_HOME": str(tmp_path / "home")},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        assert [process.stdout.readline() for _ in range(3)] == ["looks\n"] * 3
        process.kill()
        process.communicate(timeout=20)  # the pipe is the monitor's too: it closes when both have ended
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def test_the_command_line_runs_shows_acknowledges_and_retrains(
    released: Released,
    monitored: Callable[[int], Settings],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """1 where an alarm is new, 0 after; retraining says why it is not due, and its candidate is no release."""
    settings = monitored(SEEN)
    monkeypatch.setenv("VIGIE_HOME", str(settings.home))
    monkeypatch.setenv("VIGIE_DATABASE_URL", settings.database_url)
    retrain = ["retrain", "--if-due", "--model", "wait-time", "--data"]
    assert main([*retrain, str(released.folder)]) == 1
    assert "no alarm stands" in capsys.readouterr().out
    assert main(["monitor", "--once", "--language", "en"]) == 1
    assert "ALARM the number of arrivals" in capsys.readouterr().out
    assert main(["monitor", "--once"]) == 0
    capsys.readouterr()
    assert main(["monitor", "--show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["wait-time"]
    assert any(a["change"] > 0.3 for a in shown["alarms"])
    assert main([*retrain, str(released.folder.parent / "known"), "--json"]) == 1
    (told,) = json.loads(capsys.readouterr().out)
    assert any("arrivals" in reason for reason in told["reasons"])
    assert any("it takes 60" in obstacle for obstacle in told["obstacles"])
    assert main([*retrain, str(released.folder)]) == 0
    trained = candidates(settings.candidates, "wait-time")
    assert len(trained) == 2
    new = max(trained, key=lambda c: int(c.version))
    assert f"It is not released. Next: vigie check wait-time {new.version}" in capsys.readouterr().out
    release = current_release(settings, "wait-time")
    assert release is not None
    assert release.version == "1"
    assert main([*retrain, str(released.folder)]) == 1
    assert f"version {new.version} was trained on these very tables" in capsys.readouterr().out
    shutil.rmtree(new.folder)  # the other database's turn begins with one version
    alarm = shown["alarms"][0]["id"]
    assert main(["monitor", "--acknowledge", alarm]) == 2
    assert "--key FILE); say why (--reason)" in capsys.readouterr().err
    key = str(settings.home / "keys" / "ada.json")
    assert main(["monitor", "--acknowledge", alarm, "--key", key, "--reason", "known"]) == 0
