"""A comparison in a terminal: one line a group, the difference with its interval, and what it shows."""

from rich.console import Console
from rich.text import Text

from hospital.times import moment
from hospital.words import formats, names
from hospital.words.catalogue import has_text, text
from hospital.words.language import Language
from hospital.words.plain_console import plain_console
from hospital.words.terminal_table import print_table
from registry.compare.comparison import Comparison
from registry.compare.differences import BRIER, Difference

__all__ = ["print_comparison"]

_COLUMNS = ("figure", "by", "group", "n", "first", "second", "difference", "interval")
_GROUPED_AS = {"hospital": "horizon", "group_total": "unit_group"}
"""As what the groups of totals are named."""
_SHOWN = {1: ("second_better", "green"), -1: ("first_better", "red")}


def print_comparison(found: Comparison, language: Language, console: Console | None = None) -> None:
    """Prints a comparison."""
    console = console or plain_console()
    first, second = str(found.first), str(found.second)
    count = next((d.n for d in found.differences if d.by == "all"), 0)
    days = formats.date_range(moment(found.start), moment(found.end), language)
    console.print(
        text("comparison.title", language, count, model=found.model, days=days, first=first, second=second)
    )
    heads = [text(f"comparison.columns.{c}", language, first=first, second=second) for c in _COLUMNS]
    rows: list[tuple[str | Text, ...]] = []
    before = ("", "")
    for d in found.differences:
        first_of_its_kind = (d.metric, d.by) != before
        before = (d.metric, d.by)
        figure = text(f"comparison.figures.{d.metric}", language) if first_of_its_kind else ""
        rows.append((figure, *_row(d, found, language)))
    print_table(console, [*heads, ""], rows, language, texts=(0, 1, 2, 8))
    if found.only_first or found.only_second:
        left, right = (formats.number(n, language) for n in (found.only_first, found.only_second))
        console.print(text("comparison.left", language, first=left, second=right))
    console.print(text("comparison.note", language))


def _row(d: Difference, found: Comparison, language: Language) -> tuple[str | Text, ...]:
    return (
        _by(d.by, language),
        _group(d, language),
        formats.number(d.n, language),
        _figure(d, d.first, language),
        _figure(d, d.second, language),
        _signed(d, d.difference, language),
        _interval(d, language),
        _verdict(d, found, language),
    )


def _by(by: str, language: Language) -> str:
    key = f"comparison.by.{by}"
    return text(key, language) if has_text(key) else names.attribute(by, language)


def _group(d: Difference, language: Language) -> str:
    return "" if d.by == "all" else names.value(_GROUPED_AS.get(d.by, d.by), d.group, language)


def _figure(d: Difference, value: float, language: Language) -> str:
    inside = d.metric == "inside"
    return formats.percent(value, language, 1) if inside else formats.number(value, language, _digits(d))


def _digits(d: Difference) -> int:
    """Brier scores are small: with two digits most differ by nothing."""
    return 4 if d.metric == BRIER else 2


def _signed(d: Difference, value: float, language: Language) -> str:
    if d.metric == "inside":
        return formats.points(value, language, plus=True)
    return formats.signed(value, language, _digits(d))


def _interval(d: Difference, language: Language) -> str:
    if d.low is None or d.high is None:
        return ""
    return formats.interval(_signed(d, d.low, language), _signed(d, d.high, language), language)


def _verdict(d: Difference, found: Comparison, language: Language) -> Text:
    if d.shown not in _SHOWN:
        return Text("")
    key, colour = _SHOWN[d.shown]
    return Text(text(f"comparison.{key}", language, first=found.first, second=found.second), colour)
