"""Progress of long work, for the command line: a bar where somebody looks, nothing where nobody does."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from cli.reader import spoken_language
from hospital.words.messages import Foreign
from hospital.words.numbers import percent
from hospital.words.plain_console import plain_console

__all__ = ["Step", "bar"]

Step = Callable[[str, float], None]


@contextmanager
def bar(*, hidden: bool = False, title: str = "") -> Iterator[Step]:
    """A function to tell of the step and the share done (0 to 1)."""
    console = plain_console(stderr=True, markup=True)
    columns = (
        TextColumn("{task.description:<40}"),
        BarColumn(),
        _ShareDone(),
        TimeElapsedColumn(),
    )
    shown = not hidden and sys.stderr.isatty()
    with Progress(*columns, console=console, transient=True, disable=not shown) as progress:
        task = progress.add_task(title, total=1.0)

        def step(what: str, done: float) -> None:
            progress.update(task, description=f"{title} {_in_words(what)}".strip(), completed=done)

        yield step


class _ShareDone(ProgressColumn):
    """How much is done, as the reader's language writes it."""

    def render(self, task: Task) -> Text:
        return Text(f"{percent(task.percentage / 100, spoken_language()):>5}")


def _in_words(step: str) -> str:
    """A step in the reader's language; behind the name of a model, where two are at work. One of no text stays."""
    model, colon, name = step.rpartition(": ")
    return f"{model}{colon}{Foreign(name, 'commands', 'steps').words(spoken_language())}"
