"""Results of a benchmark: a table for the terminal and a JSON list that is committed."""

import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from registry.digests import write_atomically

__all__ = ["Figure", "conditions", "publish", "published"]

FOLDER = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    Attributes:
        target: what was promised, in words; None: told only. met: None where there is no target, or
            nothing was measured. measured: None: not measured, for the reason that `conditions` gives.
    """

    figure: str
    unit: str
    target: str | None
    measured: float | None
    met: bool | None
    conditions: str


def conditions() -> str:
    """The machine in words, without its name."""
    return f"{os.cpu_count()} shared cores, {platform.machine()}, Python {platform.python_version()}"


def publish(name: str, figures: list[Figure]) -> None:
    """Prints the figures and writes them."""
    table = Table("figure", "unit", "target", "measured", "met", title=name)
    for figure in figures:
        met = "–" if figure.met is None else ("yes" if figure.met else "NO")
        measured = "not measured" if figure.measured is None else f"{figure.measured:g}"
        table.add_row(figure.figure, figure.unit, figure.target or "–", measured, met)
    Console().print(table)
    text = json.dumps([asdict(f) for f in figures], indent=1, ensure_ascii=False)
    write_atomically(FOLDER / f"{name}.json", f"{text}\n".encode())


def published(name: str) -> list[Figure]:
    """What `publish` wrote last; nothing where it never did."""
    path = FOLDER / f"{name}.json"
    return [Figure(**found) for found in json.loads(path.read_text())] if path.exists() else []
