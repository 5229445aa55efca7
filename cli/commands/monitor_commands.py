"""`vigie monitor`: one run, or the process that runs it again and again."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from cli.arguments import Json, Language, LanguageOption, Reason
from cli.child_process import command, environment
from cli.installation import now, read_settings
from cli.reader import say

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from hospital.words.names import OwnNames
    from registry.monitoring.run import MonitoringRun
    from registry.settings import Settings

__all__ = ["app"]

app = typer.Typer()

_FIRST_SECONDS = 20.0  # a service that was just started has better to do
_WATCH_SECONDS = 1.0
_LOG = logging.getLogger("vigie.monitor")


@app.command()
def monitor(
    once: Annotated[bool, typer.Option("--once")] = False,
    show: Annotated[bool, typer.Option("--show")] = False,
    acknowledge: Annotated[
        str | None,
        typer.Option(metavar="ALARM"),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(metavar="FILE"),
    ] = None,
    reason: Reason = "",
    parent: Annotated[int | None, typer.Option(hidden=True)] = None,
    as_json: Json = False,
    language: LanguageOption = None,
) -> int:
    """Watch the released versions; `vigie serve` starts it.

    Exit codes: 0 no new alarm, 1 a new one, 2 an error.
    """
    settings = read_settings()
    if acknowledge is None and not once and not show:
        return _again_and_again(settings, parent)
    from registry.record.database import opened_database

    spoken = language or settings.language
    with opened_database(settings.database) as engine:
        if acknowledge is not None:
            return _acknowledge(settings, engine, acknowledge, key, reason, spoken)
        if once:
            return _once(settings, engine, spoken, as_json=as_json)
        return _show(settings, engine, spoken, as_json=as_json)


def _again_and_again(settings: "Settings", parent: int | None) -> int:
    """A run each so many minutes, in a process of its own, so that between runs no library stays loaded.

    Ends with its parent: whose child it no longer is has nobody to monitor anything for. Beside a service, what goes
    wrong is a line of the service's log.
    """
    import tempfile

    due = time.monotonic() + (_FIRST_SECONDS if parent else 0.0)
    if parent:
        # Ctrl-C at a terminal reaches it too: it ends with its parent all the same, and has nothing to say.
        signal.signal(signal.SIGINT, lambda *_: None)
    running: subprocess.Popen[bytes] | None = None
    with tempfile.TemporaryFile() as words:
        try:
            while parent is None or os.getppid() == parent:
                if running is not None and running.poll() is not None:
                    if parent:
                        _log_run(running.returncode, words)
                    running = None
                if running is None and time.monotonic() >= due:
                    running = _start_run(words if parent else None)
                    due = time.monotonic() + 60.0 * settings.monitor_minutes
                time.sleep(_WATCH_SECONDS)
        finally:
            if running is not None:
                running.kill()  # a run that is cut off leaves nothing
                running.wait()
    return 0


def _start_run(words: IO[bytes] | None) -> "subprocess.Popen[bytes]":
    """Starts one run; `words`: where its errors go in place of the terminal."""
    if words is not None:
        words.seek(0)
        words.truncate()
    return subprocess.Popen(
        command("monitor", "--once"),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=words,
    )


def _log_run(code: int, words: IO[bytes]) -> None:
    """Writes what a run said of errors into the service's log, a line each; of what is no sentence of ours, its kind.

    The words of others, such as a library's warning or what is left of a run that was killed, may hold values.
    """
    from serving.http.request_log import configure

    configure()
    words.seek(0)
    own = False
    for line in words.read().decode("utf-8", "replace").splitlines():
        prefix, _, message = line.partition(": ")
        prefix = prefix.strip()  # in French a no-break space stands before the colon
        own = prefix == "vigie" or (own and line.startswith("  "))  # a list belongs to the sentence above it
        if own:
            _LOG.error("monitoring run: %s", message if prefix == "vigie" else line.strip())
    if code not in (0, 1, 2):
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        _LOG.error("monitoring run: it did not end by itself (%s); the next one finds the same", how)


def _once(settings: "Settings", engine: "Engine", language: Language, *, as_json: bool) -> int:
    from hospital.errors import VigieError
    from registry.monitoring.run import run_monitoring
    from registry.package.manifest import MODELS

    results, failed = list["MonitoringRun"](), False
    for model in MODELS:
        try:
            result = run_monitoring(settings, engine, model, now=now())
        except VigieError as error:  # the other model is monitored all the same
            say("monitor.failed", language, to=sys.stderr, model=model, why=error)
            failed = True
            continue
        if result is not None:
            results.append(result)
    if as_json:
        print(json.dumps([_run_for_machines(result) for result in results]))
    else:
        for result in results:
            _print_run(result, language)
        if not results and not failed:
            say("monitor.nothing", language)
    return 2 if failed else int(any(result.raised or result.lost for result in results))


def _run_for_machines(result: "MonitoringRun") -> dict[str, Any]:
    alarms = [
        {"family": a.figure.family, "name": a.figure.name, "change": a.change, "day": a.day}
        for a in result.raised
    ]
    return {
        "model": result.model,
        "release": result.release,
        "days": result.days,
        "untested": str(result.untested or ""),
        "alarms": alarms,
        "overruled": [asdict(one) for one in result.overruled],
        "lost": list(result.lost),
    }


def _print_run(result: "MonitoringRun", language: Language) -> None:
    from hospital.words import names
    from registry.monitoring.alarm_text import change_in_words, what_of

    say("monitor.run", language, model=result.model, number=str(result.release), n=result.days)
    if result.untested is not None:
        say("monitor.untested", language, why=result.untested)
    for a in result.raised:
        what = what_of(a.figure.family, a.figure.name, language, result.names)
        say("monitor.alarm", language, what=what, change=change_in_words(a.figure.family, a.change, language))
    for one in result.overruled:
        group = names.value("unit_group", one.group, language, result.names)
        counts: dict[str, Any] = {n: str(getattr(one, n)) for n in ("overruled", "decided", "right", "known")}
        say("monitor.overruled", language, group=group, **counts)
    for lost in result.lost:
        say("monitor.lost", language, group=names.value("unit_group", lost, language, result.names))


def _acknowledge(
    settings: "Settings", engine: "Engine", alarm_id: str, key: Path | None, reason: str, language: Language
) -> int:
    from registry.monitoring.acknowledgement import acknowledge_alarm
    from registry.monitoring.alarm_text import what_of
    from registry.record.database import writing
    from registry.trust.keys import load_key

    member = load_key(key) if key else None
    with writing(engine) as connection:
        done = acknowledge_alarm(connection, settings, alarm_id, key=member, reason=reason, now=now())
    alarm = done.alarm
    what = what_of(alarm.family, alarm.name, language, done.names)
    say("monitor.acknowledged", language, what=what, model=alarm.model)
    return 0


def _show(settings: "Settings", engine: "Engine", language: Language, *, as_json: bool) -> int:
    from registry.monitoring.alarm_text import warning_of
    from registry.monitoring.alarms import last_run, standing
    from registry.package.manifest import MODELS
    from registry.releases.releases import current_release

    shown, own = dict[str, Any](), dict[str, "OwnNames"]()
    for model in MODELS:
        release = current_release(settings, model) if (settings.trust / "trust.json").exists() else None
        if release is None:
            continue
        with engine.connect() as connection:
            seen = last_run(connection, model, release.sequence)
            alarms = standing(connection, model, release.sequence, release.package_digest)
        own[model] = release.names
        shown[model] = {
            "release": release.sequence,
            "alarms": [
                {"id": a.alarm_id, "warning": warning_of(a, language, release.names), **dict(a.evidence)}
                for a in alarms
            ],
            "figures": list(seen.figures) if seen else [],
        }
    if as_json:
        print(json.dumps(shown, ensure_ascii=False))
    else:
        for model, state in shown.items():
            _print_state(model, state, language, own[model])
    return 0


def _print_state(model: str, state: Mapping[str, Any], language: Language, own: "OwnNames") -> None:
    from hospital.words.catalogue import text
    from hospital.words.formats import quantity
    from hospital.words.plain_console import plain_console
    from hospital.words.terminal_table import print_table

    alarms, figures = state["alarms"], state["figures"]
    counted, number = quantity(len(alarms), "alarms", language, 0), str(state["release"])
    say("monitor.state", language, model=model, number=number, alarms=counted, n=len(figures))
    for alarm in alarms:
        print(f"  {alarm['id']}  {alarm['warning']}")
    heads = [text(f"alarms.table.{name}", language) for name in ("figure", "change", "margin", "threshold")]
    if figures:
        rows = [_row(figure, language, own) for figure in sorted(figures, key=_nearest)]
        print_table(plain_console(), heads, rows, language, texts=(0,))


def _nearest(figure: Mapping[str, Any]) -> float:
    share = figure["threshold_share"]
    return 0.0 if share is None else -float(share)


def _row(figure: Mapping[str, Any], language: Language, own: "OwnNames") -> tuple[str, ...]:
    from hospital.words.catalogue import text
    from hospital.words.formats import percent
    from registry.monitoring.alarm_text import change_in_words, what_of

    family, share = figure["family"], figure["threshold_share"]
    changes = [
        "–" if figure[name] is None else change_in_words(family, figure[name], language)
        for name in ("change", "margin")
    ]
    tested = text("alarms.table.untested", language) if share is None else percent(share, language)
    return what_of(family, figure["name"], language, own), changes[0], changes[1].lstrip("+"), tested
