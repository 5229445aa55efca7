"""The comparison as figures with their targets, and as a table in the terminal."""

from collections.abc import Sequence

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.anchors.comparison import LIGHTGBM, MEANS_BEFORE, VIGIE, Cell, Gain
from benchmarks.results import Figure

__all__ = ["INSIDE", "SHARE", "ahead", "figures_of", "show"]

_LEAST_GAIN = {
    ("beds", LIGHTGBM, "MAE"): 3.0,
    **{("beds", mean, "MAE"): 1.0 for mean in MEANS_BEFORE.values()},
    ("waits", LIGHTGBM, "MAE"): 3.0,
    ("waits", LIGHTGBM, "interval score"): 5.0,
}
"""Per cent, by what is forecast, method and measure: of all origins together and of the last one."""
_MOST = {("survey", "MAE"): 27.8, ("survey", "pinball loss at 0.9"): 11.8}
INSIDE = (77.0, 83.0)
_KINDS = {"divi": "beds", "swedish": "waits", "hospital-waits": "waits", "nhamcs": "survey"}
_WIDTH = 165
SHARE = "inside p10–p90"


def figures_of(cells: Sequence[Cell], conditions: str) -> list[Figure]:
    """Scores of every method, and Vigie's gain over each, with its interval among the conditions."""
    out = []
    for cell in cells:
        where = f"{cell.group}, {ahead(cell.horizon_hours)}{cell.method}"
        said = f"{conditions}; {cell.rows:,} rows"
        unit = "beds" if cell.horizon_hours else "min"
        for measure, value in cell.scores.items():
            out.append(_score(cell, where, measure, value, unit, said))
        for measure, gain in cell.gains.items():
            out.append(_gain(cell, where, measure, gain, said))
    return out


def _kind(group: str) -> str:
    """Which targets a group has: none where it is one origin of several, or holds none of the named data."""
    if group in ("divi-2024", "divi, every origin"):
        return "beds"
    return _KINDS.get(group, "")


def _score(cell: Cell, where: str, measure: str, value: float, unit: str, said: str) -> Figure:
    target, met = None, None
    if cell.method == VIGIE:
        most = _MOST.get((_kind(cell.group), measure))
        if most is not None:
            target, met = f"at most {most:g}", value <= most
        if measure == SHARE:
            target, met = f"{INSIDE[0]:g} to {INSIDE[1]:g}", INSIDE[0] <= value <= INSIDE[1]
    return Figure(
        f"{where}: {measure}", "%" if measure == SHARE else unit, target, round(value, 4), met, said
    )


def _gain(cell: Cell, where: str, measure: str, gain: Gain, said: str) -> Figure:
    least = _LEAST_GAIN.get((_kind(cell.group), cell.method, measure))
    name = f"gain of Vigie, {where}: {measure}"
    target = None if least is None else f"at least {least:g}"
    met = None if least is None else gain.value >= least
    ends = (
        f"95 % interval {gain.low:.2f} to {gain.high:.2f}"
        if np.isfinite(gain.low)
        else "too few days for an interval"
    )
    return Figure(name, "%", target, round(gain.value, 4), met, f"{said}; {ends}")


def show(cells: Sequence[Cell]) -> None:
    """A table for each group in the terminal: scores, and Vigie's gain in mean absolute error and interval score."""
    console = Console()
    console.width = max(console.width, _WIDTH)  # a log has no width of its own
    for group in dict.fromkeys(c.group for c in cells):
        mine = [c for c in cells if c.group == group]
        measures = list(mine[0].scores)
        table = Table(
            "ahead", "method", *measures, "gain in MAE, %", "gain in interval score, %", title=group
        )
        for cell in mine:
            gains = [_words(cell.gains.get(m)) for m in ("MAE", "interval score")]
            values = [f"{cell.scores[m]:.2f}" for m in measures]
            table.add_row(ahead(cell.horizon_hours).rstrip(", "), cell.method, *values, *gains)
        console.print(table)


def ahead(hours: float) -> str:
    """How far ahead, before what is said of it; of waits nothing."""
    if not hours:
        return ""
    return f"{hours / 24:g} d, " if hours >= 24 else f"{hours:g} h, "


def _words(gain: Gain | None) -> str:
    return "" if gain is None else f"{gain.value:+.1f} ({gain.low:+.1f} to {gain.high:+.1f})"
