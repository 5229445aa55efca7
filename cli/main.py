"""Runs a verb and says how it ended: an exit code, and a line where something was wrong."""

import functools
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from datetime import datetime
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

from cli.help_text import speak_help
from cli.installation import by_clock, present_time, read_settings
from cli.parser import make_app
from cli.reader import said, spoken_language
from hospital.errors import VigieError
from hospital.words.catalogue import text
from hospital.words.language import Language
from hospital.words.plain_text import PlainStream

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None, *, clock: Callable[[], datetime] = present_time) -> int:
    """Runs a verb.

    Args:
        arguments: the verb and what follows it; None: those of this process.
        clock: the present time, in UTC.

    Returns:
        The exit code: 0 done, 1 blocked or inconclusive (check) or nothing to do, 2 an error or wrong usage, 130
        stopped with Ctrl-C.
    """
    # Names and comments of others are printed: what a terminal would obey in them is shown as its code.
    streams = redirect_stdout(PlainStream(sys.stdout)), redirect_stderr(PlainStream(sys.stderr))
    with streams[0], streams[1], by_clock(clock):
        return _run_verb(arguments)


def _run_verb(arguments: Sequence[str] | None) -> int:
    vigie = _command_line(spoken_language())
    speak_help(vigie)
    try:
        code = vigie.main(arguments, prog_name="vigie", standalone_mode=False)
    except TyperException as error:
        return _wrong_usage(error)
    return code if isinstance(code, int) else 0


@functools.cache
def _command_line(_language: Language) -> Any:
    """All verbs, made once in a process for each language: help once put in words stays in those."""
    vigie = get_command(make_app(_Verbs))
    for flag in vigie.params:
        # Not None, as Typer's own for completion, which would load pydantic for each verb's help.
        flag.default = False
    return vigie


class _Verbs(TyperGroup):
    """The verbs, where what one raises becomes a line and an exit code, before Typer sees it."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the verb that was parsed; what nobody foresaw is a line, too. What it entered is then signed for."""
        before = _appended_here()
        try:
            return self._run(ctx)
        finally:
            if _appended_here() > before:
                _sign_for_entries()

    def _run(self, ctx: Any) -> Any:
        try:
            return self._in_words(ctx)
        except (TyperException, SystemExit, typer.Exit, typer.Abort):
            raise
        except Exception as error:
            return _failed(_unexpected(error))

    def _in_words(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except VigieError as error:
            return _failed(error.words(spoken_language()))
        except KeyboardInterrupt:
            print(f"\nvigie: {said('ends.stopped')}", file=sys.stderr)
            return 130
        except _database_error() as error:
            kind = type(
                getattr(error, "orig", error)
            ).__name__  # never its text: it holds values to be written
            return _failed(said("ends.database", kind=kind))
        except BrokenPipeError:
            return 0
        except OSError as error:
            where = f" ({Path(error.filename).name})" if isinstance(error.filename, str) else ""
            return _failed(said("ends.system", why=error, where=where))


def _appended_here() -> int:
    """How many entries of the journal this process has made; a verb that makes none never loads the journal."""
    module = sys.modules.get("registry.record.journal")
    return module.appended_here() if module is not None else 0


def _sign_for_entries() -> None:
    """A checkpoint of the journal over what a verb entered; where none can be signed, the verb has done its work."""
    from datetime import UTC, datetime

    from registry.checkpoints.checkpointing import checkpoint

    try:
        settings = read_settings()
        if settings.home.is_dir():  # the demo has its own, and signs there itself
            checkpoint(settings, now=datetime.now(UTC))
    except VigieError as error:
        print(said("ends.no_checkpoint", why=error), file=sys.stderr)
    except (_database_error(), OSError) as error:
        print(said("ends.checkpoint_refused", why=type(error).__name__), file=sys.stderr)


def _unexpected(error: Exception) -> str:
    """A mistake of ours, by its place; never by its text, which may hold a patient's values."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    at = f"{Path(place.filename).name}:{place.lineno}"
    return said("ends.unexpected", kind=type(error).__name__, at=at)


def _failed(why: str) -> int:
    print(f"vigie: {why}", file=sys.stderr)
    return 2


def _wrong_usage(error: TyperException) -> int:
    """Says what was wrong with the arguments, how the verb is used, and where its help is."""
    from cli.usage_text import usage

    context: Any = getattr(error, "ctx", None)
    synopsis = context.get_usage() if context is not None else ""  # which puts the values' names in words
    said = error.format_message().replace("Value error, ", "")  # pydantic's prefix
    language = spoken_language()
    why = usage(" ".join(said.split()).rstrip("."), language)
    if context is None:
        return _failed(f"{why}.")
    print(synopsis, file=sys.stderr)
    return _failed(text("commands.usage.see_help", language, why=why, command=context.command_path))


def _database_error() -> type[Exception]:
    """SQLAlchemy's error, where a verb has loaded it; else one that nobody raises."""
    module = sys.modules.get("sqlalchemy.exc")
    return module.DBAPIError if module is not None else _NeverError


class _NeverError(Exception):
    """Stands for the errors of a library that was not loaded."""
