"""The help of every verb in the reader's language: its words, from the catalogue, are read when help is asked for."""

import os
import re
from collections.abc import Sequence
from typing import Any

from typer import Context
from typer._click.formatting import HelpFormatter

from cli.reader import spoken_language
from hospital.words.catalogue import has_text, text
from hospital.words.language import Language

__all__ = ["in_capitals", "speak_help"]

_WITHOUT_HOME = frozenset({"demo", "simulate", "create key"})


def speak_help(vigie: Any) -> None:
    """Has each verb say its help in the reader's language, once it is asked for it.

    Args:
        vigie: the outermost group of the command line.
    """
    if "_VIGIE_COMPLETE" in os.environ:  # a shell shows the help of verbs beside their names
        _put_in_words(vigie, spoken_language())
    for command in _with_those_below(vigie):
        command.context_class = _HelpContext


class _HelpContext(Context):
    """What help and usage are made in: making either puts the whole command line in words first."""

    def make_formatter(self) -> HelpFormatter:
        language = spoken_language()
        _put_in_words(self.find_root().command, language)
        return _Formatter(language, width=self.terminal_width, max_width=self.max_content_width)


class _Formatter(HelpFormatter):
    """The library's formatter, whose own words are the reader's."""

    def __init__(self, language: Language, **sizes: Any) -> None:
        super().__init__(**sizes)
        self._language = language

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, in_capitals(args, self._language), prefix or self._word("usage"))

    def write_heading(self, heading: str) -> None:
        self.write(_unbroken(self._word("heading", name=self._word(heading.lower()))) + "\n")

    def write_text(self, text: str) -> None:
        super().write_text(_unbroken(text))

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl(
            [(self._kind(name), _unbroken(self._row(words))) for name, words in rows], col_max, col_spacing
        )

    def _word(self, key: str, **values: object) -> str:
        return text(f"commands.help.{key}", self._language, None, **values)

    def _kind(self, name: str) -> str:
        """A name with what its value is, as in ``--days <int>``; choices stay as they are typed."""
        return re.sub(r"<(\w+)(?: range)?(?=[\[>])", lambda kind: f"<{_value(kind[1], self._language)}", name)

    def _row(self, words: str) -> str:
        if words == text("commands.help.show_help", "en"):
            return self._word("show_help")
        *_, notes = re.split(r"(?:^|  )\[(?=[^\[]*\]$)", words)
        if notes == words:
            return words
        said = [self._note(note) for note in notes.removesuffix("]").split("; ")]
        return words.removesuffix(notes) + self._word("between").join(said) + "]"

    def _note(self, note: str) -> str:
        if note == text("commands.help.required", "en"):
            return self._word("required")
        before = text("commands.help.default", "en", value="")
        return self._word("default", value=note.removeprefix(before)) if note.startswith(before) else note


def _put_in_words(command: Any, language: Language, verb: str = "") -> None:
    """Gives a command and those below it their texts; one without a text keeps that of the code."""
    key = f"commands.verbs.{verb or 'vigie'}"
    if has_text(key):
        command.help = text(key, language)
    below = text("commands.help.home", language)
    if " ".join(reversed(verb.split())) in _WITHOUT_HOME:
        below = ""
    if has_text(f"commands.epilogs.{verb}"):
        below = f"{text(f'commands.epilogs.{verb}', language)} {below}".rstrip()
    command.epilog = below or None
    for parameter in command.params:
        option = max(parameter.opts, key=len).lstrip("-")
        for where in (verb or "vigie", "any"):
            if not parameter.hidden and has_text(f"commands.options.{where}.{option}"):
                parameter.help = text(f"commands.options.{where}.{option}", language)
                break
        if parameter.metavar:
            parameter.metavar = in_capitals(parameter.metavar, language)
    for name, other in getattr(command, "commands", {}).items():
        _put_in_words(other, language, f"{verb} {name}".strip())


def _with_those_below(command: Any) -> list[Any]:
    return [
        command,
        *(c for other in getattr(command, "commands", {}).values() for c in _with_those_below(other)),
    ]


def in_capitals(written: str, language: Language) -> str:
    """Words in capitals that stand for a value."""
    return re.sub(r"[A-Z][A-Z_]+", lambda word: _value(word[0], language), written)


def _value(word: str, language: Language) -> str:
    key = f"commands.values.{word}"
    return text(key, language) if has_text(key) else word


def _unbroken(written: str) -> str:
    """French marks with a space before them stay on the line of their word."""
    return re.sub(r" (?=[:;?!»])|(?<=«) ", "\u00a0", written)
