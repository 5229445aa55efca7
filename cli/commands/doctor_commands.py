"""`vigie doctor`: what state an installation is in, and what mends it."""

import json
import sys
from typing import Annotated

import typer

from cli.arguments import Json, LanguageOption
from cli.installation import now, read_settings

__all__ = ["app"]

app = typer.Typer()


@app.command()
def doctor(
    mend: Annotated[bool, typer.Option("--mend")] = False,
    as_json: Json = False,
    language: LanguageOption = None,
) -> int:
    """Name every state that the installation is in, and what to do about it.

    Exit codes: 0 nothing is wrong, 1 something is, 2 an error.
    """
    from cli.doctor.examination import examine
    from cli.doctor.states import Weight
    from hospital.errors import VigieError
    from hospital.words.catalogue import text
    from hospital.words.messages import written

    settings = read_settings()
    spoken = language or settings.language
    states = examine(settings, now())
    if mend:
        for state in states:
            if state.mend is None:
                continue
            try:
                state.mend()
            except (VigieError, OSError) as error:
                print(
                    text("doctor.not_mended", spoken, what=state.words(spoken), why=written(error, spoken)),
                    file=sys.stderr,
                )
            else:
                print(text("doctor.mended", spoken, what=state.words(spoken)), file=sys.stderr)
        states = examine(settings, now())
    if as_json:
        found = [
            {
                "state": s.name,
                "weight": s.weight.value,
                "words": s.words(spoken),
                "can_mend": s.mend is not None,
            }
            for s in states
        ]
        print(json.dumps(found, ensure_ascii=False))
    else:
        for state in states:
            hint = f" {text('doctor.can_mend', spoken)}" if state.mend is not None else ""
            print(f"{text(f'doctor.weights.{state.weight}', spoken):<10} {state.words(spoken)}{hint}")
    return int(any(state.weight is Weight.FAULT for state in states))
