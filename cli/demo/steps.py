"""The steps of the demo, but training and serving: each finished one is kept, and says so when the demo runs again.

What only an unfinished step needs is imported by that step: a demo that has everything starts at once.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console

from cli.mlflow_note import show_in_mlflow
from cli.progress import bar
from hospital.contracts.tables import TABLES
from hospital.errors import VigieError
from hospital.times import HOUR, instant, start_of_day
from hospital.words.catalogue import text
from hospital.words.language import Language
from hospital.words.numbers import number
from registry.candidates.candidates import Candidate
from registry.candidates.reviews import review
from registry.candidates.standing_reviews import standing_reviews
from registry.checkpoints.service_key import trust_service_key
from registry.digests import PRIVATE, canonical_json, write_atomically
from registry.policy.board_policy import Policy
from registry.releases.promotion import promote
from registry.releases.releases import current_release
from registry.settings import Settings
from registry.trust.keys import demo_key
from registry.trust.trust_changes import found_trust, put_in_force
from registry.trust.trust_store import create_trust, load_trust, save_trust

__all__ = [
    "IMPORT_MORE_DAYS",
    "LIVE_FOLDER",
    "approve_version",
    "check_version",
    "live_start",
    "make_demo_home",
    "make_token",
    "model_words",
    "note",
    "release_version",
    "simulate_hospital",
    "step",
]

_ROLES = {
    "author": ("author",),
    "board-1": ("board",),
    "board-2": ("board",),
    "releaser": ("releaser",),
    "checker": ("checker",),
}
IMPORT_MORE_DAYS = 10
"""Days further back than features look, that the service is given."""
LIVE_FOLDER = "day"
"""Folder of the home with what `vigie feed` replays: the weeks before, and the day in which tension builds."""
LIVE_DAYS, LIVE_BEFORE_DAYS, LIVE_HOUR, LIVE_BUSY = 4, 2, 11, 1.25
"""Days beyond the data of training, those of them before the service's day, its hour, and the factor on arrivals."""
_ZONE = ZoneInfo("Europe/Paris")  # the simulated hospital's


@contextmanager
def step(console: Console, settings: Settings, name: str, model: str = "") -> Iterator[list[str]]:
    """Prints a step with its notes and how long it took; the list takes the notes.

    Args:
        name: of the step, in ``demo.steps`` of the catalogue.
        model: that the step is about, if it is about one.
    """
    started, notes = time.monotonic(), list[str]()
    yield notes
    took = number(time.monotonic() - started, settings.language, 1)
    about = model_words(model, settings.language) if model else ""
    what = text(f"demo.steps.{name}", settings.language, model=about)
    console.print(f"[green]✓[/green] {what:<34} {', '.join(notes)} [dim]({took} s)[/dim]")


def model_words(model: str, language: Language) -> str:
    """What people call a model, within a sentence."""
    return text(f"demo.models.{model}", language)


def note(settings: Settings, key: str, /, n: float | None = None, **values: object) -> str:
    """A note on a step, of ``demo.notes`` of the catalogue."""
    return text(f"demo.notes.{key}", settings.language, n, **values)


def make_demo_home(settings: Settings, policy: Policy) -> None:
    """Makes the demo's home, in which the demo's own keys are trusted and the policy is in force.

    Raises:
        VigieError: the home is that of another installation.
    """
    os.umask(PRIVATE)  # as of every home: also where it begins as a demo
    settings.home.mkdir(parents=True, exist_ok=True)
    if not (settings.trust / "trust.json").exists():
        create_trust(settings.trust, policy_digest=policy.digest, demo=True)
    trust = load_trust(settings.trust)
    if not trust.demo:
        raise VigieError("verbs.demo.other_home", home=settings.home)
    board, moment_of_it = [demo_key("board-1"), demo_key("board-2")], datetime.now(UTC)
    if not trust.founded:
        for role, roles in _ROLES.items():
            trust = trust.with_person(demo_key(role), roles)
        save_trust(settings.trust, trust)
        trust_service_key(settings, moment_of_it)  # while nobody has to sign it yet
        found_trust(settings, now=moment_of_it, signers=board, reason="the demo's people")
    put_in_force(settings, policy, now=moment_of_it, signers=board, reason="the demo's policy")


def simulate_hospital(console: Console, settings: Settings, days: int, seed: int) -> Path:
    """Simulates the hospital, if this very one is not there; returns the folder of its tables.

    Beside it lies `LIVE_FOLDER`: what the same hospital lives when more patients come than usual, which no model saw.
    """
    from importlib.resources import files

    from hospital.simulator import Beyond, simulate_beyond, write

    parameters = files("hospital.simulator").joinpath("data", "parameters.toml").read_bytes()
    beyond = Beyond(LIVE_DAYS, LIVE_BUSY, _days_before())
    digest = hashlib.sha256(parameters).hexdigest()
    wanted = {"days": days, "seed": seed, "parameters": digest, "live": asdict(beyond)}
    folder, marker = settings.home / "data", settings.home / "simulated.json"
    with step(console, settings, "simulate") as notes:
        if marker.exists() and json.loads(marker.read_bytes()) == wanted:
            notes.append(note(settings, "simulated_before", days=days))
            return folder
        marker.unlink(missing_ok=True)
        with bar() as progress:
            tables, live = simulate_beyond(
                days, beyond, seed=seed, progress=lambda done: progress("simulate", done)
            )
        write(tables, folder)
        write(live, settings.home / LIVE_FOLDER)
        write_atomically(marker, canonical_json(wanted))
        visits, stays = (number(len(tables[name]), settings.language) for name in ("visits", "stays"))
        notes.append(note(settings, "simulated", days=days, visits=visits, stays=stays))
    return folder


def live_start(days: int) -> int:
    """The instant at which the demo's service begins: a late morning, two days after more patients began to come."""
    from hospital.simulator import DEFAULT_START

    day = DEFAULT_START + timedelta(days=days + LIVE_BEFORE_DAYS)
    return instant(start_of_day(day, _ZONE)) + LIVE_HOUR * HOUR


def _days_before() -> int:
    """Days of the usual hospital that the service is given: all that features look back to."""
    from hospital.features.lookback import lookback_days

    return max(lookback_days(name) for name in TABLES) + IMPORT_MORE_DAYS


def check_version(console: Console, settings: Settings, candidate: Candidate, policy: Policy) -> bool:
    """Checks a version, if it was not checked under this policy; returns whether its gates are open."""
    from registry.cards.report_table import print_report

    with step(console, settings, "check", candidate.model) as notes:
        if candidate.checked and candidate.digests()["policy_digest"] == policy.digest:
            body = candidate.json("report.json")
            notes += [_verdict(body, settings), note(settings, "present")]
        else:
            from registry.check.run import check
            from training.refits.child_command import REFITS

            with bar() as progress:
                report = check(
                    settings,
                    candidate.model,
                    candidate.version,
                    policy,
                    now=datetime.now(UTC),
                    progress=progress,
                    refits=REFITS,
                )
            show_in_mlflow(settings, candidate.model, candidate.version)
            body = report.body
            notes.append(note(settings, "checked", len(body["scope"]), verdict=_verdict(body, settings)))
    if body["verdict"] != "pass":
        print_report(body, settings.language, console, candidate.names)
        console.print(note(settings, "closed"))
    return bool(body["verdict"] == "pass")


def _verdict(body: Mapping[str, Any], settings: Settings) -> str:
    return text(f"findings.verdicts.{body['verdict']}", settings.language)


def approve_version(console: Console, settings: Settings, candidate: Candidate) -> None:
    """Has both members of the demo's board approve a version, where they did not yet."""
    with step(console, settings, "approve", candidate.model) as notes:
        for role in ("board-1", "board-2"):
            key = demo_key(role)
            standing = standing_reviews(candidate, load_trust(settings.trust))
            if not any(s.name == key.name and s.decision == "approve" for s in standing):
                review(
                    settings,
                    candidate.model,
                    candidate.version,
                    key,
                    "approve",
                    "Demonstration: the gates are open.",
                    now=datetime.now(UTC),
                )
        first, second = (f"[bold]{demo_key(role).name}[/bold]" for role in ("board-1", "board-2"))
        notes.append(note(settings, "approved", first=first, second=second))


def release_version(console: Console, settings: Settings, candidate: Candidate) -> None:
    """Releases a version, if it is not the current release."""
    with step(console, settings, "release", candidate.model) as notes:
        current = current_release(settings, candidate.model)
        digests = candidate.digests()
        if current is None or any(current.body[n] != digests[n] for n in ("package_digest", "card_digest")):
            key = demo_key("releaser")
            current = promote(settings, candidate.model, candidate.version, key, now=datetime.now(UTC))
            show_in_mlflow(settings, candidate.model)
        name = f"[bold]{demo_key('releaser').name}[/bold]"
        notes.append(note(settings, "released", number=current.sequence, name=name))


def make_token(settings: Settings) -> str:
    """The token that the demo asks with: kept in the home, made anew where it is valid no more."""
    from registry.errors import TokenError
    from registry.record.database import open_database, writing
    from registry.record.tokens import ROLES, authenticate, create_token

    # Not an application, which sees its own predictions alone: people decide here on those of the pages.
    roles = [role for role in ROLES if role != "application"]
    path = settings.home / "demo-token"
    with writing(open_database(settings.database)) as connection:
        if path.exists():
            with suppress(TokenError):  # expired, or revoked
                authenticate(connection, token := path.read_text().strip(), now=datetime.now(UTC))
                return token
        token = create_token(connection, "demo", roles, now=datetime.now(UTC))
        write_atomically(path, f"{token}\n".encode(), mode=0o600)
    return token
