"""The arguments that several verbs take, each with its type, its name and its help."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import typer

from hospital.words.language import Language

__all__ = [
    "AuthorKey",
    "Horizons",
    "HorizonsOption",
    "Json",
    "Language",
    "LanguageOption",
    "MappingFile",
    "Model",
    "ModelName",
    "Port",
    "Seed",
    "TablesPath",
    "Threads",
    "Version",
    "day",
]

ModelName = Literal["bed-demand", "wait-time"]


class Horizons(tuple[float, ...]):
    """Hours ahead."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> "Horizons":
        """From the command line's ``4h,24h,3d``.

        Raises:
            typer.BadParameter: it is written otherwise.
        """
        hours = []
        for part in text.split(","):
            number, unit = part.strip()[:-1], part.strip()[-1:]
            if unit not in ("h", "d") or not number.isdigit():
                raise typer.BadParameter("horizons are written as in 4h,24h,3d.")
            hours.append(float(number) * (24 if unit == "d" else 1))
        return cls(hours)


def day(text: str) -> date:
    """A day from the command line.

    Raises:
        typer.BadParameter: it is no date, or written otherwise.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date as in 2024-01-31.") from None


Model = Annotated[ModelName, typer.Argument(metavar="MODEL", help="bed-demand or wait-time.")]
Version = Annotated[str, typer.Argument(metavar="VERSION", help="The registered version, as in 3.")]
TablesPath = Annotated[
    Path, typer.Option("--data", metavar="DIR|FILE", help="The hospital's tables.", show_default=False)
]
MappingFile = Annotated[
    Path | None,
    typer.Option("--mapping", metavar="FILE", help="How the hospital's columns are read: docs/mappings.md."),
]
HorizonsOption = Annotated[
    Horizons | None,
    typer.Option(
        "--horizons", metavar="4h,24h,3d", parser=Horizons.parse, help="Times ahead, for bed demand."
    ),
]
AuthorKey = Annotated[
    Path | None,
    typer.Option(
        "--key",
        metavar="FILE",
        help="The author's key. A candidate made without it can be checked but never approved.",
    ),
]
Seed = Annotated[
    int,
    typer.Option("--seed", metavar="N", min=0, max=2**32 - 1, help="The seed of the random numbers."),
]
Threads = Annotated[int, typer.Option("--threads", metavar="N", min=1, max=256, help="Threads to train on.")]
Port = Annotated[
    int, typer.Option("--port", metavar="N", min=1, max=65_535, help="Where the service listens.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
LanguageOption = Annotated[
    Language | None, typer.Option("--language", help="Of what people read (default: VIGIE_LANGUAGE).")
]
