"""`vigie init`: the home of a new installation, with keys of its own, its settings and a mapping to go on from."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.arguments import LanguageOption
from cli.installation import now, read_settings
from cli.reader import note, said, say, spoken_language
from hospital.errors import VigieError

if TYPE_CHECKING:
    from cli.new_home import NewHome

__all__ = ["app"]

app = typer.Typer()


@app.command()
def init(
    zone: Annotated[str | None, typer.Option(metavar="ZONE")] = None,
    language: LanguageOption = None,
    finess: Annotated[str | None, typer.Option(metavar="NUMBER")] = None,
    units: Annotated[list[str] | None, typer.Option("--unit", metavar="CODE=NAME")] = None,
    people: Annotated[
        list[str] | None,
        typer.Option(
            "--person",
            metavar="NAME=ROLE",
        ),
    ] = None,
) -> int:
    """Make the home of a new installation, and say what to do next."""
    from cli.new_home import make_new_home, new_home
    from hospital.words.formats import label

    settings = read_settings()
    asked = sys.stdin.isatty() and sys.stdout.isatty()
    if asked:
        zone = zone or _ask(said("init.ask_zone"), "Europe/Paris")
        language = language or ("en" if _ask(said("init.ask_language"), spoken_language()) == "en" else "fr")
        finess = finess or _ask(said("init.ask_finess"))
        units = units or _ask_lines(said("init.ask_units"), said("init.unit"))
        people = people if people is not None else _ask_lines(said("init.ask_people"), said("init.person"))
    missing = [n for n, given in (("--zone", zone), ("--finess", finess), ("--unit", units)) if not given]
    if missing:
        raise VigieError("verbs.init.missing", options=", ".join(missing))
    wanted = new_home(
        zone or "", language or settings.language, finess or "", tuple(units or ()), tuple(people or ())
    )
    made = make_new_home(settings, wanted, now())
    say("init.made", home=settings.home)
    for path, words in made.items():
        print(f"  {label(path, spoken_language())}{words.words(spoken_language())}")
    _print_next(settings.home, wanted)
    return 0


def _ask(question: str, default: str = "") -> str:
    return _answer(question, default or None).strip()


def _answer(question: str, default: str | None) -> str:
    try:
        return str(typer.prompt(question, default=default, show_default=bool(default)))
    except typer.Abort:  # Ctrl-C, or the end of what is typed
        raise KeyboardInterrupt from None


def _ask_lines(question: str, prompt: str) -> list[str]:
    """Answers until an empty one."""
    print(f"{question}.")
    lines: list[str] = []
    while line := _answer(prompt, "").strip():
        lines.append(line)
    return lines


def _print_next(home: Path, wanted: "NewHome") -> None:
    for what in wanted.notes:
        note(what)
    say("init.next")
    mapping = shlex.quote(str(home / "hospital.toml"))
    steps = [f'export VIGIE_HOME={shlex.quote(str(home))}; set -a; . "$VIGIE_HOME/settings.env"; set +a']
    if wanted.people:
        steps.append(said("init.steps.keys", folder=home / "keys"))
    steps += [
        said("init.steps.mapping", mapping=mapping),
        said("init.steps.check", mapping=mapping),
        said("init.steps.import", mapping=mapping),
        said("init.steps.token"),
        said("init.steps.serve"),
    ]
    for number, step in enumerate(steps, 1):
        print(f"  {number}. {step}")
