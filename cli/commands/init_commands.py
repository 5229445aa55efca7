"""`vigie init`: the home of a new installation, with keys of its own, its settings and a mapping to go on from."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.arguments import LanguageOption
from cli.installation import now, read_settings
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

    settings = read_settings()
    asked = sys.stdin.isatty() and sys.stdout.isatty()
    if asked:
        zone = zone or _ask("Time zone", "Europe/Paris")
        language = language or ("en" if _ask("Language of pages and cards, fr or en", "fr") == "en" else "fr")
        finess = finess or _ask("FINESS number (9 characters)")
        units = units or _ask_lines("Units, one a line as CODE=Name; an empty line ends", "Unit")
        people = people if people is not None else _ask_lines(_PEOPLE, "Person")
    missing = [n for n, given in (("--zone", zone), ("--finess", finess), ("--unit", units)) if not given]
    if missing:
        raise VigieError(f"To make a home, say also {', '.join(missing)}: nobody is here to be asked.")
    wanted = new_home(
        zone or "", language or settings.language, finess or "", tuple(units or ()), tuple(people or ())
    )
    made = make_new_home(settings, wanted, now())
    print(f"The home {settings.home} is made:")
    for path, words in made.items():
        print(f"  {path}: {words}")
    _print_next(settings.home, wanted)
    return 0


_PEOPLE = (
    "People whose keys are made here, one a line as Name=author, Name=board or Name=releaser; an empty line ends. "
    "An installation needs an author, two members of the board and a releaser, all different"
)


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
    for note in wanted.notes:
        print(f"note: {note}")
    print("Next:")
    mapping = shlex.quote(str(home / "hospital.toml"))
    steps = [f"set -a; . {shlex.quote(str(home / 'settings.env'))}; set +a"]
    if wanted.people:
        steps.append(f"give each person the file of {home / 'keys'}, and remove it here")
    steps += [
        f"say in {mapping} how your tables are read (docs/mappings.md; vigie data map FILE drafts it)",
        f"vigie data check DIR --mapping {mapping}",
        f"vigie import DIR --mapping {mapping}",
        "vigie token create NAME --role operator    # for the pages; --role application to send data and ask",
        "vigie serve                                # the start page says what is missing until the first answer",
    ]
    for number, step in enumerate(steps, 1):
        print(f"  {number}. {step}")
