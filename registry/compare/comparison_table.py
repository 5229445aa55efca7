"""A comparison in a terminal: one line a group, the difference with its interval, and what it shows."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hospital.times import moment
from hospital.words.language import Language
from registry.compare.comparison import Comparison, Difference

__all__ = ["print_comparison"]

_WORDS = {
    "fr": {
        "title": "{model} : version {second} comparée à la version {first}, {n} prévisions du {start} au {end}",
        "names": ("mesure", "par", "groupe", "n", "v. {first}", "v. {second}", "différence", "IC 95 %", ""),
        "mae": "erreur absolue moyenne",
        "crps": "CRPS (toute la distribution)",
        "inside": "part entre p10 et p90",
        "all": "ensemble",
        "horizon": "horizon",
        "unit_group": "groupe d'unités",
        1: "v. {second} meilleure",
        -1: "v. {first} meilleure",
        0: "",
        "left": "Laissées de côté, faute de prévision de l'autre version : {first} et {second}.",
        "note": "Aucune des deux versions n'a été ajustée sur ces lignes. Chaque intervalle vaut pour lui-même : parmi "
        "vingt, un peut se tromper par hasard.",
    },
    "en": {
        "title": "{model}: version {second} beside version {first}, {n} forecasts from {start} to {end}",
        "names": ("figure", "by", "group", "n", "v. {first}", "v. {second}", "difference", "95 % CI", ""),
        "mae": "mean absolute error",
        "crps": "CRPS (whole distribution)",
        "inside": "share within p10-p90",
        "all": "all",
        "horizon": "horizon",
        "unit_group": "unit group",
        1: "v. {second} better",
        -1: "v. {first} better",
        0: "",
        "left": "Left out, since the other version has no forecast of them: {first} and {second}.",
        "note": "Neither version was fitted on these rows. Each interval stands for itself: of twenty, one may be "
        "wrong by chance.",
    },
}
_COLOURS = {1: "green", -1: "red", 0: ""}


def print_comparison(found: Comparison, language: Language, console: Console | None = None) -> None:
    """Prints a comparison."""
    console = console or Console()
    words = _WORDS[language]
    of = {"first": found.first, "second": found.second}
    rows = next((d.n for d in found.differences if d.by == "all"), 0)
    days = {"start": moment(found.start).date().isoformat(), "end": moment(found.end).date().isoformat()}
    console.print(
        str(words["title"]).format(model=found.model, n=f"{rows:,}".replace(",", " "), **of, **days)
    )
    names = [str(name).format(**of) for name in words["names"]]
    table = Table(*names, header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    before = ("", "")
    for d in found.differences:
        metric = str(words[d.metric]) if d.metric != before[0] or d.by != before[1] else ""
        before = (d.metric, d.by)
        shown = Text(str(words[d.shown]).format(**of), _COLOURS[d.shown])
        table.add_row(
            metric,
            str(words.get(d.by, d.by)),
            d.group if d.by != "all" else "",
            f"{d.n:,}".replace(",", " "),
            _figure(d, d.first),
            _figure(d, d.second),
            _signed(d, d.difference),
            "" if d.low is None or d.high is None else f"{_signed(d, d.low)} … {_signed(d, d.high)}",
            shown,
        )
    console.print(table)
    if found.only_first or found.only_second:
        console.print(str(words["left"]).format(first=found.only_first, second=found.only_second))
    console.print(str(words["note"]))


def _figure(d: Difference, value: float) -> str:
    return f"{100 * value:.1f} %" if d.metric == "inside" else f"{value:.2f}"


def _signed(d: Difference, value: float) -> str:
    return f"{100 * value:+.1f} pts" if d.metric == "inside" else f"{value:+.2f}"
