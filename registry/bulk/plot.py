"""The picture of a period's drivers as a file: whole or not there, and refused before any long work."""

from pathlib import Path

from registry.bulk.drivers import drivers_of
from registry.bulk.drivers_picture import drivers_html, drivers_svg
from registry.digests import write_atomically
from registry.errors import BulkError

__all__ = ["plot_drivers", "plottable"]

_FORMS = {".svg": drivers_svg, ".html": drivers_html}


def plottable(out: Path) -> None:
    """Refuses a place in which no picture can be written.

    Raises:
        BulkError: the name ends otherwise, is a folder's, or lies in none.
    """
    if out.suffix not in _FORMS or out.is_dir():
        raise BulkError("registry.bulk.no_drawing", out=out)
    if not out.parent.is_dir():
        raise BulkError("registry.bulk.no_folder", folder=out.parent, name=out.name)


def plot_drivers(rows: Path, out: Path) -> None:
    """Draws the drivers of the forecasts in a file that `vigie explain` wrote.

    Raises:
        BulkError: it is no such file, or the picture cannot be written.
    """
    content = _FORMS[out.suffix](drivers_of(rows)).encode()
    try:
        write_atomically(out, content)
    except OSError as error:
        raise BulkError("registry.bulk.undrawn", out=out, why=error) from None
