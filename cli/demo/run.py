"""Runs the demo: the whole way, from a simulated hospital to two explained answers, each finished step kept."""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from cli.demo.command_centre import give_command_centre, write_levels
from cli.demo.example_answers import ask_for_answers
from cli.demo.invitation import print_what_to_open
from cli.demo.observations import give_observations
from cli.demo.past_decisions import past_decisions
from cli.demo.people import make_people
from cli.demo.service_process import LOG, interrupt_on_endings, refuse_taken_port, service
from cli.demo.steps import (
    LIVE_FOLDER,
    approve_version,
    check_version,
    live_start,
    make_demo_home,
    make_token,
    note,
    release_version,
    simulate_hospital,
    step,
)
from cli.demo.training_processes import train_models
from cli.reader import spoken_language
from explain.verification import verifying_in_one_process
from hospital.dataset.samples import WARM_UP_DAYS
from hospital.times import moment
from hospital.words.numbers import number
from hospital.words.plain_console import plain_console
from registry.checkpoints.checkpointing import checkpoint
from registry.policy.board_policy import default_policy
from registry.settings import Settings

__all__ = ["run_demo"]

HOME = Path("vigie-demo")
_ELSEWHERE = ("releases_dir", "trust_dir", "checker_key_file", "service_key_file", "checkpoints_file")
"""What an installation of its own may have outside its home: the demo has all of it inside."""
_MARGIN_DAYS = 18  # the longest horizon, the cut first day, and what the split rounds away


def run_demo(*, days: int | None, serve: bool, seed: int, port: int) -> int:
    """Runs the demo; returns the exit code."""
    interrupt_on_endings()
    console, started, policy = (
        plain_console(markup=True, highlight=False, soft_wrap=True),
        time.monotonic(),
        default_policy(),
    )
    refuse_taken_port(port)
    home = HOME.resolve()
    settings = Settings(home=home, port=port, host="127.0.0.1", database_url="", language=spoken_language())
    settings = settings.model_copy(update=dict.fromkeys(_ELSEWHERE))
    make_demo_home(settings, policy)
    checkpoint(settings, now=datetime.now(UTC))  # from the founding on
    days = days or policy.document.history_days + WARM_UP_DAYS + _MARGIN_DAYS
    data = simulate_hospital(console, settings, days, seed)
    write_levels(settings)
    versions = train_models(console, settings, data)
    with verifying_in_one_process():
        checked = [
            check_version(console, settings, candidate, policy) for candidate in versions
        ]  # both, whatever the first says
    if not all(checked):
        return 1
    for candidate in versions:
        approve_version(console, settings, candidate)
        release_version(console, settings, candidate)
    token, people, begin = make_token(settings), make_people(settings), live_start(days)
    give_command_centre(console, settings, policy, moment(begin))
    with past_decisions(settings, begin, people) as (stages, count):
        start = give_observations(console, settings, home / LIVE_FOLDER, stages)
        if made := count():  # a demo that is run again keeps them
            console.print(f"  {note(settings, 'decisions', made)}")
    checkpoint(settings, now=datetime.now(UTC))
    seconds = number(time.monotonic() - started, settings.language, 0)
    console.print(f"[dim]{note(settings, 'took', seconds=seconds)}[/dim]")
    return _serve(console, settings, start, token, people if serve else None)


def _serve(
    console: Console, settings: Settings, start: datetime, token: str, people: Mapping[str, str] | None
) -> int:
    """Starts the service and asks it.

    Args:
        people: tokens by name, to be shown; None: the service ends with its answers.
    """
    with ExitStack() as running:
        with step(console, settings, "serve") as notes:
            process = running.enter_context(service(settings, start))
            notes.append(note(settings, "port", port=settings.port, log=HOME / LOG))
        ask_for_answers(console, settings, token, start)
        if people is None:
            return 0
        print_what_to_open(console, settings, token, people)
        return process.wait()
