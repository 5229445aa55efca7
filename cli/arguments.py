"""The arguments that several verbs take, each with its type, its name and its help."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.usage_text import refused
from hospital.words.language import Language

__all__ = [
    "AuthorKey",
    "BoardKeys",
    "ExplainedNumber",
    "Horizons",
    "HorizonsOption",
    "Json",
    "Language",
    "LanguageOption",
    "MappingFile",
    "Model",
    "ModelName",
    "PersonKey",
    "Port",
    "Prediction",
    "Reason",
    "Scale",
    "Seed",
    "TablesPath",
    "Threads",
    "Version",
    "day",
]

ModelName = Literal["bed-demand", "wait-time"]
Prediction = Annotated[str, typer.Argument(metavar="PREDICTION", show_default=False)]
ExplainedNumber = Annotated[Literal["p50", "interval", "tension"], typer.Option("--of")]


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
                raise refused("horizons")
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
        raise refused("date", value=repr(text)) from None


Model = Annotated[ModelName, typer.Argument(metavar="MODEL")]
Version = Annotated[str, typer.Argument(metavar="VERSION")]
TablesPath = Annotated[Path, typer.Option("--data", metavar="DIR|FILE", show_default=False)]
MappingFile = Annotated[
    Path | None,
    typer.Option("--mapping", metavar="FILE"),
]
HorizonsOption = Annotated[
    Horizons | None,
    typer.Option("--horizons", metavar="4h,24h,3d", parser=Horizons.parse),
]
AuthorKey = Annotated[
    Path | None,
    typer.Option(
        "--key",
        metavar="FILE",
    ),
]
PersonKey = Annotated[Path, typer.Option("--key", metavar="FILE", show_default=False)]
"""The private key of whoever signs."""
BoardKeys = Annotated[list[Path], typer.Option("--key", metavar="FILE", show_default=False)]
"""Those of members of the board, who sign together or one after the other."""
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", show_default=False)]
Seed = Annotated[
    int,
    typer.Option("--seed", metavar="N", min=0, max=2**32 - 1),
]
Scale = Annotated[float, typer.Option("--scale", metavar="N", min=0.1, max=3.0)]
Threads = Annotated[int, typer.Option("--threads", metavar="N", min=1, max=256)]
Port = Annotated[int, typer.Option("--port", metavar="N", min=1, max=65_535)]
Json = Annotated[bool, typer.Option("--json")]
LanguageOption = Annotated[Language | None, typer.Option("--language")]
