"""`vigie monitor`: one look, or the process that looks again and again."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cli.child_process import command, environment

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from registry.settings import Settings

__all__ = ["run_monitor"]

_FIRST_SECONDS = 20.0  # a service that was just started has better to do
_WATCH_SECONDS = 1.0


def run_monitor(given: argparse.Namespace, settings: "Settings", *, now: Callable[[], datetime]) -> int:
    """Runs the verb; returns the exit code: 0 no new alarm, 1 a new one, 2 an error."""
    if given.clear is None and not given.once and not given.show:
        return _again_and_again(settings, given.parent)
    from registry.record.database import opened_database

    with opened_database(settings.database) as engine:
        if given.clear is not None:
            return _clear(given, settings, engine, now())
        if given.once:
            return _once(given, settings, engine, now())
        return _show(given, settings, engine)


def _again_and_again(settings: "Settings", parent: int | None) -> int:
    """A look each so many minutes, in a process of its own, so that between looks no library stays loaded.

    Ends with its parent: whose child it no longer is has nobody to follow anything for.
    """
    due = time.monotonic() + (_FIRST_SECONDS if parent else 0.0)
    if parent:
        # Ctrl-C at a terminal reaches it too: it ends with its parent all the same, and has nothing to say.
        signal.signal(signal.SIGINT, lambda *_: None)
    looking: subprocess.Popen[bytes] | None = None
    try:
        while parent is None or os.getppid() == parent:
            if looking is not None and looking.poll() is not None:
                looking = None
            if looking is None and time.monotonic() >= due:
                looking = subprocess.Popen(
                    command("monitor", "--once"),
                    env=environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                )
                due = time.monotonic() + 60.0 * settings.monitor_minutes
            time.sleep(_WATCH_SECONDS)
    finally:
        if looking is not None:
            looking.kill()  # a look that is cut off leaves nothing
            looking.wait()
    return 0


def _once(given: argparse.Namespace, settings: "Settings", engine: "Engine", now: datetime) -> int:
    from hospital.errors import VigieError
    from registry.monitoring.alarm_text import change_in_words, what_of
    from registry.monitoring.run import look
    from registry.trust.candidates import MODELS

    language = given.language or settings.language
    told, failed = [], False
    for model in MODELS:
        try:
            found = look(settings, engine, model, now=now)
        except VigieError as error:  # the other model is looked at all the same
            print(f"vigie: {model}: {error}", file=sys.stderr)
            failed = True
            continue
        if found is None:
            continue
        alarms = [
            {"family": a.figure.family, "name": a.figure.name, "change": a.change, "day": a.day}
            for a in found.raised
        ]
        told.append(
            {"model": model, "release": found.release, "days": found.days, "untested": found.untested}
            | {"alarms": alarms}
        )
        if not given.json:
            print(f"{model}, release {found.release}: {found.days} whole days followed since its data end.")
            if found.untested:
                print(f"  told but not tested: {found.untested}")
            for a in found.raised:
                what = what_of(a.figure.family, a.figure.name, language)
                print(f"  ALARM {what}: {change_in_words(a.figure.family, a.change, language)}")
    if given.json:
        print(json.dumps(told))
    elif not told and not failed:
        print("Nothing is released yet: there is nothing to follow.")
    return 2 if failed else int(any(t["alarms"] for t in told))


def _clear(given: argparse.Namespace, settings: "Settings", engine: "Engine", now: datetime) -> int:
    from registry.monitoring.acknowledgement import clear_alarm
    from registry.record.database import writing
    from registry.trust.keys import load_key

    key = load_key(given.key) if given.key else None
    with writing(engine) as connection:
        alarm = clear_alarm(connection, settings, given.clear, key=key, reason=given.reason, now=now)
    print(
        f"The alarm {alarm.family} ({alarm.name}) of {alarm.model} is cleared: it is signed in the journal."
    )
    return 0


def _show(given: argparse.Namespace, settings: "Settings", engine: "Engine") -> int:
    from registry.monitoring.alarm_text import warning_of
    from registry.monitoring.alarms import last_look, standing
    from registry.trust.candidates import MODELS
    from registry.trust.releases import current_release

    language, shown = given.language or settings.language, dict[str, Any]()
    for model in MODELS:
        release = current_release(settings, model) if (settings.trust / "trust.json").exists() else None
        if release is None:
            continue
        with engine.connect() as connection:
            seen, alarms = (
                last_look(connection, model, release.sequence),
                standing(connection, model, release.sequence),
            )
        shown[model] = {
            "release": release.sequence,
            "alarms": [
                {"id": a.alarm_id, "warning": warning_of(a, language), **dict(a.evidence)} for a in alarms
            ],
            "figures": list(seen.figures) if seen else [],
        }
    if given.json:
        print(json.dumps(shown, ensure_ascii=False))
        return 0
    for model, found in shown.items():
        print(
            f"{model}, release {found['release']}: {len(found['alarms'])} alarms, {len(found['figures'])} figures"
        )
        for alarm in found["alarms"]:
            print(f"  {alarm['id']}  {alarm['warning']}")
        for figure in sorted(found["figures"], key=_nearest):
            print(f"  {_row(figure)}")
    return 0


def _nearest(figure: Mapping[str, Any]) -> float:
    reach = figure["reach"]
    return 0.0 if reach is None else -float(reach)


def _row(figure: Mapping[str, Any]) -> str:
    def shown(value: float | None) -> str:
        return "–" if value is None else f"{value:.3g}"

    reach = "not tested" if figure["reach"] is None else f"{100 * figure['reach']:.0f} %"
    name = f"{figure['family']} {figure['name']}"
    return f"{name:<44} change {shown(figure['change']):>9}  margin {shown(figure['margin']):>8}  of threshold {reach}"
