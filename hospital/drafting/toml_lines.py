"""The lines of a drafted mapping."""

import json
import re
import textwrap

from hospital.contracts.tables import Column, Kind
from hospital.drafting.column_matching import BIRTH, CODES, ENTRY, EXIT
from hospital.drafting.type_inference import Seen, words_of
from hospital.times import has_hour

__all__ = ["audit_line", "column_lines", "guessed", "inline_time", "quoted", "todo"]

_CODES, _LENGTH, _RARE = 30, 24, 5
"""A code is one of few, short, and not of a few people alone: what is not is shown to nobody."""
_EVENTS = {"entry": ENTRY, "exit": EXIT}
_WHEN = re.compile(
    r"\b(dates?|jours?|days?|heures?|hours?|hre|hh|h|time|minutes?|de|d|du|l|la|le|of|the|at)\b"
)


def quoted(text: str) -> str:
    """A TOML string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def todo(words: str) -> list[str]:
    """What a person must do, as comments."""
    return textwrap.wrap(f"TODO {words}", 110, initial_indent="# ", subsequent_indent="# ")


def guessed(lines: list[str], seen: Seen, name: str, rivals: list[Seen]) -> list[str]:
    """The lines of a column, with how sure its match is; the contract's own name needs nobody's word."""
    if seen.name == name:
        return lines
    why = "likely: by its name and the form of its values"
    if seen.kind == "empty":
        why = "doubtful: by its name alone, as the column is empty"
    if rivals:
        others = ", ".join(quoted(s.name) for s in rivals)
        why = f"doubtful: {others} would fit as well"
    return [*lines[:-1], f"{lines[-1]} # TODO confirm ({why})"]


def inline_time(when: Seen, seen: list[Seen]) -> Seen | None:
    """The column with the hour of a date that has none: the one that is called as the date is, else the only one.

    Args:
        seen: the file's columns, of which hours and other dates count.
    """
    if not _is_day(when):
        return None
    alone = [s for s in seen if s.kind == "hour"]
    called = [s for s in alone if _event(s) == _event(when)]
    days = [s for s in seen if s.kind == "time" and s != when and _is_day(s)]
    named = {_event(hour) for hour in alone}
    others = [s for s in days if _event(s) not in named and not re.search(BIRTH, s.words)]
    if called and (_event(when) or not others):
        return called[0] if len(called) == 1 else None
    # An hour that bears another event's name is that event's, and one without a name may be either date's.
    if others or len(alone) != 1 or (_event(alone[0]) and _event(when)):
        return None
    return alone[0]


def _is_day(when: Seen) -> bool:
    """Whether times are days without an hour."""
    if when.form is not None and has_hour(when.form):
        return False
    return not any(n for text, n in when.values[:50] if _has_hour(text))


def _event(seen: Seen) -> str:
    """What a date or hour is of, by its name without the words for dates and hours: "nurse" of "Date of the nurse"."""
    return next(
        (name for name, words in _EVENTS.items() if re.search(words, seen.words)),
        " ".join(_WHEN.sub(" ", seen.words).split()),
    )


def _has_hour(text: str) -> bool:
    return ":" in text and not text.endswith("00:00:00")


def column_lines(column: Column, seen: Seen, others: list[Seen]) -> list[str]:
    """A contract column taken from a file's column; `others`: the file's columns, of which hours and dates count."""
    if column.kind is Kind.TIME:
        return _time_lines(column, seen, others)
    if column.choices is not None:
        return _choice_lines(column, seen)
    return [f"{column.name} = {quoted(seen.name)}"]


def _time_lines(column: Column, seen: Seen, columns: list[Seen]) -> list[str]:
    hour = inline_time(seen, columns)
    lines = []
    if seen.others:
        other = ", ".join(seen.others)
        lines += todo(f"all values are as well written as {other}: say which is meant")
    if hour is not None:
        form = f"{seen.form or '%Y-%m-%d'} {hour.form}"
        parts = f"{quoted(seen.name)}, {quoted(hour.name)}"
        return [*lines, f"{column.name} = {{ join = [{parts}], format = {quoted(form)} }}"]
    others = [quoted(s.name) for s in columns if s.kind == "hour"] if _is_day(seen) else []
    if others:
        words = f"the date has no hour; where one of these is its own ({', '.join(others)}), join the two: "
        lines += todo(words + 'join = ["DATE", "HOUR"], with format')
    if seen.form is None:
        return [*lines, f"{column.name} = {quoted(seen.name)}"]
    return [*lines, f"{column.name} = {{ column = {quoted(seen.name)}, format = {quoted(seen.form)} }}"]


def _choice_lines(column: Column, seen: Seen) -> list[str]:
    """Codes that are matched, and those that a person must explain."""
    choices = column.choices or ()
    usual = CODES.get(column.name, {})
    codes, unknown = _shown(seen)
    meant = {c: c if c in choices else usual.get(words_of(c)) for c in codes}
    known = {c: m for c, m in meant.items() if m is not None}
    lines = []
    puzzling = [c for c in codes if c not in known]
    if puzzling or unknown:
        words = f"say under codes what these mean ({', '.join(choices)}), or list them as missing: "
        words += ", ".join(quoted(c) for c in puzzling)
        words += f"{' and ' if puzzling else ''}{unknown} rare or long ones, not shown" if unknown else ""
        lines += todo(words)
    listed = ", ".join(f"{quoted(c)} = {quoted(m)}" for c, m in known.items())
    return [*lines, f"{column.name} = {{ column = {quoted(seen.name)}, codes = {{ {listed} }} }}"]


def audit_line(name: str, seen: Seen) -> list[str]:
    """An audit attribute, with its codes for who reads the draft."""
    codes, unknown = _shown(seen)
    shown = ", ".join(quoted(c) for c in codes) + (f", and {unknown} rare or long ones" if unknown else "")
    lines = todo(f"its codes: {shown}. List those that mean unknown under missing")
    missing = ', missing = ["I"]' if "I" in codes else ""
    return [*lines, f"{name} = {{ column = {quoted(seen.name)}{missing} }}"]


def _shown(seen: Seen) -> tuple[list[str], int]:
    """The codes that may be shown, and how many others there are; none of a column that is no code list."""
    if len(seen.values) > _CODES:
        return [], len(seen.values)
    may = [text for text, n in seen.values if n >= _RARE and len(text) <= _LENGTH]
    return may, len(seen.values) - len(may)
